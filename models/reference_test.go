package models_test

import (
	"math"

	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// machine is an RBM in plain Go, by the definitions of its energy, with no formula in
// common with the graphs: the reference of the tests.
type machine struct {
	W    [][]float64 // (n,k)
	b, c []float64
}

// reference copies the parameters of an RBM.
func reference(r *models.RBM) machine {
	return machine{split(elements(r.W.Value), r.Hidden()), elements(r.B.Value), elements(r.C.Value)}
}

func elements(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return append([]float64(nil), d.Float64s()...)
	}
	out := make([]float64, d.DataSize())
	for i, v := range d.Float32s() {
		out[i] = float64(v)
	}
	return out
}

// energy is E(v,h) = −v·c − h·b − v·W·h.
func (m machine) energy(v, h []float64) float64 {
	e := 0.0
	for j, x := range h {
		e -= x * m.b[j]
	}
	for i, x := range v {
		e -= x * m.c[i]
		for j, y := range h {
			e -= x * m.W[i][j] * y
		}
	}
	return e
}

// up is p(h=1|v), down p(v=1|h).
func (m machine) up(v []float64) []float64 {
	h := make([]float64, len(m.b))
	for j := range h {
		z := m.b[j]
		for i, x := range v {
			z += x * m.W[i][j]
		}
		h[j] = 1 / (1 + math.Exp(-z))
	}
	return h
}

func (m machine) down(h []float64) []float64 {
	v := make([]float64, len(m.c))
	for i := range v {
		z := m.c[i]
		for j, y := range h {
			z += y * m.W[i][j]
		}
		v[i] = 1 / (1 + math.Exp(-z))
	}
	return v
}

// states lists all 2ⁿ states of n units.
func states(n int) [][]float64 {
	all := make([][]float64, 1<<n)
	for s := range all {
		all[s] = make([]float64, n)
		for i := range n {
			all[s][i] = float64(s >> i & 1)
		}
	}
	return all
}

// freeEnergy is −log Σ_h e^−E(v,h), freeEnergyHidden −log Σ_v e^−E(v,h), by
// enumeration.
func (m machine) freeEnergy(v []float64) float64 {
	z := 0.0
	for _, h := range states(len(m.b)) {
		z += math.Exp(-m.energy(v, h))
	}
	return -math.Log(z)
}

func (m machine) freeEnergyHidden(h []float64) float64 {
	z := 0.0
	for _, v := range states(len(m.c)) {
		z += math.Exp(-m.energy(v, h))
	}
	return -math.Log(z)
}

// logZ is log Σ_v Σ_h e^−E(v,h), over all pairs.
func (m machine) logZ() float64 {
	z := 0.0
	for _, v := range states(len(m.c)) {
		z += math.Exp(-m.freeEnergy(v))
	}
	return math.Log(z)
}

// visible is p(v) of all states of the visible units.
func (m machine) visible() []float64 {
	p, logZ := make([]float64, 1<<len(m.c)), m.logZ()
	for s, v := range states(len(m.c)) {
		p[s] = math.Exp(-m.freeEnergy(v) - logZ)
	}
	return p
}

// gibbs continues a chain a row for k steps, with the draws that a graph takes from s.
// It returns the states and the probabilities after each step.
func (m machine) gibbs(v [][]float64, k int, s *random.Stream) (states, probabilities [][][]float64) {
	for range k {
		h := m.draw(v, m.up, s)
		var p [][]float64
		for _, row := range h {
			p = append(p, m.down(row))
		}
		v = m.draw(h, m.down, s)
		states, probabilities = append(states, v), append(probabilities, p)
	}
	return states, probabilities
}

func (m machine) draw(rows [][]float64, p func([]float64) []float64, s *random.Stream) [][]float64 {
	var all []float64
	for _, row := range rows {
		all = append(all, p(row)...)
	}
	n := len(all) / len(rows)
	s.Bernoulli64(all, all)
	return split(all, n)
}

// statistics are the hand-derived derivatives of the mean free energy of the rows:
// −vᵀp(h|v)/m by W, −Σp(h|v)/m by b, −Σv/m by c.
func (m machine) statistics(rows [][]float64) [][]float64 {
	return m.weighted(rows, func(int) float64 { return 1 / float64(len(rows)) })
}

func (m machine) weighted(rows [][]float64, weight func(row int) float64) [][]float64 {
	k := len(m.b)
	W, b, c := make([]float64, len(m.c)*k), make([]float64, k), make([]float64, len(m.c))
	for row, v := range rows {
		h, w := m.up(v), weight(row)
		for i, x := range v {
			c[i] -= w * x
			for j, y := range h {
				W[i*k+j] -= w * x * y
			}
		}
		for j, y := range h {
			b[j] -= w * y
		}
	}
	return [][]float64{W, b, c}
}

// difference is a − b.
func difference(a, b [][]float64) [][]float64 {
	out := make([][]float64, len(a))
	for i := range a {
		for j := range a[i] {
			out[i] = append(out[i], a[i][j]-b[i][j])
		}
	}
	return out
}
