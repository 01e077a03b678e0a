package ops

import (
	"fmt"
	"hash"
	"hash/fnv"
	"strings"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Float is the element type of the tensors: float32 for training, float64 for
// gradient checks.
type Float interface{ ~float32 | ~float64 }

// Def defines an operation y = f(x₀, x₁, …) on tensors whose shapes are known when
// the graph is built.
type Def struct {
	// Name identifies the function with all its parameters: two operations of equal
	// Name, equal operand shapes and the same operands compute the same value, and
	// a compiled function computes it once.
	Name string
	// Shape of the result; empty for a scalar.
	Shape tensor.Shape
	// F32 and F64 compute the result into y, all of it; x[j] holds operand j in
	// row-major order, a slice of length 1 for a scalar. They must not write to x.
	F32 func(y []float32, x [][]float32)
	F64 func(y []float64, x [][]float64)
	// Diff returns the derivative of the cost with respect to every operand, given
	// dy, that with respect to the result. An entry may be nil where Wrt is false.
	// A nil Diff makes the operation a constant to the gradient.
	Diff func(x G.Nodes, y, dy *G.Node) (G.Nodes, error)
	// Wrt tells with respect to which operands Diff differentiates; nil means all.
	Wrt []bool
	// Elementwise promises that y[i] is computed from x[j][i] and from scalars
	// alone, so that y may be stored in the place of an operand.
	Elementwise bool
	// View promises that the result is operand 0 in another shape, so that no
	// element need be copied.
	View bool
	// Product says that the result is a matrix product, which can be computed in blocks;
	// F32 and F64 are then nil.
	Product *Product
	// Ranged says that ranges of the result can be computed at the same time; F32 and F64
	// are then nil.
	Ranged *Ranged
	// Draw says that the operation draws random numbers; F32 and F64 are then nil, and
	// Impure is implied.
	Draw *Draw
	// NotFinite, if not nil, is called when a run on another engine than Capas's kernels gave a
	// result with elements that are NaN or infinite: where a kernel tells of that itself.
	NotFinite func()
	// Impure marks an operation with a state, such as a draw of random numbers: two
	// of them are never merged.
	Impure bool
}

// Op is a [Def] applied to operands of certain shapes. It implements gorgonia.SDOp.
type Op struct {
	Def
	in    []tensor.Shape
	dtype tensor.Dtype
}

var _ G.SDOp = (*Op)(nil)

// Apply adds the operation to the graph of its operands and returns the node of
// its result.
func Apply(d Def, x ...*G.Node) (*G.Node, error) {
	if len(x) == 0 {
		return nil, fmt.Errorf("%s: no operands", d.Name)
	}
	if d.Product != nil {
		d.F32, d.F64 = whole[float32](d.Product), whole[float64](d.Product)
	}
	if r := d.Ranged; r != nil {
		d.F32 = func(y []float32, x [][]float32) { r.F32(y, x, 0, len(y)) }
		d.F64 = func(y []float64, x [][]float64) { r.F64(y, x, 0, len(y)) }
	}
	if d.Draw != nil {
		d.F32, d.F64, d.Impure = d.Draw.all32, d.Draw.all64, true
	}
	op := &Op{Def: d}
	for i, n := range x {
		if n == nil {
			return nil, fmt.Errorf("%s: operand %d is missing", d.Name, i)
		}
		if n.Graph() != x[0].Graph() {
			return nil, fmt.Errorf("%s: operand %d is of another graph than operand 0", d.Name, i)
		}
		dt := n.Dtype()
		if dt != tensor.Float32 && dt != tensor.Float64 {
			return nil, fmt.Errorf("%s: operand %d has elements of %v, want float32 or float64", d.Name, i, dt)
		}
		if dt != x[0].Dtype() {
			return nil, fmt.Errorf("%s: operand %d has elements of %v, operand 0 of %v", d.Name, i, dt, x[0].Dtype())
		}
		op.in = append(op.in, n.Shape())
	}
	op.dtype = x[0].Dtype()
	n, err := apply(op, x)
	if err != nil {
		return nil, fmt.Errorf("%s of %v: %w", d.Name, op.in, err)
	}
	return n, nil
}

// apply turns Gorgonia's panics into errors: the type of some stock nodes, such as
// DiagFlat's, contradicts their shape.
func apply(op *Op, x G.Nodes) (n *G.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return G.ApplyOp(op, x...)
}

// Key identifies the function that the operation computes; see Def.Name.
func (o *Op) Key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%v%v", o.Name, o.dtype, o.in)
	if o.Impure {
		fmt.Fprintf(&b, "%p", o)
	}
	return b.String()
}

// Arity is the number of operands.
func (o *Op) Arity() int { return len(o.in) }

// Type is the type of the operation in Gorgonia's type system.
func (o *Op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, s := range append(o.in[:len(o.in):len(o.in)], o.Shape) {
		types = append(types, typeOf(s))
	}
	return hm.NewFnType(types...)
}

func typeOf(s tensor.Shape) hm.Type {
	a := hm.TypeVariable('a')
	if s.Dims() == 0 {
		return a
	}
	return G.TensorType{Dims: s.Dims(), Of: a}
}

// InferShape returns the shape of the result; the operands must have the shapes
// with which the operation was built.
func (o *Op) InferShape(ds ...G.DimSizer) (tensor.Shape, error) {
	if len(ds) != len(o.in) {
		return nil, fmt.Errorf("%s: want %d operands, got %d", o.Name, len(o.in), len(ds))
	}
	for i, d := range ds {
		if s, ok := d.(tensor.Shape); !ok || !s.Eq(o.in[i]) {
			return nil, fmt.Errorf("%s: want operand %d of shape %v, got %v", o.Name, i, o.in[i], d)
		}
	}
	return o.Def.Shape.Clone(), nil
}

// Do computes the result into a new tensor; see Run for one that allocates nothing.
func (o *Op) Do(in ...G.Value) (G.Value, error) {
	out := NewValue(o.dtype, o.Def.Shape)
	return out, o.Run(out, in, new(Scratch))
}

// DiffWRT tells with respect to which of n operands the result is differentiable.
func (o *Op) DiffWRT(n int) []bool {
	wrt := make([]bool, n)
	for i := range wrt {
		wrt[i] = o.Diff != nil && (o.Wrt == nil || i < len(o.Wrt) && o.Wrt[i])
	}
	return wrt
}

// SymDiff returns the derivative with respect to every operand.
func (o *Op) SymDiff(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	if o.Diff == nil {
		return nil, fmt.Errorf("%s: has no derivative", o.Name)
	}
	dx, err := o.Diff(x, y, dy)
	if err != nil {
		return nil, fmt.Errorf("derivative of %s: %w", o.Name, err)
	}
	return dx, nil
}

// ReturnsPtr is true: the result is a tensor of its own.
func (o *Op) ReturnsPtr() bool { return true }

// CallsExtern is false: a true would make the TapeMachine allocate the result.
func (o *Op) CallsExtern() bool { return false }

// OverwritesInput is −1: on Gorgonia's own machines no operand is overwritten.
func (o *Op) OverwritesInput() int { return -1 }

// WriteHash writes a hash that no other instance has, since Gorgonia merges nodes
// by a 32-bit hash without comparing their operands. Equal expressions are merged
// by autodiff.Compile, which does compare them.
func (o *Op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s %p", o.Name, o) }

// Hashcode is the FNV-1a hash of WriteHash.
func (o *Op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String is the name with its parameters.
func (o *Op) String() string { return o.Name }
