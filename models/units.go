package models

import (
	"fmt"
	"strconv"
	"strings"

	"capas/blocks"
)

// Units is the type of a machine's visible or hidden units. The zero value is Bernoulli.
// In recipes and files it is its name, as String returns it.
type Units struct {
	kind  string
	group int // of softmax units
}

// The kinds in names; Bernoulli is the empty one.
const (
	bernoulli = "bernoulli"
	gaussian  = "gaussian"
	rectified = "rectified"
	oneOf     = "softmax"
)

// BernoulliUnits are 0 or 1.
func BernoulliUnits() Units { return Units{} }

// GaussianUnits are real numbers. Visible ones may have a variance each (see RBM.Z), which
// is 1 by default, that of data scaled to it; hidden ones have variance 1 and are the
// linear code layer of Hinton & Salakhutdinov 2006.
func GaussianUnits() Units { return Units{kind: gaussian} }

// RectifiedUnits are numbers of at least 0, for hidden units: each stands for many
// Bernoulli units of the same weights and biases that fall by 1, and is sampled as
// max(0, x + N(0, √sigmoid(x))), where the second argument is the standard deviation
// (Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines").
func RectifiedUnits() Units { return Units{kind: rectified} }

// SoftmaxUnits come in groups of n, of which one is 1 and the others 0. The number of
// units must be a multiple of n.
func SoftmaxUnits(n int) Units { return Units{oneOf, n} }

// ParseUnits returns the units of the given name: bernoulli, gaussian, rectified or, with
// the size of the groups, softmax(10).
func ParseUnits(s string) (Units, error) {
	switch name, arg, ok := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "("); {
	case !ok && name == bernoulli:
		return Units{}, nil
	case !ok && (name == gaussian || name == rectified):
		return Units{kind: name}, nil
	case ok && name == oneOf:
		if n, err := strconv.Atoi(strings.TrimSuffix(arg, ")")); err == nil && n > 0 && strings.HasSuffix(arg, ")") {
			return SoftmaxUnits(n), nil
		}
	}
	return Units{}, fmt.Errorf("units %.40q are unknown, want bernoulli, gaussian, rectified or, with the size of the groups, softmax(10)", s)
}

// String is the name.
func (u Units) String() string {
	switch u.kind {
	case "":
		return bernoulli
	case oneOf:
		return fmt.Sprintf("%s(%d)", oneOf, u.group)
	}
	return u.kind
}

// MarshalText is String.
func (u Units) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText is ParseUnits.
func (u *Units) UnmarshalText(text []byte) (err error) {
	*u, err = ParseUnits(string(text))
	return err
}

// Activation computes the code of hidden units from their pre-activations: their mean, but
// for rectified ones, whose noise it leaves out.
func (u Units) Activation() blocks.Activation {
	switch u.kind {
	case gaussian:
		return blocks.Linear()
	case rectified:
		return blocks.ReLU()
	case oneOf:
		return blocks.Softmax()
	}
	return blocks.Sigmoid()
}
