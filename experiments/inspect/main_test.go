package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shared is the directory of what the tests share: the binary of the experiment whose
// runs are looked at, and runs.
var shared string

func TestMain(m *testing.M) {
	var err error
	if shared, err = os.MkdirTemp("", "inspect-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(shared)
	os.Exit(status)
}

var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(shared, "pretraining.exe")
	out, err := exec.Command("go", "build", "-ldflags=-s", "-o", path, "capas/experiments/pretraining").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %v: %s", err, out)
	}
	return path, err
})

// experiment is the command that runs the experiment.
func experiment(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, args...)
}

// tiny is a run of every kind of stage and model that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-init", "normal,dbn,sdae", "-images", "1000", "-depth", "2", "-width", "20", "-epochs", "2",
		"-pretrain-epochs", "1", "-top-epochs", "1", "-seeds", "2", "-progress", "none", "-out", out}, more...)
}

var runs struct {
	sync.Mutex
	done map[string]string
}

// finished is the directory of a tiny run with these flags, made once, to be read only.
func finished(t *testing.T, more ...string) string {
	t.Helper()
	runs.Lock()
	defer runs.Unlock()
	key := strings.Join(more, " ")
	if dir, ok := runs.done[key]; ok {
		return dir
	}
	dir := filepath.Join(shared, fmt.Sprintf("run %d", len(runs.done)))
	if out, err := experiment(t, tiny(dir, more...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if runs.done == nil {
		runs.done = map[string]string{}
	}
	runs.done[key] = dir
	return dir
}

func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

// succeed is call that wants status 0 and nothing on standard error.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := call(args...)
	if status != 0 || stderr != "" {
		t.Fatalf("inspect %q: status %d: %s", args, status, stderr)
	}
	return stdout
}

// decoded is the JSON document that a command prints.
func decoded[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	status, stdout, stderr := call(append(args, "-json")...)
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || stderr != "" {
		t.Fatalf("inspect %q: status %d: %v: %.500s", args, status, err, stderr)
	}
	return v
}

// result is result.json, read as anybody would.
type result struct {
	Metrics map[string]struct {
		Mean   float64
		Values []float64
	}
}

func readResult(t *testing.T, dir string) (r result) {
	t.Helper()
	if err := json.Unmarshal(read(t, dir, "result.json"), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHelp(t *testing.T) {
	all := succeed(t, "-h")
	for _, c := range commands() {
		text := succeed(t, c.name, "-h")
		if !strings.Contains(text, "Usage: inspect "+c.name) || !strings.Contains(all, "  "+c.name+" ") {
			t.Errorf("%s: got %s", c.name, text)
		}
	}
}

func TestErrors(t *testing.T) {
	dir := finished(t)
	model := filepath.Join(dir, "models", "seed-1-dbn.safetensors")
	stack := filepath.Join(dir, "models", "seed-1-dbn-pretrained.safetensors")
	auto := filepath.Join(dir, "models", "seed-1-sdae-pretrained.safetensors")
	damaged := read(t, model)
	damaged[len(damaged)-1] ^= 1
	bad := write(t, filepath.Join(t.TempDir(), "bad.safetensors"), damaged)
	text := write(t, filepath.Join(t.TempDir(), "text\n\x1b[31m.png"), []byte("no image"))
	empty := t.TempDir()
	out := filepath.Join(empty, "x.png")
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{2, "want a command", nil},
		{2, `unknown command "shew"`, []string{"shew"}},
		{2, "want one RUN, got 0", []string{"show"}},
		{2, "unknown flag -x", []string{"show", "-x", dir}},
		{2, "unknown flag -x", []string{"show", dir, "-x"}},
		{1, "no such directory", []string{"show", filepath.Join(empty, "nowhere")}},
		{1, "not a directory of results", []string{"show", empty}},
		{2, "want two RUNs, got 1", []string{"compare", dir}},
		{2, "no such directory", []string{"compare", dir, filepath.Join(empty, "nowhere")}},
		{1, "nowhere", []string{"tensors", filepath.Join(empty, "nowhere")}},
		{1, "bad.safetensors", []string{"tensors", bad}},
		{2, "want -model and a name: it has seed-1-dbn-pretrained, seed-1-dbn, ", []string{"tensors", dir}},
		{2, `has no model "glorot"`, []string{"tensors", dir, "-model", "glorot"}},
		{2, `no checkpoint of a network "glorot": it has seed-1-dbn, `, []string{"tensors", dir, "-checkpoint", "glorot"}},
		{2, "want one of them", []string{"tensors", dir, "-checkpoint", "seed-1-dbn", "-model", "seed-1-dbn"}},
		{2, "is a file", []string{"tensors", model, "-model", "seed-1-dbn"}},
		{2, `has no tensor "W": it has 0.bias, 0.weight`, []string{"export", model, "-tensor", "W"}},
		{2, `-format "xls"`, []string{"export", model, "-tensor", "0.bias", "-format", "xls"}},
		{2, "want -tensor NAME, or -o", []string{"export", model}},
		{1, "write", []string{"export", model, "-tensor", "0.bias", "-o", filepath.Join(empty, "no", "x.npy")}},
		{2, "want MODEL and at least one FILE", []string{"predict", model}},
		{1, "want a PNG or JPEG image or an IDX file", []string{"predict", model, text}},
		{1, "want a network that tells classes, got a dbn", []string{"predict", stack, text}},
		{2, "-invert", []string{"predict", model, text, "-invert", "maybe"}},
		{2, "want images of 784 pixels, got 100", []string{"predict", model, text, "-size", "10x10"}},
		{2, "want -o", []string{"filters", model}},
		{2, "-units 0", []string{"filters", model, "-o", out, "-units", "0"}},
		{1, "want a matrix of weights, got shape [20]", []string{"filters", model, "-o", out, "-tensor", "0.bias"}},
		{2, "20 is no square", []string{"filters", model, "-o", out, "-tensor", "2.weight"}},
		{2, "want -tensor and one of fine-tuning/dbn.1.W, fine-tuning/dbn.2.W, ", []string{"filters", dir, "-checkpoint", "seed-1-dbn", "-o", out}},
		{2, "want -o", []string{"samples", stack}},
		{2, "-n 0", []string{"samples", stack, "-o", out, "-n", "0"}},
		{2, "-steps 0", []string{"samples", stack, "-o", out, "-steps", "0"}},
		{2, "-start", []string{"samples", stack, "-o", out, "-start", "zeros"}},
		{2, "-steps: of autoencoders", []string{"samples", auto, "-o", out, "-steps", "10"}},
		{2, "-start: of autoencoders", []string{"samples", auto, "-o", out, "-start", "data"}},
		{2, "-steps: of autoencoders, and with -reconstruct", []string{"samples", stack, "-o", out, "-reconstruct", "-steps", "10"}},
		{2, "-label: " + stack + " is a dbn, which has no labels", []string{"samples", stack, "-o", out, "-label", "3"}},
		{2, "-updates -1: want 1 to 1000", []string{"predict", model, text, "-updates", "-1"}},
		{2, "-machine and -updates: of classifiers of a dbm", []string{"predict", model, text, "-updates", "3"}},
		{1, "want the dbm of two hidden layers or more whose classifier has 784 inputs", []string{"predict", model, text, "-machine", stack}},
		{2, "-data-dir: with -start noise", []string{"samples", stack, "-o", out, "-start", "noise", "-data-dir", empty}},
		{1, "want a Boltzmann machine, a dbn, an associative memory or an autoencoder, got an mlp with outputs classes", []string{"samples", model, "-o", out}},
		{1, empty, []string{"samples", stack, "-o", out, "-data-dir", empty}},
		{1, "cifar", []string{"samples", stack, "-o", out, "-data", "cifar"}},
	} {
		status, stdout, stderr := call(c.args...)
		if status != c.status || !strings.Contains(stderr, c.says) || stdout != "" {
			t.Errorf("inspect %q: status %d, want %d and a message with %q: %s%s", c.args, status, c.status, c.says, stderr, stdout)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") || strings.Contains(stderr, "\x1b") {
			t.Errorf("inspect %q: want one line without commands to the terminal, got %q", c.args, stderr)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("an error left files: %v, %v", entries, err)
	}
}

// Flags stand before, between and after the arguments; behind -- there are none.
func TestFlagsAnywhere(t *testing.T) {
	dir := finished(t)
	want := succeed(t, "tensors", "-json", "-model", "seed-1-dbn", dir)
	for _, args := range [][]string{{dir, "-model", "seed-1-dbn", "-json"}, {"-json", dir, "-model=seed-1-dbn"}, {"-model", "seed-1-dbn", "-json", "--", dir}} {
		if got := succeed(t, append([]string{"tensors"}, args...)...); got != want {
			t.Errorf("%q: got %s", args, got)
		}
	}
	if status, _, stderr := call("show", "--", "-json"); status != 1 || !strings.Contains(stderr, "run -json: no such directory") {
		t.Errorf("behind --: status %d, %s", status, stderr)
	}
}

// fullDisk fails as standard output.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestStandardOutputFails(t *testing.T) {
	dir := finished(t)
	for _, args := range [][]string{{"show", dir}, {"show", "-json", dir}, {"compare", dir, dir}, {"export", dir, "-model", "seed-1-dbn", "-tensor", "0.bias"}} {
		var stderr bytes.Buffer
		if status := run(args, fullDisk{}, &stderr); status == 0 || !strings.Contains(stderr.String(), os.ErrClosed.Error()) {
			t.Errorf("%q: status %d, %s", args, status, stderr.String())
		}
	}
}

// python is a Python with NumPy.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import numpy").Run() == nil {
			return name
		}
	}
	t.Skip("needs a python3 with NumPy")
	return ""
}

// numpy runs a Python program with arguments and returns the JSON that it prints.
func numpy[T any](t *testing.T, code string, args ...string) (v T) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(python(t), slices.Concat([]string{"-c", "import json, struct, sys, os\nimport numpy as np\n" + code}, args)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v: %s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("python: %v: %s", err, out)
	}
	return v
}

// safetensors is a Python function that reads a file by the format's description.
const safetensors = `
def tensors(path):
    data = open(path, 'rb').read()
    n, = struct.unpack('<Q', data[:8])
    head = json.loads(data[8:8 + n])
    head.pop('__metadata__', None)
    body = data[8 + n:]
    return {k: np.frombuffer(body[v['data_offsets'][0]:v['data_offsets'][1]], '<f4').reshape(v['shape']) for k, v in head.items()}
`
