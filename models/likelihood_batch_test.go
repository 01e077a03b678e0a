package models_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The Deep Learning Tutorials' estimator estimates the same quantity as ours: over n
// batches of the same rows, one for each bit, its mean is exactly the mean over rows of
// Σ_i log p(v_i|v_−i). Intensities count as the bits to which they round.
func TestCyclicPseudoLikelihood(t *testing.T) {
	const n = 5
	rows := [][]float64{{0, 0, 1, 0, 1}, {0.8, 1, 1, 0.3, 0}, {0, 0, 0, 0, 0}, {1, 0, 1, 1, 1}}
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		r, tol := newRBM(t, n, 3, 1.5), 1e-5
		if dt == tensor.Float64 {
			widen(1.5, r.Params()...)
			tol = 1e-12
		}
		want, terms := 0.0, make([]float64, n)
		for _, row := range rows {
			x := make([]float64, n)
			for i, p := range row {
				x[i] = math.Round(p)
			}
			sum, _ := reference(r).conditionals(x)
			want += sum / float64(len(rows))
			for i := range terms { // n·log p(v_i|v_−i)
				other := append([]float64(nil), x...)
				other[i] = 1 - other[i]
				gap := reference(r).freeEnergy(x) - reference(r).freeEnergy(other)
				terms[i] -= n * math.Log1p(math.Exp(gap)) / float64(len(rows))
			}
		}
		x := matrix(dt, rows)
		v := G.NewMatrix(G.NewGraph(), dt, G.WithName("v"), G.WithShape(len(rows), n))
		monitor, next, err := models.NewCyclicPseudoLikelihood(r).Monitor(v)
		if err != nil {
			t.Fatal(err)
		}
		f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{v}, G.Nodes{monitor.Node}, []autodiff.Update{next}))
		mean := 0.0
		for batch := range 2 * n {
			if err := f.Run(x); err != nil {
				t.Fatal(err)
			}
			got := must[float64](t)(f.Scalar(0))
			near(t, "estimate", []float64{terms[batch%n]}, []float64{got}, tol)
			mean += got / (2 * n)
		}
		near(t, "mean over the bits", []float64{want}, []float64{mean}, tol)
	}
	_, _, err := models.NewCyclicPseudoLikelihood(newRBM(t, 3, 2, 0)).Monitor(nil)
	refused(t, "no batch", err, "batches of 3 visible units")
}

// Free energies of more rows than are computed at a time.
func TestFreeEnergyGap(t *testing.T) {
	r := newRBM(t, 4, 3, 1)
	plain := reference(r)
	mean := func(rows [][]float64) (f float64) {
		for _, v := range rows {
			f += plain.freeEnergy(v) / float64(len(rows))
		}
		return f
	}
	training, validation := coins(stream("training"), 2003, 4), coins(stream("validation"), 57, 4)
	got := must[float64](t)(r.MeanFreeEnergy(matrix(tensor.Float32, training)))
	near(t, "mean free energy", []float64{mean(training)}, []float64{got}, 1e-6)
	gap := must[float64](t)(r.FreeEnergyGap(matrix(tensor.Float32, training), matrix(tensor.Float32, validation)))
	near(t, "gap", []float64{mean(validation) - mean(training)}, []float64{gap}, 1e-6)
	_, err := r.FreeEnergyGap(matrix(tensor.Float32, training), nil)
	refused(t, "no validation", err, "free-energy gap: validation", "4 visible units", "none")
	_, err = r.FreeEnergyGap(matrix(tensor.Float32, [][]float64{{1}}), nil)
	refused(t, "wrong training", err, "free-energy gap: training", "(1, 1)")
}
