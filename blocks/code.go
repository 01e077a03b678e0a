package blocks

import (
	"fmt"
	"math"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// squeeze keeps mean activations off 0 and 1, where the divergence is infinite.
const squeeze = 1e-6

// SparseKL is the penalty Σ_j KL(target‖ρ̂_j) on the mean activations ρ̂ of a code h
// (m,k) of values in [0,1] over the batch (Lee et al. 2008, Ng 2011):
//
//	KL(ρ‖ρ̂) = ρ log ρ/ρ̂ + (1−ρ) log (1−ρ)/(1−ρ̂)
//
// It is least where every unit is active, in the mean over the examples, as often as
// target says, a number in (0,1), such as 0.05. So that it is finite for units that are
// never or always active, ρ̂ stands for 10⁻⁶ + (1 − 2·10⁻⁶)·ρ̂. A scalar.
func SparseKL(h *G.Node, target float64) (*G.Node, error) {
	if !(target > 0 && target < 1) {
		return nil, fmt.Errorf("sparse KL: want a target activation in (0,1), got %g", target)
	}
	if _, err := columns("sparse KL", h); err != nil {
		return nil, err
	}
	var c ops.Chain
	mean := c.Do(ops.Scale(c.Do(ops.ColSum(h)), 1/float64(h.Shape()[0])))
	return c.Do(divergence(c.Do(ops.Linear(mean, 1-2*squeeze, squeeze)), target)), c.Err()
}

// divergence is Σ_j KL(p‖q_j); its derivative is (1−p)/(1−q_j) − p/q_j.
func divergence(q *G.Node, p float64) (*G.Node, error) {
	kl := func(q float64) float64 { return p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q)) }
	return ops.Apply(ops.Def{
		Name: fmt.Sprintf("divergence from %g", p), Shape: tensor.Shape{},
		F32: func(y []float32, x [][]float32) { y[0] = float32(total(x[0], kl)) },
		F64: func(y []float64, x [][]float64) { y[0] = total(x[0], kl) },
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			off := c.Do(ops.Scale(c.Do(ops.Reciprocal(c.Do(ops.Linear(x[0], -1, 1)))), 1-p))
			on := c.Do(ops.Scale(c.Do(ops.Reciprocal(x[0])), p))
			return G.Nodes{c.Do(ops.Mul(c.Do(ops.Sub(off, on)), dy))}, c.Err()
		},
	}, q)
}

func total[T ops.Float](x []T, f func(float64) float64) (sum float64) {
	for _, v := range x {
		sum += f(float64(v))
	}
	return sum
}

// Contraction is the mean over the examples of ‖J‖²_F, where J = ∂h/∂x is the Jacobian of
// the code h = f(x·W + b), with h (m,k) and W (n,k). As f works on each unit alone, J_ji =
// f'(z_j)·W_ij and
//
//	‖J‖²_F = Σ_j f'(z_j)² Σ_i W_ij²
//
// (Rifai et al. 2011, "Contractive auto-encoders"). f is linear, for which it is the
// squared norm of the weights, or any activation whose derivative is a function of its
// value: all but softmax and softplus. A scalar.
func Contraction(h, W *G.Node, f Activation) (*G.Node, error) {
	var c ops.Chain
	slope := c.Do(slope(h, f))
	return weighted(&c, slope, W)
}

// ContractionChange is the mean over the examples of ‖J − J'‖²_F, where J and J' are the
// Jacobians of codes h and h' of two inputs, such as x and x + ε: with small noise ε a
// penalty on the code's curvature (Rifai et al. 2011, "Higher order contractive
// auto-encoder"). It is Σ_j (f'(z_j) − f'(z'_j))² Σ_i W_ij²; see Contraction.
func ContractionChange(h, other, W *G.Node, f Activation) (*G.Node, error) {
	var c ops.Chain
	change := c.Do(ops.Sub(c.Do(slope(h, f)), c.Do(slope(other, f))))
	return weighted(&c, change, W)
}

// weighted is 1/m Σ_ij s_ij² Σ_l W_lj² of s (m,k).
func weighted(c *ops.Chain, s, W *G.Node) (*G.Node, error) {
	units := c.Do(ops.ColSum(c.Do(ops.Square(s))))
	norms := c.Do(ops.ColSum(c.Do(ops.Square(W))))
	all := c.Do(ops.Sum(c.Do(ops.Mul(units, norms))))
	if c.Err() != nil {
		return nil, c.Err()
	}
	return ops.Scale(all, 1/float64(s.Shape()[0]))
}

// JacobianSquares is ‖J‖²_F of every example, a vector (m); see Contraction.
func JacobianSquares(h, W *G.Node, f Activation) (*G.Node, error) {
	var c ops.Chain
	squares := c.Do(ops.Square(c.Do(slope(h, f))))
	norms := c.Do(ops.ColSum(c.Do(ops.Square(W))))
	if c.Err() != nil {
		return nil, c.Err()
	}
	return c.Do(ops.RowSum(c.Do(ops.Mul(squares, c.Do(ops.RepeatRows(norms, h.Shape()[0])))))), c.Err()
}

// slope is f'(z) by h = f(z).
func slope(h *G.Node, f Activation) (*G.Node, error) {
	if _, err := columns("slope of "+f.String(), h); err != nil {
		return nil, err
	}
	var c ops.Chain
	one := c.Do(ops.Fill(c.Do(ops.Constant(h, 1)), h.Shape()))
	if f == Linear() {
		return one, c.Err()
	}
	k, ok := kernelsOf(f)
	if !ok {
		return nil, fmt.Errorf("slope of %s: want an activation whose derivative is a function of its value", f)
	}
	return c.Do(back(h, one, f, k)), c.Err()
}
