package models_test

import (
	"context"
	"math"
	"testing"

	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// learn trains a machine by CD-1, sampled or by means, and returns the mean reconstruction error of
// the first and of the last epoch.
func learn(t *testing.T, r *models.RBM, rows [][]float64, rate float64, epochs int, sampled bool) (first, last float64) {
	t.Helper()
	cd := &models.CD{Model: r, K: 1, Sampled: sampled, Noise: stream("gibbs")}
	trainer := train.Trainer{Model: cd, Data: set(t, rows, nil, 1), Order: random.New(3), Recipe: train.Recipe{Optimizer: train.SGD(rate), Epochs: epochs, Batch: 20}}
	h := must[*train.History](t)(trainer.Run(context.Background()))
	first, _ = h.Epochs[0].Train.Get("reconstruction")
	last, _ = h.Epochs[epochs-1].Train.Get("reconstruction")
	return first, last
}

// Gaussian units learn the mean and the variance of independent data, whichever way the other
// units' chains are told to end.
func TestVarianceIsLearned(t *testing.T) {
	const m = 400
	want := []float64{0.04, 0.25, 1.5}
	rows := make([][]float64, m)
	s := stream("data")
	for i := range rows {
		rows[i] = make([]float64, 3)
		s.Normal64(rows[i])
		for j := range rows[i] {
			rows[i][j] = float64(j) - 1 + math.Sqrt(want[j])*rows[i][j]
		}
	}
	for _, sampled := range []bool{true, false} {
		r := newRBM(t, 3, 2, 0.01)
		if err := r.SetVariance(1); err != nil {
			t.Fatal(err)
		}
		learn(t, r, rows, 0.02, 150, sampled)
		for j, z := range elements(r.Z.Value) {
			if ratio := math.Exp(z) / want[j]; !(ratio > 0.8 && ratio < 1.25) {
				t.Errorf("unit %d: want variance %g, got %g", j, want[j], math.Exp(z))
			}
		}
		half := matrix(tensor.Float32, [][]float64{{0.5, 0.5}})
		near(t, "mean", []float64{-1, 0, 1}, forward(t, half, r.Down), 0.25)
	}
	fixed := newRBM(t, 3, 2, 0.01)
	fixed.FixedVariance = true
	if err := fixed.SetVariance(0.5); err != nil {
		t.Fatal(err)
	}
	if learn(t, fixed, rows, 0.01, 2, false); elements(fixed.Z.Value)[1] != float64(float32(math.Log(0.5))) {
		t.Errorf("a fixed variance became %g", math.Exp(elements(fixed.Z.Value)[1]))
	}
}

// Machines of all hidden types learn two patterns with noise.
func TestUnitsLearn(t *testing.T) {
	const m, n = 200, 6
	rows := uniform(stream("noise"), m, n)
	for i := range rows {
		for j := range rows[i] {
			on := (i%2 == 0) == (j < n/2)
			if (rows[i][j] < 0.1) != on {
				rows[i][j] = 1
			} else {
				rows[i][j] = 0
			}
		}
	}
	for _, u := range []models.Units{models.BernoulliUnits(), models.GaussianUnits(), models.RectifiedUnits(), models.SoftmaxUnits(4)} {
		for _, v := range []models.Units{models.BernoulliUnits(), models.GaussianUnits()} {
			r := newRBM(t, n, 4, 0.1)
			r.HiddenUnits, r.VisibleUnits = u, v
			rate := 0.1
			if u == models.GaussianUnits() || u == models.RectifiedUnits() || v == models.GaussianUnits() {
				rate = 0.02
			}
			if first, last := learn(t, r, rows, rate, 60, true); !(last < 0.75*first) {
				t.Errorf("%v visible, %v hidden: reconstruction error %g, then %g", v, u, first, last)
			}
			for _, p := range r.Params() {
				for _, x := range elements(p.Value) {
					if math.IsNaN(x) || math.IsInf(x, 0) {
						t.Fatalf("%v, %v: %s has %g", v, u, p.Name, x)
					}
				}
			}
		}
	}
}
