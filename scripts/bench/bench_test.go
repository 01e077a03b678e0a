package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/blocks"
	"capas/train"
)

// torchValues is what scripts/torch_step.py --values wrote.
type torchValues struct {
	Workloads map[string]struct {
		Steps  int
		Params [][]float64 // after so many steps
	}
	GFLOP map[string]float64
}

func readTorch(t *testing.T) torchValues {
	t.Helper()
	data, err := os.ReadFile("testdata/torch_steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var v torchValues
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The workloads are those of PyTorch's script: the same names, the same arithmetic.
func TestWorkloadsAreThoseOfTorchStep(t *testing.T) {
	want := readTorch(t).GFLOP
	if len(want) != len(workloads()) {
		t.Errorf("want the %d workloads of torch_step.py, got %v", len(want), names())
	}
	for _, w := range workloads() {
		if f, ok := want[w.name]; !ok || math.Abs(w.flop()/1e9-f) > 1e-12 {
			t.Errorf("%s: want %g GFLOP (in torch_step.py: %v), got %g", w.name, f, ok, w.flop()/1e9)
		}
	}
}

// small are the small versions in torch_step.py, in which nothing is random: an RBM's
// hidden units have bias 40, where sigmoid is 1 in float32.
func small() []workload {
	momentum, _ := find("mlp-tiny-b32")
	adam, _ := find("mlp-500-500-2000-b100-adam")
	sgd, _ := find("dae-784-1000-b20")
	return []workload{
		{name: "mlp", kind: mlp, sizes: []int{6, 5, 4, 3}, batch: 7, optimizer: momentum.optimizer, activation: blocks.Sigmoid()},
		{name: "mlp-adam", kind: mlp, sizes: []int{6, 5, 4, 3}, batch: 7, optimizer: adam.optimizer, activation: blocks.Sigmoid()},
		{name: "mlp-tanh", kind: mlp, sizes: []int{6, 5, 3}, batch: 7, optimizer: momentum.optimizer, activation: momentum.activation},
		{name: "lenet", kind: cnn, sizes: []int{16, 3, 4, 5, 3}, batch: 7, optimizer: sgd.optimizer, activation: momentum.activation},
		{name: "rbm", kind: rbm, sizes: []int{6, 5}, batch: 7, optimizer: cd()},
		{name: "dae", kind: dae, sizes: []int{6, 5}, batch: 7, optimizer: sgd.optimizer},
		{name: "lstm", kind: rnn, cell: blocks.LSTM(), steps: 4, sizes: []int{3, 5, 3}, batch: 7, optimizer: sgd.optimizer},
		{name: "gru", kind: rnn, cell: blocks.GRU(), steps: 4, sizes: []int{3, 5, 3}, batch: 7, optimizer: sgd.optimizer},
	}
}

// numbers are those of torch_step.py, shifted.
func numbers(dst []float32, seed uint32, shift float32) {
	state := seed
	for i := range dst {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		dst[i] = float32(state>>26)/64 + shift
	}
}

func fill(w workload, j *job) {
	numbers(j.batch.X.Float32s(), 1, 0)
	for i, p := range j.params {
		numbers(p.Value.Float32s(), uint32(i+2), -0.5)
	}
	switch w.kind {
	case mlp, cnn, rnn:
		hot := j.batch.T.Float32s()
		clear(hot)
		for i := range w.batch {
			hot[3*i+i%3] = 1
		}
	case rbm:
		b := j.params[1].Value.Float32s()
		for i := range b {
			b[i] = 40
		}
	}
}

// Both machines leave the weights that PyTorch leaves after the same steps. Adam
// divides by the size of the gradient and thereby amplifies rounding.
func TestStepsEqualPyTorch(t *testing.T) {
	values := readTorch(t)
	if len(values.Workloads) != len(small()) {
		t.Errorf("want %d small workloads in testdata, got %d", len(small()), len(values.Workloads))
	}
	for _, w := range small() {
		want := values.Workloads[w.name]
		for _, machine := range []string{capas, stock} {
			j, err := w.job(machine)
			if machine == stock && w.name == "lstm" && errors.Is(err, errStock) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			fill(w, j)
			for range want.Steps {
				if err := j.step(); err != nil {
					t.Fatal(err)
				}
			}
			if len(j.params) != len(want.Params) || want.Steps < 1 {
				t.Fatalf("%s on %s: want %d parameters after a step or more, got %d after %d", w.name, machine, len(want.Params), len(j.params), want.Steps)
			}
			for i, p := range j.params {
				got := p.Value.Float32s()
				if len(got) != len(want.Params[i]) {
					t.Fatalf("%s on %s: %s: want %d elements, got %d", w.name, machine, p.Name, len(want.Params[i]), len(got))
				}
				for k, v := range want.Params[i] {
					if !(math.Abs(float64(got[k])-v) <= 2e-6*math.Max(1, math.Abs(v))) {
						t.Errorf("%s on %s: %s[%d]: want %.9g, got %.9g", w.name, machine, p.Name, k, v, got[k])
					}
				}
			}
		}
	}
}

// Both machines draw anew at every step: an RBM's hidden states, a DAE's masks.
func TestStepsAreRandom(t *testing.T) {
	for _, w := range []workload{
		{kind: rbm, sizes: []int{20, 30}, batch: 10, optimizer: train.SGD(0.1)},
		{kind: dae, sizes: []int{20, 30}, batch: 10, optimizer: train.SGD(0.1), masking: 0.3},
	} {
		for _, machine := range []string{capas, stock} {
			j, err := w.job(machine)
			if err != nil {
				t.Fatal(err)
			}
			before := snapshot(j)
			var after [2][]float32
			for i := range after {
				restore(j, before)
				if err := j.step(); err != nil {
					t.Fatal(err)
				}
				after[i] = snapshot(j)
			}
			if slices.Equal(after[0], before) || slices.Equal(after[0], after[1]) {
				t.Errorf("%s on %s: want two different steps from one point", w.kind, machine)
			}
		}
	}
}

func snapshot(j *job) (all []float32) {
	for _, p := range j.params {
		all = append(all, p.Value.Float32s()...)
	}
	return all
}

func restore(j *job, all []float32) {
	for _, p := range j.params {
		all = all[copy(p.Value.Float32s(), all):]
	}
}

func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

func TestJSONLines(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "cpu")
	status, stdout, stderr := call("-json", "-seconds", "0", "-threads", "1", "-cpuprofile", profile, "mlp-tiny-b32", "rbm-784-500-b10")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d: %s", status, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 2 {
		t.Fatalf("want two lines, got %q", stdout)
	}
	for i, name := range []string{"mlp-tiny-b32", "rbm-784-500-b10"} {
		var r map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &r); err != nil {
			t.Fatal(err)
		}
		if r["name"] != name || r["threads"] != 1.0 || r["kernels"] == "" {
			t.Errorf("want %s on one thread, got %s", name, lines[i])
		}
		for _, key := range []string{"median_us", "min_us", "gflop"} {
			if v, ok := r[key].(float64); !ok || v <= 0 {
				t.Errorf("%s: want a positive number, got %s", key, lines[i])
			}
		}
		if _, ok := r["allocs"].(float64); !ok {
			t.Errorf("want allocs, got %s", lines[i])
		}
	}
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("want a profile: %v", err)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	p := printer{w: &b}
	for _, r := range []result{
		{Name: "one", MedianUS: 2000, MinUS: 1000.5, GFLOP: 0.5, Allocs: 3, Kernels: "avx2", Threads: 2},
		{Name: "two", MedianUS: 10, MinUS: 9, GFLOP: 0.001, Kernels: "avx2", Threads: 2},
	} {
		if err := p.print(r); err != nil {
			t.Fatal(err)
		}
	}
	want := `avx2 kernels, 2 threads
workload                     median µs      min µs    GFLOP  GFLOP/s  allocs
one                             2000.0      1000.5   0.5000    250.0       3
two                               10.0         9.0   0.0010    100.0       0
`
	if b.String() != want {
		t.Errorf("want\n%sgot\n%s", want, b.String())
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{`workload "lenet-b200" is unknown, want one of mlp-500-500-2000-b10, `, []string{"mlp-tiny-b32", "lenet-b200"}},
		{"-machine \"tape\": want capas, stock or torch", []string{"-machine", "tape"}},
		{"-seconds -1", []string{"-seconds", "-1"}},
		{"-seconds NaN", []string{"-seconds", "NaN"}},
		{"-threads -2", []string{"-threads", "-2"}},
		{"-nonsense", []string{"-nonsense"}},
	} {
		status, stdout, stderr := call(c.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: want status 2 and a message with %q, got %d, %q and %q", c.args, c.says, status, stdout, stderr)
		}
	}
	if status, stdout, _ := call("-list"); status != 0 || strings.Fields(stdout)[0] != "mlp-500-500-2000-b10" || len(strings.Fields(stdout)) != len(workloads()) {
		t.Errorf("-list: status %d, %q", status, stdout)
	}
	if status, _, stderr := call("-h"); status != 0 || !strings.Contains(stderr, "dae-784-1000-b20") {
		t.Errorf("-h: status %d, %q", status, stderr)
	}
	if status, _, stderr := call("-cpuprofile", filepath.Join(t.TempDir(), "none", "cpu"), "mlp-tiny-b32"); status != 1 || stderr == "" {
		t.Errorf("profile in a missing directory: want status 1, got %d: %s", status, stderr)
	}
}

// measure takes the middle and the least of what it times, and counts allocations.
func TestMeasure(t *testing.T) {
	var keep [][]byte
	n := 0
	r, err := measure(func() error {
		n++
		keep = append(keep[:0], make([]byte, 100), make([]byte, 200))
		return nil
	}, 0)
	if err != nil || n != warmUp+2 || r.MedianUS < r.MinUS || r.Allocs < 2 {
		t.Errorf("want %d steps of two allocations or more, got %d and %+v, error %v", warmUp+2, n, r, err)
	}
	broken := errors.New("broken")
	for fails := 1; fails <= warmUp+2; fails++ {
		n = 0
		_, err := measure(func() error {
			if n++; n == fails {
				return broken
			}
			return nil
		}, time.Nanosecond)
		if !errors.Is(err, broken) {
			t.Errorf("step %d fails: want its error, got %v", fails, err)
		}
	}
}
