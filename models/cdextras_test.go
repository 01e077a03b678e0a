package models_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stepOf compiles the gradients of a training and its updates.
func stepOf(t testing.TB, cd *models.CD, m int) *autodiff.Function {
	t.Helper()
	o := must[*models.Objective](t)(cd.Objective(m))
	leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), cd.Params()))
	outputs := append(must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...)), o.Cost)
	return must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, outputs, o.Updates))
}

func run(t testing.TB, f *autodiff.Function, v [][]float64) (out [][]float64) {
	t.Helper()
	if err := f.Run(matrix(tensor.Float64, v)); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		out = append(out, numbers(t, f.Output(i)))
	}
	return out
}

// The pull adds Cost·(q − p)·v̄ to the gradient by W and Cost·(q − p) to that by b, with the
// running mean q of the activities.
func TestSparsityByHand(t *testing.T) {
	const m, target, cost = 6, 0.1, 0.7
	for _, rectified := range []bool{false, true} {
		for _, decay := range []float64{0, 0.9} {
			r := newRBM(t, 5, 4, 1)
			if rectified {
				r.HiddenUnits = models.RectifiedUnits()
			}
			widen(0.8, r.Params()...)
			plain := &models.CD{Model: r, K: 1, Noise: stream("gibbs")}
			sparse := &models.CD{Model: r, K: 1, Noise: stream("gibbs"), Sparsity: must[*models.Sparsity](t)(models.NewSparsity(r, target, cost, decay))}
			f, g := stepOf(t, plain, m), stepOf(t, sparse, m)
			q := make([]float64, 4)
			for j := range q {
				q[j] = target
			}
			for step := range 3 {
				v := uniform(stream(fmt.Sprint("v", step)), m, 5)
				a, b := run(t, f, v), run(t, g, v)
				active := means(split(forward(t, matrix(tensor.Float64, v), r.Up), 4))
				want := [][]float64{make([]float64, 20), make([]float64, 4), make([]float64, 5)}
				for j := range q {
					q[j] = decay*q[j] + (1-decay)*active[j]
					for i, x := range means(v) {
						want[0][i*4+j] = cost * (q[j] - target) * x
					}
					want[1][j] = cost * (q[j] - target)
				}
				for i, d := range difference(b[:3], a[:3]) {
					near(t, "the pull's gradient by "+r.Params()[i].Name, want[i], d, 1e-12)
				}
				if decay > 0 {
					near(t, "running mean", q, elements(sparse.Sparsity.Activity.Value), 1e-14)
				}
			}
		}
	}
}

// In training the units come to the target, which they are far from without the pull.
func TestSparsityReachesTheTarget(t *testing.T) {
	const m, target = 50, 0.1
	active := func(sparse bool) float64 {
		r := newRBM(t, 8, 6, 0.1)
		cd := &models.CD{Model: r, K: 1, Noise: stream("gibbs")}
		if sparse {
			cd.Sparsity = must[*models.Sparsity](t)(models.NewSparsity(r, target, 3, 0.9))
		}
		rows := coins(stream("v"), m, 8)
		trainer := train.Trainer{Model: cd, Data: set(t, rows, nil, 1), Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 400, Batch: m}}
		must[*train.History](t)(trainer.Run(context.Background()))
		total := 0.0
		for _, q := range means(split(forward(t, matrix(tensor.Float32, rows), r.Up), 6)) {
			total += q / 6
		}
		return total
	}
	if with, without := active(true), active(false); math.Abs(with-target) > 0.03 || without < 0.3 {
		t.Errorf("want a mean activity near %g, got %g, and %g without the pull", target, with, without)
	}
}

