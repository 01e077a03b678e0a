package blocks_test

import (
	"math"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// sloped are the activations whose Jacobian has the closed form.
func sloped(t *testing.T) (all []blocks.Activation) {
	for _, name := range blocks.Activations() {
		f, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		if f != blocks.Softmax() && f != blocks.Softplus() {
			all = append(all, f)
		}
	}
	return all
}

// jacobians differentiates h = f(x·W + b) unit by unit and example by example.
func jacobians(t *testing.T, x, W, b *tensor.Dense, f blocks.Activation) (all [][][]float64) {
	t.Helper()
	m, n, k := x.Shape()[0], x.Shape()[1], W.Shape()[1]
	g := G.NewGraph()
	in := gradcheck.Leaf(g, "x", x)
	pick := blocks.NewInput(g, tensor.Float64, "pick", m, k)
	var c ops.Chain
	h := c.Do(f.Apply(c.Do(ops.Affine(in, gradcheck.Leaf(g, "W", W), gradcheck.Leaf(g, "b", b), false))))
	one := c.Do(ops.Sum(c.Do(ops.Mul(h, pick))))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	grads, err := autodiff.Grad(one, in)
	if err != nil {
		t.Fatal(err)
	}
	derivative, err := autodiff.Compile(G.Nodes{pick}, grads, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m {
		var J [][]float64
		for j := range k {
			mask := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(m, k))
			mask.Float64s()[i*k+j] = 1
			if err := derivative.Run(mask); err != nil {
				t.Fatal(err)
			}
			J = append(J, gradcheck.Numbers(t, derivative.Output(0))[i*n:(i+1)*n])
		}
		all = append(all, J)
	}
	return all
}

func square(J, less [][]float64) (sum float64) {
	for j, row := range J {
		for i, v := range row {
			if less != nil {
				v -= less[j][i]
			}
			sum += v * v
		}
	}
	return sum
}

// The closed forms are those of the Jacobians that the graph's derivatives make.
func TestContractionAgainstJacobian(t *testing.T) {
	const m, n, k = 4, 5, 3
	x, near, W, b := matrix("x", m, n), matrix("near", m, n), matrix("W", n, k), matrix("b", k)
	for _, f := range sloped(t) {
		g := G.NewGraph()
		weights, bias := gradcheck.Leaf(g, "W", W), gradcheck.Leaf(g, "b", b)
		var c ops.Chain
		h := c.Do(f.Apply(c.Do(ops.Affine(gradcheck.Leaf(g, "x", x), weights, bias, false))))
		other := c.Do(f.Apply(c.Do(ops.Affine(gradcheck.Leaf(g, "near", near), weights, bias, false))))
		each := c.Do(blocks.JacobianSquares(h, weights, f))
		mean := c.Do(blocks.Contraction(h, weights, f))
		change := c.Do(blocks.ContractionChange(h, other, weights, f))
		if c.Err() != nil {
			t.Fatalf("%s: %v", f, c.Err())
		}
		got := gradcheck.Compiled(t, G.Nodes{each, mean, change})
		J, J2 := jacobians(t, x, W, b, f), jacobians(t, near, W, b, f)
		want := [][]float64{nil, {0}, {0}}
		for i := range m {
			want[0] = append(want[0], square(J[i], nil))
			want[1][0] += square(J[i], nil) / m
			want[2][0] += square(J[i], J2[i]) / m
		}
		if want[1][0] < 0.01 || f != blocks.Linear() && want[2][0] < 0.01 {
			t.Errorf("%s: contraction %g, change %g: too small to tell anything", f, want[1][0], want[2][0])
		}
		gradcheck.Same(t, f.String(), want, got, 1e-12)
	}
}

func TestCodePenaltyGradients(t *testing.T) {
	x, near, W, b := matrix("x", 3, 4), matrix("near", 3, 4), matrix("W", 4, 3), matrix("b", 3)
	code := func(c *ops.Chain, f blocks.Activation, x, W, b *G.Node) *G.Node {
		return c.Do(f.Apply(c.Do(ops.Affine(x, W, b, false))))
	}
	for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign()} { // of the others it does not depend on x
		t.Run("contraction "+f.String(), func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x, W, b}, Build: func(g *G.ExprGraph, l nodes) (*G.Node, error) {
				var c ops.Chain
				return c.Do(blocks.Contraction(code(&c, f, l[0], l[1], l[2]), l[1], f)), c.Err()
			}})
		})
	}
	for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh()} {
		t.Run("Jacobian squares "+f.String(), func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x, W, b}, Build: func(g *G.ExprGraph, l nodes) (*G.Node, error) {
				var c ops.Chain
				return c.Do(blocks.JacobianSquares(code(&c, f, l[0], l[1], l[2]), l[1], f)), c.Err()
			}})
		})
		t.Run("change "+f.String(), func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x, W, b, near}, Build: func(g *G.ExprGraph, l nodes) (*G.Node, error) {
				var c ops.Chain
				return c.Do(blocks.ContractionChange(code(&c, f, l[0], l[1], l[2]), code(&c, f, l[3], l[1], l[2]), l[1], f)), c.Err()
			}})
		})
	}
	t.Run("sparse KL", func(t *testing.T) {
		gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x, W, b}, Build: func(g *G.ExprGraph, l nodes) (*G.Node, error) {
			var c ops.Chain
			return c.Do(blocks.SparseKL(code(&c, blocks.Sigmoid(), l[0], l[1], l[2]), 0.1)), c.Err()
		}})
	})
}

