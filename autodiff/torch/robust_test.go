//go:build libtorch && cgo

package torch

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	lib "github.com/sugarme/gotch/libtch"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A perceptron with all that a training has, on a backend: its steps.
func stepper(t testing.TB, b autodiff.Backend, seed uint64) (step func() error, net *models.MLP) {
	s := shapes{random.New(seed)}
	net = must(models.NewMLP("mlp", []int{20, 15, 4}, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), s.s))(t)
	net.DropHidden, net.Noise = 0.3, s.s.Split("noise")
	o := train.Optimizer{Kind: "momentum", Rate: train.Constant(0.05), Momentum: train.Constant(0.9)}
	state := must(o.NewState(tensor.Float32))(t)
	f := must(train.NewStepperWith(autodiff.Compiler{Backend: b}, net, state, 10))(t)
	batch := datasets.Batch{X: s.normal(1, 10, 20), T: s.oneHot(10, 4)}
	return func() error {
		state.Advance(0, 1)
		return f.Step(batch)
	}, net
}

// resident is the memory of the process in bytes, without what Go's collector would free and without
// pages of files, such as libtorch's code, which are read when they are first used.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the memory of a process is read from /proc/self/statm, which is not here")
	}
	var size, pages, files int
	if _, err := fmt.Sscan(string(data), &size, &pages, &files); err != nil {
		t.Fatal(err)
	}
	return (pages - files) * os.Getpagesize()
}

