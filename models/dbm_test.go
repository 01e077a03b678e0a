package models_test

import (
	"fmt"
	"math"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// deepMachine is a deep Boltzmann machine in plain Go, by the definition of its energy: the
// reference of the tests.
type deepMachine struct {
	sizes []int
	W     [][][]float64 // W[l][i][j] between unit i of layer l and unit j of layer l+1
	b     [][]float64
}

func deepReference(d *models.DBM) deepMachine {
	m := deepMachine{}
	for l, b := range d.B {
		m.sizes = append(m.sizes, d.Units(l))
		m.b = append(m.b, elements(b.Value))
	}
	for l, W := range d.W {
		m.W = append(m.W, split(elements(W.Value), m.sizes[l+1]))
	}
	return m
}

// energy of the states of all layers.
func (m deepMachine) energy(h [][]float64) float64 {
	e := 0.0
	for l, layer := range h {
		for i, x := range layer {
			e -= m.b[l][i] * x
			if l+1 < len(h) {
				for j, y := range h[l+1] {
					e -= x * m.W[l][i][j] * y
				}
			}
		}
	}
	return e
}

// each calls f with every state of all layers.
func (m deepMachine) each(f func(h [][]float64, p float64)) {
	units := 0
	for _, n := range m.sizes {
		units += n
	}
	all := states(units)
	cut := func(s []float64) (h [][]float64) {
		for _, n := range m.sizes {
			h, s = append(h, s[:n]), s[n:]
		}
		return h
	}
	for _, s := range all {
		h := cut(s)
		f(h, math.Exp(-m.energy(h)))
	}
}

func (m deepMachine) logZ() float64 {
	z := 0.0
	m.each(func(_ [][]float64, p float64) { z += p })
	return math.Log(z)
}

// marginals are E[h] of all units, layer by layer, of the machine itself or, if v is not nil,
// given v; and log Σ e^−E over what was summed.
func (m deepMachine) marginals(v []float64) (means [][]float64, logSum float64) {
	z := 0.0
	for _, n := range m.sizes {
		means = append(means, make([]float64, n))
	}
	m.each(func(h [][]float64, p float64) {
		if v != nil && !equal(h[0], v) {
			return
		}
		z += p
		for l := range h {
			for i, x := range h[l] {
				means[l][i] += p * x
			}
		}
	})
	for _, layer := range means {
		for i := range layer {
			layer[i] /= z
		}
	}
	return means, math.Log(z)
}

// input of unit i of layer l.
func (m deepMachine) input(h [][]float64, l, i int) float64 {
	z := m.b[l][i]
	if l > 0 {
		for j, x := range h[l-1] {
			z += x * m.W[l-1][j][i]
		}
	}
	if l+1 < len(h) {
		for j, x := range h[l+1] {
			z += x * m.W[l][i][j]
		}
	}
	return z
}

// meanField is the documented mean field of one example after so many updates.
func (m deepMachine) meanField(v []float64, updates int) [][]float64 {
	q := [][]float64{v}
	for l := 1; l < len(m.sizes); l++ {
		factor := 2.0
		if l == len(m.sizes)-1 {
			factor = 1
		}
		layer := make([]float64, m.sizes[l])
		for i := range layer {
			z := m.b[l][i]
			for j, x := range q[l-1] {
				z += factor * x * m.W[l-1][j][i]
			}
			layer[i] = logistic(z)
		}
		q = append(q, layer)
	}
	for range updates {
		for l := 1; l < len(q); l++ {
			for i := range q[l] {
				q[l][i] = logistic(m.input(q, l, i))
			}
		}
	}
	return q
}

// bound is −E(v,q) + H(q) with the entropy by its definition.
func (m deepMachine) bound(q [][]float64) float64 {
	f := -m.energy(q)
	for _, layer := range q[1:] {
		for _, p := range layer {
			f -= p*math.Log(p) + (1-p)*math.Log(1-p)
		}
	}
	return f
}

// statistics are the derivatives of the mean energy of rows of states by the parameters, in
// the model's order: −Σ xyᵀ/m, and −Σ x/m.
func (m deepMachine) statistics(rows [][][]float64) [][]float64 {
	n := float64(len(rows))
	matrix := func(l int) []float64 {
		out := make([]float64, m.sizes[l]*m.sizes[l+1])
		for _, h := range rows {
			for i, x := range h[l] {
				for j, y := range h[l+1] {
					out[i*m.sizes[l+1]+j] -= x * y / n
				}
			}
		}
		return out
	}
	vector := func(l int) []float64 {
		out := make([]float64, m.sizes[l])
		for _, h := range rows {
			for i, x := range h[l] {
				out[i] -= x / n
			}
		}
		return out
	}
	out := [][]float64{matrix(0), vector(1), vector(0)}
	for l := 1; l < len(m.W); l++ {
		out = append(out, matrix(l), vector(l+1))
	}
	return out
}

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// newDBM is a float64 machine with all parameters from N(0, sd).
func newDBM(t testing.TB, sd float64, sizes ...int) *models.DBM {
	t.Helper()
	d := must[*models.DBM](t)(models.NewDBM("dbm", sizes, blocks.Gaussian(0.1), stream("init")))
	widen(sd, d.Params()...)
	return d
}

// leaves are inputs for the states of all layers.
func leaves(rows [][][]float64, dt tensor.Dtype) (G.Nodes, []G.Value) {
	g := G.NewGraph()
	var nodes G.Nodes
	var values []G.Value
	for l := range rows[0] {
		var layer [][]float64
		for _, h := range rows {
			layer = append(layer, h[l])
		}
		x := matrix(dt, layer)
		nodes = append(nodes, blocks.NewInput(g, dt, string(rune('a'+l)), x.Shape()...))
		values = append(values, x)
	}
	return nodes, values
}

// tenUnits are the machines of ten units of the tests, and one of three hidden layers.
func tenUnits() [][]int { return [][]int{{4, 3, 3}, {3, 4, 2, 1}, {6, 4}} }

func TestDBMEnergy(t *testing.T) {
	for _, sizes := range tenUnits() {
		d := newDBM(t, 0.8, sizes...)
		plain := deepReference(d)
		var rows [][][]float64
		var want []float64
		plain.each(func(h [][]float64, _ float64) {
			rows = append(rows, h)
			want = append(want, plain.energy(h))
		})
		nodes, values := leaves(rows, tensor.Float64)
		e := must[*G.Node](t)(d.Energy(nodes))
		near(t, "energy", want, compute(t, nodes, values, e)[0], 1e-13)
	}
}

// The machine as an RBM has the same log Z: its states are the same, in another order.
func TestDBMBipartite(t *testing.T) {
	for _, sizes := range tenUnits() {
		d := newDBM(t, 0.8, sizes...)
		plain := deepReference(d)
		r := d.Bipartite()
		near(t, "log Z", []float64{plain.logZ()}, []float64{must[float64](t)(r.LogPartition())}, 1e-12)
		rbm := reference(r)
		plain.each(func(h [][]float64, _ float64) {
			var odd, even []float64
			for l, layer := range h {
				if l%2 == 1 {
					odd = append(odd, layer...)
				} else {
					even = append(even, layer...)
				}
			}
			if a, b := plain.energy(h), rbm.energy(even, odd); math.Abs(a-b) > 1e-12 {
				t.Fatalf("%v: energy %g, as an RBM %g", h, a, b)
			}
		})
		d.W[0].Value.Float64s()[0]++
		if equal(elements(r.W.Value), elements(d.Bipartite().W.Value)) {
			t.Error("the RBM follows the machine, or does not have its weights")
		}
	}
}

func TestDBMMeanField(t *testing.T) {
	for _, sizes := range tenUnits() {
		d := newDBM(t, 0.9, sizes...)
		plain := deepReference(d)
		v := uniform(stream("v"), 5, sizes[0])
		for _, updates := range []int{0, 1, 3} {
			x := blocks.NewInput(G.NewGraph(), tensor.Float64, "v", 5, sizes[0])
			q := must[G.Nodes](t)(d.MeanField(x, updates))
			got := compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float64, v)}, q[1:]...)
			for l := range got {
				var want []float64
				for _, row := range v {
					want = append(want, plain.meanField(row, updates)[l+1]...)
				}
				near(t, "mean field", want, got[l], 1e-13)
			}
		}
	}
}

