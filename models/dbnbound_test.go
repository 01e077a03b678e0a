package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"

	"gorgonia.org/tensor"
)

// bernoulli is the probability of binary states x under independent probabilities p.
func bernoulli(x, p []float64) float64 {
	out := 1.0
	for i, v := range x {
		out *= v*p[i] + (1-v)*(1-p[i])
	}
	return out
}

// twoLayers is log p(v) of a network with one directed layer below a top of the given
// probabilities, its variational bound, and the variance of what a sample of q adds to the
// bound, by enumeration of h.
func twoLayers(v []float64, up, down machine, top []float64) (logP, bound, variance float64) {
	p := 0.0
	var weights, terms []float64
	q := up.up(v)
	entropy := 0.0
	for _, x := range q {
		entropy -= x*math.Log(x) + (1-x)*math.Log(1-x)
	}
	for s, h := range states(len(up.b)) {
		joint := top[s] * bernoulli(v, down.down(h))
		p += joint
		weights, terms = append(weights, bernoulli(h, q)), append(terms, math.Log(joint)+entropy)
	}
	for s, w := range weights {
		bound += w * terms[s]
	}
	for s, w := range weights {
		variance += w * math.Pow(terms[s]-bound, 2)
	}
	return math.Log(p), bound, variance
}

// The bound of tiny networks, tied and untied, with labels and without, is the one by
// enumeration, up to the noise of its samples, and lies below log p(v).
func TestBoundByEnumeration(t *testing.T) {
	const samples = 4000
	labelledNet := newLabelDBN(t, []int{4, 3, 3}, 2, 1, false, true)
	untied := newLabelDBN(t, []int{4, 3, 3}, 2, 1, true, true)
	plain := must[*models.DBN](t)(models.NewDBN("dbn", []int{4, 3, 2}, blocks.Gaussian(1), stream("init")))
	for _, r := range plain.Layers {
		widen(1, r.Params()...)
	}
	x := matrix(tensor.Float64, states(4))
	check := func(name string, up, down machine, top []float64, got []float64) {
		t.Helper()
		for s, v := range states(4) {
			logP, bound, variance := twoLayers(v, up, down, top)
			if !(bound < logP) {
				t.Fatalf("%s: the bound %g by enumeration is not below log p = %g", name, bound, logP)
			}
			if z := (got[s] - bound) / math.Sqrt(variance/samples); math.Abs(z) > maxZ {
				t.Errorf("%s: v = %v: want a bound of %.4f, got %.4f, %.1f standard deviations off", name, v, bound, got[s], z)
			}
		}
	}
	for name, d := range map[string]*models.LabelDBN{"labels": labelledNet, "untied": untied} {
		logZ := must[float64](t)(d.Top.LogPartition())
		got := must[[]float64](t)(d.Bound(x, logZ, samples, stream("bound")))
		up, down := beliefLayers(d)
		joint, _ := labelReference(d.Top).joint()
		top := make([]float64, len(joint[0]))
		for _, row := range joint {
			for s, p := range row {
				top[s] += p
			}
		}
		check(name, up[0], down[0], top, got)
	}
	logZ := must[float64](t)(plain.Layers[1].LogPartition())
	got := must[[]float64](t)(plain.Bound(x, logZ, samples, stream("bound")))
	low := reference(plain.Layers[0])
	check("no labels", low, low, reference(plain.Layers[1]).visible(), got)
}

// Three layers, against enumeration of both hidden layers; and one layer, whose bound is
// log p(v).
func TestBoundOfOtherDepths(t *testing.T) {
	const samples = 4000
	d := newLabelDBN(t, []int{3, 3, 2, 2}, 2, 0.8, true, true)
	up, down := beliefLayers(d)
	joint, logZ := labelReference(d.Top).joint()
	x := matrix(tensor.Float64, states(3))
	got := must[[]float64](t)(d.Bound(x, logZ, samples, stream("bound")))
	for i, v := range states(3) {
		bound, square := 0.0, 0.0
		for _, h1 := range states(3) {
			for s, h2 := range states(2) {
				q := bernoulli(h1, up[0].up(v)) * bernoulli(h2, up[1].up(h1))
				term := math.Log(bernoulli(v, down[0].down(h1))*bernoulli(h1, down[1].down(h2))*(joint[0][s]+joint[1][s])) - math.Log(q)
				bound += q * term
				square += q * term * term
			}
		}
		if sd := math.Sqrt((square - bound*bound) / samples); math.Abs(got[i]-bound) > maxZ*sd {
			t.Errorf("three layers, v = %v: want %.4f ± %.4f, got %.4f", v, bound, sd, got[i])
		}
	}
	one := newLabelDBN(t, []int{3, 4}, 3, 1, false, true)
	joint, logZ = labelReference(one.Top).joint()
	var want []float64
	for s := range states(3) {
		want = append(want, math.Log(joint[0][s]+joint[1][s]+joint[2][s]))
	}
	near(t, "one layer", want, must[[]float64](t)(one.Bound(x, logZ, 1, stream("bound"))), 1e-12)
}

// Rows are computed in batches; the last may be smaller.
func TestBoundOfManyRows(t *testing.T) {
	d := newLabelDBN(t, []int{3, 4}, 2, 1, false, false)
	rows := coins(stream("v"), 2001, 3)
	all := must[[]float64](t)(d.Bound(matrix(tensor.Float32, rows), 1.5, 1, nil))
	if len(all) != 2001 {
		t.Fatalf("want a bound for each of 2001 rows, got %d", len(all))
	}
	for _, i := range []int{0, 999, 1000, 1999, 2000} {
		near(t, "single row", must[[]float64](t)(d.Bound(matrix(tensor.Float32, rows[i:i+1]), 1.5, 1, nil)), all[i:i+1], 1e-5)
	}
}

func TestBoundErrors(t *testing.T) {
	d := newLabelDBN(t, []int{4, 3, 2}, 2, 1, false, false)
	x := matrix(tensor.Float32, coins(stream("v"), 2, 4))
	for name, c := range map[string]struct {
		x       *tensor.Dense
		samples int
		says    string
	}{
		"no rows":    {nil, 1, "got none"},
		"width":      {matrix(tensor.Float32, coins(stream("v"), 2, 3)), 1, "4 visible units"},
		"dtype":      {matrix(tensor.Float64, coins(stream("v"), 2, 4)), 1, "float32"},
		"no samples": {x, 0, "at least one sample"},
	} {
		_, err := d.Bound(c.x, 0, c.samples, stream("bound"))
		refused(t, name, err, c.says)
	}
	_, err := d.Bound(x, 0, 1, nil)
	refused(t, "no stream", err, "stream")
	_, err = (&models.DBN{}).Bound(x, 0, 1, nil)
	refused(t, "no layers", err, "no layers")
	for says, change := range map[string]func(below, top *models.RBM){
		"layer 1: want bernoulli units, got gaussian visible":  func(below, _ *models.RBM) { below.VisibleUnits = models.GaussianUnits() },
		"layer 1: want bernoulli units, got bernoulli visible": func(below, _ *models.RBM) { below.HiddenUnits = models.RectifiedUnits() },
		"layer 2: want bernoulli visible units":                func(_, top *models.RBM) { top.VisibleUnits = models.GaussianUnits() },
	} {
		plain := must[*models.DBN](t)(models.NewDBN("dbn", []int{4, 3, 2}, blocks.Gaussian(1), stream("init")))
		change(plain.Layers[0], plain.Layers[1])
		_, err = plain.Bound(x, 0, 1, stream("bound"))
		refused(t, says, err, "bound: "+says)
	}
}
