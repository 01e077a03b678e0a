package models_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// spins lists all 2ⁿ states of n units −1 or 1.
func spins(n int) [][]float64 {
	all := states(n)
	for _, s := range all {
		for i, v := range s {
			s[i] = 2*v - 1
		}
	}
	return all
}

// coinSpins draws m rows of n fair units −1 or 1.
func coinSpins(s *random.Stream, m, n int) [][]float64 {
	all := coins(s, m, n)
	for _, row := range all {
		for i, v := range row {
			row[i] = 2*v - 1
		}
	}
	return all
}

// randomHopfield is a memory in float64 with symmetric weights from N(0,1) and biases
// from N(0, bias).
func randomHopfield(t testing.TB, n int, bias float64, s *random.Stream) *models.Hopfield {
	t.Helper()
	h := must[*models.Hopfield](t)(models.NewHopfield("memory", n))
	h.W.Value = tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(n, n))
	h.B.Value = tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(n))
	s.Normal64(h.B.Value.Float64s())
	for i := range h.B.Value.Float64s() {
		h.B.Value.Float64s()[i] *= bias
	}
	w := h.W.Value.Float64s()
	s.Normal64(w)
	for i := range n {
		w[i*n+i] = 0
		for j := range i {
			w[i*n+j] = w[j*n+i]
		}
	}
	return h
}

// hopfieldEnergy is E(s) by its definition.
func hopfieldEnergy(h *models.Hopfield, s []float64) (e float64) {
	w, b := elements(h.W.Value), elements(h.B.Value)
	for i, x := range s {
		e -= b[i] * x
		for j, y := range s {
			e -= w[i*len(s)+j] * x * y / 2
		}
	}
	return e
}

// unitsPermuted are rows whose unit i was unit p[i].
func unitsPermuted(rows [][]float64, p []int) [][]float64 {
	out := make([][]float64, len(rows))
	for r, row := range rows {
		for _, from := range p {
			out[r] = append(out[r], row[from])
		}
	}
	return out
}

// flipped is s with unit i turned.
func flipped(s []float64, i int) []float64 {
	out := append([]float64(nil), s...)
	out[i] = -out[i]
	return out
}

// The update of a unit is the sign of the energy's negative symbolic gradient, and that is
// half of what the energy falls by as the unit turns from −1 to 1: for every state of a small
// memory.
func TestHopfieldUpdateIsTheSignOfTheGradient(t *testing.T) {
	const n = 6
	h := randomHopfield(t, n, 1, stream("hopfield"))
	all := spins(n)
	s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", len(all), n)
	var c ops.Chain
	energy := c.Do(h.Energy(s))
	field, update := c.Do(h.Field(s)), c.Do(h.Update(s, nil))
	grad := must[G.Nodes](t)(autodiff.Grad(c.Do(ops.Sum(energy)), s))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	got := compute(t, G.Nodes{s}, []G.Value{matrix(tensor.Float64, all)}, energy, field, update, grad[0])
	for r, row := range all {
		near(t, "energy", []float64{hopfieldEnergy(h, row)}, got[0][r:r+1], 1e-13)
		for i := range row {
			down, up := flipped(row, i), row
			if row[i] < 0 {
				down, up = up, down
			}
			fall, g := (hopfieldEnergy(h, down)-hopfieldEnergy(h, up))/2, -got[3][r*n+i]
			near(t, "−∂E/∂s", []float64{fall}, []float64{g}, 1e-13)
			near(t, "field", []float64{fall}, got[1][r*n+i:r*n+i+1], 1e-13)
			if want := math.Copysign(1, g); got[2][r*n+i] != want {
				t.Errorf("state %v, unit %d: update %g, want %g, the sign of %g", row, i, got[2][r*n+i], want, g)
			}
		}
	}
}

// The symbolic gradients of the energy by states, weights and biases, and the gradient of
// the first, against central differences.
func TestHopfieldGradients(t *testing.T) {
	const m, n = 3, 4
	h := randomHopfield(t, n, 1, stream("hopfield"))
	x := gradcheck.Tensor(stream("states"), m, n)
	gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x}, Build: func(_ *G.ExprGraph, x G.Nodes) (*G.Node, error) { return h.Energy(x[0]) }})
	s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", m, n)
	var c ops.Chain
	o := &models.Objective{Inputs: G.Nodes{s}, Cost: c.Do(ops.SumSquares(c.Do(h.Energy(s))))}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	checkGradient(t, h.Params(), o, nil, x)
}

