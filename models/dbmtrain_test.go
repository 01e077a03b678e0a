package models_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// rowsOf are the states of all layers, row by row, from those of each layer.
func rowsOf(h [][][]float64) (rows [][][]float64) {
	for row := range h[0] {
		var one [][]float64
		for _, layer := range h {
			one = append(one, layer[row])
		}
		rows = append(rows, one)
	}
	return rows
}

// meanEnergy of rows of states.
func (m deepMachine) meanEnergy(rows [][][]float64) (e float64) {
	for _, h := range rows {
		e += m.energy(h) / float64(len(rows))
	}
	return e
}

// The gradient is the hand-derived difference of statistics: −(⟨xyᵀ⟩ of mean field − ⟨xyᵀ⟩ of
// the chains), and so for the biases; the chains are those of plain Go, and go on from step to
// step. Central differences of the mean energies with the states held give it too.
func TestDBMTrainingEqualsStatistics(t *testing.T) {
	const m, updates, steps, chains = 5, 3, 2, 4
	for _, sizes := range [][]int{{4, 3, 3}, {3, 4, 2, 2}, {4, 3}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			d := newDBM(t, 0.8, sizes...)
			plain := deepReference(d)
			training := must[*models.DBMTraining](t)(models.NewDBMTraining(d, updates, steps, chains, stream("noise")))
			h := make([][][]float64, len(sizes))
			for l := 0; l < len(sizes); l += 2 {
				h[l] = split(elements(training.Chains[l].Value), sizes[l])
				for _, x := range join(h[l]) {
					if x != 0 && x != 1 {
						t.Fatalf("a chain begins with a unit at %g", x)
					}
				}
			}
			o := must[*models.Objective](t)(training.Objective(m))
			leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), d.Params()))
			grads := must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...))
			f := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, append(grads, o.Cost, o.Monitors[0].Node, o.Monitors[1].Node), o.Updates))
			draws := *training.Draws
			var noise []random.Stream
			for _, s := range training.Noise {
				noise = append(noise, *s)
			}
			for step := range 3 {
				x := uniform(stream(fmt.Sprint("x", step)), m, sizes[0])
				if step == 1 {
					x = coins(stream("x"), m, sizes[0])
				}
				if err := f.Run(matrix(tensor.Float64, x)); err != nil {
					t.Fatal(err)
				}
				// The draws of a step: the data, and the chains, odd layers before even ones.
				all := join(x)
				draws.Bernoulli64(all, all)
				var q [][][]float64
				change, units := 0.0, 0.0
				for _, v := range split(all, sizes[0]) {
					q = append(q, plain.meanField(v, updates))
					before := plain.meanField(v, updates-1)
					for l := 1; l < len(sizes); l++ {
						for i, p := range q[len(q)-1][l] {
							change += math.Abs(p - before[l][i])
							units++
						}
					}
				}
				for range steps {
					for _, first := range []int{1, 0} {
						for l := first; l < len(sizes); l += 2 {
							h[l] = plain.draw(h, l, &noise[l])
						}
					}
				}
				end := append([][][]float64(nil), h...)
				for l := 1; l < len(sizes); l += 2 {
					end[l] = split(plain.probabilities(h, l), sizes[l])
				}
				model := rowsOf(end)
				want := difference(plain.statistics(q), plain.statistics(model))
				for i, p := range d.Params() {
					near(t, fmt.Sprintf("step %d: gradient by %s", step, p.Name), want[i], numbers(t, f.Output(i)), 1e-13)
				}
				n := len(d.Params())
				near(t, "cost", []float64{plain.meanEnergy(q) - plain.meanEnergy(model)}, numbers(t, f.Output(n)), 1e-12)
				near(t, "chain energy", []float64{plain.meanEnergy(model)}, numbers(t, f.Output(n+1)), 1e-12)
				near(t, "mean-field change", []float64{change / units}, numbers(t, f.Output(n+2)), 1e-12)
				for l := 0; l < len(sizes); l += 2 {
					near(t, "chains", join(h[l]), elements(training.Chains[l].Value), 0)
				}
				numeric := held(d, func() float64 {
					now := deepReference(d)
					return now.meanEnergy(q) - now.meanEnergy(model)
				})
				for i, p := range d.Params() {
					near(t, "central difference by "+p.Name, numeric[i], numbers(t, f.Output(i)), 1e-8)
				}
			}
		})
	}
}

// held are central differences of a function of a model's parameters.
func held(model interface{ Params() []*blocks.Param }, f func() float64) (out [][]float64) {
	const step = 1e-5
	for _, p := range model.Params() {
		e := p.Value.Float64s()
		g := make([]float64, len(e))
		for j, old := range e {
			e[j] = old + step
			up := f()
			e[j] = old - step
			g[j] = (up - f()) / (2 * step)
			e[j] = old
		}
		out = append(out, g)
	}
	return out
}

