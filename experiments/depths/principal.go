package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// centred are the rows less their mean, in float64.
func centred(rows [][]float32) [][]float64 {
	out := make([][]float64, len(rows))
	mean := make([]float64, len(rows[0]))
	for _, row := range rows {
		for i, v := range row {
			mean[i] += float64(v) / float64(len(rows))
		}
	}
	for k, row := range rows {
		out[k] = make([]float64, len(row))
		for i, v := range row {
			out[k][i] = float64(v) - mean[i]
		}
	}
	return out
}

// gram is the matrix of the rows' inner products.
func gram(rows [][]float64) *mat.SymDense {
	g := mat.NewSymDense(len(rows), nil)
	for a := range rows {
		for b := range a + 1 {
			sum := 0.0
			for i, v := range rows[a] {
				sum += v * rows[b][i]
			}
			g.SetSym(a, b, sum)
		}
	}
	return g
}

// principal places the rows on their first two principal components and returns the
// components' shares of the variance. There are fewer rows than columns, as a rule, so
// that it takes the eigenvectors of the inner products, not of the covariances. A component's sign is
// such that its largest score is positive.
func principal(rows [][]float32) (x, y []float64, shares [2]float64, err error) {
	g := gram(centred(rows))
	var eigen mat.EigenSym
	if !eigen.Factorize(g, true) {
		return nil, nil, shares, fmt.Errorf("principal components of %d functions: no eigenvalues found", len(rows))
	}
	values := eigen.Values(nil) // rising
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	component := func(k int) []float64 {
		at := len(values) - 1 - k
		if at < 0 {
			return make([]float64, len(rows))
		}
		scores := mat.Col(nil, at, &vectors)
		largest := 0.0
		for _, v := range scores {
			if math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		length := math.Copysign(math.Sqrt(max(values[at], 0)), largest)
		for i := range scores {
			scores[i] *= length
		}
		if trace := mat.Trace(g); trace > 0 {
			shares[k] = max(values[at], 0) / trace
		}
		return scores
	}
	return component(0), component(1), shares, nil
}

// distance is the root mean square of the differences of two networks' outputs.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a)))
}
