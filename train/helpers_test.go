package train_test

import (
	"context"
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func matrix(x []float32, n, d int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n, d), tensor.WithBacking(x))
}

// examples returns n examples with d features in [−1,1) of k classes, which a linear
// rule with noise decides, so that no classifier separates them.
func examples(t testing.TB, n, d, k int) *datasets.Set {
	t.Helper()
	s := random.New(uint64(1000*d + k))
	x, rule, noise := make([]float32, n*d), make([]float32, d*k), make([]float32, n*k)
	s.Uniform(x)
	s.Normal(rule)
	s.Normal(noise)
	labels := make([]uint8, n)
	for i := range x {
		x[i] = 2*x[i] - 1
	}
	for i := range labels {
		best := math.Inf(-1)
		for c := range k {
			z := float64(noise[i*k+c])
			for j := range d {
				z += float64(x[i*d+j] * rule[j*k+c])
			}
			if z > best {
				best, labels[i] = z, uint8(c)
			}
		}
	}
	return must(datasets.NewSet("examples", matrix(x, n, d), labels, k, 0, 0))(t)
}

// network returns a sigmoid MLP with weights N(0,1/√n), drawn anew and equal at each
// call.
func network(t testing.TB, sizes ...int) *models.MLP {
	t.Helper()
	return must(models.NewMLP("net", sizes, blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), random.New(3)))(t)
}

// run trains and stops the test at an error.
func run(t testing.TB, tr train.Trainer) *train.History {
	t.Helper()
	return must(tr.Run(context.Background()))(t)
}

// sums is a model whose every number can be foretold: its cost on a batch is the sum
// of x·w over the examples, so that a step at rate η takes η Σ x off w. It counts its
// steps, and monitors the sum of the squares of the batch's class counts.
type sums struct{ w, steps *blocks.Param }

func newSums(d int) sums { return sums{blocks.NewParam("w", d, 1), blocks.NewParam("steps", 1)} }

func (s sums) Params() []*blocks.Param { return []*blocks.Param{s.w} }

func (s sums) Objective(m int) (*models.Objective, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, s.w.Value.Shape()[0])
	target := blocks.NewInput(g, tensor.Float32, "t", m, 2)
	var c ops.Chain
	cost := c.Do(ops.Sum(c.Do(ops.MatMul(x, c.Do(s.w.Node(g)), false, false))))
	counts := c.Do(ops.SumSquares(c.Do(ops.ColSum(target))))
	steps := c.Do(s.steps.Node(g))
	return &models.Objective{
		Inputs: G.Nodes{x, target}, Cost: cost,
		Monitors: []models.Monitor{{Name: "cost", Node: cost}, {Name: "counts", Node: counts}},
		Updates:  []autodiff.Update{{Target: steps, Value: c.Do(ops.Linear(steps, 1, 1))}},
	}, c.Err()
}

// counted returns n examples with whole numbers as features, the first half of class 0
// and the others of class 1, and the sum of the examples.
func counted(t testing.TB, n, d int) (*datasets.Set, []float32) {
	t.Helper()
	x, total, labels := make([]float32, n*d), make([]float32, d), make([]uint8, n)
	for i := range x {
		x[i] = float32(i*i%17 - 5)
		total[i%d] += x[i]
	}
	for i := n / 2; i < n; i++ {
		labels[i] = 1
	}
	return must(datasets.NewSet("counted", matrix(x, n, d), labels, 2, 0, 0))(t), total
}

// near reports got if it is further from want than tol·max(1,|want|).
func near(t testing.TB, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: want %.10g, got %.10g", what, want, got)
	}
}