// fixedPoint computes the mean field of all visible states after so many updates that it has
// converged, and the bound.
func fixedPoint(t *testing.T, d *models.DBM, updates int) (q [][][]float64, bound []float64) {
	t.Helper()
	n := d.Visible()
	v := states(n)
	x := blocks.NewInput(G.NewGraph(), tensor.Float64, "v", len(v), n)
	nodes := must[G.Nodes](t)(d.MeanField(x, updates))
	out := compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float64, v)}, append(nodes[1:], must[*G.Node](t)(d.Bound(x, updates)))...)
	for row := range v {
		h := [][]float64{v[row]}
		for l := 1; l <= d.Hidden(); l++ {
			h = append(h, split(out[l-1], d.Units(l))[row])
		}
		q = append(q, h)
	}
	return q, out[len(out)-1]
}

// Mean field against the exact p(h|v) by enumeration: the updates come to a point that they
// leave where it is; the bound is one, −E(v,q) + H(q) ≤ log Σ_h e^−E(v,h), never falls from one
// update to the next, and is what is documented. For one hidden layer q and the bound are
// exact; for more they are close as far as the weights are weak: the error of the
// probabilities goes to 0 with their square.
func TestDBMMeanFieldAgainstEnumeration(t *testing.T) {
	for _, sizes := range tenUnits() {
		errors := map[float64]float64{}
		for _, sd := range []float64{0.1, 0.2, 1} {
			d := newDBM(t, sd, sizes...)
			plain := deepReference(d)
			q, bound := fixedPoint(t, d, 80)
			_, last := fixedPoint(t, d, 0)
			for _, updates := range []int{1, 2, 5, 80} {
				_, now := fixedPoint(t, d, updates)
				for i := range now {
					if now[i] < last[i]-1e-12 {
						t.Errorf("%v: after %d updates the bound of state %d is %g, before %g", sizes, updates, i, now[i], last[i])
					}
				}
				last = now
			}
			for row, h := range q {
				for l := 1; l < len(h); l++ {
					for i := range h[l] {
						if p := logistic(plain.input(h, l, i)); math.Abs(p-h[l][i]) > 1e-10 {
							t.Fatalf("%v: an update moves unit %d of layer %d from %g to %g", sizes, i, l, h[l][i], p)
						}
					}
				}
				near(t, "bound", []float64{plain.bound(h)}, bound[row:row+1], 1e-12)
				exact, logSum := plain.marginals(h[0])
				if bound[row] > logSum+1e-12 {
					t.Errorf("%v: bound %g of a log sum %g", sizes, bound[row], logSum)
				}
				for l := 1; l < len(h); l++ {
					for i, p := range h[l] {
						errors[sd] = max(errors[sd], math.Abs(p-exact[l][i]))
					}
				}
				if len(sizes) == 2 {
					near(t, "bound of one hidden layer", []float64{logSum}, bound[row:row+1], 1e-12)
				}
			}
		}
		t.Logf("%v: largest error of a probability by the standard deviation of the weights: %v", sizes, errors)
		switch {
		case len(sizes) == 2 && errors[1] > 1e-12:
			t.Errorf("one hidden layer: want p(h|v), got an error of %g", errors[1])
		case len(sizes) > 2 && (errors[0.1] > 1e-3 || errors[0.2] < 2*errors[0.1] || errors[1] < errors[0.2]):
			t.Errorf("%v: want errors that fall with the weights, got %v", sizes, errors)
		}
	}
}

