package models

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// maxEnumerated is the largest number of units whose 2ⁿ states are enumerated: 20
// units are a million states.
const maxEnumerated = 20

// LogPartition is log Z = log Σ_v Σ_h e^−E(v,h), exact, in nats: the states of the
// smaller side are enumerated, the other side is summed by the free energy. It fails
// where both sides have more than 20 units. Only Bernoulli units are enumerated, those of
// the other side may be others (but not rectified).
func (r *RBM) LogPartition() (float64, error) {
	free, err := r.enumerate()
	if err != nil {
		return 0, fmt.Errorf("log partition: %w", err)
	}
	var sum logSum
	for _, e := range free {
		sum.add(-e)
	}
	return sum.log(), nil
}

// LogLikelihood is the mean of log p(v) = −F(v) − log Z over the rows of v (m,n), in
// nats per example, exact; see LogPartition for its limit. With an estimate of log Z it
// is −MeanFreeEnergy − log Z.
func (r *RBM) LogLikelihood(v *tensor.Dense) (float64, error) {
	logZ, err := r.LogPartition()
	if err != nil {
		return 0, err
	}
	f, err := r.MeanFreeEnergy(v)
	if err != nil {
		return 0, fmt.Errorf("log likelihood: %w", err)
	}
	return -f - logZ, nil
}

// MeanFreeEnergy is the mean of F(v) over the rows of v (m,n).
func (r *RBM) MeanFreeEnergy(v *tensor.Dense) (float64, error) {
	f, err := r.freeEnergies(v)
	if err != nil {
		return 0, err
	}
	total := 0.0
	for _, e := range f {
		total += e
	}
	return total / float64(len(f)), nil
}

// FreeEnergyGap is the mean free energy of validation examples (m,n) less that of
// training examples, any number of rows each: the difference of their mean
// log-likelihoods, training less validation, for which log Z is not needed. It grows when
// the machine overfits (Hinton 2010, §6). It says nothing of how good the machine is.
func (r *RBM) FreeEnergyGap(training, validation *tensor.Dense) (float64, error) {
	a, err := r.MeanFreeEnergy(training)
	if err != nil {
		return 0, fmt.Errorf("free-energy gap: training: %w", err)
	}
	b, err := r.MeanFreeEnergy(validation)
	if err != nil {
		return 0, fmt.Errorf("free-energy gap: validation: %w", err)
	}
	return b - a, nil
}

// PseudoLikelihood estimates the mean over the rows of v of Σ_i log p(v_i|v_−i), in
// nats per example, which needs no partition function. For every row one bit i is
// drawn from s and flipped, v~, and the row counts n·log sigmoid(F(v~) − F(v)), whose
// expectation over i is the sum. Values are rounded to 0 or 1 first, as in the Deep
// Learning Tutorials' estimator, which draws one bit for the whole batch.
func (r *RBM) PseudoLikelihood(v *tensor.Dense, s *random.Stream) (float64, error) {
	if err := r.checkRows(v); err != nil {
		return 0, fmt.Errorf("pseudo-likelihood: %w", err)
	}
	if r.VisibleUnits != BernoulliUnits() {
		return 0, fmt.Errorf("pseudo-likelihood: want bernoulli visible units, got %s", r.VisibleUnits)
	}
	if s == nil {
		return 0, fmt.Errorf("pseudo-likelihood: no stream of random numbers")
	}
	x := v.Clone().(*tensor.Dense)
	apply(x, round[float32], round[float64])
	before, err := r.freeEnergies(x)
	if err != nil {
		return 0, fmt.Errorf("pseudo-likelihood: %w", err)
	}
	n, rng := r.Visible(), s.Rand()
	places := make([]int, len(before))
	for row := range places {
		places[row] = row*n + rng.IntN(n)
	}
	apply(x, flip[float32](places), flip[float64](places))
	after, err := r.freeEnergies(x)
	if err != nil {
		return 0, fmt.Errorf("pseudo-likelihood: %w", err)
	}
	total := 0.0
	for i := range before {
		total -= float64(n) * softplus(before[i]-after[i])
	}
	return total / float64(len(before)), nil
}

