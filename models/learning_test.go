package models_test

import (
	"context"
	"math"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// ring is the data set of the 12×8 machine: the 12 positions of a bar of 3 pixels on a
// ring of 12. The best mean log-likelihood is −log 12 = −2.48; independent pixels
// reach −12·H(1/4) = −6.75 at most, which takes no hidden units.
func ring() [][]float64 {
	rows := make([][]float64, 12)
	for i := range rows {
		rows[i] = make([]float64, 12)
		for j := range 3 {
			rows[i][(i+j)%12] = 1
		}
	}
	return rows
}

const independentPixels = -6.748

// logLikelihood is the exact mean log p(v), with the sum over h done by enumeration
// and that over v by the product over independent units.
func (m machine) logLikelihood(rows [][]float64) float64 {
	z := 0.0
	for _, h := range states(len(m.b)) {
		logp := 0.0
		for j, x := range h {
			logp += x * m.b[j]
		}
		for i, c := range m.c {
			for j, x := range h {
				c += x * m.W[i][j]
			}
			logp += math.Log1p(math.Exp(c))
		}
		z += math.Exp(logp)
	}
	total := 0.0
	for _, v := range rows {
		total += -m.freeEnergy(v) - math.Log(z)
	}
	return total / float64(len(rows))
}

// fit trains a machine on whole batches for some epochs.
func fit(t testing.TB, cd *models.CD, rows [][]float64, epochs int, rate train.Schedule, after func(train.Epoch)) {
	t.Helper()
	trainer := train.Trainer{
		Model: cd, Data: set(t, rows, nil, 1),
		Recipe: train.Recipe{Optimizer: train.Optimizer{Kind: "sgd", Rate: rate}, Epochs: epochs},
		AfterEpoch: func(e train.Epoch) error {
			after(e)
			return nil
		},
	}
	must[*train.History](t)(trainer.Run(context.Background()))
}

// The exact log-likelihood rises from each quarter of the training to the next, and
// ends above what a machine without hidden units can reach.
func TestLogLikelihoodRises(t *testing.T) {
	const epochs = 2000
	for _, name := range []string{"CD-1", "PCD"} {
		r := newRBM(t, 12, 8, 0.01)
		cd := &models.CD{Model: r, K: 1, Noise: stream("gibbs")}
		if name == "PCD" {
			cd = must[*models.CD](t)(models.NewPersistentCD(r, 1, 50, stream("gibbs")))
		}
		curve := []float64{reference(r).logLikelihood(ring())}
		fit(t, cd, ring(), epochs, train.Constant(0.1), func(e train.Epoch) {
			if e.Epoch%(epochs/4) == 0 {
				curve = append(curve, reference(r).logLikelihood(ring()))
			}
		})
		t.Logf("%s: %.3f", name, curve)
		for i := 1; i < len(curve); i++ {
			if !(curve[i] > curve[i-1]) {
				t.Errorf("%s: the log-likelihood falls: %.3f", name, curve)
			}
		}
		last := curve[len(curve)-1]
		if !(last > independentPixels) {
			t.Errorf("%s: want more than %.3f, what independent pixels reach, got %.3f", name, independentPixels, last)
		}
		got := must[float64](t)(r.LogLikelihood(matrix(tensor.Float32, ring())))
		near(t, name+": LogLikelihood", []float64{last}, []float64{got}, 1e-5)
	}
}

// cosine of the angle between two gradients.
func cosine(a, b [][]float64) float64 {
	x, y := join(a), join(b)
	var xy, xx, yy float64
	for i := range x {
		xy += x[i] * y[i]
		xx += x[i] * x[i]
		yy += y[i] * y[i]
	}
	return xy / math.Sqrt(xx*yy)
}

// exactGradient is that of the mean −log p(v): the statistics of the data minus those
// of the machine's distribution, over all states of the visible units.
func (m machine) exactGradient(rows [][]float64) [][]float64 {
	all := states(len(m.c))
	p := make([]float64, len(all))
	total := 0.0
	for s, v := range all {
		for j, b := range m.b { // log Σ_h e^−E, by the product over independent units
			for i, x := range v {
				b += x * m.W[i][j]
			}
			p[s] += math.Log1p(math.Exp(b))
		}
		for i, x := range v {
			p[s] += x * m.c[i]
		}
		p[s] = math.Exp(p[s])
		total += p[s]
	}
	model := m.weighted(all, func(s int) float64 { return p[s] / total })
	return difference(m.statistics(rows), model)
}

// CD's mean gradient points the exact gradient's way, the more so the longer the
// chain: its bias is that of a chain stopped after k steps, which decays with k
// (Carreira-Perpiñán & Hinton 2005; Fischer & Igel 2011). A cosine of 0.5 in 116
// dimensions is 5 standard deviations of that of random directions.
func TestCDCorrelatesWithTheExactGradient(t *testing.T) {
	const repeats = 800
	for _, sd := range []float64{0.5, 1.5} {
		r := newRBM(t, 12, 8, sd)
		exact := reference(r).exactGradient(ring())
		rows := repeat(ring(), repeats)
		x := matrix(tensor.Float32, rows)
		var cosines []float64
		for _, k := range []int{1, 5, 25} {
			cd := &models.CD{Model: r, K: k, Noise: stream("gibbs")}
			o := must[*models.Objective](t)(cd.Objective(len(rows)))
			cosines = append(cosines, cosine(exact, gradient(t, o, r.Params(), x)))
		}
		t.Logf("weights of N(0,%g): cosine of CD-1, 5, 25 with the exact gradient %.4f", sd, cosines)
		if !(cosines[0] > 0.5 && cosines[1] > cosines[0] && cosines[2] > 0.99) {
			t.Errorf("weights of N(0,%g): want a cosine above 0.5 that rises to 1, got %.4f", sd, cosines)
		}
	}
}

// A machine of 8 hidden units learns the 6 images of 2×2 bars and stripes to within
// 0.1 nats of the best possible, −log 6.
func TestBarsAndStripes(t *testing.T) {
	const k, chains, epochs = 5, 60, 4000
	best := -math.Log(6)
	for seed := range uint64(3) {
		root := random.New(seed + 1)
		r := must[*models.RBM](t)(models.NewRBM("rbm", 4, 8, blocks.Gaussian(0.1), root.Split("init")))
		cd := must[*models.CD](t)(models.NewPersistentCD(r, k, chains, root.Split("gibbs")))
		fit(t, cd, barsAndStripes(), epochs, train.Schedule{Start: 0.5, Linear: true}, func(train.Epoch) {})
		got := reference(r).logLikelihood(barsAndStripes())
		t.Logf("seed %d: %.4f of %.4f", seed+1, got, best)
		if got > best || got < best-0.1 {
			t.Errorf("seed %d: want a mean log-likelihood within 0.1 of %.4f, got %.4f", seed+1, best, got)
		}
	}
}
