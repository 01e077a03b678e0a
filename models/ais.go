package models

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/random"

	"gorgonia.org/tensor"
)

// AISOptions are the settings of annealed importance sampling; see RBM.AIS.
type AISOptions struct {
	// Betas are the inverse temperatures β₀ < β₁ < … < β_T, from 0 to 1; see Betas.
	Betas []float64
	// Chains is the number of independent runs; ReverseAIS has one from each row of its
	// start instead.
	Chains int
	// Base holds the visible biases (n) of the base-rate model at β = 0, such as those of
	// BaseRates; nil for 0, the uniform distribution.
	Base *tensor.Dense
	// HiddenBase holds the biases (k) of the hidden units at β = 0; nil for 0. Chains that
	// begin close to the machine's own distribution, such as at the mean field of a DBM whose
	// visible units are held, have a shorter way with those of the mean field here too.
	HiddenBase *tensor.Dense
	// Noise draws the chains.
	Noise *random.Stream
	// Check, if not nil, is called before each temperature; its error ends the run.
	Check func() error
}

// AISEstimate is an estimate of log Z, in nats.
type AISEstimate struct {
	// LogZ is the estimate. Low and High are it with three standard errors of the mean
	// weight taken off and added, in log space, as Salakhutdinov & Murray 2008 report it;
	// Low is −Inf where the mean weight is below three standard errors. The errors are
	// judged by the spread of the chains: where no chain came to a mode that matters, they
	// are too small.
	LogZ, Low, High float64
	// LogWeights are the estimates of log Z of the single chains, log Z₀ + log w.
	LogWeights []float64
}

// Betas are n+1 inverse temperatures from 0 to 1 for annealed importance sampling, in
// the proportions of Salakhutdinov & Murray 2008: of 14,500 steps 500 lead to 0.5, 4,000
// on to 0.9 and 10,000 to 1, each part evenly. Below 3 steps they are evenly spaced.
func Betas(n int) []float64 {
	betas := []float64{0}
	if n < 3 {
		for i := range max(n, 0) {
			betas = append(betas, float64(i+1)/float64(n))
		}
		return betas
	}
	first, second := max(1, n*500/14500), max(1, n*4000/14500)
	for _, part := range []struct {
		steps    int
		from, to float64
	}{{first, 0, 0.5}, {second, 0.5, 0.9}, {n - first - second, 0.9, 1}} {
		for i := range part.steps {
			at := float64(i+1) / float64(part.steps)
			betas = append(betas, part.from*(1-at)+part.to*at)
		}
	}
	return betas
}

// BaseRates are the visible biases of the base-rate model of AIS: the machine without
// weights whose units are on as often as in the rows of data (m,n), values in [0,1]. The
// rates are drawn 1 % of the way to ½, so that a unit which is never on keeps a finite
// bias, of −5.3, and the weights of the chains in which it comes on a bounded spread.
func BaseRates(data *tensor.Dense) (*tensor.Dense, error) {
	if data == nil || data.Dims() != 2 {
		return nil, fmt.Errorf("base rates: want rows of examples, got %v", shape(data))
	}
	rates, err := means64(data)
	if err != nil {
		return nil, fmt.Errorf("base rates: %w", err)
	}
	out := tensor.New(tensor.Of(data.Dtype()), tensor.WithShape(len(rates)))
	for i, p := range rates {
		p = 0.99*p + 0.005
		rates[i] = math.Log(p) - math.Log1p(-p)
	}
	apply(out, copyFrom[float32](rates), copyFrom[float64](rates))
	return out, nil
}

// means64 are the means of the columns of a contiguous matrix with values in [0,1].
func means64(data *tensor.Dense) ([]float64, error) {
	if e, err := ops.Elements[float64](data); err == nil {
		return columnMeans(e, data.Shape()[1])
	}
	e, err := ops.Elements[float32](data)
	if err != nil {
		return nil, err
	}
	return columnMeans(e, data.Shape()[1])
}

func columnMeans[T ops.Float](e []T, n int) ([]float64, error) {
	means := make([]float64, n)
	for lo := 0; lo < len(e); lo += n {
		for i, p := range e[lo : lo+n] {
			if !(p >= 0 && p <= 1) {
				return nil, fmt.Errorf("want values in [0,1], got %g in row %d", p, lo/n)
			}
			means[i] += float64(p)
		}
	}
	for i := range means {
		means[i] /= float64(len(e) / n)
	}
	return means, nil
}