// The training loop raises the bound, and log p of the data with it, of a machine of ten
// units: exact values by enumeration, before and after. The bound stays one.
func TestDBMTrainingRaisesTheLikelihood(t *testing.T) {
	d := must[*models.DBM](t)(models.NewDBM("dbm", []int{4, 3, 3}, blocks.Gaussian(0.1), stream("init")))
	training := must[*models.DBMTraining](t)(models.NewDBMTraining(d, 10, 5, 50, stream("noise")))
	patterns := [][]float64{{1, 1, 0, 0}, {0, 0, 1, 1}, {1, 1, 1, 1}}
	data := set(t, repeat(patterns, 20), nil, 1)
	likelihood := func() (logP, bound float64) {
		plain := deepReference(d)
		logZ := plain.logZ()
		for _, v := range patterns {
			_, sum := plain.marginals(v)
			logP += (sum - logZ) / 3
			bound += (plain.bound(plain.meanField(v, 10)) - logZ) / 3
		}
		return logP, bound
	}
	before, _ := likelihood()
	trainer := train.Trainer{Model: training, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 300, Batch: 20}}
	h := must[*train.History](t)(trainer.Run(context.Background()))
	after, bound := likelihood()
	t.Logf("mean log p %.3f before, %.3f after, bound %.3f, best possible %.3f", before, after, bound, math.Log(1.0/3))
	if !(after > before+0.7) || after > math.Log(1.0/3) || bound > after || bound < before {
		t.Errorf("mean log p %g before, %g after, bound %g", before, after, bound)
	}
	for _, name := range []string{"chain energy", "mean-field change"} {
		if _, ok := h.Epochs[0].Train.Get(name); !ok {
			t.Errorf("no monitor %q", name)
		}
	}
}

// layerFreeEnergy is the free energy of the machine with up copies of v and down copies of h
// that share weights, whose energy is the sum over all pairs, where all copies of v have the
// same state; divided by the number of pairs. By enumeration.
func layerFreeEnergy(m machine, v []float64, up, down int) float64 {
	k := len(m.b)
	z := 0.0
	for _, h := range states(down * k) {
		e := 0.0
		for c := range down {
			e += float64(up) * m.energy(v, h[c*k:(c+1)*k])
		}
		z += math.Exp(-e)
	}
	return -math.Log(z) / float64(up*down)
}

// The layers' cost is the difference of free energies of the machines with doubled inputs,
// and its gradient that of central differences with the chain held, and the recipe's
// −(v⁰ᵀp⁰ − vᵏᵀpᵏ)/m.
func TestDBMLayer(t *testing.T) {
	const m, k = 5, 2
	for _, factors := range [][2]float64{{1, 1}, {2, 1}, {1, 2}, {2, 2}} {
		t.Run(fmt.Sprint(factors), func(t *testing.T) {
			up, down := factors[0], factors[1]
			r := newRBM(t, 4, 3, 1)
			widen(0.8, r.Params()...)
			layer := &models.DBMLayer{Model: r, Up: up, Down: down, K: k, Noise: stream("noise")}
			plain := reference(r)
			p := func(h []float64, f float64) []float64 { // sigmoid(f·z) from sigmoid(z)
				out := make([]float64, len(h))
				for i, x := range h {
					out[i] = logistic(f * math.Log(x/(1-x)))
				}
				return out
			}
			hidden := func(v []float64) []float64 { return p(plain.up(v), up) }
			visible := func(h []float64) []float64 { return p(plain.down(h), down) }
			x := uniform(stream("x"), m, 4)
			s := *layer.Noise
			all := join(x)
			s.Bernoulli64(all, all)
			v0 := split(all, 4)
			vk, reconstruction := v0, 0.0
			for step := range k {
				h := plain.draw(vk, hidden, &s)
				if step == 0 {
					for row := range h {
						for i, q := range visible(h[row]) {
							reconstruction += math.Pow(q-v0[row][i], 2) / m
						}
					}
				}
				vk = plain.draw(h, visible, &s)
			}
			o := must[*models.Objective](t)(layer.Objective(m))
			got := compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, x)}, o.Cost, o.Monitors[0].Node)
			cost := func() (f float64) {
				now := reference(r)
				for row := range v0 {
					f += (layerFreeEnergy(now, v0[row], int(up), int(down)) - layerFreeEnergy(now, vk[row], int(up), int(down))) / m
				}
				return f
			}
			near(t, "cost", []float64{cost()}, got[0], 1e-12)
			near(t, o.Monitors[0].Name, []float64{reconstruction}, got[1], 1e-12)
			*layer.Noise = *stream("noise")
			numeric := held(r, cost)
			byHand := func(rows [][]float64) [][]float64 {
				W, b, c := make([]float64, 12), make([]float64, 3), make([]float64, 4)
				for _, v := range rows {
					h := hidden(v)
					for i := range v {
						c[i] -= v[i] / m
						for j := range h {
							W[i*3+j] -= v[i] * h[j] / m
						}
					}
					for j := range h {
						b[j] -= h[j] / m
					}
				}
				return [][]float64{W, b, c}
			}
			want := difference(byHand(v0), byHand(vk))
			for i, g := range gradient(t, o, r.Params(), matrix(tensor.Float64, x)) {
				near(t, "gradient by "+r.Params()[i].Name, want[i], g, 1e-13)
				near(t, "central difference by "+r.Params()[i].Name, numeric[i], g, 1e-8)
			}
		})
	}
}

