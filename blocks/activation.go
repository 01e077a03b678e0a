package blocks

import (
	"fmt"
	"slices"
	"strings"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Activation is the function f that a layer applies to its pre-activations z,
// element by element (softmax: row by row). The zero value is linear. In recipes and
// flags it is its name, as String returns it.
type Activation struct {
	kind  string
	alpha float64 // leaky ReLU
}

// Linear is f(z) = z, for numeric outputs.
func Linear() Activation { return Activation{} }

// Sigmoid is f(z) = 1/(1+e^−z); f' = f(1−f) ≤ 0.25, for which deep sigmoid networks
// lose their gradient (lecture 3.1).
func Sigmoid() Activation { return Activation{kind: "sigmoid"} }

// Tanh is f(z) = tanh z; f' = 1−f².
func Tanh() Activation { return Activation{kind: "tanh"} }

// LeCunTanh is f(z) = 1.7159·tanh(2z/3), scaled so that f(±1) ≈ ±1 (LeCun et al.
// 1998, "Efficient BackProp"; lecture 3.3).
func LeCunTanh() Activation { return Activation{kind: "lecun-tanh"} }

// ReLU is f(z) = max(0, z); f' = 0 at z = 0.
func ReLU() Activation { return Activation{kind: "relu"} }

// LeakyReLU is f(z) = z for z > 0, otherwise αz. The usual α is 0.01 (Maas et al.
// 2013).
func LeakyReLU(alpha float64) Activation { return Activation{kind: "leaky-relu", alpha: alpha} }

// Softplus is f(z) = log(1+e^z), a smooth ReLU and the free energy of a hidden unit.
func Softplus() Activation { return Activation{kind: "softplus"} }

// Softsign is f(z) = z/(1+|z|) (Glorot & Bengio 2010).
func Softsign() Activation { return Activation{kind: "softsign"} }

// Softmax is f(z)_j = e^z_j / Σ_k e^z_k over each row of z: outputs that sum to 1 and
// read as a distribution over classes.
func Softmax() Activation { return Activation{kind: "softmax"} }

// Activations lists the names of all activations.
func Activations() []string {
	return []string{"linear", "sigmoid", "tanh", "lecun-tanh", "relu", "leaky-relu(0.01)", "softplus", "softsign", "softmax"}
}

// ParseActivation returns the activation of the given name; leaky-relu takes its α
// in parentheses, 0.01 if there is none.
func ParseActivation(s string) (Activation, error) {
	name, hasArg, arg, err := parseCall(s)
	if err != nil {
		return Activation{}, fmt.Errorf("activation %w", err)
	}
	switch {
	case name == "leaky-relu" && !hasArg:
		return LeakyReLU(0.01), nil
	case name == "leaky-relu" && arg < 0:
		return Activation{}, fmt.Errorf("activation %q: want α of at least 0", s)
	case name == "leaky-relu":
		return LeakyReLU(arg), nil
	case name == "linear" && !hasArg:
		return Linear(), nil
	case !hasArg && slices.Contains(Activations(), name):
		return Activation{kind: name}, nil
	}
	return Activation{}, fmt.Errorf("activation %q is unknown, want one of %s", s, strings.Join(Activations(), ", "))
}

// String is the name, such as "sigmoid" or "leaky-relu(0.01)".
func (a Activation) String() string {
	if a.kind == "" {
		return "linear"
	}
	return formatCall(a.kind, a.kind == "leaky-relu", a.alpha)
}

// MarshalText is String.
func (a Activation) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseActivation.
func (a *Activation) UnmarshalText(text []byte) (err error) {
	*a, err = ParseActivation(string(text))
	return err
}

// Apply is f(z), of the shape of z.
func (a Activation) Apply(z *G.Node) (*G.Node, error) {
	switch a.kind {
	case "":
		if z == nil {
			return nil, fmt.Errorf("linear: the operand is missing")
		}
		return z, nil
	case "softmax":
		return softmax(z)
	case "softplus":
		return softplus(z)
	}
	if !(a.alpha >= 0) {
		return nil, fmt.Errorf("%s: want α of at least 0", a)
	}
	if k, ok := kernelsOf(a); ok {
		return activate(z, a, k)
	}
	return nil, fmt.Errorf("activation %q is unknown", a.kind)
}

// kernelSet computes an activation whose derivative is a function g of its value:
// y = f(z), dz = dy ⊙ g(y).
type kernelSet struct {
	f32, back32 func(y []float32, x [][]float32)
	f64, back64 func(y []float64, x [][]float64)
	// second builds g'(y), for the gradient of the gradient; nil where it is 0.
	second func(y *G.Node) (*G.Node, error)
}

// activate builds y = f(z).
func activate(z *G.Node, a Activation, k kernelSet) (*G.Node, error) {
	if z == nil {
		return nil, fmt.Errorf("%s: the operand is missing", a)
	}
	return ops.Apply(ops.Def{
		Name: a.String(), Shape: z.Shape(), F32: k.f32, F64: k.f64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dz, err := back(y, dy, a, k)
			return G.Nodes{dz}, err
		},
	}, z)
}

// back builds dz = dy ⊙ g(y) in one pass.
func back(y, dy *G.Node, a Activation, k kernelSet) (*G.Node, error) {
	d := ops.Def{
		Name: "back " + a.String(), Shape: y.Shape(), F32: k.back32, F64: k.back64, Elementwise: true,
		Wrt: []bool{k.second != nil, true},
	}
	d.Diff = func(x G.Nodes, dz, ddz *G.Node) (G.Nodes, error) {
		var c ops.Chain
		byDy := c.Do(back(x[0], ddz, a, k))
		if k.second == nil {
			return G.Nodes{nil, byDy}, c.Err()
		}
		byY := c.Do(ops.Mul(c.Do(ops.Mul(ddz, x[1])), c.Do(k.second(x[0]))))
		return G.Nodes{byY, byDy}, c.Err()
	}
	return ops.Apply(d, y, dy)
}

// softplus differentiates to the sigmoid of its operand.
func softplus(z *G.Node) (*G.Node, error) {
	if z == nil {
		return nil, fmt.Errorf("softplus: the operand is missing")
	}
	return ops.Apply(ops.Def{
		Name: "softplus", Shape: z.Shape(), F32: softplus32, F64: softplus64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			return G.Nodes{c.Do(ops.Mul(dy, c.Do(Sigmoid().Apply(x[0]))))}, c.Err()
		},
	}, z)
}

// softmax differentiates to dz = y ⊙ (dy − rowsum(dy ⊙ y)).
func softmax(z *G.Node) (*G.Node, error) {
	n, err := columns("softmax", z)
	if err != nil {
		return nil, err
	}
	return ops.Apply(ops.Def{
		Name: "softmax", Shape: z.Shape(), Ranged: &ops.Ranged{Grain: n, F32: softmaxRows32(n), F64: softmaxRows64(n)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			s := c.Do(ops.RowSum(c.Do(ops.Mul(dy, y))))
			return G.Nodes{c.Do(ops.Mul(y, c.Do(ops.Sub(dy, c.Do(ops.RepeatCols(s, n))))))}, c.Err()
		},
	}, z)
}

func columns(name string, z *G.Node) (int, error) {
	if z == nil {
		return 0, fmt.Errorf("%s: the operand is missing", name)
	}
	s := z.Shape()
	if s.Dims() != 2 {
		return 0, fmt.Errorf("%s: want a matrix with an example a row, got shape %v", name, s)
	}
	return s[1], nil
}
