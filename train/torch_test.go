package train_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// torchSteps is what scripts/torch_values.py wrote: a network 6-5-4-3 with sigmoid and
// tanh, softmax and cross-entropy.
type torchSteps struct {
	X          [][]float64
	Labels     []uint8
	Params     map[string]json.RawMessage
	Loss       float64
	Gradients  map[string]json.RawMessage
	Optimizers []struct {
		Name   string
		Recipe train.Optimizer
		After  []torchState
	}
}

// torchState is the loss before a step and the parameters after it.
type torchState struct {
	Step   int
	Loss   float64
	Params map[string]json.RawMessage
}

// In float64 the two libraries differ by rounding. In float32 the parameters are near
// 1, and five steps of adam, which divides by the size of the gradient, amplify
// rounding errors of 6e-8 most.
const (
	torchTol64 = 1e-12
	torchTol32 = 1e-5
)

func readTorch(t *testing.T) torchSteps {
	t.Helper()
	data, err := os.ReadFile("testdata/torch_steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var f torchSteps
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Optimizers) < len(train.Optimizers()) {
		t.Fatalf("testdata/torch_steps.json: want every optimiser, got %d", len(f.Optimizers))
	}
	return f
}

// flat reads a vector or matrix.
func flat(t *testing.T, raw json.RawMessage) (x []float64, shape tensor.Shape) {
	t.Helper()
	if err := json.Unmarshal(raw, &x); err == nil {
		return x, tensor.Shape{len(x)}
	}
	var rows [][]float64
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	x = nil
	for _, r := range rows {
		x = append(x, r...)
	}
	return x, tensor.Shape{len(rows), len(rows[0])}
}

func dense(dt tensor.Dtype, x []float64, shape tensor.Shape) *tensor.Dense {
	d := tensor.New(tensor.Of(dt), tensor.WithShape(shape...))
	for i, v := range x {
		if dt == tensor.Float32 {
			d.Float32s()[i] = float32(v)
		} else {
			d.Float64s()[i] = v
		}
	}
	return d
}

// model returns the network with its first parameters.
func (f torchSteps) model(t *testing.T, dt tensor.Dtype) *models.MLP {
	t.Helper()
	param := func(name string) *blocks.Param {
		x, shape := flat(t, f.Params[name])
		return &blocks.Param{Name: name, Value: dense(dt, x, shape)}
	}
	n := &models.MLP{}
	for l, act := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.Linear()} {
		n.Layers = append(n.Layers, &blocks.Dense{W: param(fmt.Sprintf("%d.W", l+1)), B: param(fmt.Sprintf("%d.b", l+1)), F: act})
	}
	return n
}

// batch returns the examples and their one-hot targets.
func (f torchSteps) batch(dt tensor.Dtype) (x, target *tensor.Dense) {
	var all, hot []float64
	for i, row := range f.X {
		all = append(all, row...)
		one := make([]float64, 3)
		one[f.Labels[i]] = 1
		hot = append(hot, one...)
	}
	return dense(dt, all, tensor.Shape{len(f.X), len(f.X[0])}), dense(dt, hot, tensor.Shape{len(f.X), 3})
}

func compareParams(t *testing.T, what string, params []*blocks.Param, want map[string]json.RawMessage, tol float64) {
	t.Helper()
	if len(params) != len(want) {
		t.Fatalf("%s: want %d parameters, got %d", what, len(want), len(params))
	}
	for _, p := range params {
		x, shape := flat(t, want[p.Name])
		if !p.Value.Shape().Eq(shape) {
			t.Fatalf("%s: %s: want shape %v, got %v", what, p.Name, shape, p.Value.Shape())
		}
		for i, w := range x {
			near(t, fmt.Sprintf("%s: %s[%d]", what, p.Name, i), element(p.Value, i), w, tol)
		}
	}
}

func element(d *tensor.Dense, i int) float64 {
	if d.Dtype() == tensor.Float32 {
		return float64(d.Float32s()[i])
	}
	return d.Float64s()[i]
}

// stepper is the graph of one step on the batch of the file, with its updates.
type stepper struct {
	state   *train.State
	model   *models.MLP
	inputs  G.Nodes
	loss    *G.Node
	grads   G.Nodes
	updates []autodiff.Update
}

func (f torchSteps) stepper(t *testing.T, dt tensor.Dtype, o train.Optimizer) stepper {
	t.Helper()
	n := f.model(t, dt)
	obj := must(n.Objective(len(f.X)))(t)
	leaves := must(blocks.Nodes(obj.Cost.Graph(), n.Params()))(t)
	s := stepper{state: must(o.NewState(dt))(t), model: n, inputs: obj.Inputs, loss: obj.Cost}
	s.grads = must(autodiff.Grad(obj.Cost, leaves...))(t)
	s.updates = must(s.state.Updates(n.Params(), leaves, s.grads))(t)
	return s
}