// AIS estimates log Z by annealed importance sampling (Neal 2001, "Annealed importance
// sampling"; Salakhutdinov & Murray 2008, "On the quantitative analysis of deep belief
// networks"). Chains are drawn from the base-rate model, whose partition function Z₀ is
// known, and led by a Gibbs step at each temperature through the distributions
//
//	p*_β(v) = exp((1−β)·a·v + β·c·v) Π_j (1 + exp((1−β)·d_j + β(b_j + (v·W)_j))),
//
// a and d being the base biases, to the machine's own at β = 1. The weight of a chain,
// w = Π_t p*_β(t)(v_t)/p*_β(t−1)(v_t), has the mean Z/Z₀, exactly and for any
// temperatures, and LogZ is log Z₀ plus the log of the chains' mean weight. By Jensen's
// inequality it is low on average: E[LogZ] ≤ log Z, and it exceeds log Z by more than x
// with a probability of at most e⁻ˣ: a stochastic lower bound, and so is what is
// computed with it a stochastic upper bound of a log-likelihood. It needs no assumption,
// but is of use only where the chains reach the modes that carry the probability.
//
// All chains are rows of one batch, a run of one compiled graph is a temperature, and
// log weights are added in float64.
func (r *RBM) AIS(o AISOptions) (AISEstimate, error) {
	a, err := r.annealing("ais", o.Chains, o)
	if err != nil {
		return AISEstimate{}, err
	}
	if err := a.drawBase(); err != nil {
		return AISEstimate{}, fmt.Errorf("ais: %w", err)
	}
	logWeights := make([]float64, o.Chains)
	for t := range len(o.Betas) - 1 {
		if err := a.step(o.Betas[t], o.Betas[t+1], logWeights); err != nil {
			return AISEstimate{}, fmt.Errorf("ais: %w", err)
		}
	}
	for i := range logWeights {
		logWeights[i] += a.logZ0
	}
	mean, low, high := logMean(logWeights)
	return AISEstimate{LogZ: mean, Low: low, High: high, LogWeights: logWeights}, nil
}

// ReverseAIS estimates log Z from the other side: chains that begin at the rows of start
// (m,n) are led from the machine's distribution to the base-rate model, the way of AIS
// backwards. It answers two questions, depending on the start.
//
// Started at independent samples of the machine itself, the weights of the ways have the
// mean Z₀/Z, so that E[LogZ] ≥ log Z, and LogZ is below log Z by more than x with a
// probability of at most e⁻ˣ: a stochastic upper bound of log Z, which with AIS
// brackets it (Grosse, Ghahramani & Adams 2015, "Sandwiching the marginal likelihood
// using bidirectional Monte Carlo"). It assumes that the samples are exact, which those
// of ExactSample are; with the ends of long Gibbs chains it holds as far as these have
// forgotten their start, which nothing here can tell.
//
// Started at any example v, such as one of the test set, −F(v) − LogWeights[i] has a
// mean of at most log p_ann(v): p_ann is the distribution of the states from which AIS's
// chains would step to β = 1, a model of its own that comes near to the machine as there
// are more temperatures. This is RAISE (Burda, Grosse & Salakhutdinov 2015, "Accurate
// and conservative estimates of MRF log-likelihood using reverse annealing"): a
// stochastic lower bound of the annealed model's log-likelihood, without an assumption,
// but not one of the machine's.
//
// Low and High are as in AIS, LogWeights the estimates of log Z of the single rows.
func (r *RBM) ReverseAIS(start *tensor.Dense, o AISOptions) (AISEstimate, error) {
	const op = "reverse ais"
	if err := r.checkRows(start); err != nil {
		return AISEstimate{}, fmt.Errorf("%s: %w", op, err)
	}
	a, err := r.annealing(op, start.Shape()[0], o)
	if err != nil {
		return AISEstimate{}, err
	}
	if err := a.begin(start); err != nil {
		return AISEstimate{}, fmt.Errorf("%s: %w", op, err)
	}
	logWeights := make([]float64, start.Shape()[0])
	for t := len(o.Betas) - 1; t > 0; t-- {
		if err := a.step(o.Betas[t], o.Betas[t-1], logWeights); err != nil {
			return AISEstimate{}, fmt.Errorf("%s: %w", op, err)
		}
	}
	for i := range logWeights {
		logWeights[i] -= a.logZ0
	}
	mean, low, high := logMean(logWeights) // of 1/Z
	for i := range logWeights {
		logWeights[i] = -logWeights[i]
	}
	return AISEstimate{LogZ: -mean, Low: -high, High: -low, LogWeights: logWeights}, nil
}

// logMean is the log of the mean of e^x, and the logs of that mean less and plus three
// of its standard errors. One value has no spread: its bounds are infinite.
func logMean(x []float64) (mean, low, high float64) {
	var sum logSum
	for _, v := range x {
		sum.add(v)
	}
	n := float64(len(x))
	mean = sum.log() - math.Log(n)
	if len(x) < 2 {
		return mean, math.Inf(-1), math.Inf(1)
	}
	squares := 0.0
	for _, v := range x {
		d := math.Expm1(v - mean)
		squares += d * d
	}
	three := 3 * math.Sqrt(squares/(n-1)/n) // relative to the mean
	low = math.Inf(-1)
	if three < 1 {
		low = mean + math.Log1p(-three)
	}
	return mean, low, mean + math.Log1p(three)
}

// checkBetas reports what are not rising inverse temperatures from 0 to 1.
func checkBetas(betas []float64) error {
	if len(betas) < 2 || betas[0] != 0 || betas[len(betas)-1] != 1 {
		return fmt.Errorf("want inverse temperatures from 0 to 1, got %s", ends(betas))
	}
	for t := range betas[1:] {
		if !(betas[t] < betas[t+1]) {
			return fmt.Errorf("want rising inverse temperatures, got %g after %g", betas[t+1], betas[t])
		}
	}
	return nil
}

func ends(betas []float64) string {
	if len(betas) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d from %g to %g", len(betas), betas[0], betas[len(betas)-1])
}

// shape describes a tensor that may be missing.
func shape(t *tensor.Dense) string {
	if t == nil {
		return "none"
	}
	return fmt.Sprintf("shape %v", t.Shape())
}

func copyFrom[T ops.Float](x []float64) func([]T) {
	return func(e []T) {
		for i := range e {
			e[i] = T(x[i])
		}
	}
}
