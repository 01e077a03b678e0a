// Package labtest holds what the tests of all experiments do: calls of the program,
// what it says to wrong input, resumption; on Unix also processes of its own,
// which are interrupted or killed and resumed.
package labtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"capas/experiments/internal/runfiles"
	"capas/experiments/lab"
)

// Program is an experiment and its command line for a run of a second or two into a
// directory, with more flags behind.
type Program[R any] struct {
	Experiment lab.Experiment[R]
	Tiny       func(out string, more ...string) []string
}

// Call runs the program with the given command line.
func (p Program[R]) Call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = lab.Main(p.Experiment, args, &out, &err)
	return status, out.String(), err.String()
}

// Run runs the tiny run into a directory and fails the test if the program does.
func (p Program[R]) Run(t *testing.T, out string, more ...string) (stdout string) {
	t.Helper()
	status, stdout, stderr := p.Call(p.Tiny(out, more...)...)
	if status != 0 {
		t.Fatalf("%v: status %d: %s", more, status, stderr)
	}
	return stdout
}

// Result is the document that the tiny run prints with -json.
func (p Program[R]) Result(t *testing.T, more ...string) *Document {
	t.Helper()
	return p.ResultIn(t, t.TempDir(), more...)
}

// ResultIn is the document of a tiny run into a directory.
func (p Program[R]) ResultIn(t *testing.T, out string, more ...string) *Document {
	t.Helper()
	d := &Document{}
	if err := json.Unmarshal([]byte(p.Run(t, out, append(more, "-json")...)), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Document is the part of result.json that tests look at.
type Document struct {
	Metrics map[string]struct{ Values Values }
	Claims  []lab.Claim
	Figures []string
}

// Values are a metric's values by seed, NaN where result.json has null.
type Values []float64

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(text []byte) error {
	var numbers []lab.Number
	err := json.Unmarshal(text, &numbers)
	for _, x := range numbers {
		*v = append(*v, float64(x))
	}
	return err
}

// RunAndResume runs the tiny run, looks for the named files, and resumes the finished run,
// which loads all its networks and is to leave the same bytes. That repeated runs leave the
// same bytes, on any number of processors, is tested of all experiments together.
func (p Program[R]) RunAndResume(t *testing.T, files ...string) {
	t.Helper()
	out := t.TempDir()
	p.Run(t, out)
	before := runfiles.Read(t, out)
	for _, name := range append(files, "result.json", "metrics.jsonl", "report.html") {
		if len(before[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	p.Run(t, out, "-resume")
	runfiles.Equal(t, "a run and its resumption", before, runfiles.Read(t, out))
}

// Resume resumes a finished tiny run with more flags.
func (p Program[R]) Resume(t *testing.T, more ...string) {
	t.Helper()
	out := t.TempDir()
	p.Run(t, out, more...)
	before := runfiles.Read(t, out)
	p.Run(t, out, append(more, "-resume")...)
	runfiles.Equal(t, "a run and its resumption", before, runfiles.Read(t, out))
}

// Presets looks whether the experiment's presets are valid.
func (p Program[R]) Presets(t *testing.T) {
	t.Helper()
	for name, r := range p.Experiment.Presets {
		if err := p.Experiment.Validate(&r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bad is a wrong command line.
type Bad struct {
	Name   string
	Status int    // 2: wrong usage, 1: it fails
	Says   string // part of the one line on standard error
	Args   []string
}

// BadInput gives the tiny run each of the wrong flags: it is to end with the status and
// one line on standard error.
func (p Program[R]) BadInput(t *testing.T, cases ...Bad) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			status, stdout, stderr := p.Call(p.Tiny(t.TempDir(), c.Args...)...)
			if status != c.Status || !strings.Contains(stderr, c.Says) {
				t.Errorf("status %d, want %d and a message with %q: %s", status, c.Status, c.Says, stderr)
			}
			if lines := strings.Count(strings.TrimSpace(stderr), "\n") + 1; lines != 1 || stdout != "" {
				t.Errorf("want one line on standard error and nothing else, got %q and %q", stderr, stdout)
			}
		})
	}
}