// softplus is log(1+e^x) without overflow.
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// checkRows reports what are not states of the visible units.
func (r *RBM) checkRows(v *tensor.Dense) error {
	if v == nil {
		return fmt.Errorf("want rows of %d visible units, got none", r.Visible())
	}
	if s := v.Shape(); s.Dims() != 2 || s[1] != r.Visible() {
		return fmt.Errorf("want rows of %d visible units, got shape %v", r.Visible(), s)
	}
	return nil
}

// energyBatch is the number of rows whose free energies are computed at a time, which
// bounds the memory.
const energyBatch = 1000

// freeEnergies computes F of every row of v.
func (r *RBM) freeEnergies(v *tensor.Dense) ([]float64, error) {
	if err := r.checkRows(v); err != nil {
		return nil, fmt.Errorf("free energy: %w", err)
	}
	m, n := v.Shape()[0], v.Shape()[1]
	var free *autodiff.Function
	var all []float64
	for lo, size := 0, 0; lo < m; lo += size {
		if rest := min(energyBatch, m-lo); rest != size { // at first, and for the rest
			var err error
			size = rest
			if free, err = r.compileEnergy(size, n, r.FreeEnergy); err != nil {
				return nil, err
			}
		}
		batch, err := rowsOf(v, lo, lo+size)
		if err != nil {
			return nil, fmt.Errorf("free energy: %w", err)
		}
		f, err := energies(free, batch)
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	return all, nil
}

// rowsOf returns rows lo, …, hi−1 of a contiguous matrix, sharing its memory.
func rowsOf(v *tensor.Dense, lo, hi int) (*tensor.Dense, error) {
	n := v.Shape()[1]
	if e, err := ops.Elements[float64](v); err == nil {
		return tensor.New(tensor.WithShape(hi-lo, n), tensor.WithBacking(e[lo*n:hi*n])), nil
	}
	e, err := ops.Elements[float32](v)
	if err != nil {
		return nil, err
	}
	return tensor.New(tensor.WithShape(hi-lo, n), tensor.WithBacking(e[lo*n:hi*n])), nil
}

// compileEnergy makes the function from states (m,n) to their free energies (m).
func (r *RBM) compileEnergy(m, n int, energy func(*G.Node) (*G.Node, error)) (*autodiff.Function, error) {
	x := r.leaf(hiddenName, m, n)
	f, err := energy(x)
	if err != nil {
		return nil, err
	}
	return autodiff.Compile(G.Nodes{x}, G.Nodes{f}, nil)
}

func energies(free *autodiff.Function, x *tensor.Dense) ([]float64, error) {
	if err := free.Run(x); err != nil {
		return nil, err
	}
	return numbersOf(free.Output(0))
}

// numbersOf copies the elements of a contiguous value.
func numbersOf(v G.Value) ([]float64, error) {
	if e, err := ops.Elements[float64](v); err == nil {
		return append([]float64(nil), e...), nil
	}
	e, err := ops.Elements[float32](v)
	out := make([]float64, len(e))
	for i, x := range e {
		out[i] = float64(x)
	}
	return out, err
}

// apply changes the elements of a contiguous tensor in place, by the function for its
// dtype.
func apply(x *tensor.Dense, f32 func([]float32), f64 func([]float64)) {
	if e, err := ops.Elements[float32](x); err == nil {
		f32(e)
	} else if e, err := ops.Elements[float64](x); err == nil {
		f64(e)
	}
}

// bits sets row i of (m,n) elements to the n bits of first+i.
func bits[T ops.Float](first, n int) func([]T) {
	return func(e []T) {
		for i := range e {
			e[i] = T((first + i/n) >> (i % n) & 1)
		}
	}
}

func round[T ops.Float](e []T) {
	for i, p := range e {
		e[i] = T(math.Round(float64(p)))
	}
}

// flip exchanges 0 and 1 at the given places.
func flip[T ops.Float](places []int) func([]T) {
	return func(e []T) {
		for _, i := range places {
			e[i] = 1 - e[i]
		}
	}
}

// logSum accumulates log Σ e^x without overflow.
type logSum struct{ top, sum float64 }

func (l *logSum) add(x float64) {
	switch {
	case l.sum == 0:
		l.top, l.sum = x, 1
	case x > l.top:
		l.sum = l.sum*math.Exp(l.top-x) + 1
		l.top = x
	default:
		l.sum += math.Exp(x - l.top)
	}
}

func (l *logSum) log() float64 { return l.top + math.Log(l.sum) }