// The divergence of Bernoulli distributions, by its definition; 0 at the target, and finite
// where a unit is never or always active.
func TestSparseKL(t *testing.T) {
	const target = 0.2
	h := tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float64{0.1, 0.4, 0, 1, 0.3, 0.8, 0, 1}))
	g := G.NewGraph()
	leaf := gradcheck.Leaf(g, "h", h)
	node, err := blocks.SparseKL(leaf, target)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for _, q := range []float64{0.2, 0.6, 1e-6, 1 - 1e-6} {
		want += target*math.Log(target/q) + (1-target)*math.Log((1-target)/(1-q))
	}
	got := gradcheck.Compiled(t, G.Nodes{node})[0][0]
	if math.Abs(got-want) > 1e-4 {
		t.Errorf("want %g, got %g", want, got)
	}
	grads, err := autodiff.Grad(node, leaf)
	if err != nil {
		t.Fatal(err)
	}
	d := gradcheck.Compiled(t, grads)[0]
	if math.Abs(d[0]) > 1e-5 || !(d[1] > 0) || !(d[2] < 0) || !(d[3] > 0) {
		t.Errorf("gradient %v: want 0 at the target, positive above, negative below", d[:4])
	}
}

func TestCodePenaltyErrors(t *testing.T) {
	h, W := gradcheck.Leaf(G.NewGraph(), "h", matrix("h", 2, 3)), gradcheck.Leaf(G.NewGraph(), "W", matrix("W", 4, 3))
	for name, c := range map[string]struct {
		build func() (*G.Node, error)
		says  string
	}{
		"target 0":          {func() (*G.Node, error) { return blocks.SparseKL(h, 0) }, "(0,1), got 0"},
		"target no number":  {func() (*G.Node, error) { return blocks.SparseKL(h, math.NaN()) }, "(0,1), got NaN"},
		"no code":           {func() (*G.Node, error) { return blocks.SparseKL(nil, 0.1) }, "missing"},
		"softmax":           {func() (*G.Node, error) { return blocks.Contraction(h, W, blocks.Softmax()) }, "softmax"},
		"graphs":            {func() (*G.Node, error) { return blocks.Contraction(h, W, blocks.Tanh()) }, "graph"},
		"no weights":        {func() (*G.Node, error) { return blocks.JacobianSquares(h, nil, blocks.Tanh()) }, "missing"},
		"contraction of no": {func() (*G.Node, error) { return blocks.Contraction(nil, W, blocks.Tanh()) }, "missing"},
		"no other code":     {func() (*G.Node, error) { return blocks.ContractionChange(h, nil, W, blocks.Tanh()) }, "missing"},
	} {
		if _, err := c.build(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: want an error that says %q, got %v", name, c.says, err)
		}
	}
}
