package train_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// aside is a model with a parameter that its monitor does not depend on: its cost is Σ x·w + slope·Σ a, of which the monitor
// shows the first sum.
type aside struct {
	w, a  *blocks.Param
	slope float64
}

// newAside has so many elements of a, enough for several blocks, workers and calls of assembly. All are 0.
func newAside(dt tensor.Dtype, slope float64) aside {
	zeros := func(name string, shape ...int) *blocks.Param {
		return &blocks.Param{Name: name, Value: tensor.New(tensor.Of(dt), tensor.WithShape(shape...))}
	}
	return aside{zeros("w", 3, 1), zeros("a", 40_001), slope}
}

func (m aside) Params() []*blocks.Param { return []*blocks.Param{m.w, m.a} }

func (m aside) Objective(examples int) (*models.Objective, error) {
	x := blocks.NewInput(G.NewGraph(), m.w.Value.Dtype(), "x", examples, 3)
	var c ops.Chain
	shown := c.Do(ops.Sum(c.Do(ops.MatMul(x, c.Do(m.w.Node(x.Graph())), false, false))))
	hidden := c.Do(ops.Scale(c.Do(ops.Sum(c.Do(m.a.Node(x.Graph())))), m.slope))
	return &models.Objective{Inputs: G.Nodes{x}, Cost: c.Do(ops.Add(shown, hidden)), Monitors: []models.Monitor{{Name: "shown", Node: shown}}}, c.Err()
}

// setElement sets an element of a parameter.
func setElement(p *blocks.Param, i int, v float64) {
	if p.Value.Dtype() == tensor.Float32 {
		p.Value.Float32s()[i] = float32(v)
	} else {
		p.Value.Float64s()[i] = v
	}
}

// One element that moves towards the largest float by known steps passes it at a known step. The examples are zeros, so that
// the other parameter stays.
func TestOverflowIsNoticedAtItsStep(t *testing.T) {
	// In units of the largest float the element starts at −0.9 and ηg is 0.03. μ is ½, with which momentum moves it by 0.03,
	// 0.045 and 0.0525, and nesterov by 0.045, 0.0525 and 0.05625; ρ is ½, with which rmsprop moves it by 0.03/√½, 0.03/√¾ and
	// 0.03/√⅞; adam moves it by 0.03 as sgd does.
	overflows := map[string]int{"sgd": 4, "momentum": 3, "nesterov": 3, "rmsprop": 3, "adam": 4}
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, kind := range train.Optimizers() {
			largest, slope := math.MaxFloat32, 1.0
			if dt == tensor.Float64 {
				if kind == "rmsprop" || kind == "adam" {
					continue // their steps are of the size of the learning rate, which is at most the largest float32
				}
				largest, slope = math.MaxFloat64, math.MaxFloat64/math.MaxFloat32
			}
			for _, at := range []int{0, 4099, 40_000} {
				m := newAside(dt, slope)
				setElement(m.a, at, -0.9*largest)
				state := must(train.Optimizer{Kind: kind, Rate: train.Constant(0.03 * math.MaxFloat32), Momentum: train.Constant(0.5), Rho: 0.5}.NewState(dt))(t)
				s := must(train.NewStepper(m, state, 2))(t)
				batch := datasets.Batch{X: tensor.New(tensor.Of(dt), tensor.WithShape(2, 3))}
				for step := 1; step <= overflows[kind]+1; step++ {
					state.Advance(0, 1)
					if err := s.Step(batch); err != nil {
						t.Fatal(err)
					}
					var want []string
					if step >= overflows[kind] {
						want = []string{"a"}
					}
					if got := state.Broken(); !slices.Equal(got, want) {
						t.Errorf("%s, %v, element %d, step %d: want %q, got %q (the element is %g)", kind, dt, at, step, want, got, element(m.a.Value, at))
					}
				}
			}
		}
	}
}

// An infinite input saturates a unit, so that the loss stays what it is, and makes the gradient of the first weights NaN: ∞·0.
// Every optimiser notices these at that step, in a compiled function and on the TapeMachine, and nothing before it.
func TestNaNIsNoticedOnBothMachines(t *testing.T) {
	f := readTorch(t)
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, o := range f.Optimizers {
			for _, machine := range []string{"compiled", "TapeMachine"} {
				what := fmt.Sprintf("%s, %v, %s", o.Name, dt, machine)
				x, target := f.batch(dt)
				s := f.stepper(t, dt, o.Recipe)
				healthy := f.stepper(t, dt, o.Recipe).state
				step := s.onMachine(t, machine, x, target)
				for range 2 {
					if loss := step(); loss-loss != 0 || s.state.Broken() != nil {
						t.Errorf("%s: loss %g, and broken are %q", what, loss, s.state.Broken())
					}
				}
				setElement(&blocks.Param{Value: x}, 0, math.Inf(1))
				if loss := step(); loss-loss != 0 {
					t.Errorf("%s: the loss is %g: it shows what this test wants hidden", what, loss)
				}
				if got := s.state.Broken(); !slices.Equal(got, []string{"1.W"}) {
					t.Errorf("%s: want 1.W, got %q", what, got)
				}
				if got := healthy.Broken(); got != nil {
					t.Errorf("%s: another state has %q", what, got)
				}
			}
		}
	}
}

// onMachine returns what takes a step and returns the loss. On the TapeMachine the updates are computed, not applied.
func (s stepper) onMachine(t *testing.T, machine string, x, target *tensor.Dense) func() float64 {
	t.Helper()
	if machine == "compiled" {
		fn := must(autodiff.Compile(s.inputs, G.Nodes{s.loss}, s.updates))(t)
		return func() float64 {
			s.state.Advance(0, 1)
			if err := fn.Run(x, target); err != nil {
				t.Fatal(err)
			}
			return must(fn.Scalar(0))(t)
		}
	}
	s.bind(t, x, target)
	var loss G.Value
	G.Read(s.loss, &loss)
	vm := G.NewTapeMachine(s.loss.Graph())
	t.Cleanup(func() { vm.Close() })
	return func() float64 {
		s.state.Advance(0, 1)
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
		return must(ops.Scalar(loss))(t)
	}
}

// Steppers of two batch sizes share a state, and what is broken is named in the model's order, by whichever it was. The hidden
// units of a machine with NaN biases are never on, so that its reconstruction is finite.
func TestBrokenParametersOfAMachine(t *testing.T) {
	data := examples(t, 10, 5, 3)
	r := machine(t, 5, 4)
	state := must(train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1)}.NewState(tensor.Float32))(t)
	model := &models.CD{Model: r, K: 1, Noise: random.New(5)}
	steppers := map[int]*train.Stepper{}
	for _, m := range []int{7, 3} {
		steppers[m] = must(train.NewStepper(model, state, m))(t)
	}
	batches := must(datasets.NewBatches(data, 7, datasets.BatchOptions{}))(t)
	batches.Epoch()
	for step := range 2 {
		if step == 1 {
			r.B.Value.Float32s()[2] = float32(math.NaN())
		}
		b, _ := batches.Next()
		state.Advance(0, 1)
		if err := steppers[b.Len()].Step(b); err != nil {
			t.Fatal(err)
		}
		want := [][]string{nil, {"rbm.W", "rbm.b"}}[step]
		if got := state.Broken(); !slices.Equal(got, want) {
			t.Errorf("after step %d: want %q, got %q", step+1, want, got)
		}
	}
}
