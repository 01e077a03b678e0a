package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"capas/experiments/internal/runfiles"
	"capas/experiments/lab"
)

// tiny is a run of every task and pair that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "500", "-width", "5", "-epochs", "1", "-rates", "0.1", "-binary-rates", "0.01,0.03",
		"-numeric-rates", "0.01", "-confidences", "0.99,0.999", "-progress", "none", "-out", out}, more...)
}

func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = lab.Main(experiment(), args, &out, &err)
	return status, out.String(), err.String()
}

func TestSameSeedSameBytes(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	if status, _, stderr := call(tiny(one)...); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	runtime.GOMAXPROCS(2)
	if status, _, stderr := call(tiny(two)...); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	a, b := runfiles.Read(t, one), runfiles.Read(t, two)
	for _, name := range []string{"result.json", "metrics.jsonl", "gradient_by_logit.svg", "recovery_by_rate.svg", "numeric.svg",
		"checkpoints/seed-1-classes-sigmoid-se-rate-0.1-wrong-0.99", "models/seed-1-numeric-linear-se-rate-0.01.safetensors"} {
		if len(a[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	runfiles.Equal(t, "GOMAXPROCS 1 and 2", a, b)
}

// TestResume loads all networks of a finished run. TestInterruptedStage stops one.
func TestResume(t *testing.T) {
	out := t.TempDir()
	if status, _, stderr := call(tiny(out)...); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	before := runfiles.Read(t, out)
	if status, _, stderr := call(tiny(out, "-resume")...); status != 0 {
		t.Fatalf("-resume: status %d: %s", status, stderr)
	}
	runfiles.Equal(t, "a run and its resumption", before, runfiles.Read(t, out))
}

func TestJSONOnStandardOutput(t *testing.T) {
	status, stdout, stderr := call(tiny(t.TempDir(), "-json", "-seeds", "2")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var doc struct {
		Metrics map[string]struct{ Values []float64 }
		Claims  []lab.Claim
		Figures []string
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"classes.softmax-ce.test_error", "classes.sigmoid-se.wrong_epochs", "binary.linear-se.test_error", "numeric.linear-se.test_r2"} {
		if len(doc.Metrics[name].Values) != 2 {
			t.Errorf("%s: want 2 values, got %v", name, doc.Metrics[name].Values)
		}
	}
	for _, c := range doc.Claims[:4] { // those of the example and the curves, which no recipe changes
		if !c.Holds {
			t.Errorf("%s: %s", c.Claim, c.Measured)
		}
	}
}

// A pair that diverges at some rates is judged at the others; the run goes on.
func TestDivergence(t *testing.T) {
	out := t.TempDir()
	args := tiny(out, "-json", "-numeric-rates", "0.01,1000")
	status, stdout, stderr := call(args...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var doc struct {
		Metrics map[string]struct{ Values []float64 }
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if rate := doc.Metrics["numeric.linear-se.best_rate"].Values; len(rate) != 1 || rate[0] != 0.01 {
		t.Errorf("best rate %v, want 0.01: a rate of 1000 makes the weights infinite", rate)
	}
	before := runfiles.Read(t, out)
	if status, _, stderr := call(append(args, "-resume")...); status != 0 {
		t.Fatalf("-resume: status %d: %s", status, stderr)
	}
	runfiles.Equal(t, "a run and its resumption", before, runfiles.Read(t, out))
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		name   string
		status int
		says   string
		args   []string
	}{
		{"width 0", 2, "1 to 10000 hidden units, got 0", []string{"-width", "0"}},
		{"width beyond the memory", 2, "1 to 10000 hidden units", []string{"-width", "1000000000"}},
		{"softmax hidden units", 2, "softmax is for outputs", []string{"-activation", "softmax"}},
		{"negative images", 2, "images of at least 0", []string{"-images", "-1"}},
		{"no epochs", 2, "1 to 5000 epochs, got 0", []string{"-epochs", "0"}},
		{"a rate outside of the grid", 2, "lr 0.2, among rates [0.1]", []string{"-lr", "0.2"}},
		{"falling rates", 2, "rates in rising order, got [1 0.1]", []string{"-rates", "1,0.1"}},
		{"negative rate", 2, "learning rate", []string{"-numeric-rates", "-1"}},
		{"NaN rate", 2, "unsupported value: NaN", []string{"-binary-rates", "NaN"}},
		{"no number", 2, `numbers such as 0.1,1, got "0.1,x"`, []string{"-rates", "0.1,x"}},
		{"too many rates", 2, "1 to 10 rates, got 11", []string{"-rates", "1,2,3,4,5,6,7,8,9,10,11"}},
		{"no confidence", 2, "0.99 to 0.999999", []string{"-confidences", "0.5,0.999"}},
		{"NaN confidence", 2, "unsupported value: NaN", []string{"-confidences", "NaN"}},
		{"another confidence", 2, "confidence 0.995 among", []string{"-confidence", "0.995"}},
		{"recovered at chance", 2, "recovered in (0,0.9)", []string{"-recovered", "0.9"}},
		{"divergence at every rate", 1, "no seed diverges, got [1000]", []string{"-numeric-rates", "1000"}},
		{"empty data directory", 1, empty, []string{"-data-dir", empty}},
		{"missing data directory", 2, "nowhere", []string{"-data-dir", filepath.Join(empty, "nowhere")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := call(tiny(t.TempDir(), c.args...)...)
			if status != c.status || !strings.Contains(stderr, c.says) {
				t.Errorf("status %d, want %d and a message with %q: %s", status, c.status, c.says, stderr)
			}
			if lines := strings.Count(strings.TrimSpace(stderr), "\n") + 1; lines != 1 || stdout != "" {
				t.Errorf("want one line on standard error and nothing else, got %q and %q", stderr, stdout)
			}
		})
	}
}

func TestPresetsAreValid(t *testing.T) {
	for name, r := range presets() {
		if err := validate(&r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