// The centred gradient by its definition, a step of it in the machine's coordinates, and
// that it is the gradient of the centred energy's parameters W, b', c' with b = b' − β·W
// and c = c' − W·α: by central differences of the free energies.
func TestCentredGradient(t *testing.T) {
	const m, n, k, step = 5, 4, 3, 1e-5
	for name, visible := range map[string]models.Units{"bernoulli": models.BernoulliUnits(), "gaussian": models.GaussianUnits()} {
		r := newRBM(t, n, k, 1)
		r.VisibleUnits = visible
		widen(0.8, r.Params()...)
		cd := &models.CD{Model: r, K: 2, Sampled: true, Noise: stream("gibbs"), Centring: must[*models.Centring](t)(models.NewCentring(r, 0.05))}
		beta, alpha := elements(cd.Centring.Visible.Value), elements(cd.Centring.Hidden.Value)
		zero := matrix(tensor.Float64, [][]float64{make([]float64, k)})
		near(t, "first β", forward(t, zero, r.Down), beta, 1e-14)
		v := uniform(stream("v"), m, n)
		end, _ := gibbs(t, r, matrix(tensor.Float64, v), 2, stream("gibbs"))
		got := run(t, stepOf(t, cd, m), v)

		mean := func(rows [][]float64) (f float64) {
			for _, x := range forward(t, matrix(tensor.Float64, rows), r.FreeEnergy) {
				f += x / m
			}
			return f
		}
		cost := func() float64 { return mean(v) - mean(end) }
		near(t, name+": cost", []float64{cost()}, got[3], 1e-12)
		W, b, c := r.W.Value.Float64s(), r.B.Value.Float64s(), r.C.Value.Float64s()
		slope := func(move func(by float64)) float64 {
			move(step)
			up := cost()
			move(-2 * step)
			down := cost()
			move(step)
			return (up - down) / (2 * step)
		}
		gW, gb, gc := make([]float64, n*k), make([]float64, k), make([]float64, n)
		for i := range n {
			for j := range k {
				gW[i*k+j] = slope(func(by float64) { // at fixed b' and c'
					W[i*k+j] += by
					b[j] -= beta[i] * by
					c[i] -= alpha[j] * by
				})
			}
		}
		// The parameters follow: b = b' − β·W and c = c' − W·α move with W too.
		for j := range k {
			gb[j] = slope(func(by float64) { b[j] += by })
			for i := range n {
				gb[j] -= beta[i] * gW[i*k+j]
			}
		}
		for i := range n {
			gc[i] = slope(func(by float64) { c[i] += by })
			for j := range k {
				gc[i] -= alpha[j] * gW[i*k+j]
			}
		}
		near(t, name+": gradient by W", gW, got[0], 1e-8)
		near(t, name+": gradient by b", gb, got[1], 1e-8)
		near(t, name+": gradient by c", gc, got[2], 1e-8)

		for i, x := range means(v) {
			beta[i] += 0.05 * (x - beta[i])
		}
		for j, h := range means(split(forward(t, matrix(tensor.Float64, v), r.Up), k)) {
			alpha[j] += 0.05 * (h - alpha[j])
		}
		near(t, name+": next β", beta, elements(cd.Centring.Visible.Value), 1e-13)
		near(t, name+": next α", alpha, elements(cd.Centring.Hidden.Value), 1e-13)
	}
}

// A centred machine learns the same from data and from their negatives, where every bit is
// flipped; one that isn't does not (Montavon & Müller 2012).
func TestCentringIsSymmetric(t *testing.T) {
	const m, n = 400, 6
	rows, more := coins(stream("v"), m, n), coins(stream("pairs"), m, n)
	for i := range rows {
		for j := range rows[i] { // one pair in four is on
			rows[i][j] *= more[i][j]
			if j%2 == 1 {
				rows[i][j] = rows[i][j-1]
			}
		}
	}
	flipped := make([][]float64, m)
	for i, row := range rows {
		for _, x := range row {
			flipped[i] = append(flipped[i], 1-x)
		}
	}
	gap := func(centred bool) float64 {
		var values []float64
		for _, data := range [][][]float64{rows, flipped} {
			r := newRBM(t, n, 4, 0.1)
			e := r.W.Value.Float32s()
			if len(values) > 0 { // the flipped machine of the same weights: W → −W, b → b + Σ W
				for i := range e {
					r.B.Value.Float32s()[i%4] += e[i]
					e[i] = -e[i]
				}
			}
			cd := &models.CD{Model: r, K: 1, Noise: stream("gibbs")}
			if centred {
				cd.Centring = must[*models.Centring](t)(models.NewCentring(r, 0.1))
			}
			trainer := train.Trainer{Model: cd, Data: set(t, data, nil, 1), Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 300, Batch: m}}
			must[*train.History](t)(trainer.Run(context.Background()))
			values = append(values, must[float64](t)(r.LogLikelihood(matrix(tensor.Float32, data))))
		}
		return math.Abs(values[0] - values[1])
	}
	if with, without := gap(true), gap(false); !(with < without/3) {
		t.Errorf("want the likelihoods of data and negatives closer with centring, got %g and %g nats apart", with, without)
	}
}

func TestExtrasErrors(t *testing.T) {
	r := newRBM(t, 4, 3, 1)
	for _, c := range []struct {
		target, cost, decay float64
		says                string
	}{{0, 1, 0, "want a target"}, {1, 1, 0, "want a target"}, {math.NaN(), 1, 0, "want a target"}, {0.1, -1, 0, "cost of at least 0"}, {0.1, math.Inf(1), 0, "finite"}, {0.1, 1, 1, "decay in [0,1)"}} {
		_, err := models.NewSparsity(r, c.target, c.cost, c.decay)
		refused(t, fmt.Sprint(c), err, "sparsity", c.says)
	}
	_, err := (&models.CD{Model: r, K: 1, Noise: stream("gibbs"), Sparsity: &models.Sparsity{Target: 0.1, Decay: 0.9}}).Objective(2)
	refused(t, "no running mean", err, "see NewSparsity")
	for _, rate := range []float64{-0.1, 1.1, math.NaN()} {
		_, err = models.NewCentring(r, rate)
		refused(t, "rate", err, "centring: want a rate in [0,1]")
	}
	_, err = (&models.CD{Model: r, K: 1, Noise: stream("gibbs"), Centring: &models.Centring{}}).Objective(2)
	refused(t, "no offsets", err, "see NewCentring")
	all := machines(t)
	_, err = models.NewSparsity(all["bernoulli gaussian"], 0.1, 1, 0)
	refused(t, "gaussian", err, "bernoulli or rectified hidden units, got gaussian")
	_, err = models.NewCentring(all["gaussian bernoulli"], 0.1)
	refused(t, "variances", err, "without variances")
}
