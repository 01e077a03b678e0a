package autodiff

import (
	"fmt"
	"hash"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The types of Gorgonia's ops are not exported: their names, as %T prints them, are
// the only way to tell them apart.

// wrongForward says why a stock op must not be run, or "".
func wrongForward(op G.Op) string {
	switch fmt.Sprintf("%T", op) {
	case "*gorgonia.dropoutOp", "*gorgonia.dropoutDiffOp":
		return "gorgonia.Dropout has a wrong gradient and cannot be seeded: use blocks.Dropout"
	case "*gorgonia.avgPoolOp", "*gorgonia.avgPoolDiffOp":
		return "gorgonia.AveragePool2D has a wrong gradient: use ops.AveragePool2D"
	case "*gorgonia.globalAveragePoolOp":
		return "gorgonia.GlobalAveragePool2D has no right gradient: use ops.GlobalAveragePool2D"
	case "gorgonia.randomOp":
		return "gorgonia's random nodes are seeded from the clock: draw with a random.Stream and the random operations of package ops"
	}
	return ""
}

// wrongDerivative says why a stock op must not be differentiated, or "".
func wrongDerivative(op G.Op) string {
	if why := wrongForward(op); why != "" {
		return why
	}
	if opaque(op) {
		return fmt.Sprintf("gorgonia's %v has no derivative", op)
	}
	if fmt.Sprintf("%T", op) != "gorgonia.elemUnaryOp" {
		return ""
	}
	switch strings.ToLower(op.String()) {
	case "invsqrt":
		return "gorgonia.InverseSqrt has a wrong gradient: use Inverse of Sqrt"
	case "log2":
		return "gorgonia.Log2 has a wrong gradient: use Log, times 1/ln 2"
	}
	return ""
}

// opaque tells whether an operation depends on its operands, but gives no derivative:
// the backward ops of stock softmax, convolution, pooling and normalisation, in a
// gradient of a gradient, and a few others such as DiagFlat.
func opaque(op G.Op) bool {
	if _, ok := op.(G.SDOp); !ok {
		return true
	}
	t := strings.ToLower(fmt.Sprintf("%T", op))
	return strings.HasSuffix(t, "diffop") || t == "gorgonia.col2imop" // the latter inherits the derivative of im2col
}

// reusesBuffer tells whether a stock op writes its result rightly into a buffer
// that it is given.
func reusesBuffer(op G.Op, shape tensor.Shape) bool {
	if shape.Dims() == 0 {
		return false
	}
	if _, ok := op.(G.UsePreallocDoer); !ok {
		return false
	}
	switch fmt.Sprintf("%T", op) {
	case "gorgonia.elemBinOp", "gorgonia.linAlgBinOp", "*gorgonia.softmaxOp", "*gorgonia.softmaxDiffOp", "*gorgonia.repeatOp",
		"gorgonia.im2colOp", "gorgonia.col2imOp", "*gorgonia.maxPoolOp", "*gorgonia.maxPoolDiffOp":
		return true
	}
	return false
}

// commutes tells whether the two operands of an op may be exchanged.
func commutes(name string) bool {
	switch name {
	case "add", "mul", "+ false", "⊙ false":
		return true
	}
	return false
}

// stateful tells whether two equal stock ops on equal operands may differ.
func stateful(op G.Op) bool {
	t := fmt.Sprintf("%T", op)
	return strings.Contains(t, "BatchNorm") || strings.Contains(t, "batchnorm")
}

// hashText records what an op writes into its hash, which is all that the exported
// interface tells of a stock op's parameters.
type hashText struct{ strings.Builder }

// Sum is the recorded text after b.
func (h *hashText) Sum(b []byte) []byte { return append(b, h.String()...) }

// Size is the length of the text.
func (h *hashText) Size() int { return h.Len() }

// BlockSize is 1: text has no blocks.
func (h *hashText) BlockSize() int { return 1 }

var _ hash.Hash = (*hashText)(nil)

// stockKey identifies the function that a stock op computes.
func stockKey(op G.Op, n *G.Node) string {
	var h hashText
	fmt.Fprintf(&h, "%T %v %v%v ", op, op, n.Dtype(), n.Shape())
	op.WriteHash(&h)
	if stateful(op) {
		fmt.Fprintf(&h, " node %d", n.ID())
	}
	return h.String()
}