// One unit after the other, by a mask or in a sweep, the energy never rises; a state stays
// as it is if and only if it is a local minimum: for every state, in several orders, beside
// an asynchronous update in plain Go.
func TestHopfieldSweepsAgainstEnumeration(t *testing.T) {
	const n = 8
	h := randomHopfield(t, n, 0.5, stream("hopfield"))
	all := spins(n)
	x := matrix(tensor.Float64, all)
	byHand := func(s []float64, i int) []float64 {
		if hopfieldEnergy(h, flipped(s, i)) < hopfieldEnergy(h, s) {
			return flipped(s, i)
		}
		return s
	}
	for i := range n {
		one := make([]float64, n)
		one[i] = 1
		s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", len(all), n)
		chosen := blocks.NewInput(s.Graph(), tensor.Float64, "chosen", n)
		next := must[*G.Node](t)(h.Update(s, chosen))
		got := split(compute(t, G.Nodes{s, chosen}, []G.Value{x, tensor.New(tensor.WithBacking(one))}, next)[0], n)
		for r, row := range all {
			if !equal(got[r], byHand(row, i)) {
				t.Errorf("state %v, unit %d: %v", row, i, got[r])
			}
			if e, before := hopfieldEnergy(h, got[r]), hopfieldEnergy(h, row); e > before+1e-12 {
				t.Errorf("state %v, unit %d: the energy rises from %g to %g", row, i, before, e)
			}
		}
	}
	minima := 0
	for trial, keys := range [][]float64{nil, {7, 6, 5, 4, 3, 2, 1, 0}, {0.3, -2, 5, 0.3, 9, 1e9, -7, 0}} {
		order := []int{0, 1, 2, 3, 4, 5, 6, 7}
		if trial == 1 {
			order = []int{7, 6, 5, 4, 3, 2, 1, 0}
		} else if trial == 2 {
			order = []int{6, 1, 7, 0, 3, 2, 4, 5}
		}
		s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", len(all), n)
		in, values := G.Nodes{s}, []G.Value{x}
		var key *G.Node
		if keys != nil {
			key = blocks.NewInput(s.Graph(), tensor.Float64, "keys", n)
			in, values = append(in, key), append(values, tensor.New(tensor.WithBacking(keys)))
		}
		got := split(compute(t, in, values, must[*G.Node](t)(h.Sweep(s, key)))[0], n)
		minima = 0
		for r, row := range all {
			want := row
			minimum := true
			for _, i := range order {
				want = byHand(want, i)
				minimum = minimum && hopfieldEnergy(h, flipped(row, i)) >= hopfieldEnergy(h, row)
			}
			if !equal(got[r], want) {
				t.Errorf("order %v, state %v: got %v, want %v", order, row, got[r], want)
			}
			if minimum != equal(got[r], row) {
				t.Errorf("order %v, state %v: a local minimum %t, became %v", order, row, minimum, got[r])
			}
			if minimum {
				minima++
			}
		}
	}
	if minima < 2 || minima > 100 {
		t.Errorf("%d local minima of 256 states: the check shows little", minima)
	}
}

// A unit with no field stays as it is: two units without weights, and a chain.
func TestHopfieldWithoutField(t *testing.T) {
	h := must[*models.Hopfield](t)(models.NewHopfield("memory", 3))
	x := matrix(tensor.Float32, [][]float64{{1, -1, 1}, {-1, -1, 1}})
	for name, f := range map[string]func(*G.Node) (*G.Node, error){
		"update": func(s *G.Node) (*G.Node, error) { return h.Update(s, nil) },
		"sweep":  func(s *G.Node) (*G.Node, error) { return h.Sweep(s, nil) },
	} {
		near(t, name, []float64{1, -1, 1, -1, -1, 1}, forward(t, x, f), 0)
	}
}

