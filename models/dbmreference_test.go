package models_test

import (
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
