package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"capas/experiments/internal/runfiles"
	"capas/experiments/lab"
)

// tiny is a run of every initialisation and stage that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "1000", "-depth", "2", "-width", "20", "-epochs", "2", "-pretrain-epochs", "1",
		"-top-epochs", "1", "-seeds", "2", "-progress", "none", "-out", out}, more...)
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
	for _, name := range []string{"result.json", "metrics.jsonl", "validation_error.svg", "samples_dbn.png",
		"checkpoints/seed-1-dbn", "checkpoints/seed-2-sdae", "models/seed-1-dbn.safetensors", "models/seed-2-sdae-pretrained.safetensors"} {
		if len(a[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	runfiles.Equal(t, "GOMAXPROCS 1 and 2", a, b)
}

func TestBadInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a directory"), 0o666); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for _, c := range []struct {
		name   string
		status int
		says   string
		args   []string
	}{
		{"unknown initialisation", 2, `"xavier" is unknown`, []string{"-init", "dbn,xavier"}},
		{"depth 0", 2, `1 to 7 hidden layers, got "0"`, []string{"-depth", "0"}},
		{"depth 8", 2, "1 to 7 hidden layers", []string{"-depth", "8"}},
		{"width 0", 2, "at least one unit", []string{"-width", "0"}},
		{"width beyond the memory", 2, "at most 10000 units", []string{"-width", "1000000000"}},
		{"more weights than the memory", 2, "at most 67108864 weights", []string{"-depth", "7", "-width", "4000"}},
		{"endless chain", 2, "cd of at most 100", []string{"-cd", "1000000000"}},
		{"endless training", 2, "at most 5000 epochs", []string{"-epochs", "1000000000"}},
		{"unknown activation", 2, `"swish" is unknown`, []string{"-activation", "swish"}},
		{"dbn of tanh units", 2, "dbn has sigmoid units", []string{"-activation", "tanh"}},
		{"twice", 2, "given twice", []string{"-init", "dbn,dbn"}},
		{"negative rate", 2, "learning rate", []string{"-lr", "-1"}},
		{"unknown optimizer", 2, `"adagrad" is unknown`, []string{"-optimizer", "adagrad"}},
		{"no epochs", 2, "at least one epoch", []string{"-epochs", "0"}},
		{"unknown flag", 2, "-nonsense", []string{"-nonsense"}},
		{"unknown data", 2, "cifar", []string{"-data", "cifar"}},
		{"missing data directory", 2, "nowhere", []string{"-data-dir", filepath.Join(empty, "nowhere")}},
		{"empty data directory", 1, empty, []string{"-data-dir", empty}},
		{"output below a file", 1, file, []string{"-out", filepath.Join(file, "out")}},
		{"rate that makes the loss NaN", 1, "learning rate", []string{"-lr", "1e30"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := call(append(tiny(t.TempDir()), c.args...)...)
			if status != c.status || !strings.Contains(stderr, c.says) {
				t.Errorf("status %d, want %d and a message with %q: %s", status, c.status, c.says, stderr)
			}
			if lines := strings.Count(strings.TrimSpace(stderr), "\n") + 1; lines != 1 || stdout != "" {
				t.Errorf("want one line on standard error and nothing else, got %q and %q", stderr, stdout)
			}
		})
	}
}

// TestEarlierResultsStay runs into errors where a finished run lies.
func TestEarlierResultsStay(t *testing.T) {
	out := t.TempDir()
	if status, _, stderr := call(tiny(out, "-init", "normal", "-seeds", "1")...); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	before := runfiles.Read(t, out)
	for _, more := range [][]string{{"-depth", "3"}, {"-seed", "7"}, {"-lr", "1e30"}, {"-resume", "-epochs", "3"}} {
		status, _, stderr := call(append(tiny(out, "-init", "normal", "-seeds", "1"), more...)...)
		if status == 0 {
			t.Errorf("%v: want an error, another configuration is in -out", more)
		}
		runfiles.Equal(t, fmt.Sprintf("earlier results after %v (%s)", more, stderr), before, runfiles.Read(t, out))
	}
}

func TestJSONOnStandardOutput(t *testing.T) {
	status, stdout, stderr := call(tiny(t.TempDir(), "-json", "-init", "glorot,dbn")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var doc struct {
		Experiment string
		Metrics    map[string]struct{ Values []float64 }
		Claims     []lab.Claim
		Figures    []string
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Experiment != "pretraining" || len(doc.Metrics["dbn.test_error"].Values) != 2 || len(doc.Claims) == 0 || len(doc.Figures) == 0 {
		t.Errorf("incomplete document: %s", stdout)
	}
}

func TestProfile(t *testing.T) {
	status, stdout, stderr := call(tiny(t.TempDir(), "-json", "-init", "dbn", "-profile")...)
	if status != 0 || !json.Valid([]byte(stdout)) {
		t.Fatalf("status %d, standard output %q: %s", status, stdout, stderr)
	}
	for _, want := range []string{"function ", "\ndbn layer 1 step ", "\ndbn fine-tuning evaluation ", "\ndbn test evaluation ", "\ntotal "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the profile lacks %q:\n%s", want, stderr)
		}
	}
}

func TestPresetsAreValid(t *testing.T) {
	for name, r := range presets() {
		if err := validate(&r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
