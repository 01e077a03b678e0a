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

func newRBM(t testing.TB, n, k int, sd float64) *models.RBM {
	t.Helper()
	return must[*models.RBM](t)(models.NewRBM("rbm", n, k, blocks.Gaussian(sd), stream("init")))
}

// chainEnd is the state with which the negative phase of plain CD is computed.
func chainEnd(m machine, v [][]float64, k int, sampled bool, s random.Stream) [][]float64 {
	ends, probabilities := m.gibbs(v, k, &s)
	if sampled {
		return ends[k-1]
	}
	return probabilities[k-1]
}

// meanFreeEnergy is the mean of F over rows, by enumeration.
func (m machine) meanFreeEnergy(rows [][]float64) float64 {
	total := 0.0
	for _, v := range rows {
		total += m.freeEnergy(v)
	}
	return total / float64(len(rows))
}

// The gradient of the cost is the difference of the statistics that are derived by
// hand, and its value the difference of the free energies.
func TestCDEqualsStatistics(t *testing.T) {
	const m = 6
	for _, k := range []int{1, 3} {
		for _, sampled := range []bool{false, true} {
			for name, v := range map[string][][]float64{"binary": coins(stream("v"), m, 5), "gray": uniform(stream("v"), m, 5)} {
				t.Run(fmt.Sprintf("k=%d sampled=%t %s", k, sampled, name), func(t *testing.T) {
					r := newRBM(t, 5, 4, 1)
					widen(0.8, r.Params()...)
					plain := reference(r)
					cd := &models.CD{Model: r, K: k, Sampled: sampled, Noise: stream("gibbs")}
					end := chainEnd(plain, v, k, sampled, *cd.Noise)
					o := must[*models.Objective](t)(cd.Objective(m))
					x := matrix(tensor.Float64, v)
					want := difference(plain.statistics(v), plain.statistics(end))
					for i, g := range gradient(t, o, cd.Params(), x) {
						near(t, "gradient by "+cd.Params()[i].Name, want[i], g, 1e-13)
					}

					*cd.Noise = *stream("gibbs")
					_, first := plain.gibbs(v, 1, stream("gibbs"))
					reconstruction := 0.0
					for i, p := range join(first[0]) {
						reconstruction += math.Pow(p-join(v)[i], 2) / m
					}
					got := compute(t, o.Inputs, []G.Value{x}, o.Cost, o.Monitors[0].Node)
					near(t, "cost", []float64{plain.meanFreeEnergy(v) - plain.meanFreeEnergy(end)}, got[0], 1e-12)
					near(t, o.Monitors[0].Name, []float64{reconstruction}, got[1], 1e-13)
				})
			}
		}
	}
}

// The gradient is that of F(v⁰) − F(vᵏ) with the end of the chain held: central
// differences of the free energies by enumeration.
func TestCDHoldsTheChain(t *testing.T) {
	const m, k, step = 4, 2, 1e-5
	r := newRBM(t, 4, 3, 1)
	widen(0.8, r.Params()...)
	cd := &models.CD{Model: r, K: k, Noise: stream("gibbs")}
	v := coins(stream("v"), m, 4)
	end := chainEnd(reference(r), v, k, false, *cd.Noise)
	symbolic := gradient(t, must[*models.Objective](t)(cd.Objective(m)), r.Params(), matrix(tensor.Float64, v))
	for i, p := range r.Params() {
		e := p.Value.Float64s()
		numeric := make([]float64, len(e))
		for j, old := range e {
			for _, side := range []float64{1, -1} {
				e[j] = old + side*step
				plain := reference(r)
				numeric[j] += side * (plain.meanFreeEnergy(v) - plain.meanFreeEnergy(end)) / (2 * step)
			}
			e[j] = old
		}
		near(t, p.Name, numeric, symbolic[i], 1e-8)
	}
}

