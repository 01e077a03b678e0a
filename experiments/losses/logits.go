package main

import (
	"math"
)

// example is the lecture's worked example: targets d and outputs y of softmax.
type example struct {
	d, y []float64
	// loss and gradients with respect to the pre-activations, from the graph.
	loss               float64
	byCE, bySE         []float64
	byHand             float64 // −Σ d log y
	normOfCE, normOfSE float64
}

// workedExample computes the example as a network would, from pre-activations: log y
// are some whose softmax is y, since y sums to 1.
func workedExample() (*example, error) {
	e := &example{d: []float64{1, 0, 0}, y: []float64{0.57, 0.20, 0.23}}
	z := make([]float64, len(e.y))
	for j, y := range e.y {
		z[j] = math.Log(y)
		if e.d[j] != 0 {
			e.byHand -= e.d[j] * math.Log(y)
		}
	}
	ce, err := gradientOf(softmaxCE(), len(z))
	if err != nil {
		return nil, err
	}
	if e.loss, e.byCE, err = ce.at(z, e.d); err != nil {
		return nil, err
	}
	se, err := gradientOf(softmaxSE(), len(z))
	if err != nil {
		return nil, err
	}
	if _, e.bySE, err = se.at(z, e.d); err != nil {
		return nil, err
	}
	e.normOfCE, e.normOfSE = norm(e.byCE), norm(e.bySE)
	return e, nil
}

func norm(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x * x
	}
	return math.Sqrt(s)
}

// The leads at which outputs are looked at, from confidently wrong to confidently right.
const (
	leadFrom, leadTo, leadsAPoint = -16, 8, 4
)

// classesOfCurves is the number of softmax outputs in the curves.
const classesOfCurves = 10

// curve is loss and size of the gradient of one pair by lead. The lead of a sigmoid is
// its pre-activation where the target is 1. Of softmax, one class leads all others,
// which are equal, by |lead|: the right one if it is positive, a wrong one if negative.
type curve struct {
	pair pair
	lead []float64
	loss []float64
	// size is |∂L/∂z| of the right output.
	size []float64
}

func newCurve(p pair) (*curve, error) {
	k := 1
	if p == softmaxCE() || p == softmaxSE() {
		k = classesOfCurves
	}
	g, err := gradientOf(p, k)
	if err != nil {
		return nil, err
	}
	c := &curve{pair: p}
	t := make([]float64, k)
	t[0] = 1
	for i := leadFrom * leadsAPoint; i <= leadTo*leadsAPoint; i++ {
		lead := float64(i) / leadsAPoint
		loss, dz, err := g.at(logits(lead, k), t)
		if err != nil {
			return nil, err
		}
		c.lead = append(c.lead, lead)
		c.loss = append(c.loss, loss)
		c.size = append(c.size, math.Abs(dz[0]))
	}
	return c, nil
}

// logits are pre-activations of k outputs, the first of which is right, with the given
// lead.
func logits(lead float64, k int) []float64 {
	z := make([]float64, k)
	if lead >= 0 || k == 1 {
		z[0] = lead
	} else {
		z[1] = -lead
	}
	return z
}

// limit is what loss and size come close to as the lead goes to −∞, as a function of it.
// With e = exp(lead):
//
//	cross-entropy              L → −lead   |∂L/∂z| → 1
//	sigmoid, squared error     L → 1       |∂L/∂z| → 2e     from 2(1−y)·y(1−y)
//	softmax, squared error     L → 2       |∂L/∂z| → 4e     from 2y(2(1−y) + …)
type limit struct{ loss, size string }

func limitOf(p pair) limit {
	switch p {
	case sigmoidSE():
		return limit{"1", "2e^z"}
	case softmaxSE():
		return limit{"2", "4e^z"}
	}
	return limit{"−z", "1"}
}

// limitAt is the size of the gradient in the limit.
func limitAt(p pair, lead float64) float64 {
	switch p {
	case sigmoidSE():
		return 2 * math.Exp(lead)
	case softmaxSE():
		return 4 * math.Exp(lead)
	}
	return 1
}
