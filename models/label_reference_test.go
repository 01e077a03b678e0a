package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
)

// labelMachine is a LabelRBM in plain Go, by the definition of its energy.
type labelMachine struct {
	machine
	U [][]float64 // (classes,k)
	d []float64
}

func labelReference(r *models.LabelRBM) labelMachine {
	plain := machine{split(elements(r.W.Value), r.Hidden()), elements(r.B.Value), elements(r.C.Value)}
	return labelMachine{plain, split(elements(r.U.Value), r.Hidden()), elements(r.D.Value)}
}

// energy is E(v,t,h) for class y.
func (m labelMachine) energy(v []float64, y int, h []float64) float64 {
	e := m.machine.energy(v, h) - m.d[y]
	for j, x := range h {
		e -= m.U[y][j] * x
	}
	return e
}

// freeEnergy is −log Σ_h e^−E(v,y,h), by enumeration.
func (m labelMachine) freeEnergy(v []float64, y int) float64 {
	z := 0.0
	for _, h := range states(len(m.b)) {
		z += math.Exp(-m.energy(v, y, h))
	}
	return -math.Log(z)
}

// joint is p(v,y) of all states, class by class.
func (m labelMachine) joint() (p [][]float64, logZ float64) {
	z := 0.0
	for y := range m.d {
		var row []float64
		for _, v := range states(len(m.c)) {
			row = append(row, math.Exp(-m.freeEnergy(v, y)))
			z += row[len(row)-1]
		}
		p = append(p, row)
	}
	for y := range p {
		for s := range p[y] {
			p[y][s] /= z
		}
	}
	return p, math.Log(z)
}

// up is p(h=1|v,t) for any t, one-hot or not.
func (m labelMachine) up(v, t []float64) []float64 {
	out := m.machine.up(v)
	for j, p := range out {
		z := math.Log(p / (1 - p))
		for y, x := range t {
			z += x * m.U[y][j]
		}
		out[j] = 1 / (1 + math.Exp(-z))
	}
	return out
}

// labels is p(t|h).
func (m labelMachine) labels(h []float64) []float64 {
	p, total := make([]float64, len(m.d)), 0.0
	for y := range p {
		z := m.d[y]
		for j, x := range h {
			z += x * m.U[y][j]
		}
		p[y] = math.Exp(z)
		total += p[y]
	}
	for y := range p {
		p[y] /= total
	}
	return p
}

// labelled is a batch of states of the visible units and the labels.
type labelled struct{ v, t [][]float64 }

// gibbs continues a chain a row for k steps, with the draws that a graph takes from s. It
// returns the last states, their probabilities and those of the first step.
func (m labelMachine) gibbs(x labelled, k int, s *random.Stream) (states, probabilities, first labelled) {
	for step := range k {
		var p []float64
		for i := range x.v {
			p = append(p, m.up(x.v[i], x.t[i])...)
		}
		s.Bernoulli64(p, p)
		h := split(p, len(m.b))
		probabilities = labelled{}
		for _, row := range h {
			probabilities.v = append(probabilities.v, m.down(row))
			probabilities.t = append(probabilities.t, m.labels(row))
		}
		v := join(probabilities.v)
		s.Bernoulli64(v, v)
		x = labelled{split(v, len(m.c)), categorical(probabilities.t, s)}
		if step == 0 {
			first = probabilities
		}
	}
	return x, probabilities, first
}

// categorical draws a column of each row, of probabilities, by one uniform number.
func categorical(rows [][]float64, s *random.Stream) (out [][]float64) {
	u := make([]float64, len(rows))
	s.Uniform64(u)
	for i, p := range rows {
		row, at, edge := make([]float64, len(p)), 0, p[0]
		for edge <= u[i] && at < len(p)-1 {
			at++
			edge += p[at]
		}
		row[at] = 1
		out = append(out, row)
	}
	return out
}

// statistics are the hand-derived derivatives of the mean free energy by W, b, c, U and d.
func (m labelMachine) statistics(x labelled) [][]float64 {
	k, w := len(m.b), 1/float64(len(x.v))
	W, b, c := make([]float64, len(m.c)*k), make([]float64, k), make([]float64, len(m.c))
	U, d := make([]float64, len(m.d)*k), make([]float64, len(m.d))
	outer := func(to, bias []float64, side, h []float64) {
		for i, x := range side {
			bias[i] -= w * x
			for j, y := range h {
				to[i*k+j] -= w * x * y
			}
		}
	}
	for i := range x.v {
		h := m.up(x.v[i], x.t[i])
		outer(W, c, x.v[i], h)
		outer(U, d, x.t[i], h)
		for j, y := range h {
			b[j] -= w * y
		}
	}
	return [][]float64{W, b, c, U, d}
}

// oneHot is a row for each class of labels.
func oneHot(classes int, labels ...int) (out [][]float64) {
	for _, y := range labels {
		row := make([]float64, classes)
		row[y] = 1
		out = append(out, row)
	}
	return out
}

// newLabelRBM has float64 parameters from N(0, sd), or float32 ones.
func newLabelRBM(t testing.TB, n, classes, k int, sd float64, double bool) *models.LabelRBM {
	t.Helper()
	r := must[*models.LabelRBM](t)(models.NewLabelRBM("rbm", n, classes, k, blocks.Gaussian(sd), stream("init")))
	if double {
		widen(sd, r.Params()...)
	} else {
		redraw(float32(sd), stream("biases"), r.B, r.C, r.D)
	}
	return r
}
