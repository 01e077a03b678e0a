package blocks

import (
	"fmt"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// L2 is the penalty (λ/2) Σ_W Σ_ij W_ij² over the given weights, a scalar to be added
// to the loss (lecture 3.4). Biases are usually left out.
func L2(lambda float64, weights ...*G.Node) (*G.Node, error) {
	return penalty("L2", lambda/2, weights, ops.SumSquares)
}

// L1 is the penalty λ Σ_W Σ_ij |W_ij| over the given weights, a scalar to be added to
// the loss. Its gradient at 0 is taken as 0.
func L1(lambda float64, weights ...*G.Node) (*G.Node, error) {
	return penalty("L1", lambda, weights, func(w *G.Node) (*G.Node, error) {
		var c ops.Chain
		return c.Do(ops.Sum(c.Do(ops.Abs(w)))), c.Err()
	})
}

func penalty(name string, factor float64, weights []*G.Node, norm func(*G.Node) (*G.Node, error)) (*G.Node, error) {
	if len(weights) == 0 {
		return nil, fmt.Errorf("%s penalty: no weights", name)
	}
	var c ops.Chain
	total := c.Do(norm(weights[0]))
	for _, w := range weights[1:] {
		total = c.Do(ops.Add(total, c.Do(norm(w))))
	}
	return c.Do(ops.Scale(total, factor)), c.Err()
}
