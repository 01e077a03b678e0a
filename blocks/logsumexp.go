package blocks

import (
	"math"

	"capas/autodiff/ops"
	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// LogSumExp is log Σ_j e^z_j of each row of z (m,k), a vector (m), without overflow. Its
// gradient is the softmax of the row.
func LogSumExp(z *G.Node) (*G.Node, error) {
	k, err := columns("logsumexp", z)
	if err != nil {
		return nil, err
	}
	return ops.Apply(ops.Def{
		Name: "logsumexp", Shape: tensor.Shape{z.Shape()[0]},
		Ranged: &ops.Ranged{
			F32: func(y []float32, x [][]float32, from, to int) {
				kernels.LogSumExpRows(y[from:to], x[0][from*k:to*k], k)
			},
			F64: func(y []float64, x [][]float64, from, to int) {
				for i := from; i < to; i++ {
					row := x[0][i*k : (i+1)*k]
					top, sum := largest(row), 0.0
					for _, v := range row {
						sum += math.Exp(v - top)
					}
					y[i] = top + math.Log(sum)
				}
			},
		},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			return G.Nodes{c.Do(ops.Mul(c.Do(Softmax().Apply(x[0])), c.Do(ops.RepeatCols(dy, k))))}, c.Err()
		},
	}, z)
}
