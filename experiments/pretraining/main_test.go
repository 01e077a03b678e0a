package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"capas/experiments/lab"
	"capas/pretrain"

	"github.com/google/go-cmp/cmp"
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

// files reads a finished run: result.json without its timings, the log without
// seconds, the figures, the models, and what the latest checkpoint of each network
// holds.
func files(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(out, path)
		if network, ok := strings.CutSuffix(name, ".a.safetensors"); ok {
			all[network] = latest(t, filepath.Join(out, network))
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case name == "report.html", name == ".lock", strings.HasSuffix(name, ".b.safetensors"): // wall time, process
			return nil
		}
		switch name {
		case "result.json":
			data = without(t, data, "environment", "seconds")
		case "metrics.jsonl":
			var lines [][]byte
			for l := range bytes.Lines(data) {
				lines = append(lines, without(t, l, "seconds"))
			}
			data = bytes.Join(lines, []byte("\n"))
		}
		all[name] = string(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// latest is the content of the later of a network's two checkpoints, as text.
func latest(t *testing.T, path string) string {
	t.Helper()
	store := pretrain.Files{Path: path}
	var best *pretrain.Checkpoint
	for _, file := range store.Generations() {
		c, err := pretrain.ReadCheckpoint(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if best == nil || c.Generation > best.Generation {
			best = c
		}
	}
	var b strings.Builder
	if best.State.Current != nil {
		t.Errorf("%s: not complete: %v", path, best.State)
	}
	for _, d := range best.State.Done {
		history, err := json.Marshal(d.History)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", d.Stage, history)
		for _, p := range d.Params {
			fmt.Fprintf(&b, "%s %v %x\n", p.Name, p.Value.Shape(), p.Value.Float32s())
		}
	}
	return b.String()
}

// without removes a member from a JSON object.
func without(t *testing.T, data []byte, path ...string) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	at := doc
	for _, p := range path[:len(path)-1] {
		at = at[p].(map[string]any)
	}
	delete(at, path[len(path)-1])
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
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
	a, b := files(t, one), files(t, two)
	for _, name := range []string{"result.json", "metrics.jsonl", "validation_error.svg", "samples_dbn.png",
		"checkpoints/seed-1-dbn", "checkpoints/seed-2-sdae", "models/seed-1-dbn.safetensors", "models/seed-2-sdae-pretrained.safetensors"} {
		if len(a[filepath.FromSlash(name)]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if diff := cmp.Diff(keys(a), keys(b)); diff != "" {
		t.Fatal(diff)
	}
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs between GOMAXPROCS 1 and 2", name)
		}
	}
}

func keys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
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
		{"endless training", 2, "at most 100000 epochs", []string{"-epochs", "1000000000"}},
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
	before := files(t, out)
	for _, more := range [][]string{{"-depth", "3"}, {"-seed", "7"}, {"-lr", "1e30"}, {"-resume", "-epochs", "3"}} {
		status, _, stderr := call(append(tiny(out, "-init", "normal", "-seeds", "1"), more...)...)
		if status == 0 {
			t.Errorf("%v: want an error, another configuration is in -out", more)
		}
		if diff := cmp.Diff(before, files(t, out)); diff != "" {
			t.Errorf("%v: %s changed earlier results (%s)", more, fmt.Sprint(more), stderr)
		}
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
