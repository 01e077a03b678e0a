package main

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/train"

	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// neighbours are the joint probabilities of t-SNE (van der Maaten & Hinton 2008): p(j|i)
// is in proportion to exp(−β_i·d²_ij), with the β_i at which its perplexity is the given
// one, and p_ij the mean of p(j|i) and p(i|j) over the number of points. squared are the
// squared distances.
func neighbours(squared *mat.SymDense, perplexity float64) *mat.SymDense {
	n := squared.SymmetricDim()
	conditional := mat.NewDense(n, n, nil)
	for i := range n {
		row := conditional.RawRowView(i)
		lo, hi, beta := 0.0, math.Inf(1), 1.0
		for range 200 {
			entropy := kernel(row, squared, i, beta)
			if math.Abs(entropy-math.Log(perplexity)) < 1e-10 {
				break
			}
			if entropy > math.Log(perplexity) {
				lo = beta
			} else {
				hi = beta
			}
			if beta = (lo + hi) / 2; math.IsInf(hi, 1) {
				beta = 2 * lo
			}
		}
	}
	joint := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i {
			joint.SetSym(i, j, (conditional.At(i, j)+conditional.At(j, i))/(2*float64(n)))
		}
	}
	return joint
}

// kernel fills in p(j|i) for all j and returns its entropy.
func kernel(row []float64, squared *mat.SymDense, i int, beta float64) (entropy float64) {
	nearest := math.Inf(1)
	for j := range row {
		if j != i {
			nearest = min(nearest, squared.At(i, j))
		}
	}
	sum, mean := 0.0, 0.0
	for j := range row {
		row[j] = 0
		if d := squared.At(i, j) - nearest; j != i {
			row[j] = math.Exp(-beta * d)
			sum += row[j]
			mean += row[j] * d
		}
	}
	for j := range row {
		row[j] /= sum
	}
	return math.Log(sum) + beta*mean/sum
}

// divergence builds, up to a constant, the Kullback-Leibler divergence of the similarities
// q_ij ∝ 1/(1 + ‖y_i − y_j‖²), i ≠ j, of points y (n,2) from p (n,n): Σ p·L + log Σ e^−L
// with L = log(1 + ‖y_i − y_j‖²), of which the diagonal is 0.
func divergence(y, p *G.Node) (*G.Node, error) {
	n := y.Shape()[0]
	var c ops.Chain
	lengths := c.Do(ops.RowSum(c.Do(ops.Square(y))))
	inner := c.Do(ops.Scale(c.Do(ops.MatMul(y, y, false, true)), -2))
	if c.Err() != nil {
		return nil, c.Err()
	}
	squared := c.Do(ops.Add(c.Do(ops.Add(inner, c.Do(ops.RepeatCols(lengths, n)))), c.Do(ops.RepeatRows(lengths, n))))
	if c.Err() != nil {
		return nil, c.Err()
	}
	l := c.Do(G.Log1p(squared))
	near := c.Do(ops.Sum(c.Do(ops.Mul(p, l))))
	all := c.Do(ops.Linear(c.Do(ops.Sum(c.Do(G.Exp(c.Do(ops.Scale(l, -1)))))), 1, -float64(n)))
	return c.Do(G.Add(near, c.Do(G.Log(all)))), c.Err()
}

// Settings of embed: steps, in the first quarter of which p is multiplied by exaggeration,
// so that clusters form, and the length at which they begin.
const (
	steps        = 1000
	exaggeration = 4
	stepLength   = 0.3
)

// perplexity is how many neighbours a point has, roughly: 30, and no more than a third of
// the n points.
func perplexity(n int) float64 { return min(30, float64(n)/3) }

// embed places points in the plane by t-SNE, from the given places on. The divergence's
// symbolic gradient goes into the steps of Adam.
func embed(squared *mat.SymDense, x, y []float64) (ex, ey []float64, err error) {
	n := len(x)
	if n < 4 {
		return nil, nil, fmt.Errorf("t-SNE: want at least 4 points, got %d", n)
	}
	p := neighbours(squared, perplexity(n))
	places := &blocks.Param{Name: "places", Value: tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(make([]float64, 2*n)))}
	at := places.Value.Float64s()
	spread := 0.0
	for _, v := range x {
		spread += v * v / float64(n)
	}
	for i := range x {
		if spread > 0 {
			at[2*i], at[2*i+1] = x[i]/math.Sqrt(spread), y[i]/math.Sqrt(spread)
		}
	}
	g := G.NewGraph()
	target := blocks.NewInput(g, tensor.Float64, "p", n, n)
	leaf, err := places.Node(g)
	if err != nil {
		return nil, nil, fmt.Errorf("t-SNE: %w", err)
	}
	cost, err := divergence(leaf, target)
	if err != nil {
		return nil, nil, fmt.Errorf("t-SNE: %w", err)
	}
	gradient, err := autodiff.Grad(cost, leaf)
	if err != nil {
		return nil, nil, fmt.Errorf("t-SNE: %w", err)
	}
	state, err := train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: stepLength, Linear: true}}.NewState(tensor.Float64)
	if err != nil {
		return nil, nil, fmt.Errorf("t-SNE: %w", err)
	}
	updates, err := state.Updates([]*blocks.Param{places}, G.Nodes{leaf}, gradient)
	if err != nil {
		return nil, nil, fmt.Errorf("t-SNE: %w", err)
	}
	step, err := autodiff.Compile(G.Nodes{target}, G.Nodes{cost}, updates)
	if err != nil {
		return nil, nil, fmt.Errorf("t-SNE: %w", err)
	}
	defer step.Close()
	exact, exaggerated := tensor.New(tensor.WithShape(n, n), tensor.WithBacking(full(p, 1))), tensor.New(tensor.WithShape(n, n), tensor.WithBacking(full(p, exaggeration)))
	for i := range steps {
		state.Advance(i, steps)
		now := exact
		if i < steps/4 {
			now = exaggerated
		}
		if err := step.Run(now); err != nil {
			return nil, nil, fmt.Errorf("t-SNE: step %d: %w", i+1, err)
		}
	}
	for i := range n {
		ex, ey = append(ex, at[2*i]), append(ey, at[2*i+1])
	}
	return ex, ey, nil
}

// full are all elements of p, row by row, times a factor.
func full(p *mat.SymDense, factor float64) []float64 {
	n := p.SymmetricDim()
	out := make([]float64, 0, n*n)
	for i := range n {
		for j := range n {
			out = append(out, factor*p.At(i, j))
		}
	}
	return out
}

// squaredDistances are those of all pairs of rows, from their inner products.
func squaredDistances(rows [][]float32) *mat.SymDense {
	g := gram(centred(rows))
	n := len(rows)
	d := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i {
			d.SetSym(i, j, max(g.At(i, i)+g.At(j, j)-2*g.At(i, j), 0))
		}
	}
	return d
}
