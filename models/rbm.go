package models

import (
	"fmt"
	"math"
	"strings"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// RBM is the restricted Boltzmann machine with n visible units v and k hidden units h and
// the energy
//
//	E(v,h) = −v·c − h·b − v·W·h,
//
// under which p(v) = Σ_h e^−E(v,h) / Z (Smolensky 1986; Hinton 2002, "Training products
// of experts by minimizing contrastive divergence"; lecture 2.3 and 3.2). It is defined
// by its free energy; the conditionals are
//
//	p(h=1|v) = sigmoid(v·W + b),  p(v=1|h) = sigmoid(h·Wᵀ + c)
//
// of Bernoulli units, and of others those of Units. Where units are Gaussian, the squares
// of their distances from the biases stand in the energy instead of the products:
//
//	Σ_i (v_i − c_i)²/2σ_i² for −v·c,  p(v_i|h) = N(c_i + σ_i²(h·Wᵀ)_i, σ_i),
//	Σ_j (h_j − b_j)²/2     for −h·b,  p(h_j|v) = N((v·W + b)_j, 1)
//
// with standard deviations as second arguments. The weights are those with which v·W is
// the input of the hidden units; Cho, Ilin & Raiko 2011 write W_ij = W'_ij/σ_i² and
// Krizhevsky 2009 W'_ij/σ_i. With Gaussian units on both sides, p exists only where no
// singular value of σW reaches 1.
//
// W is (n,k), b (k), c (n).
type RBM struct {
	W, B, C *blocks.Param
	// VisibleUnits are Bernoulli, Gaussian or softmax units; HiddenUnits may be rectified
	// too, and softmax ones are a single group. By default Bernoulli.
	VisibleUnits, HiddenUnits Units
	// Z (n) are the logarithms z_i = log σ_i² of the variances of Gaussian visible units
	// (Cho et al. 2011), nil for variances of 1; see SetVariance.
	Z *blocks.Param
	// FixedVariance keeps Z as it is: it is not among the parameters. Files do not keep it.
	FixedVariance bool
}

// NewRBM returns a machine with weights drawn by init, usually N(0, 0.01), and biases
// 0 (Hinton 2010, "A practical guide to training restricted Boltzmann machines", §8).
// Its parameters are called name.W, name.b and name.c.
func NewRBM(name string, n, k int, init blocks.Initializer, s *random.Stream) (*RBM, error) {
	W, err := init.Weights(name+".W", n, k, s)
	if err != nil {
		return nil, fmt.Errorf("rbm: %w", err)
	}
	return &RBM{W: W, B: blocks.NewParam(name+".b", k), C: blocks.NewParam(name+".c", n)}, nil
}

// SetVariance makes the visible units Gaussian of the given variance, which is learned
// unless FixedVariance is set. The parameter is called after W: name.z of name.W.
func (r *RBM) SetVariance(v float64) error {
	if !(v > 0) || math.IsInf(v, 1) {
		return fmt.Errorf("rbm: want a positive variance, got %g", v)
	}
	r.VisibleUnits, r.Z = GaussianUnits(), &blocks.Param{Name: strings.TrimSuffix(r.W.Name, ".W") + ".z", Value: r.zeros(r.Visible())}
	set(r.Z, math.Log(v))
	return nil
}

// learnsVariance says whether z is a parameter.
func (r *RBM) learnsVariance() bool { return r.Z != nil && !r.FixedVariance }

// Params returns W, b, c and z, if there are variances to be learned.
func (r *RBM) Params() []*blocks.Param {
	ps := []*blocks.Param{r.W, r.B, r.C}
	if r.learnsVariance() {
		ps = append(ps, r.Z)
	}
	return ps
}

// checkUnits reports types that the machine's units cannot have.
func (r *RBM) checkUnits() error {
	if r.Z != nil && (r.Z.Value == nil || !r.Z.Value.Shape().Eq(tensor.Shape{r.Visible()})) {
		return fmt.Errorf("rbm: want %d log-variances, one a visible unit", r.Visible())
	}
	if err := checkUnits(r.VisibleUnits, r.HiddenUnits, r.Visible(), r.Hidden(), r.Z != nil); err != nil {
		return fmt.Errorf("rbm: %w", err)
	}
	return nil
}

// checkUnits is that of a machine of n visible and k hidden units.
func checkUnits(visible, hidden Units, n, k int, variances bool) error {
	switch {
	case visible.kind == rectified:
		return fmt.Errorf("want visible units that are bernoulli, gaussian or softmax, got %s", visible)
	case visible.kind == oneOf && (visible.group < 1 || n%visible.group != 0):
		return fmt.Errorf("want visible units in groups of %d, got %d units", visible.group, n)
	case hidden.kind == oneOf && hidden.group != k:
		return fmt.Errorf("want one group of all %d hidden softmax units, got groups of %d", k, hidden.group)
	case variances && visible.kind != gaussian:
		return fmt.Errorf("want gaussian visible units with variances, got %s", visible)
	}
	return nil
}

// checkBernoulli reports units of other types, for what is made for binary ones alone.
func (r *RBM) checkBernoulli() error {
	if r.VisibleUnits != BernoulliUnits() || r.HiddenUnits != BernoulliUnits() {
		return fmt.Errorf("want bernoulli units, got %s visible and %s hidden ones", r.VisibleUnits, r.HiddenUnits)
	}
	return nil
}

// Visible is n, the number of visible units.
func (r *RBM) Visible() int { return inputs(r.W) }

// Hidden is k, the number of hidden units.
func (r *RBM) Hidden() int { return outputs(r.W) }

// Encoder is the up-pass as a layer of a network, with the machine's tensors: the means of
// the hidden units or, of rectified ones, max(0, v·W + b).
func (r *RBM) Encoder() *blocks.Dense {
	return &blocks.Dense{W: r.W, B: r.B, F: r.HiddenUnits.Activation()}
}

// FreeEnergy is F(v) = −log Σ_h e^−E(v,h), for Bernoulli units
// −v·c − Σ_j softplus(b_j + (v·W)_j), a vector (m) for v (m,n). Rectified hidden units
// have none in closed form, which is an error.
func (r *RBM) FreeEnergy(v *G.Node) (*G.Node, error) {
	if r.HiddenUnits.kind == rectified {
		return nil, fmt.Errorf("free energy: rectified hidden units have none in closed form")
	}
	return r.freeEnergy(v, side.logSum)
}

// statistics is the free energy or, with rectified hidden units, an expression of the same
// use in training: its gradient by W is −v·h̄ with the mean h̄ of the units, and by b −h̄.
func (r *RBM) statistics(v *G.Node) (*G.Node, error) { return r.freeEnergy(v, side.statistics) }

func (r *RBM) freeEnergy(v *G.Node, hidden func(side, *ops.Chain, *G.Node) *G.Node) (*G.Node, error) {
	if err := r.checkUnits(); err != nil {
		return nil, err
	}
	var c ops.Chain
	h := hidden(r.hidden(), &c, c.Do(blocks.Up(v, r.W, r.B)))
	return c.Do(ops.Sub(r.visible().energy(&c, v), h)), c.Err()
}

// FreeEnergyHidden is F(h) = −log Σ_v e^−E(v,h), an integral over Gaussian v, for Bernoulli
// units −h·b − Σ_i softplus(c_i + (h·Wᵀ)_i), a vector (m) for h (m,k).
func (r *RBM) FreeEnergyHidden(h *G.Node) (*G.Node, error) {
	if err := r.checkUnits(); err != nil {
		return nil, err
	}
	var c ops.Chain
	v := r.visible().logSum(&c, c.Do(blocks.Down(h, r.W, r.C)))
	return c.Do(ops.Sub(r.hidden().energy(&c, h), v)), c.Err()
}

// Up is the mean of the hidden units given v (m,n), of Bernoulli and softmax units the
// probability p(h=1|v), (m,k).
func (r *RBM) Up(v *G.Node) (*G.Node, error) {
	mean, _, err := r.up(v, nil)
	return mean, err
}

// Down is the mean of the visible units given h (m,k), of Bernoulli and softmax units the
// probability p(v=1|h), (m,n).
func (r *RBM) Down(h *G.Node) (*G.Node, error) {
	mean, _, err := r.down(h, nil)
	return mean, err
}

// SampleHidden draws h ~ p(h|v) from s, and returns the mean too. The states are constants
// to the gradient, the mean is not.
func (r *RBM) SampleHidden(v *G.Node, s *random.Stream) (states, mean *G.Node, err error) {
	if s == nil {
		return nil, nil, fmt.Errorf("sample of hidden units: no stream of random numbers")
	}
	mean, states, err = r.up(v, s)
	return states, mean, err
}

// SampleVisible draws v ~ p(v|h) from s, and returns the mean too; see SampleHidden.
func (r *RBM) SampleVisible(h *G.Node, s *random.Stream) (states, mean *G.Node, err error) {
	if s == nil {
		return nil, nil, fmt.Errorf("sample of visible units: no stream of random numbers")
	}
	mean, states, err = r.down(h, s)
	return states, mean, err
}

func (r *RBM) up(v *G.Node, s *random.Stream) (mean, states *G.Node, err error) {
	var c ops.Chain
	return r.half(r.hidden(), c.Do(blocks.Up(v, r.W, r.B)), c.Err(), s)
}

func (r *RBM) down(h *G.Node, s *random.Stream) (mean, states *G.Node, err error) {
	var c ops.Chain
	return r.half(r.visible(), c.Do(blocks.Down(h, r.W, r.C)), c.Err(), s)
}

// half is the mean of a side from its pre-activations and, with a stream, its states.
func (r *RBM) half(x side, a *G.Node, err error, s *random.Stream) (mean, states *G.Node, _ error) {
	if err == nil {
		err = r.checkUnits()
	}
	if err != nil {
		return nil, nil, err
	}
	var c ops.Chain
	mean = x.mean(&c, a)
	if s != nil {
		states = x.sample(&c, a, mean, s)
	}
	return mean, states, c.Err()
}

// Gibbs runs a chain of block Gibbs sampling for the given number of steps from v
// (m,n): h ~ p(h|v), v ~ p(v|h). It returns the last visible states and their means, of
// Bernoulli units the probabilities, and draws from s. The samples are constants to the
// gradient; the means are not.
func (r *RBM) Gibbs(v *G.Node, steps int, s *random.Stream) (states, means *G.Node, err error) {
	if steps < 1 {
		return nil, nil, fmt.Errorf("gibbs: want at least one step, got %d", steps)
	}
	for range steps {
		h, _, err := r.SampleHidden(v, s)
		if err != nil {
			return nil, nil, err
		}
		if v, means, err = r.SampleVisible(h, s); err != nil {
			return nil, nil, err
		}
	}
	return v, means, nil
}

// Machine states are bound to leaves of these names.
const (
	visibleName = "v"
	hiddenName  = "h"
)

// leaf adds the input of a graph of this machine.
func (r *RBM) leaf(name string, m, n int) *G.Node {
	return blocks.NewInput(G.NewGraph(), dtype(r.Params()), name, m, n)
}

// zeros returns a tensor of the machine's dtype.
func (r *RBM) zeros(shape ...int) *tensor.Dense {
	return tensor.New(tensor.Of(dtype(r.Params())), tensor.WithShape(shape...))
}
