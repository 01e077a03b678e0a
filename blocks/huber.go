package blocks

import (
	"fmt"
	"slices"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Huber is Huber's loss, the mean over all elements of ½d² where |d| ≤ 1 and |d| − ½
// beyond, for d = y − t: the squared error with a derivative that is clipped to [−1,1], so
// that single large errors do not rule (Mnih et al. 2015 train Q values by it). y and t
// have one shape, (m) or (m,k). A scalar.
func Huber(y, t *G.Node) (*G.Node, error) {
	if y == nil || t == nil {
		return nil, fmt.Errorf("huber: an operand is missing")
	}
	if sy, st := y.Shape(), t.Shape(); sy.Dims() == 0 || !slices.Equal(sy, st) {
		return nil, fmt.Errorf("huber: want outputs and targets of one shape, (m) or (m,k), got %v and %v", sy, st)
	}
	var c ops.Chain
	size := c.Do(ops.Abs(c.Do(ops.Sub(y, t))))
	beyond := c.Do(ReLU().Apply(c.Do(ops.Linear(size, 1, -1)))) // |d| − 1 or 0
	within := c.Do(ops.Sub(size, beyond))                       // |d| or 1
	square := c.Do(ops.Scale(c.Do(ops.Square(within)), 0.5))
	return c.Do(ops.Mean(c.Do(ops.Add(square, beyond)))), c.Err()
}
