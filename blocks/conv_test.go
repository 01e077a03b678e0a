package blocks_test

import (
	"math"
	"strings"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

type pair = [2]int

func TestConvLayerGradients(t *testing.T) {
	param := func(name string, v *tensor.Dense) *blocks.Param { return &blocks.Param{Name: name, Value: v} }
	o := ops.Conv{Stride: pair{2, 1}, Pad: pair{1, 0}}
	t.Run("conv", func(t *testing.T) {
		in := []*tensor.Dense{matrix("x", 2, 2, 4, 4), matrix("W", 3, 2, 3, 2), matrix("b", 3)}
		l := &blocks.Conv2D{W: param("x1", in[1]), B: param("x2", in[2]), Conv: o, F: blocks.Tanh()}
		gradcheck.Both(t, gradcheck.Case{Inputs: in, Tol: 1e-6, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return l.Forward(x[0]) }})
	})
	t.Run("transposed", func(t *testing.T) {
		in := []*tensor.Dense{matrix("y", 2, 3, 2, 3), matrix("W", 3, 2, 3, 2), matrix("b", 2)}
		l := &blocks.ConvTranspose2D{W: param("x1", in[1]), B: param("x2", in[2]), Conv: o, Extra: pair{1, 0}, F: blocks.Tanh()}
		gradcheck.Both(t, gradcheck.Case{Inputs: in, Tol: 1e-6, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return l.Forward(x[0]) }})
	})
}

// A stride of 2 halves the size of an image and the transposed layer doubles it.
func TestConvTransposeSize(t *testing.T) {
	o := ops.Conv{Stride: pair{2, 2}, Pad: pair{1, 1}}
	s := random.New(1)
	down, err := blocks.NewConv2D("down", 1, 2, pair{4, 4}, o, 1, blocks.Tanh(), blocks.He(), s)
	if err != nil {
		t.Fatal(err)
	}
	up, err := blocks.NewConvTranspose2D("up", 2, 1, pair{4, 4}, o, blocks.Tanh(), blocks.He(), s)
	if err != nil {
		t.Fatal(err)
	}
	var c ops.Chain
	h := c.Do(down.Forward(blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 3, 1, 28, 14)))
	y := c.Do(up.Forward(h))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	if !h.Shape().Eq(tensor.Shape{3, 2, 14, 7}) || !y.Shape().Eq(tensor.Shape{3, 1, 28, 14}) {
		t.Errorf("28×14 becomes %v, and that %v", h.Shape(), y.Shape())
	}
}

// The weights of a layer have the deviation that goes with its fan-in.
func TestConvInitialisation(t *testing.T) {
	const c, f = 8, 50
	conv, err := blocks.NewConv2D("conv", c, f, pair{5, 5}, ops.Conv{}, 4, blocks.Tanh(), blocks.Glorot(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	transposed, err := blocks.NewConvTranspose2D("up", f, c, pair{5, 5}, ops.Conv{Stride: pair{2, 2}}, blocks.Tanh(), blocks.He(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]struct {
		e    []float32
		want float64
	}{
		"conv":       {conv.W.Value.Float32s(), math.Sqrt(6/(25.*c+25.*f/4)) / math.Sqrt(3)},
		"transposed": {transposed.W.Value.Float32s(), math.Sqrt(2 / (25. * f / 4))},
	} {
		var sum float64
		for _, v := range w.e {
			sum += float64(v) * float64(v)
		}
		if sd := math.Sqrt(sum / float64(len(w.e))); math.Abs(sd/w.want-1) > 0.03 {
			t.Errorf("%s: standard deviation %g, want %g", name, sd, w.want)
		}
	}
}

func TestConvErrors(t *testing.T) {
	g, s := G.NewGraph(), random.New(1)
	image, z := blocks.NewInput(g, tensor.Float32, "image", 2, 1, 4, 4), blocks.NewInput(g, tensor.Float32, "z", 3, 4)
	one := blocks.NewInput(g, tensor.Float32, "one", 1, 4)
	conv, err := blocks.NewConv2D("conv", 1, 2, pair{5, 5}, ops.Conv{}, 1, blocks.Tanh(), blocks.He(), s)
	if err != nil {
		t.Fatal(err)
	}
	up, err := blocks.NewConvTranspose2D("up", 2, 1, pair{3, 3}, ops.Conv{}, blocks.Tanh(), blocks.He(), s)
	if err != nil {
		t.Fatal(err)
	}
	norm, err := blocks.NewBatchNorm("norm", 4)
	if err != nil {
		t.Fatal(err)
	}
	broken := *norm
	broken.Momentum = 0
	train := func(b *blocks.BatchNorm, x *G.Node) error { _, _, err := b.Train(x); return err }
	drop := func(_ any, err error) error { return err }
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"conv: nil":                   {drop(conv.Forward(nil)), "missing"},
		"conv: matrix":                {drop(conv.Forward(z)), "four dimensions"},
		"conv: kernel":                {drop(conv.Forward(image)), "kernel no larger than the padded image, got 5×5 for 4×4"},
		"conv: empty":                 {drop((&blocks.Conv2D{}).Forward(image)), "no value"},
		"conv: no kernels":            {drop(blocks.NewConv2D("c", 1, 0, pair{5, 5}, ops.Conv{}, 1, blocks.Tanh(), blocks.He(), s)), "at least one"},
		"conv: no stream":             {drop(blocks.NewConv2D("c", 1, 1, pair{5, 5}, ops.Conv{}, 1, blocks.Tanh(), blocks.He(), nil)), "stream"},
		"transposed: channels":        {drop(up.Forward(image)), "as many kernels as maps"},
		"transposed: matrix":          {drop(up.Forward(z)), "(m,f,h,w)"},
		"transposed: nil":             {drop(up.Forward(nil)), "missing"},
		"transposed: no kernels":      {drop(blocks.NewConvTranspose2D("c", 1, 1, pair{0, 5}, ops.Conv{}, blocks.Tanh(), blocks.He(), s)), "at least one"},
		"norm: no channels":           {drop(blocks.NewBatchNorm("n", 0)), "at least one"},
		"norm: nil":                   {train(norm, nil), "missing"},
		"norm: channels":              {train(norm, image), "(m,4,h,w)"},
		"norm: one element a channel": {train(norm, one), "two elements"},
		"norm: momentum":              {train(&broken, z), "momentum"},
		"norm: empty":                 {train(&blocks.BatchNorm{}, z), "no parameters"},
		"norm: channels, evaluated":   {drop(norm.Evaluate(image)), "(m,4,h,w)"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: want an error that says %q, got %v", name, c.says, c.err)
		}
	}
}
