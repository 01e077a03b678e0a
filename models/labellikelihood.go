package models

import (
	"fmt"

	"gorgonia.org/tensor"
)

// Given is the machine of v and h under a label that is held: its hidden biases are a copy
// of b + U_y, its other parameters are this machine's. What it knows of v is p(v|t=y).
func (r *LabelRBM) Given(y int) (*RBM, error) {
	if y < 0 || y >= r.Classes() {
		return nil, fmt.Errorf("label rbm: want a class of 0 to %d, got %d", r.Classes()-1, y)
	}
	b := r.B.Clone(fmt.Sprintf("%s.given%d", r.B.Name, y))
	k := r.Hidden()
	if b.Value.Dtype() == tensor.Float32 {
		add(b.Value.Float32s(), r.U.Value.Float32s()[y*k:(y+1)*k])
	} else {
		add(b.Value.Float64s(), r.U.Value.Float64s()[y*k:(y+1)*k])
	}
	return &RBM{W: r.W, B: b, C: r.C}, nil
}

func add[T float32 | float64](to, x []T) {
	for i, v := range x {
		to[i] += v
	}
}

// LogPartition is log Z = log Σ_v Σ_t Σ_h e^−E(v,t,h), exact, in nats; it fails where both n
// and k are larger than 20.
func (r *LabelRBM) LogPartition() (float64, error) {
	var sum logSum
	err := r.each(func(given *RBM, d float64) error {
		logZ, err := given.LogPartition()
		sum.add(d + logZ)
		return err
	})
	return sum.log(), err
}

// AIS estimates log Z by annealed importance sampling as RBM.AIS, with o.Chains for every
// class: Z = Σ_y e^{d_y} Z_y, with Z_y that of the machine given y, so that no chain need find
// its way from one class to another. LogWeights[i] is the log of that sum over chain i of
// every class.
func (r *LabelRBM) AIS(o AISOptions) (AISEstimate, error) {
	sums := make([]logSum, max(o.Chains, 0))
	err := r.each(func(given *RBM, d float64) error {
		e, err := given.AIS(o)
		for i, w := range e.LogWeights {
			sums[i].add(d + w)
		}
		return err
	})
	if err != nil {
		return AISEstimate{}, err
	}
	weights := make([]float64, len(sums))
	for i := range sums {
		weights[i] = sums[i].log()
	}
	mean, low, high := logMean(weights)
	return AISEstimate{LogZ: mean, Low: low, High: high, LogWeights: weights}, nil
}

// each calls f with the machine given each class y, and d_y.
func (r *LabelRBM) each(f func(given *RBM, d float64) error) error {
	d, err := numbersOf(r.D.Value)
	if err != nil {
		return err
	}
	for y := range r.Classes() {
		given, err := r.Given(y)
		if err != nil {
			return err
		}
		if err := f(given, d[y]); err != nil {
			return fmt.Errorf("class %d: %w", y, err)
		}
	}
	return nil
}