// The sampler's means against the exact marginals, by many chains, far from their start.
func TestDBMSampleMeans(t *testing.T) {
	const m, steps = 20_000, 60
	for _, sizes := range tenUnits() {
		d := must[*models.DBM](t)(models.NewDBM("dbm", sizes, blocks.Gaussian(0.1), stream("init")))
		for _, p := range d.Params() {
			redraw(0.9, stream(p.Name), p)
		}
		exact, _ := deepReference(d).marginals(nil)
		start := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, sizes[0]))
		got := must[*tensor.Dense](t)(d.Sample(start, steps, stream("sample")))
		meansAgree(t, "visible unit", exact[0], means(split(elements(got), sizes[0])), m)
		again := must[*tensor.Dense](t)(d.Sample(start, steps, stream("sample")))
		near(t, "samples of an equal stream", elements(got), elements(again), 0)

		// All layers, by the graph.
		x := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", m, sizes[0])
		h := make(G.Nodes, len(sizes))
		values := []G.Value{start}
		in := G.Nodes{x}
		h[0] = x
		for l := 2; l < len(sizes); l += 2 {
			h[l] = blocks.NewInput(x.Graph(), tensor.Float32, string(rune('a'+l)), m, sizes[l])
			in = append(in, h[l])
			values = append(values, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, sizes[l])))
		}
		var noise []*random.Stream
		for l := range sizes {
			noise = append(noise, stream(fmt.Sprint("gibbs", l)))
		}
		states, _, err := d.Gibbs(h, steps, noise)
		if err != nil {
			t.Fatal(err)
		}
		for l, values := range compute(t, in, values, states...) {
			meansAgree(t, "unit", exact[l], means(split(values, sizes[l])), m)
		}
	}
}