// Persistent chains go on where the last step left them, whatever the batch.
func TestPersistentChainsGoOn(t *testing.T) {
	const k, chains = 2, 5
	r := newRBM(t, 4, 3, 1)
	widen(0.8, r.Params()...)
	plain := reference(r)
	cd := must[*models.CD](t)(models.NewPersistentCD(r, k, chains, stream("gibbs")))
	state := split(elements(cd.Chains.Value), 4)
	steps := map[int]*autodiff.Function{}
	for step, m := range []int{3, 3, 2, 7, 3} { // a smaller batch than chains, and a larger one
		if steps[m] == nil {
			o := must[*models.Objective](t)(cd.Objective(m))
			leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), r.Params()))
			outputs := append(must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...)), o.Monitors[0].Node)
			steps[m] = must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, outputs, o.Updates))
		}
		v := coins(stream(fmt.Sprint("v", step)), m, 4)
		state = chainEnd(plain, state, k, true, *cd.Noise)
		if err := steps[m].Run(matrix(tensor.Float64, v)); err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("step %d: chains", step), join(state), elements(cd.Chains.Value), 0)
		want := difference(plain.statistics(v), plain.statistics(state))
		for i, p := range r.Params() {
			near(t, fmt.Sprintf("step %d: gradient by %s", step, p.Name), want[i], numbers(t, steps[m].Output(i)), 1e-13)
		}
		near(t, "chain energy", []float64{plain.meanFreeEnergy(state)}, numbers(t, steps[m].Output(3)), 1e-12)
	}
}

// Persistent chains are sampled whatever Sampled says: probabilities are no state.
func TestPersistentChainsAreStates(t *testing.T) {
	r := newRBM(t, 4, 3, 1)
	cd := must[*models.CD](t)(models.NewPersistentCD(r, 1, 3, stream("gibbs")))
	cd.Sampled = false
	o := must[*models.Objective](t)(cd.Objective(2))
	f := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, nil, o.Updates))
	if err := f.Run(matrix(tensor.Float32, coins(stream("v"), 2, 4))); err != nil {
		t.Fatal(err)
	}
	for i, v := range cd.Chains.Value.Float32s() {
		if v != 0 && v != 1 {
			t.Errorf("chain element %d is %g", i, v)
		}
	}
}

// The training loop keeps one set of chains for whole and for partial batches. At rate
// 0 the machine stays as it is and the chains can be followed.
func TestPersistentChainsInTraining(t *testing.T) {
	const chains, epochs = 3, 2
	r := newRBM(t, 4, 3, 1)
	plain := reference(r)
	cd := must[*models.CD](t)(models.NewPersistentCD(r, 1, chains, stream("gibbs")))
	begin := split(elements(cd.Chains.Value), 4)
	noise := *cd.Noise
	trainer := train.Trainer{
		Model: cd, Data: set(t, coins(stream("v"), 5, 4), nil, 1), // batches of 2, 2 and 1
		Recipe: train.Recipe{Optimizer: train.SGD(0), Epochs: epochs, Batch: 2},
	}
	must[*train.History](t)(trainer.Run(context.Background()))
	ends, _ := plain.gibbs(begin, 3*epochs, &noise)
	near(t, "chains", join(ends[len(ends)-1]), elements(cd.Chains.Value), 0)
	near(t, "weights", join(plain.W), elements(r.W.Value), 0)
}

// New chains are fair coin flips, equal for equal streams.
func TestPersistentChainsBegin(t *testing.T) {
	r := newRBM(t, 50, 3, 1)
	begin := func() []float64 {
		return elements(must[*models.CD](t)(models.NewPersistentCD(r, 1, 400, stream("gibbs"))).Chains.Value)
	}
	a, sum := begin(), 0.0
	if !equal(a, begin()) {
		t.Error("equal streams gave different chains")
	}
	for _, v := range a {
		sum += v
	}
	n := float64(len(a))
	if z := (sum - n/2) / math.Sqrt(n/4); math.Abs(z) > 5 {
		t.Errorf("%g of %g units are on, %.1f standard deviations from half", sum, n, z)
	}
}
