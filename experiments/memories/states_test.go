package main

import (
	"math"
	"slices"
	"testing"

	"capas/experiments/lab"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func testJob() *job {
	return &job{run: &lab.Run[Recipe]{Recipe: experiment().Presets["smoke"]}, seed: 1}
}

// Each probe has the share of its units turned, in the mean exactly, and all else is left.
func TestProbes(t *testing.T) {
	const k, n = 400, 25
	patterns := coins(random.New(1), k, n)
	before := slices.Clone(patterns.Float32s())
	p := probes(patterns, 0.1, random.New(2))
	counts, total := map[int]int{}, 0.0
	for _, v := range wrong(p, patterns) {
		counts[int(math.Round(v*n))]++
		total += v * n
	}
	if len(counts) != 2 || counts[2]+counts[3] != k || math.Abs(total/k-2.5) > 0.1 {
		t.Errorf("turned units: %v, mean %g, want 2 or 3, mean 2.5", counts, total/k)
	}
	if !slices.Equal(before, patterns.Float32s()) {
		t.Error("the patterns have changed")
	}
	for i, v := range coins(random.New(3), 100, 100).Float32s() {
		if v != 1 && v != -1 {
			t.Fatalf("unit %d is %g", i, v)
		}
	}
}

// Taking out rows that have come to rest changes no end: a network that some rows take long
// in, swept in a fixed order, and a BAM.
func TestRecalledTakesRowsOut(t *testing.T) {
	const n, k, m = 64, 14, 50
	j := testJob()
	h := must[*models.Hopfield](t)(models.NewHopfield("memory", n))
	if err := h.StoreHebbian(coins(random.New(1), k, n)); err != nil {
		t.Fatal(err)
	}
	b := must[*models.BAM](t)(models.NewBAM("bam", n, n))
	if err := b.StoreHebbian(coins(random.New(2), 3*k, n), coins(random.New(3), 3*k, n)); err != nil {
		t.Fatal(err)
	}
	sweep := func(s G.Nodes) (G.Nodes, error) {
		next, err := h.Sweep(s[0], nil)
		return G.Nodes{next}, err
	}
	start := coins(random.New(4), m, n)
	for name, c := range map[string]struct {
		step  func(G.Nodes) (G.Nodes, error)
		start []*tensor.Dense
	}{"hopfield": {sweep, []*tensor.Dense{start}}, "bam": {upFirst(b), []*tensor.Dense{start, coins(random.New(5), m, n)}}} {
		ends := must[[]*tensor.Dense](t)(j.recalled(c.step, mostSteps, c.start...))
		r := must[*models.Recall](t)(models.NewRecall(c.step, c.start...))
		steps, settled, err := r.Run(mostSteps, 0)
		if err != nil || !settled || steps < 5 {
			t.Fatalf("%s: %d steps, settled %t, %v: want a recall that takes some", name, steps, settled, err)
		}
		for l, s := range r.States {
			if !slices.Equal(s.Float32s(), ends[l].Float32s()) {
				t.Errorf("%s, layer %d: other ends", name, l+1)
			}
		}
	}
}

// A recall that is followed unit by unit ends in a minimum, in as many turns as energies tell,
// and the states during a sweep end in the one after it.
func TestFollow(t *testing.T) {
	const n = 64
	j := testJob()
	m := must[*memory](t)(j.memory(hebbian, coins(random.New(1), 6, n)))
	start := coins(random.New(2), 3, n)
	order := random.New(3)
	again := *order
	during := must[[]*tensor.Dense](t)(m.during(start, order))
	_, after, err := m.sweep(start, &again)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(last(during).Float32s(), after.Float32s()) {
		t.Error("the state after all of a sweep is not that of its end")
	}
	if a := wrong(during[0], start); stat.Mean(a, nil) > 0.25 || stat.Mean(a, nil) == 0 {
		t.Errorf("after a quarter of a sweep %g of the units have turned", stat.Mean(a, nil))
	}
	m.hopfield = &models.Hopfield{W: wideParam(m.hopfield.W), B: wideParam(m.hopfield.B)}
	energies, end, err := m.follow(wide(first(start, 1)), random.New(4))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(energies); i++ {
		if energies[i] >= energies[i-1] {
			t.Errorf("turn %d: energy %g after %g", i, energies[i], energies[i-1])
		}
	}
	if open := must[bool](t)(lower(m.hopfield, end)); open || len(energies) < 10 {
		t.Errorf("%d energies, neighbours of lower energy: %t", len(energies), open)
	}
	if open := must[bool](t)(lower(m.hopfield, wide(first(start, 1)))); !open {
		t.Error("a random state counts as a minimum: the check shows nothing")
	}
}

// A dense network recalls the same, to the bit, whatever the number of probes at a time.
func TestRecallInParts(t *testing.T) {
	const n, k, m = 24, 30, 11
	for _, r := range []rule{polynomial, exponential, softmax} {
		patterns := coins(random.New(1), k, n)
		memory := must[*memory](t)(testJob().memory(r, patterns))
		start := probes(first(patterns, m), 0.2, random.New(2))
		before := slices.Clone(start.Float32s())
		whole := must[*tensor.Dense](t)(memory.inParts(start, m))
		if slices.Equal(whole.Float32s(), before) {
			t.Errorf("%s: nothing changes: the check shows nothing", r)
		}
		for _, rows := range []int{1, 4} {
			if part := must[*tensor.Dense](t)(memory.inParts(start, rows)); !slices.Equal(part.Float32s(), whole.Float32s()) {
				t.Errorf("%s: %d at a time: other ends", r, rows)
			}
		}
		if !slices.Equal(start.Float32s(), before) {
			t.Errorf("%s: the probes have changed", r)
		}
	}
}
