package blocks

import (
	"fmt"
	"math"
	"slices"

	"capas/autodiff/ops"
	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MSE is the mean squared error 1/(m·k) Σ_ij (y_ij − t_ij)² of outputs y (m,k)
// against targets t, for linear outputs and numeric targets (lecture 3.3). A scalar.
func MSE(y, t *G.Node) (*G.Node, error) {
	if err := matching("mse", y, t); err != nil {
		return nil, err
	}
	var c ops.Chain
	s := c.Do(ops.SumSquares(c.Do(ops.Sub(y, t))))
	return c.Do(ops.Scale(s, 1/float64(y.Shape().TotalSize()))), c.Err()
}

// BinaryCrossEntropy is the cross-entropy of independent binary outputs
// y = sigmoid(z) against targets t in [0,1], in nats per example:
//
//	−1/m Σ_ij t_ij log y_ij + (1−t_ij) log(1−y_ij) = 1/m Σ_ij softplus(z_ij) − t_ij z_ij
//
// for logits z (m,k). Computed by the right-hand side it is finite for every finite
// z. A scalar.
func BinaryCrossEntropy(z, t *G.Node) (*G.Node, error) {
	if err := matching("binary cross-entropy", z, t); err != nil {
		return nil, err
	}
	m := float64(z.Shape()[0])
	return ops.Apply(ops.Def{
		Name: "binary cross-entropy", Shape: tensor.Shape{},
		F32: func(y []float32, x [][]float32) { y[0] = float32(kernels.CrossEntropy(x[0], x[1]) / m) },
		F64: func(y []float64, x [][]float64) { y[0] = binaryCE64(x[0], x[1]) / m },
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			scale := c.Do(ops.Scale(dy, 1/m))
			dz := c.Do(ops.Mul(scale, c.Do(ops.Sub(c.Do(Sigmoid().Apply(x[0])), x[1]))))
			dt := c.Do(ops.Mul(c.Do(ops.Scale(scale, -1)), x[0]))
			return G.Nodes{dz, dt}, c.Err()
		},
	}, z, t)
}

// CategoricalCrossEntropy is the cross-entropy of class probabilities
// y = softmax(z) against targets t, in nats per example:
//
//	−1/m Σ_ij t_ij log y_ij = 1/m Σ_ij t_ij (logsumexp(z_i) − z_ij)
//
// for logits z (m,k) and targets t (m,k) whose rows sum to 1, such as one-hot rows.
// It is finite for every finite z. Targets are constants to its gradient. A scalar.
func CategoricalCrossEntropy(z, t *G.Node) (*G.Node, error) {
	if err := matching("categorical cross-entropy", z, t); err != nil {
		return nil, err
	}
	m, k := float64(z.Shape()[0]), z.Shape()[1]
	return ops.Apply(ops.Def{
		Name: "categorical cross-entropy", Shape: tensor.Shape{},
		F32: func(y []float32, x [][]float32) { y[0] = float32(kernels.CategoricalCrossEntropy(x[0], x[1], k) / m) },
		F64: func(y []float64, x [][]float64) { y[0] = categoricalCE64(x[0], x[1], k) / m },
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			dz := c.Do(ops.Mul(c.Do(ops.Scale(dy, 1/m)), c.Do(ops.Sub(c.Do(Softmax().Apply(x[0])), x[1]))))
			return G.Nodes{dz, nil}, c.Err()
		},
		Wrt: []bool{true, false},
	}, z, t)
}

// Misclassified is the number of rows of y (m,k) whose largest element stands in
// another column than the largest of the row of t: the classification errors of
// outputs or logits y against one-hot targets t. Of equal elements the first counts.
// A scalar, a count so that it is exact in float32, and constant to the gradient.
func Misclassified(y, t *G.Node) (*G.Node, error) {
	if err := matching("misclassified", y, t); err != nil {
		return nil, err
	}
	k := y.Shape()[1]
	return ops.Apply(ops.Def{Name: "misclassified", Shape: tensor.Shape{}, F32: misclassified[float32](k), F64: misclassified[float64](k)}, y, t)
}

func matching(name string, y, t *G.Node) error {
	if y == nil || t == nil {
		return fmt.Errorf("%s: an operand is missing", name)
	}
	if sy, st := y.Shape(), t.Shape(); sy.Dims() != 2 || !slices.Equal(sy, st) {
		return fmt.Errorf("%s: want outputs and targets of one shape (m,k), got %v and %v", name, sy, st)
	}
	return nil
}

func binaryCE64(z, t []float64) float64 {
	var s float64
	for i, v := range z {
		s += softplusAt(v) - t[i]*v
	}
	return s
}

// categoricalCE64 sums t·(logsumexp(z) − z) over rows of k.
func categoricalCE64(z, t []float64, k int) float64 {
	var total float64
	for i := 0; i < len(z); i += k {
		top := largest(z[i : i+k])
		var e float64
		for _, v := range z[i : i+k] {
			e += math.Exp(v - top)
		}
		lse := top + math.Log(e)
		for j, v := range t[i : i+k] {
			if v != 0 {
				total += v * (lse - z[i+j])
			}
		}
	}
	return total
}

func misclassified[T ops.Float](k int) func([]T, [][]T) {
	return func(y []T, x [][]T) {
		wrong := 0
		for i := 0; i < len(x[0]); i += k {
			if indexOfLargest(x[0][i:i+k]) != indexOfLargest(x[1][i:i+k]) {
				wrong++
			}
		}
		y[0] = T(wrong)
	}
}

func indexOfLargest[T ops.Float](x []T) int {
	at := 0
	for i, v := range x {
		if v > x[at] {
			at = i
		}
	}
	return at
}
