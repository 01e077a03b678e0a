package models

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Interaction is how the energy of a dense Hopfield network depends on the overlaps of the
// state with the patterns; see DenseHopfield. The zero value is polynomial(2). In recipes and
// files it is its name, as String returns it.
type Interaction struct {
	kind string
	more int     // degree of a polynomial beyond 2
	beta float64 // of the others
}

// The kinds in names; polynomial is the empty one.
const (
	polynomial  = "polynomial"
	exponential = "exponential"
)

// maxDegree bounds the graph of a polynomial, which has a term a degree.
const maxDegree = 50

// PolynomialInteraction raises overlaps to the power p, 2 to 50 (Krotov & Hopfield 2016).
func PolynomialInteraction(p int) Interaction { return Interaction{more: p - 2} }

// ExponentialInteraction is e^(β o), for units −1 or 1 (Demircigil et al. 2017, with β = 1).
func ExponentialInteraction(beta float64) Interaction {
	return Interaction{kind: exponential, beta: beta}
}

// SoftmaxInteraction is e^(β o) for real units (Ramsauer et al. 2021); β = 1/√n is that of
// transformers.
func SoftmaxInteraction(beta float64) Interaction { return Interaction{kind: oneOf, beta: beta} }

// ParseInteraction returns the interaction of the given name: polynomial(3), exponential(1)
// or softmax(0.5).
func ParseInteraction(s string) (Interaction, error) {
	name, arg, ok := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "(")
	if arg, closed := strings.CutSuffix(arg, ")"); ok && closed {
		f := Interaction{kind: name}
		var err error
		if name == polynomial {
			f.kind = ""
			f.more, err = strconv.Atoi(arg)
			f.more -= 2
		} else {
			f.beta, err = strconv.ParseFloat(arg, 64)
		}
		if err == nil && f.check() == nil {
			return f, nil
		}
	}
	return Interaction{}, fmt.Errorf("interaction %.40q is unknown, want polynomial(p) with p from 2 to %d, exponential(β) or softmax(β) with β > 0", s, maxDegree)
}

// String is the name.
func (f Interaction) String() string {
	if f.kind == "" {
		return fmt.Sprintf("%s(%d)", polynomial, f.more+2)
	}
	return fmt.Sprintf("%s(%s)", f.kind, strconv.FormatFloat(f.beta, 'g', -1, 64))
}

// MarshalText is String.
func (f Interaction) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText is ParseInteraction.
func (f *Interaction) UnmarshalText(text []byte) (err error) {
	*f, err = ParseInteraction(string(text))
	return err
}

// check reports degrees and β that make no sense.
func (f Interaction) check() error {
	switch f.kind {
	case "":
		if f.more < 0 || f.more > maxDegree-2 {
			return fmt.Errorf("want a polynomial of degree 2 to %d, got %d", maxDegree, f.more+2)
		}
	case exponential, oneOf:
		if !(f.beta > 0) || math.IsInf(f.beta, 1) {
			return fmt.Errorf("want a positive β, got %g", f.beta)
		}
	default:
		return fmt.Errorf("interaction %.40q is unknown", f.kind)
	}
	return nil
}

// degree is that of a polynomial, 0 of the others.
func (f Interaction) degree() int {
	if f.kind == "" {
		return f.more + 2
	}
	return 0
}

// real tells whether units are real numbers.
func (f Interaction) real() bool { return f.kind == oneOf }

// power is x^p, element by element, p ≥ 1.
func power(x *G.Node, p int) (*G.Node, error) {
	if p == 1 {
		return x, nil
	}
	raise := func(v float64) float64 {
		y := v
		for range p - 1 {
			y *= v
		}
		return y
	}
	return ops.Apply(ops.Def{
		Name: fmt.Sprintf("power(%d)", p), Shape: x.Shape(), Elementwise: true,
		F32: ops.EachElement[float32](raise), F64: ops.EachElement[float64](raise),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			return G.Nodes{c.Do(ops.Mul(dy, c.Do(ops.Scale(c.Do(power(x[0], p-1)), float64(p)))))}, c.Err()
		},
	}, x)
}
