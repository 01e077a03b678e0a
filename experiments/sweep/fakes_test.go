package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"capas/experiments/internal/programs"
	"capas/experiments/lab"
)

// The test binary is the fake experiment if it has its name, and the sweep program over it
// if programVar is set.
const (
	fakeName   = "fake"
	programVar = "SWEEP_TEST_PROGRAM"
	notesVar   = "SWEEP_TEST_NOTES" // directory where the fake leaves a note for every start
)

func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == fakeName {
		os.Exit(lab.Main(fake(), os.Args[1:], os.Stdout, os.Stderr))
	}
	if os.Getenv(programVar) != "" {
		os.Exit(runMain(os.Args[1:], system{buildFake, realSlurm}, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// recipe is that of the fake.
type recipe struct {
	Kind  string  `json:"kind"`
	Rate  float64 `json:"rate"`
	Units int     `json:"units"`
	Extra int     `json:"extra"` // has no flag
}

// validationError and testError are what the fake "measures".
func validationError(rate float64, units int, seed uint64) float64 {
	return (rate-0.3)*(rate-0.3) + float64(units)/100 + float64(seed)/1000
}

func testError(rate float64, units int, seed uint64) float64 {
	return 2 * validationError(rate, units, seed)
}

// fake is an experiment that does what its kind says. One of the kind "once" fails at its
// first start, "fails" at each, "waits" stays until it is interrupted and then leaves a
// checkpoint, "deaf" stays for a second a unit, whatever happens; resumed, both come to their end.
func fake() lab.Experiment[recipe] {
	return lab.Experiment[recipe]{
		Name: fakeName, Title: "Fake",
		Presets: map[string]recipe{"smoke": {Kind: "good", Rate: 0.1, Units: 1}, "lecture": {Kind: "good", Rate: 0.1, Units: 1}},
		Flags: func(fs *flag.FlagSet, r *recipe) {
			fs.StringVar(&r.Kind, "kind", r.Kind, "`what` it does")
			fs.Float64Var(&r.Rate, "rate", r.Rate, "`rate`")
			fs.IntVar(&r.Units, "units", r.Units, "`units`")
		},
		Validate: func(r *recipe) error {
			if r.Units < 1 {
				return errors.New("want units from 1")
			}
			return nil
		},
		Run: func(ctx context.Context, r *lab.Run[recipe]) error {
			point := filepath.Base(r.Out)
			note(point)
			seed := r.Seeds[0]
			switch r.Recipe.Kind {
			case "once":
				if noted(point) == 1 {
					return errors.New("layer 2: loss is NaN")
				}
			case "fails":
				return errors.New("layer 2: loss is NaN")
			case "crashes":
				panic("of the fake")
			case "waits":
				if !r.Resume {
					<-ctx.Done()
					return errors.Join(os.WriteFile(r.Checkpoint("network.a.safetensors"), nil, 0o666), ctx.Err())
				}
			case "idle": // leaves nothing to go on from
				<-ctx.Done()
				return ctx.Err()
			case "deaf":
				time.Sleep(time.Duration(r.Recipe.Units) * time.Second)
			case "quits":
				os.Exit(0)
			}
			r.Metric(r.Recipe.Kind+".validation_error", seed, validationError(r.Recipe.Rate, r.Recipe.Units, seed))
			r.Metric(r.Recipe.Kind+".test_error", seed, testError(r.Recipe.Rate, r.Recipe.Units, seed))
			r.Metric("extra", seed, float64(r.Recipe.Extra))
			return nil
		},
	}
}

// note leaves a note, noted counts them.
func note(name string) {
	f, err := os.CreateTemp(os.Getenv(notesVar), name+"~")
	if err != nil {
		panic(err)
	}
	f.Close()
}

func noted(name string) int {
	files, err := filepath.Glob(filepath.Join(os.Getenv(notesVar), name+"~*"))
	if err != nil {
		panic(err)
	}
	return len(files)
}

// buildFake makes the fake's program, which is this one.
func buildFake(_ context.Context, dir, name string) (string, error) {
	if name != fakeName {
		return "", errors.New("want the fake")
	}
	file := filepath.Join(dir, programs.Executable(name))
	self, err := os.Executable()
	if err == nil && os.Link(self, file) == nil {
		return file, nil
	}
	data, err := os.ReadFile(self) // on another file system
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, data, 0o777)
}

// write writes a sweep file over the fake, whose remaining fields are given, and gives the
// test its own place for notes. out is the sweep's directory.
func write(t *testing.T, rest string) (path, out string) {
	t.Helper()
	t.Setenv(notesVar, t.TempDir())
	dir := t.TempDir()
	path = filepath.Join(dir, "fake.json")
	rewrite(t, path, rest)
	return path, filepath.Join(dir, "out")
}

func rewrite(t *testing.T, path, rest string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(`{"experiment": "fake", "preset": "smoke", `+rest+`}`), 0o666); err != nil {
		t.Fatal(err)
	}
}

// call runs the program over the fake, in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return callWith(t, realSlurm, args...)
}

func callWith(t *testing.T, control slurmControl, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runMain(args, system{buildFake, control}, &out, &errs)
	return code, out.String(), errs.String()
}

// read is a file of a directory.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// table reads table.csv: its lines by column.
func table(t *testing.T, out string) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(read(t, out, csvName))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// number reads a number.
func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	minimizeError = `"choose": {"minimize": "{kind}.validation_error", "test": "{kind}.test_error"}`
	goodFlag      = `"flags": {"kind": "good"}`
)

// await waits for something.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for start := time.Now(); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 5*time.Minute {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// mustStatus is what status says.
func mustStatus(t *testing.T, out string) string {
	t.Helper()
	_, said, _ := call(t, "status", out)
	return said
}
