package ops_test

import (
	"strings"
	"testing"

	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Every function answers operands that do not fit with an error that names it.
func TestErrors(t *testing.T) {
	g, other := G.NewGraph(), G.NewGraph()
	node := func(g *G.ExprGraph, dt tensor.Dtype, name string, dims ...int) *G.Node {
		return G.NewTensor(g, dt, len(dims), G.WithShape(dims...), G.WithName(name))
	}
	f32 := tensor.Float32
	m, square, v := node(g, f32, "m", 2, 3), node(g, f32, "square", 3, 3), node(g, f32, "v", 3)
	column, row := node(g, f32, "column", 3, 1), node(g, f32, "row", 1, 3)
	s := G.NewScalar(g, f32, G.WithName("s"))
	wide := node(g, tensor.Float64, "wide", 2, 3)
	whole := node(g, tensor.Int, "whole", 2, 3)
	far := node(other, f32, "far", 2, 3)
	farConstant, err := ops.Constant(far, 2)
	if err != nil {
		t.Fatal(err)
	}
	stray := G.NewConstant(float32(1))
	stream := random.New(1)
	one := func(f func(*G.Node) (*G.Node, error), x *G.Node) func() (*G.Node, error) {
		return func() (*G.Node, error) { return f(x) }
	}
	two := func(f func(a, b *G.Node) (*G.Node, error), a, b *G.Node) func() (*G.Node, error) {
		return func() (*G.Node, error) { return f(a, b) }
	}
	images, wideImages, kernels := node(g, f32, "images", 2, 3, 4, 5), node(g, tensor.Float64, "wide images", 2, 3, 4, 5), node(g, f32, "kernels", 6, 3, 3, 2)
	maps := node(g, f32, "maps", 2, 6, 2, 4)
	pad := ops.Conv{Pad: [2]int{1, 1}}
	cases := map[string]func() (*G.Node, error){
		"conv2d: nil":                 func() (*G.Node, error) { return ops.Conv2D(nil, kernels, ops.Conv{}) },
		"conv2d: no kernels":          func() (*G.Node, error) { return ops.Conv2D(images, nil, ops.Conv{}) },
		"conv2d: matrix":              func() (*G.Node, error) { return ops.Conv2D(m, kernels, ops.Conv{}) },
		"conv2d: channels":            func() (*G.Node, error) { return ops.Conv2D(maps, kernels, ops.Conv{}) },
		"conv2d: kernel":              func() (*G.Node, error) { return ops.Conv2D(images, images, ops.Conv{Pad: [2]int{0, -1}}) },
		"conv2d: stride":              func() (*G.Node, error) { return ops.Conv2D(images, kernels, ops.Conv{Stride: [2]int{-1, 1}}) },
		"conv2d: dtypes":              func() (*G.Node, error) { return ops.Conv2D(wideImages, kernels, ops.Conv{}) },
		"transposed conv2d: nil":      func() (*G.Node, error) { return ops.ConvTranspose2D(nil, kernels, ops.Conv{}, 4, 5) },
		"transposed conv2d: channels": func() (*G.Node, error) { return ops.ConvTranspose2D(images, kernels, ops.Conv{}, 4, 5) },
		"transposed conv2d: size":     func() (*G.Node, error) { return ops.ConvTranspose2D(maps, kernels, ops.Conv{}, 5, 5) },
		"transposed conv2d: no size":  func() (*G.Node, error) { return ops.ConvTranspose2D(maps, kernels, ops.Conv{}, 0, -1) },
		"conv2d weights: nil":         func() (*G.Node, error) { return ops.ConvWeights(images, nil, ops.Conv{}, 3, 2) },
		"conv2d weights: images": func() (*G.Node, error) {
			return ops.ConvWeights(node(g, f32, "three", 3, 3, 4, 5), maps, ops.Conv{}, 3, 2)
		},
		"conv2d weights: padding":   func() (*G.Node, error) { return ops.ConvWeights(images, maps, pad, 3, 2) },
		"conv2d weights: no kernel": func() (*G.Node, error) { return ops.ConvWeights(images, maps, ops.Conv{}, 0, 2) },
		"max pooling: nil":          func() (*G.Node, error) { return ops.MaxPool2D(nil, ops.SquarePool(2)) },
		"max pooling: no window":    func() (*G.Node, error) { return ops.MaxPool2D(images, ops.Pool{}) },
		"max pooling: window":       func() (*G.Node, error) { return ops.MaxPool2D(images, ops.SquarePool(5)) },
		"max pooling: padding": func() (*G.Node, error) {
			return ops.MaxPool2D(images, ops.Pool{Window: [2]int{2, 2}, Pad: [2]int{2, 0}})
		},
		"max unpooling: maps":             func() (*G.Node, error) { return ops.MaxUnpool2D(maps, images, ops.SquarePool(2)) },
		"max unpooling: nil":              func() (*G.Node, error) { return ops.MaxUnpool2D(nil, images, ops.SquarePool(2)) },
		"conv2d with max pooling: window": func() (*G.Node, error) { return ops.ConvMaxPool2D(images, kernels, nil, ops.Conv{}, ops.SquarePool(5)) },
		"conv2d with max pooling: bias":   func() (*G.Node, error) { return ops.ConvMaxPool2D(images, kernels, v, ops.Conv{}, ops.SquarePool(2)) },
		"conv2d with max pooling: nil":    func() (*G.Node, error) { return ops.ConvMaxPool2D(nil, kernels, v, ops.Conv{}, ops.SquarePool(2)) },
		"conv2d with max unpooling: maps": func() (*G.Node, error) {
			return ops.ConvMaxUnpool2D(maps, images, kernels, ops.Conv{}, ops.SquarePool(2))
		},
		"average pooling: matrix":     func() (*G.Node, error) { return ops.AveragePool2D(m, ops.SquarePool(2)) },
		"average pooling: negative":   func() (*G.Node, error) { return ops.AveragePool2D(images, ops.SquarePool(-2)) },
		"global average pooling: nil": func() (*G.Node, error) { return ops.GlobalAveragePool2D(nil) },
		"channel sum: nil":            func() (*G.Node, error) { return ops.ChannelSum(nil) },
		"channel sum: vector":         func() (*G.Node, error) { return ops.ChannelSum(v) },
		"repeat channels: nil":        func() (*G.Node, error) { return ops.RepeatChannels(nil, shape{2, 3}) },
		"repeat channels: number":     func() (*G.Node, error) { return ops.RepeatChannels(v, shape{2, 4, 1, 1}) },
		"repeat channels: three":      func() (*G.Node, error) { return ops.RepeatChannels(v, shape{2, 3, 1}) },
		"repeat channels: none":       func() (*G.Node, error) { return ops.RepeatChannels(v, shape{0, 3}) },
		"apply: no operands":          func() (*G.Node, error) { return ops.Apply(ops.Def{Name: "apply"}) },
		"linear: nil":                 func() (*G.Node, error) { return ops.Linear(nil, 2, 1) },
		"linear: nil, identity":       func() (*G.Node, error) { return ops.Linear(nil, 1, 0) },
		"linear: integers":            func() (*G.Node, error) { return ops.Linear(whole, 2, 1) },
		"fill: nil":                   func() (*G.Node, error) { return ops.Fill(nil, shape{2}) },
		"fill: nil, scalar":           func() (*G.Node, error) { return ops.Fill(nil, shape{}) },
		"fill: matrix":                func() (*G.Node, error) { return ops.Fill(m, shape{2}) },
		"fill: no elements":           func() (*G.Node, error) { return ops.Fill(s, shape{2, 0}) },
		"repeatrows: nil":             func() (*G.Node, error) { return ops.RepeatRows(nil, 2) },
		"repeatrows: matrix":          func() (*G.Node, error) { return ops.RepeatRows(m, 2) },
		"repeatrows: none":            func() (*G.Node, error) { return ops.RepeatRows(v, 0) },
		"repeatcols: nil":             func() (*G.Node, error) { return ops.RepeatCols(nil, 2) },
		"repeatcols: none":            func() (*G.Node, error) { return ops.RepeatCols(v, -1) },
		"reshape: nil":                func() (*G.Node, error) { return ops.Reshape(nil, 2) },
		"reshape: other size":         func() (*G.Node, error) { return ops.Reshape(m, 2, 2) },
		"reshape: negative":           func() (*G.Node, error) { return ops.Reshape(m, -2, -3) },
		"matmul: nil":                 func() (*G.Node, error) { return ops.MatMul(m, nil, false, false) },
		"matmul: vector":              func() (*G.Node, error) { return ops.MatMul(m, v, false, false) },
		"matmul: inner":               func() (*G.Node, error) { return ops.MatMul(m, m, false, false) },
		"matmul: inner, transA":       func() (*G.Node, error) { return ops.MatMul(m, square, true, false) },
		"matmul: dtypes":              func() (*G.Node, error) { return ops.MatMul(m, wide, true, false) },
		"matmul: graphs":              func() (*G.Node, error) { return ops.MatMul(m, far, true, false) },
		"affine: nil x":               func() (*G.Node, error) { return ops.Affine(nil, square, v, false) },
		"affine: nil W":               func() (*G.Node, error) { return ops.Affine(m, nil, v, false) },
		"affine: nil b":               func() (*G.Node, error) { return ops.Affine(m, square, nil, false) },
		"affine: inner":               func() (*G.Node, error) { return ops.Affine(m, m, v, false) },
		"affine: bias":                func() (*G.Node, error) { return ops.Affine(m, m, v, true) },
		"affine: matrix as bias":      func() (*G.Node, error) { return ops.Affine(m, square, square, false) },
		"affine: graphs":              func() (*G.Node, error) { return ops.Affine(far, square, v, false) },
		"bernoulli: nil":              func() (*G.Node, error) { return ops.Bernoulli(nil, stream) },
		"bernoulli: no stream":        func() (*G.Node, error) { return ops.Bernoulli(m, nil) },
		"categorical: nil":            func() (*G.Node, error) { return ops.Categorical(nil, stream) },
		"categorical: vector":         func() (*G.Node, error) { return ops.Categorical(v, stream) },
		"uniform: no stream":          func() (*G.Node, error) { return ops.Categorical(m, nil) },
		"exp: nil":                    one(ops.Exp, nil),
		"sqrt: nil":                   one(ops.Sqrt, nil),
		"reciprocal: nil":             one(ops.Reciprocal, nil),
		"mask: nil":                   func() (*G.Node, error) { return ops.Mask(nil, 0.5, 1, stream) },
		"mask: no stream":             func() (*G.Node, error) { return ops.Mask(m, 0.5, 1, nil) },
		"mask: probability":           func() (*G.Node, error) { return ops.Mask(m, 1.5, 1, stream) },
		"normal: nil":                 func() (*G.Node, error) { return ops.Normal(nil, 1, stream) },
		"uniform: nil":                func() (*G.Node, error) { return ops.Uniform(nil, stream) },
		"normal: no stream":           func() (*G.Node, error) { return ops.Normal(m, 1, nil) },
		"normal: negative":            func() (*G.Node, error) { return ops.Normal(m, -1, stream) },
		"constant: nil":               func() (*G.Node, error) { return ops.Constant(nil, 1) },
		"constant: no graph":          func() (*G.Node, error) { return ops.Constant(stray, 1) },
		"sum: nil":                    one(ops.Sum, nil),
		"sum: type against shape":     one(ops.Sum, G.Must(G.DiagFlat(v))),
		"mul: other constant":         two(ops.Mul, m, farConstant),
	}
	for name, f := range map[string]func(*G.Node) (*G.Node, error){
		"square": ops.Square, "abs": ops.Abs, "sign": ops.Sign, "stop": ops.StopGradient,
		"sumsquares": ops.SumSquares, "colsum": ops.ColSum, "rowsum": ops.RowSum,
	} {
		cases[name+": nil"] = one(f, nil)
		cases[name+": integers"] = one(f, whole)
	}
	cases["colsum: vector"], cases["rowsum: vector"] = one(ops.ColSum, v), one(ops.RowSum, v)
	for name, f := range map[string]func(a, b *G.Node) (*G.Node, error){"add": ops.Add, "sub": ops.Sub, "mul": ops.Mul} {
		cases[name+": nil left"], cases[name+": nil right"] = two(f, nil, m), two(f, m, nil)
		cases[name+": shapes"] = two(f, m, square)
		cases[name+": vector and column"], cases[name+": row and vector"] = two(f, v, column), two(f, row, v)
		cases[name+": dtypes"] = two(f, m, wide)
		cases[name+": graphs"] = two(f, m, far)
		cases[name+": integers"] = two(f, whole, whole)
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			n, err := f()
			op, _, _ := strings.Cut(name, ":")
			switch {
			case err == nil:
				t.Errorf("got node %v, want an error", n)
			case !strings.Contains(err.Error(), op):
				t.Errorf("the error does not name %s: %v", op, err)
			}
		})
	}
	if _, err := ops.Mean(nil); err == nil {
		t.Error("mean of nil: want an error")
	}
	if got := ops.Children(nil); len(got) != 0 {
		t.Errorf("children of nil: got %v", got)
	}
}

