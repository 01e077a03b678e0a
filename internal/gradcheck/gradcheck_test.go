package gradcheck

import (
	"fmt"
	"testing"

	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// recorder notes failures instead of failing.
type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failures++ }
func (r *recorder) Fatal(args ...any)     { panic(fmt.Sprint(args...)) }

// wrong is x² elementwise whose derivative is off by one part in 1e5.
func wrong(x *G.Node) (*G.Node, error) {
	return ops.Apply(ops.Def{
		Name: "wrong", Shape: x.Shape(),
		F64: func(y []float64, x [][]float64) {
			for i, v := range x[0] {
				y[i] = v * v
			}
		},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			d, err := ops.Mul(dy, x[0])
			if err != nil {
				return nil, err
			}
			d, err = ops.Scale(d, 2.00002)
			return G.Nodes{d}, err
		},
	}, x)
}

func TestWrongDerivativeIsFound(t *testing.T) {
	in := []*tensor.Dense{Tensor(random.New(1), 2, 3)}
	r := &recorder{TB: t}
	c := Case{Inputs: in, Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) { return wrong(x[0]) }}
	First(r, c)
	if r.failures == 0 {
		t.Error("a derivative that is 1e-5 off passed")
	}
	r.failures = 0
	Second(r, c)
	if r.failures != 0 {
		t.Error("the second derivative of the wrong gradient is consistent with it, but was reported")
	}
	right := Case{Inputs: in, Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) { return ops.Square(x[0]) }}
	Both(t, right)
}