// A sampler follows the chain in plain Go.
func TestDBMSamplerFollowsTheChain(t *testing.T) {
	d := newDBM(t, 0.8, 4, 3, 2)
	plain, start := deepReference(d), uniform(stream("start"), 3, 4)
	got := must[*models.DBMSampler](t)(d.Sampler(matrix(tensor.Float64, start), stream("sample")))
	root := random.New(stream("sample").Uint64())
	var noise []*random.Stream
	for l := range 3 {
		noise = append(noise, root.Split(fmt.Sprint("layer ", l)))
	}
	v := join(start)
	noise[0].Bernoulli64(v, v)
	h := [][][]float64{split(v, 4), nil, nil}
	var rows []float64
	for _, row := range h[0] {
		rows = append(rows, plain.meanField(row, 0)[2]...)
	}
	noise[2].Bernoulli64(rows, rows)
	h[2] = split(rows, 2)
	for range 3 {
		h[1] = plain.draw(h, 1, noise[1])
		p := plain.probabilities(h, 0)
		h[0], h[2] = plain.draw(h, 0, noise[0]), plain.draw(h, 2, noise[2])
		near(t, "probabilities", p, elements(must[*tensor.Dense](t)(got.Run(1))), 1e-13)
	}
}

// probabilities of the units of layer l being on, row after row, for states h[layer][row].
func (m deepMachine) probabilities(h [][][]float64, l int) (out []float64) {
	for row := range h[(l+1)%2] {
		one := make([][]float64, len(h))
		for k := range h {
			if k%2 != l%2 {
				one[k] = h[k][row]
			}
		}
		for i := range m.sizes[l] {
			out = append(out, logistic(m.input(one, l, i)))
		}
	}
	return out
}

func (m deepMachine) draw(h [][][]float64, l int, s *random.Stream) [][]float64 {
	p := m.probabilities(h, l)
	s.Bernoulli64(p, p)
	return split(p, m.sizes[l])
}

// Annealed importance sampling of the machine as an RBM gives its log Z, and with it a bound of
// every log p(v) that holds but for the estimate's error.
func TestDBMBoundByAIS(t *testing.T) {
	d := newDBM(t, 0.8, 4, 3, 3)
	plain := deepReference(d)
	exact := plain.logZ()
	e := must[models.AISEstimate](t)(d.Bipartite().AIS(models.AISOptions{Betas: models.Betas(200), Chains: 500, Noise: stream("ais")}))
	if math.Abs(e.LogZ-exact) > 0.05 || e.Low > exact || e.High < exact {
		t.Errorf("log Z %g in [%g, %g], exact %g", e.LogZ, e.Low, e.High, exact)
	}
	q, bound := fixedPoint(t, d, 80)
	for row, h := range q {
		_, sum := plain.marginals(h[0])
		if logP := sum - exact; bound[row]-e.High > logP || bound[row]-e.LogZ < logP-1 {
			t.Errorf("%v: log p %g, bound %g", h[0], logP, bound[row]-e.LogZ)
		}
	}
}