// The first error of a chain is the one that is kept.
func TestChain(t *testing.T) {
	g := G.NewGraph()
	m := G.NewMatrix(g, tensor.Float32, G.WithShape(2, 3), G.WithName("m"))
	var c ops.Chain
	if n := c.Do(ops.Square(m)); n == nil || c.Err() != nil {
		t.Fatalf("got %v, %v", n, c.Err())
	}
	n := c.Do(ops.Abs(c.Do(ops.MatMul(m, m, false, false))))
	if n != nil || c.Err() == nil || !strings.Contains(c.Err().Error(), "matmul") {
		t.Errorf("got node %v and error %v, want the error of matmul", n, c.Err())
	}
	if n := c.Do(ops.Square(m)); n != nil {
		t.Error("after an error Do must return nil")
	}
}

// A result for operands of other dtype or size is refused when the operation runs.
func TestRunErrors(t *testing.T) {
	g := G.NewGraph()
	m := G.NewMatrix(g, tensor.Float32, G.WithShape(2, 3), G.WithName("m"))
	n, err := ops.Square(m)
	if err != nil {
		t.Fatal(err)
	}
	op := n.Op().(*ops.Op)
	right := ops.NewValue(tensor.Float32, shape{2, 3})
	for name, in := range map[string][]G.Value{
		"too few":    {},
		"other size": {ops.NewValue(tensor.Float32, shape{3, 3})},
		"dtype":      {ops.NewValue(tensor.Float64, shape{2, 3})},
		"nil":        {nil},
	} {
		if v, err := op.Do(in...); err == nil {
			t.Errorf("%s: got %v, want an error", name, v)
		}
		if err := op.Run(right, in, new(ops.Scratch)); err == nil {
			t.Errorf("%s: want an error from Run", name)
		}
	}
	if err := op.Run(ops.NewValue(tensor.Float32, shape{2}), []G.Value{right}, new(ops.Scratch)); err == nil {
		t.Error("result of another size: want an error")
	}
}
