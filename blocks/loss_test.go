package blocks_test

import (
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// of adds a leaf with the given elements.
func of(g *G.ExprGraph, dt tensor.Dtype, name string, m, k int, v ...float64) *G.Node {
	d := tensor.New(tensor.Of(dt), tensor.WithShape(m, k))
	for i, x := range v {
		if dt == tensor.Float32 {
			d.Float32s()[i] = float32(x)
		} else {
			d.Float64s()[i] = x
		}
	}
	return gradcheck.Leaf(g, name, d)
}

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// lossOf returns a loss and its gradient by the logits.
func lossOf(t *testing.T, loss func(z, t *G.Node) (*G.Node, error), z, target *G.Node) (float64, []float64) {
	t.Helper()
	cost, err := loss(z, target)
	if err != nil {
		t.Fatal(err)
	}
	d, err := autodiff.Grad(cost, z)
	if err != nil {
		t.Fatal(err)
	}
	out := gradcheck.Compiled(t, G.Nodes{cost, d[0]})
	return out[0][0], out[1]
}

// close32 tells whether a and b agree to float32's precision.
func close32(a, b float64) bool { return math.Abs(a-b) <= 2e-6*math.Max(1, math.Abs(b)) }

// The worked example of the lecture: target d = (1, 0, 0), output y = (0.57, 0.20, 0.23)
// gives the cross-entropy −log 0.57 ≈ 0.56. Logits log y have the softmax y.
func TestLectureExample(t *testing.T) {
	for _, dt := range dtypes {
		g := G.NewGraph()
		z := of(g, dt, "z", 1, 3, math.Log(0.57), math.Log(0.20), math.Log(0.23))
		got, dz := lossOf(t, blocks.CategoricalCrossEntropy, z, of(g, dt, "d", 1, 3, 1, 0, 0))
		if s := fmt.Sprintf("%.2f", got); s != "0.56" || !close32(got, -math.Log(0.57)) {
			t.Errorf("%v: got %g, want 0.56", dt, got)
		}
		for j, want := range []float64{0.57 - 1, 0.20, 0.23} { // y − d
			if !close32(dz[j], want) {
				t.Errorf("%v: derivative %d: got %g, want y − d = %g", dt, j, dz[j], want)
			}
		}
	}
}

// Closed forms at saturation. A loss computed from outputs y that have rounded to 0 or
// 1 would be NaN or infinite here.
func TestSaturation(t *testing.T) {
	ln2 := math.Ln2
	for name, c := range map[string]struct {
		loss    func(z, t *G.Node) (*G.Node, error)
		z, t    []float64 // two rows of two
		want    float64
		derived []float64
	}{
		"binary, right":      {blocks.BinaryCrossEntropy, []float64{1e4, -1e4, -1e4, 1e4}, []float64{1, 0, 0, 1}, 0, []float64{0, 0, 0, 0}},
		"binary, wrong":      {blocks.BinaryCrossEntropy, []float64{1e4, -1e4, -1e4, 1e4}, []float64{0, 1, 1, 0}, 2e4, []float64{0.5, -0.5, -0.5, 0.5}},
		"binary, undecided":  {blocks.BinaryCrossEntropy, []float64{0, 0, 0, 0}, []float64{0, 1, 1, 0}, 2 * ln2, []float64{0.25, -0.25, -0.25, 0.25}},
		"binary, soft":       {blocks.BinaryCrossEntropy, []float64{1e4, -1e4, 1e4, -1e4}, []float64{0.5, 0.5, 0.5, 0.5}, 1e4, []float64{0.25, -0.25, 0.25, -0.25}},
		"classes, right":     {blocks.CategoricalCrossEntropy, []float64{1e4, -1e4, -1e4, 1e4}, []float64{1, 0, 0, 1}, 0, []float64{0, 0, 0, 0}},
		"classes, wrong":     {blocks.CategoricalCrossEntropy, []float64{1e4, -1e4, -1e4, 1e4}, []float64{0, 1, 1, 0}, 2e4, []float64{0.5, -0.5, -0.5, 0.5}},
		"classes, large":     {blocks.CategoricalCrossEntropy, []float64{1e4, 1e4, -1e4, -1e4}, []float64{0, 1, 1, 0}, ln2, []float64{0.25, -0.25, -0.25, 0.25}},
		"mse of large sizes": {blocks.MSE, []float64{1e4, -1e4, 1e4, -1e4}, []float64{0, 0, 0, 0}, 1e8, []float64{5e3, -5e3, 5e3, -5e3}},
	} {
		for _, dt := range dtypes {
			g := G.NewGraph()
			got, dz := lossOf(t, c.loss, of(g, dt, "z", 2, 2, c.z...), of(g, dt, "t", 2, 2, c.t...))
			if !close32(got, c.want) {
				t.Errorf("%s %v: got %g, want %g", name, dt, got, c.want)
			}
			for i, want := range c.derived {
				if !close32(dz[i], want) {
					t.Errorf("%s %v: derivative %d: got %g, want %g", name, dt, i, dz[i], want)
				}
			}
		}
	}
}

// The float32 loss works in pieces of the row; many columns against float64.
func TestLossOfManyColumns(t *testing.T) {
	for name, loss := range map[string]func(z, t *G.Node) (*G.Node, error){"mse": blocks.MSE, "binary": blocks.BinaryCrossEntropy, "categorical": blocks.CategoricalCrossEntropy} {
		var got [2]float64
		for i, dt := range dtypes {
			g := G.NewGraph()
			got[i], _ = lossOf(t, loss, leaf(g, dt, "z", 3, 1000), leaf(g, dt, "t", 3, 1000))
		}
		if !close32(got[0], got[1]) {
			t.Errorf("%s: float32 %g, float64 %g", name, got[0], got[1])
		}
	}
}

func TestMisclassified(t *testing.T) {
	for _, dt := range dtypes {
		g := G.NewGraph()
		y := of(g, dt, "y", 4, 3 /**/, 3, 1, 2 /**/, 0, 5, 4 /**/, 1, 1, 0 /**/, -3, -2, -1)
		d := of(g, dt, "t", 4, 3 /**/, 1, 0, 0 /**/, 0, 0, 1 /**/, 1, 0, 0 /**/, 0, 1, 0)
		count, err := blocks.Misclassified(y, d) // right, wrong, a tie won by the first, wrong
		if err != nil {
			t.Fatal(err)
		}
		if got := gradcheck.Compiled(t, G.Nodes{count})[0][0]; got != 2 {
			t.Errorf("%v: got %g, want 2", dt, got)
		}
		if d, err := autodiff.Grad(count, y); err == nil {
			t.Errorf("a count of errors has no gradient, got %v", d)
		}
	}
}

// The activation that an output names is the one its loss takes the logits for: at the
// target y = f(z) the loss is stationary.
func TestOutputStationary(t *testing.T) {
	for _, name := range []string{"classes", "binary", "numeric"} {
		o, err := blocks.ParseOutput(name)
		if err != nil {
			t.Fatal(err)
		}
		g := G.NewGraph()
		z := leaf(g, tensor.Float64, "z", 3, 4)
		y, err := o.Activation().Apply(z)
		if err != nil {
			t.Fatal(err)
		}
		target := of(g, tensor.Float64, "t", 3, 4, gradcheck.Compiled(t, G.Nodes{y})[0]...)
		_, dz := lossOf(t, o.Loss, z, target)
		for i, d := range dz {
			if math.Abs(d) > 1e-15 {
				t.Errorf("%s: derivative %d at y = f(z): got %g, want 0", name, i, d)
			}
		}
	}
}