func TestMemoryStaysConstant(t *testing.T) {
	steps := 5000
	if testing.Short() {
		steps = 500
	}
	step, _ := stepper(t, open(t), 1)
	run := func(n int) {
		for range n {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(steps / 2)
	before := resident(t)
	run(steps)
	grown := resident(t) - before
	t.Logf("%d steps: %+d kB", steps, grown/1024)
	if grown > 3<<19 { // a number that each step left behind would be 3 MB
		t.Errorf("the memory grew by %d kB in %d steps", grown/1024, steps)
	}
}

// Functions run at the same time give what they give one after the other.
func TestManyGoroutines(t *testing.T) {
	const n, steps = 8, 60
	b := open(t)
	weights := func(net *models.MLP) []float32 { return net.Layers[0].W.Value.Float32s() }
	var alone, together [n][]float32
	for i := range n {
		step, net := stepper(t, b, uint64(i))
		for range steps {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		alone[i] = weights(net)
	}
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		step, net := stepper(t, b, uint64(i))
		together[i] = weights(net)
		all.Go(func() {
			for range steps {
				if errs[i] = step(); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for i := range n {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		for j, v := range together[i] {
			if d := abs(float64(v - alone[i][j])); d > 1e-5 {
				t.Fatalf("network %d: weight %d is %g, want %g", i, j, v, alone[i][j])
			}
		}
	}
}

// An error of libtorch is one of Go that names the node, and the function can be run again.
func TestErrors(t *testing.T) {
	g := G.NewGraph()
	d := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	x := leaf(g, "x", d)
	y := must(ops.Exp(x))(t)
	b := open(t)
	b.known["exp"] = plain(func(c *calls, x []handle) handle { return c.product(x[0], x[0]) }) // (2,3)·(2,3)
	f := must(autodiff.Compiler{Backend: b}.Compile("f", nil, G.Nodes{y}, nil))(t)
	for range 3 {
		err := f.RunAll()
		if want := fmt.Sprintf("run: torch on cpu: node %d: exp: mat1 and mat2 shapes cannot be multiplied", y.ID()); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Fatalf("got %v, want %s…", err, want)
		}
	}
	b.known["exp"] = plain(func(c *calls, x []handle) handle { return c.sum(x[0]) })
	f = must(autodiff.Compiler{Backend: b}.Compile("f", nil, G.Nodes{y}, nil))(t)
	if err := f.RunAll(); err == nil || !strings.Contains(err.Error(), "want a result of shape (2, 3), got ()") {
		t.Errorf("a result of another shape: got %v", err)
	}
	b.known["exp"] = plain(func(c *calls, x []handle) handle { return x[len(x)] })
	f = must(autodiff.Compiler{Backend: b}.Compile("f", nil, G.Nodes{y}, nil))(t)
	if err := f.RunAll(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("node %d: exp: panic: ", y.ID())) {
		t.Errorf("a panic: got %v", err)
	}
	if err := open(t).step1(); err != nil {
		t.Errorf("after the errors: %v", err)
	}
}

// step1 makes one call without an error.
func (b *backend) step1() error {
	c := newCalls(b.device)
	c.release(c.zeros(2, 2))
	c.release(nil)
	return c.err
}

// An operation without a translation is an error when the function is compiled.
func TestUnknownOperation(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, "x", tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, 2})))
	y := must(ops.Apply(ops.Def{Name: "novelty(3)", Shape: tensor.Shape{2}, F32: func(y []float32, x [][]float32) {}}, x))(t)
	_, err := autodiff.Compiler{Backend: open(t)}.Compile("f", nil, G.Nodes{y}, nil)
	want := fmt.Sprintf(`compile: torch on cpu: node %d: no translation of the operation "novelty(3)" with a result of shape (2)`, y.ID())
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDevices(t *testing.T) {
	for _, device := range []string{"", "gpu", "cuda", "cuda:x", "cuda:-1", "cuda:00", "cuda:+1"} {
		if _, err := Open(device); err == nil || !strings.Contains(err.Error(), "want cpu, or cuda:0") {
			t.Errorf("device %q: got %v", device, err)
		}
	}
	_, err := Open("cuda:0")
	if lib.AtcCudaIsAvailable() {
		if err != nil {
			t.Errorf("cuda:0: %v", err)
		}
	} else if err == nil || !strings.Contains(err.Error(), "device cuda:0: libtorch finds 0 devices of CUDA here") {
		t.Errorf("cuda:0 without CUDA: got %v", err)
	}
}

// A parameter that a step leaves not finite is seen, as by Capas's kernels.
func TestDivergence(t *testing.T) {
	step, net := stepper(t, open(t), 3)
	if err := step(); err != nil {
		t.Fatal(err)
	}
	s := shapes{random.New(4)}
	set := must(datasets.NewSet("corners", s.normal(1, 20, 20), bytes.Repeat([]byte{0, 1, 2, 3}, 5), 4, 4, 5))(t)
	tr := train.Trainer{Model: net, Recipe: train.Recipe{Optimizer: train.SGD(1e38), Epochs: 5, Batch: 5}, Data: set, Compiler: autodiff.Compiler{Backend: open(t)}}
	if _, err := tr.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "mlp.") {
		t.Errorf("got %v, want an error that names a parameter", err)
	}
}

// Updates happen at once, also where parameters are exchanged.
func TestAssignments(t *testing.T) {
	for _, backend := range []autodiff.Backend{nil, open(t)} {
		g := G.NewGraph()
		vector := func(v ...float32) *tensor.Dense { return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)) }
		a, b, c := vector(1, 2), vector(3, 4), vector(5, 6)
		x, y, z := leaf(g, "a", a), leaf(g, "b", b), leaf(g, "c", c)
		sum := must(ops.Add(x, y))(t)
		f := must(autodiff.Compiler{Backend: backend}.Compile("f", nil, G.Nodes{sum}, []autodiff.Update{{Target: x, Value: y}, {Target: y, Value: x}, {Target: z, Value: sum}}))(t)
		if err := f.RunAll(); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(a.Data(), b.Data(), c.Data(), f.Output(0).Data())
		if want := "[3 4] [1 2] [4 6] [4 6]"; got != want {
			t.Errorf("%v: got %s, want %s", backend, got, want)
		}
	}
}
