package blocks_test

import (
	"encoding/json"
	"os"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

type flat struct {
	Shape []int
	Data  []float64
}

func (f flat) tensor(dt tensor.Dtype) *tensor.Dense {
	if dt == tensor.Float64 {
		return tensor.New(tensor.WithShape(f.Shape...), tensor.WithBacking(append([]float64{}, f.Data...)))
	}
	e := make([]float32, len(f.Data))
	for i, v := range f.Data {
		e[i] = float32(v)
	}
	return tensor.New(tensor.WithShape(f.Shape...), tensor.WithBacking(e))
}

// torchBatchNorm is what scripts/torch_conv.py wrote.
type torchBatchNorm struct {
	Name        string
	Gamma, Beta flat
	Batches     []struct{ X, Y, DY, DX, DGamma, DBeta, Mean, Variance flat }
	Evaluated   struct{ X, Y flat }
}

// Values, gradients and running statistics over three batches, and what evaluation makes
// of these, equal PyTorch's.
func TestBatchNormEqualsPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/torch_batchnorm.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []torchBatchNorm
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("the file has no cases")
	}
	for _, c := range cases {
		if len(c.Batches) == 0 {
			t.Fatalf("%s has no batches", c.Name)
		}
		for dt, tol := range map[tensor.Dtype]float64{tensor.Float64: 1e-13, tensor.Float32: 1e-5} {
			t.Run(c.Name+"/"+dt.String(), func(t *testing.T) {
				b := batchNorm(t, c, dt)
				for _, batch := range c.Batches {
					g := G.NewGraph()
					x := gradcheck.Leaf(g, "x", batch.X.tensor(dt))
					y, updates, err := b.Train(x)
					if err != nil {
						t.Fatal(err)
					}
					var ch ops.Chain
					cost := ch.Do(ops.Sum(ch.Do(ops.Mul(y, gradcheck.Leaf(g, "dy", batch.DY.tensor(dt))))))
					gamma, beta := ch.Do(b.Gamma.Node(g)), ch.Do(b.Beta.Node(g))
					if ch.Err() != nil {
						t.Fatal(ch.Err())
					}
					grads, err := autodiff.Grad(cost, x, gamma, beta)
					if err != nil {
						t.Fatal(err)
					}
					f, err := autodiff.Compile(nil, append(G.Nodes{y}, grads...), updates)
					if err != nil {
						t.Fatal(err)
					}
					if err := f.RunAll(); err != nil {
						t.Fatal(err)
					}
					var got [][]float64
					for i := range 4 {
						got = append(got, gradcheck.Numbers(t, f.Output(i)))
					}
					got = append(got, gradcheck.Numbers(t, b.Mean.Value), gradcheck.Numbers(t, b.Variance.Value))
					want := [][]float64{batch.Y.Data, batch.DX.Data, batch.DGamma.Data, batch.DBeta.Data, batch.Mean.Data, batch.Variance.Data}
					gradcheck.Same(t, "value, gradients by x, γ and β, running mean and variance", want, got, tol)
				}
				g := G.NewGraph()
				y, err := b.Evaluate(gradcheck.Leaf(g, "x", c.Evaluated.X.tensor(dt)))
				if err != nil {
					t.Fatal(err)
				}
				gradcheck.Same(t, "evaluated", [][]float64{c.Evaluated.Y.Data}, gradcheck.Compiled(t, G.Nodes{y}), tol)
			})
		}
	}
}

func batchNorm(t *testing.T, c torchBatchNorm, dt tensor.Dtype) *blocks.BatchNorm {
	t.Helper()
	b, err := blocks.NewBatchNorm("norm", len(c.Gamma.Data))
	if err != nil {
		t.Fatal(err)
	}
	if dt == tensor.Float64 {
		for _, p := range b.Params() {
			p.Value = tensor.New(tensor.Of(dt), tensor.WithShape(p.Value.Shape()...))
		}
		for i := range b.Variance.Value.Float64s() {
			b.Variance.Value.Float64s()[i] = 1
		}
	}
	b.Gamma.Value, b.Beta.Value = c.Gamma.tensor(dt), c.Beta.tensor(dt)
	return b
}

func TestBatchNormGradients(t *testing.T) {
	for name, dims := range map[string][]int{"images": {2, 2, 2, 3}, "units": {4, 2}} {
		t.Run(name, func(t *testing.T) {
			b, err := blocks.NewBatchNorm("norm", 2)
			if err != nil {
				t.Fatal(err)
			}
			in := []*tensor.Dense{matrix("x", dims...), matrix("gamma", 2), matrix("beta", 2)}
			b.Gamma, b.Beta = &blocks.Param{Name: "x1", Value: in[1]}, &blocks.Param{Name: "x2", Value: in[2]}
			for _, p := range []*blocks.Param{b.Mean, b.Variance} {
				p.Value = tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(2))
			}
			gradcheck.Both(t, gradcheck.Case{Inputs: in, Tol: 1e-6, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) {
				y, _, err := b.Train(x[0])
				if err != nil {
					return nil, err
				}
				return ops.Square(y)
			}})
		})
	}
}
