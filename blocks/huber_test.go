package blocks_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Huber's loss and its gradient are those of PyTorch's smooth_l1_loss with beta 1, below
// and above 1.
func TestHuberEqualsPyTorch(t *testing.T) {
	var f struct {
		Y, T [][]float64
		Loss float64
		DY   [][]float64
	}
	data, err := os.ReadFile("testdata/torch_huber.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		g := G.NewGraph()
		y, target := torchLeaf(g, dt, "y", f.Y), torchLeaf(g, dt, "t", f.T)
		loss, err := blocks.Huber(y, target)
		if err != nil {
			t.Fatal(err)
		}
		compareTorch(t, "huber", loss, y, loss, [][]float64{{f.Loss}}, f.DY)
	}
}

func TestHuberGradient(t *testing.T) {
	s := random.New(1).Split("huber")
	for _, shape := range [][]int{{7}, {3, 4}} {
		y := gradcheck.Tensor(s, shape...)
		for i := range y.Float64s() {
			y.Float64s()[i] *= 3 // on both sides of 1
		}
		gradcheck.Both(t, gradcheck.Case{
			Inputs: []*tensor.Dense{y, tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(shape...))},
			Build:  func(_ *G.ExprGraph, x G.Nodes) (*G.Node, error) { return blocks.Huber(x[0], x[1]) },
		})
	}
}

func TestHuberErrors(t *testing.T) {
	g := G.NewGraph()
	leaf := func(name string, shape ...int) *G.Node { return blocks.NewInput(g, tensor.Float32, name, shape...) }
	for _, c := range [][2]*G.Node{{nil, leaf("a", 2)}, {leaf("a", 2), nil}, {leaf("a", 2), leaf("b", 3)}, {leaf("c", 2, 2), leaf("d", 4)}, {leaf("a", 2), leaf("e", 2, 1)}} {
		if _, err := blocks.Huber(c[0], c[1]); err == nil || !strings.HasPrefix(err.Error(), "huber: ") {
			t.Errorf("%v and %v: want an error of huber, got %v", c[0], c[1], err)
		}
	}
}