// Loss and gradients of the network, in a compiled function and on the TapeMachine.
func TestGradientsEqualPyTorch(t *testing.T) {
	f := readTorch(t)
	for dt, tol := range map[tensor.Dtype]float64{tensor.Float64: torchTol64, tensor.Float32: torchTol32} {
		x, target := f.batch(dt)
		compare := func(what string, loss G.Value, grads []G.Value, params []*blocks.Param) {
			near(t, what+": loss", must(ops.Scalar(loss))(t), f.Loss, tol)
			var got []*blocks.Param
			for i, p := range params {
				got = append(got, &blocks.Param{Name: p.Name, Value: grads[i].(*tensor.Dense)})
			}
			compareParams(t, what+": gradient", got, f.Gradients, tol)
		}
		s := f.stepper(t, dt, train.SGD(0.1))
		run := must(autodiff.Compile(s.inputs, append(G.Nodes{s.loss}, s.grads...), nil))(t)
		if err := run.Run(x, target); err != nil {
			t.Fatal(err)
		}
		var grads []G.Value
		for i := range s.grads {
			grads = append(grads, run.Output(1+i))
		}
		compare(fmt.Sprintf("compiled, %v", dt), run.Output(0), grads, s.model.Params())

		s = f.stepper(t, dt, train.SGD(0.1))
		s.bind(t, x, target)
		var loss G.Value
		G.Read(s.loss, &loss)
		for i, g := range s.grads {
			G.Read(g, &grads[i])
		}
		vm := G.NewTapeMachine(s.loss.Graph())
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		compare(fmt.Sprintf("TapeMachine, %v", dt), loss, grads, s.model.Params())
		if err := vm.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func (s stepper) bind(t *testing.T, values ...*tensor.Dense) {
	t.Helper()
	for i, v := range values {
		if err := G.Let(s.inputs[i], v); err != nil {
			t.Fatal(err)
		}
	}
}

// Steps 1 and 5 of every optimiser in float64: compiled, and the same graph with its
// updates on the TapeMachine.
func TestOptimizersEqualPyTorch(t *testing.T) {
	f := readTorch(t)
	x, target := f.batch(tensor.Float64)
	kinds := map[string]bool{}
	for _, o := range f.Optimizers {
		kinds[o.Recipe.Kind] = true
		compiled := f.stepper(t, tensor.Float64, o.Recipe)
		fn := must(autodiff.Compile(compiled.inputs, G.Nodes{compiled.loss}, compiled.updates))(t)
		compareSteps(t, o.Name+", compiled", compiled, o.After, func() float64 {
			if err := fn.Run(x, target); err != nil {
				t.Fatal(err)
			}
			return must(fn.Scalar(0))(t)
		})

		tape := f.stepper(t, tensor.Float64, o.Recipe)
		tape.bind(t, x, target)
		var loss G.Value
		G.Read(tape.loss, &loss)
		next := make([]G.Value, len(tape.updates))
		for i, u := range tape.updates {
			G.Read(u.Value, &next[i])
		}
		vm := G.NewTapeMachine(tape.loss.Graph())
		compareSteps(t, o.Name+", TapeMachine", tape, o.After, func() float64 {
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			vm.Reset()
			for i, u := range tape.updates {
				copy(u.Target.Value().(*tensor.Dense).Float64s(), next[i].(*tensor.Dense).Float64s())
			}
			return must(ops.Scalar(loss))(t)
		})
		if err := vm.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range train.Optimizers() {
		if !kinds[k] {
			t.Errorf("%s: testdata/torch_steps.json has no values", k)
		}
	}
}

func compareSteps(t *testing.T, what string, s stepper, after []torchState, step func() float64) {
	t.Helper()
	done := 0
	for _, want := range after {
		var loss float64
		for ; done < want.Step; done++ {
			s.state.Advance(0, 1)
			loss = step()
		}
		at := fmt.Sprintf("%s, step %d", what, want.Step)
		near(t, at+": loss", loss, want.Loss, torchTol64)
		compareParams(t, at, s.model.Params(), want.Params, torchTol64)
	}
	if done != 5 {
		t.Errorf("%s: want values after 5 steps, got %d", what, done)
	}
}

// The same in float32 through the Trainer: full batches, an epoch a step.
func TestTrainerEqualsPyTorch(t *testing.T) {
	f := readTorch(t)
	x, _ := f.batch(tensor.Float32)
	data := must(datasets.NewSet("torch", x, f.Labels, 3, 0, 0))(t)
	for _, o := range f.Optimizers {
		for _, want := range o.After {
			n := f.model(t, tensor.Float32)
			h := run(t, train.Trainer{Model: n, Data: data, Recipe: train.Recipe{Optimizer: o.Recipe, Epochs: want.Step}})
			loss, _ := h.Epochs[want.Step-1].Train.Get("loss")
			at := fmt.Sprintf("%s, step %d", o.Name, want.Step)
			near(t, at+": loss", loss, want.Loss, torchTol32)
			compareParams(t, at, n.Params(), want.Params, torchTol32)
		}
	}
}