// A stack shares the machine's tensors, doubles inputs where the paper does, and is put
// together by adding the two biases of a layer: the pass upwards of mean field is then that of
// the stack's codes as far as the biases agree.
func TestDBMStack(t *testing.T) {
	d := newDBM(t, 0.8, 4, 3, 3, 2)
	stack := must[[]*models.DBMLayer](t)(d.Stack(1, stream("noise")))
	factors := ""
	for _, l := range stack {
		factors += fmt.Sprintf("%g/%g ", l.Up, l.Down)
	}
	if factors != "2/1 2/2 1/2 " {
		t.Errorf("factors up/down %s", factors)
	}
	if stack[0].Model.C != d.B[0] || stack[2].Model.B != d.B[3] || stack[1].Model.W != d.W[1] {
		t.Error("the stack has parameters of its own where the machine has the same")
	}
	for l := range 2 {
		widen(0.5, stack[l].Model.B)
		widen(0.7, stack[l+1].Model.C)
	}
	if err := d.Compose(stack); err != nil {
		t.Fatal(err)
	}
	for l := range 2 {
		for i, b := range elements(d.B[l+1].Value) {
			if want := elements(stack[l].Model.B.Value)[i] + elements(stack[l+1].Model.C.Value)[i]; b != want {
				t.Errorf("layer %d, bias %d: want %g, got %g", l+1, i, want, b)
			}
		}
	}
	x := matrix(tensor.Float64, coins(stream("x"), 3, 4))
	var want []float64
	for _, v := range split(elements(x), 4) {
		for _, z := range reference(stack[0].Model).up(v) {
			want = append(want, logistic(2*math.Log(z/(1-z))))
		}
	}
	near(t, "code", want, forward(t, x, stack[0].Forward), 1e-13)
	refused(t, "a stack of another machine", newDBM(t, 1, 4, 3, 3, 2).Compose(stack), "machine 1")
	refused(t, "a part of the stack", d.Compose(stack[:2]), "want the 3 machines", "got 2")
}

// The classifier's first pass is one of mean field: its hidden layers are, for inputs v and
// q(h²|v), sigmoid(vW¹ + q²W²ᵀ + b¹), and then the layers above, each from the one below
// alone.
func TestDBMClassifier(t *testing.T) {
	for _, sizes := range [][]int{{4, 3, 2}, {4, 3, 2, 5}, {4, 3}} {
		d := newDBM(t, 0.8, sizes...)
		widenLike := must[*models.MLP](t)(d.Clone().Classifier("net", 3, blocks.LeCun(), stream("top")))
		widen(1, widenLike.Layers[len(sizes)-1].Params()...)
		plain := deepReference(d)
		v := coins(stream("v"), 4, sizes[0])
		x := matrix(tensor.Float64, v)
		inputs, want := v, []float64(nil)
		if len(sizes) > 2 {
			code := forward(t, x, func(x *G.Node) (*G.Node, error) { return d.Code(x, 3) })
			inputs = nil
			for row, q := range split(code, sizes[2]) {
				inputs = append(inputs, append(append([]float64(nil), v[row]...), q...))
				near(t, "code", plain.meanField(v[row], 3)[2], q, 1e-13)
			}
		}
		for row := range v {
			h := make([][]float64, len(sizes))
			h[0] = v[row]
			if len(sizes) > 2 {
				h[2] = inputs[row][sizes[0]:]
			}
			first := make([]float64, sizes[1])
			for i := range first {
				first[i] = logistic(plain.input(h, 1, i))
			}
			want = append(want, first...)
		}
		in := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", 4, len(inputs[0]))
		layers := must[G.Nodes](t)(widenLike.Forward(in))
		near(t, "first layer", want, compute(t, G.Nodes{in}, []G.Value{matrix(tensor.Float64, inputs)}, layers[0])[0], 1e-13)
		for l := 2; l < len(sizes); l++ {
			near(t, "weights", elements(d.W[l-1].Value), elements(widenLike.Layers[l-1].W.Value), 0)
			near(t, "biases", elements(d.B[l].Value), elements(widenLike.Layers[l-1].B.Value), 0)
		}
		before := elements(widenLike.Layers[0].W.Value)
		d.W[0].Value.Float64s()[0]++
		if !equal(before, elements(widenLike.Layers[0].W.Value)) {
			t.Error("the network's weights are the machine's own")
		}
		if err := d.CopyTo(widenLike); err != nil || equal(before, elements(widenLike.Layers[0].W.Value)) {
			t.Errorf("the copy is not made anew: %v", err)
		}
	}
}