// All units at once: two of opposite weights alternate for ever, and their energy never
// falls. Whatever the symmetric weights, no state is on a longer cycle (Goles, Fogelman &
// Pellegrin 1985).
func TestHopfieldAtOnce(t *testing.T) {
	h := must[*models.Hopfield](t)(models.NewHopfield("memory", 2))
	copy(h.W.Value.Float32s(), []float32{0, -1, -1, 0})
	update := func(s *G.Node) (*G.Node, error) { return h.Update(s, nil) }
	x := matrix(tensor.Float32, [][]float64{{1, 1}, {1, -1}})
	near(t, "two units", []float64{-1, -1, 1, -1}, forward(t, x, update), 0)
	near(t, "energy", []float64{1, -1}, forward(t, x, h.Energy), 0)
	cycles := 0
	for trial := range 10 {
		h = randomHopfield(t, 6, 0, stream("at once").Split(string(rune('a'+trial))))
		now := spins(6)
		var before [][]float64
		for range 100 {
			before, now = now, split(forward(t, matrix(tensor.Float64, now), update), 6)
		}
		again := split(forward(t, matrix(tensor.Float64, now), update), 6)
		for r := range now {
			if !equal(again[r], before[r]) {
				t.Errorf("%v is followed by %v and %v: no cycle of two", before[r], now[r], again[r])
			}
			if !equal(again[r], now[r]) {
				cycles++
			}
		}
	}
	if cycles == 0 {
		t.Error("no cycle of two among 640 courses: the check shows nothing")
	}
}

// A batch of one is updated as it is as a row of a larger batch, and permuting the units of
// a memory permutes what it recalls.
func TestHopfieldInvariances(t *testing.T) {
	const m, n = 7, 33
	h := randomHopfield(t, n, 1, stream("hopfield"))
	rows := coinSpins(stream("states"), m, n)
	for name, f := range map[string]func(*G.Node) (*G.Node, error){
		"energy": h.Energy, "field": h.Field,
		"update": func(s *G.Node) (*G.Node, error) { return h.Update(s, nil) },
		"sweep":  func(s *G.Node) (*G.Node, error) { return h.Sweep(s, nil) },
	} {
		all := forward(t, matrix(tensor.Float64, rows), f)
		k := len(all) / m
		for i := range rows {
			near(t, name, all[i*k:(i+1)*k], forward(t, matrix(tensor.Float64, rows[i:i+1]), f), 1e-12)
		}
	}
	turned, w, b := randomHopfield(t, n, 1, stream("hopfield")), elements(h.W.Value), elements(h.B.Value)
	p := stream("permutation").Rand().Perm(n)
	for i := range n {
		turned.B.Value.Float64s()[i] = b[p[i]]
		for j := range n {
			turned.W.Value.Float64s()[i*n+j] = w[p[i]*n+p[j]]
		}
	}
	mixed := unitsPermuted(rows, p)
	near(t, "permuted energy", forward(t, matrix(tensor.Float64, rows), h.Energy), forward(t, matrix(tensor.Float64, mixed), turned.Energy), 1e-12)
	field := unitsPermuted(split(forward(t, matrix(tensor.Float64, rows), h.Field), n), p)
	near(t, "permuted field", join(field), forward(t, matrix(tensor.Float64, mixed), turned.Field), 1e-12)
}

func TestHopfieldRefuses(t *testing.T) {
	h := randomHopfield(t, 4, 1, stream("hopfield"))
	g := G.NewGraph()
	s, short := blocks.NewInput(g, tensor.Float64, "s", 2, 4), blocks.NewInput(g, tensor.Float64, "short", 2, 3)
	keys, few := blocks.NewInput(g, tensor.Float64, "keys", 4), blocks.NewInput(g, tensor.Float64, "few", 3)
	for name, f := range map[string]func(*G.Node) (*G.Node, error){
		"energy": h.Energy, "field": h.Field,
		"update": func(s *G.Node) (*G.Node, error) { return h.Update(s, nil) }, "sweep": func(s *G.Node) (*G.Node, error) { return h.Sweep(s, nil) },
	} {
		refused(t, name, second(f(nil)), "the states are missing")
		refused(t, name, second(f(short)), "want states of shape (m, 4), got (2, 3)")
		refused(t, name, second(f(keys)), "want states of shape (m, 4), got (4)")
		refused(t, name, second(f(blocks.NewInput(G.NewGraph(), tensor.Float32, "s", 2, 4))), "float32")
	}
	refused(t, "keys", second(h.Sweep(s, few)), "want 4 keys, one a unit, got shape (3)")
	refused(t, "keys", second(h.Sweep(s, s)), "want 4 keys")
	refused(t, "chosen", second(h.Update(s, few)), "want 4 numbers that choose units, got shape (3)")
}
