package models

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// GANLoss is what a GAN's players are trained by. In recipes and flags it is its name, as String
// returns it. With l the discriminator's logits, D = sigmoid(l), x examples, x̃ what is generated,
// and means over the batch:
//
//	                  discriminator                      generator
//	minimax           −mean log D(x) − mean log(1−D(x̃))  mean log(1−D(x̃))
//	non-saturating    the same                           −mean log D(x̃)
//	feature-matching  the same                           ‖mean f(x) − mean f(x̃)‖²
//	wasserstein       mean l(x̃) − mean l(x)              −mean l(x̃)
//
// f is the discriminator's last hidden layer (Salimans et al. 2016). By the minimax loss the
// gradient of an example that the discriminator is sure was generated vanishes: it has the factor
// D(x̃), where the one without saturation has 1−D(x̃) (Goodfellow et al. 2014). The Wasserstein loss
// needs a discriminator with bounded slopes (Arjovsky et al. 2017): see GradientPenalty.Lipschitz.
type GANLoss struct{ kind string }

// Minimax is the loss of the zero-sum game, which saturates.
func Minimax() GANLoss { return GANLoss{"minimax"} }

// NonSaturating is the loss that is used in practice, the zero value.
func NonSaturating() GANLoss { return GANLoss{} }

// FeatureMatching trains the generator to match the mean of the discriminator's features.
func FeatureMatching() GANLoss { return GANLoss{"feature-matching"} }

// Wasserstein is the loss of a critic.
func Wasserstein() GANLoss { return GANLoss{"wasserstein"} }

// GANLosses lists the names of all.
func GANLosses() []string {
	return []string{"minimax", "non-saturating", "feature-matching", "wasserstein"}
}

// ParseGANLoss returns the loss of the given name.
func ParseGANLoss(s string) (GANLoss, error) {
	switch {
	case s == NonSaturating().String():
		return NonSaturating(), nil
	case slices.Contains(GANLosses(), s):
		return GANLoss{s}, nil
	}
	return GANLoss{}, fmt.Errorf("gan loss %q is unknown, want one of %s", s, strings.Join(GANLosses(), ", "))
}

// String is the name.
func (l GANLoss) String() string {
	if l.kind == "" {
		return "non-saturating"
	}
	return l.kind
}

// MarshalText is String.
func (l GANLoss) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is ParseGANLoss.
func (l *GANLoss) UnmarshalText(text []byte) (err error) {
	*l, err = ParseGANLoss(string(text))
	return err
}

// surprise is −mean log sigmoid(sign·l), computed as mean softplus(−sign·l), finite for every l.
func surprise(c *ops.Chain, l *G.Node, sign float64) *G.Node {
	return c.Do(ops.Mean(c.Do(blocks.Softplus().Apply(c.Do(ops.Scale(l, -sign))))))
}

// discriminator is the loss of the logits of examples and of what was generated.
func (l GANLoss) discriminator(real, fake *G.Node) (*G.Node, error) {
	var c ops.Chain
	if l == Wasserstein() {
		return c.Do(ops.Sub(c.Do(ops.Mean(fake)), c.Do(ops.Mean(real)))), c.Err()
	}
	return c.Do(ops.Add(surprise(&c, real, 1), surprise(&c, fake, -1))), c.Err()
}

// generator is the loss by the discriminator's layers for examples and for what was generated.
func (l GANLoss) generator(real, fake G.Nodes) (*G.Node, error) {
	var c ops.Chain
	logits := last(fake)
	switch l {
	case Minimax():
		return c.Do(ops.Scale(surprise(&c, logits, -1), -1)), c.Err()
	case FeatureMatching():
		if len(fake) < 2 {
			return nil, fmt.Errorf("feature matching: want a discriminator with a hidden layer")
		}
		mean := func(layers G.Nodes) *G.Node {
			f := layers[len(layers)-2]
			if f.Shape().Dims() == 4 {
				f = c.Do(asRows(f))
			}
			return c.Do(ops.Scale(c.Do(ops.ColSum(f)), 1/float64(f.Shape()[0])))
		}
		return c.Do(ops.SumSquares(c.Do(ops.Sub(mean(real), mean(fake))))), c.Err()
	case Wasserstein():
		return c.Do(ops.Scale(c.Do(ops.Mean(logits)), -1)), c.Err()
	}
	return surprise(&c, logits, 1), c.Err()
}

// GradientPenalty is what the discriminator's gradient with respect to its input costs it: a sum of
// terms, of which those with factor 0 are left out. The gradient of that with respect to the
// parameters is the gradient of a gradient. The zero value is none.
type GradientPenalty struct {
	// R1 is γ of γ/2 · mean ‖∂l/∂x‖² at the examples, with which the game converges where it may
	// circle without (Mescheder et al. 2018).
	R1 float64 `json:"r1,omitempty"`
	// Lipschitz is λ of λ · mean (‖∂l/∂x̂‖ − 1)² at points x̂ = εx + (1−ε)x̃ between an example and
	// a generated one, ε uniform: it bounds a critic's slopes (Gulrajani et al. 2017, with λ = 10).
	Lipschitz float64 `json:"lipschitz,omitempty"`
}

// Check reports a penalty that makes no sense.
func (p GradientPenalty) Check() error {
	for _, v := range []float64{p.R1, p.Lipschitz} {
		if !(v >= 0) || math.IsInf(v, 1) {
			return fmt.Errorf("gradient penalty: want factors of at least 0 and finite, got %g and %g", p.R1, p.Lipschitz)
		}
	}
	return nil
}
