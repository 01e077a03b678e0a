package ops_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// torchConv is what scripts/torch_conv.py wrote.
type torchConv struct{ Convolutions, Transposed, Poolings []torchCase }

type torchCase struct {
	Name, Kind                string
	Window, Stride, Pad       [2]int
	In, W, Out, DOut, DIn, DW flat
}

type flat struct {
	Shape []int
	Data  []float64
}

// tensor returns the numbers as float64 or float32.
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

func readTorchConv(t *testing.T) (f torchConv) {
	t.Helper()
	data, err := os.ReadFile("testdata/torch_conv.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Values and gradients of convolution, transposed convolution and pooling equal PyTorch's.
func TestConvEqualsPyTorch(t *testing.T) {
	f := readTorchConv(t)
	check := func(group string, cases []torchCase, build func(c torchCase, x, W *G.Node) (*G.Node, error)) {
		if len(cases) == 0 {
			t.Fatalf("the file has no cases of %s", group)
		}
		for _, c := range cases {
			for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
				t.Run(group+"/"+c.Name+"/"+dt.String(), func(t *testing.T) {
					g := G.NewGraph()
					wrt := G.Nodes{gradcheck.Leaf(g, "x", c.In.tensor(dt))}
					want := [][]float64{c.Out.Data, c.DIn.Data}
					var W *G.Node
					if len(c.W.Shape) > 0 {
						W = gradcheck.Leaf(g, "W", c.W.tensor(dt))
						wrt, want = append(wrt, W), append(want, c.DW.Data)
					}
					y, err := build(c, wrt[0], W)
					if err != nil {
						t.Fatal(err)
					}
					if !y.Shape().Eq(tensor.Shape(c.Out.Shape)) {
						t.Fatalf("got shape %v, want %v", y.Shape(), c.Out.Shape)
					}
					var ch ops.Chain
					cost := ch.Do(ops.Sum(ch.Do(ops.Mul(y, gradcheck.Leaf(g, "dy", c.DOut.tensor(dt))))))
					if ch.Err() != nil {
						t.Fatal(ch.Err())
					}
					grads, err := autodiff.Grad(cost, wrt...)
					if err != nil {
						t.Fatal(err)
					}
					tol := 1e-14
					if dt == tensor.Float32 {
						tol = 2e-6
					}
					gradcheck.Same(t, "value, gradients", want, gradcheck.Compiled(t, append(G.Nodes{y}, grads...)), tol)
				})
			}
		}
	}
	check("conv", f.Convolutions, func(c torchCase, x, W *G.Node) (*G.Node, error) {
		return ops.Conv2D(x, W, ops.Conv{Stride: c.Stride, Pad: c.Pad})
	})
	check("transposed", f.Transposed, func(c torchCase, x, W *G.Node) (*G.Node, error) {
		return ops.ConvTranspose2D(x, W, ops.Conv{Stride: c.Stride, Pad: c.Pad}, c.Out.Shape[2], c.Out.Shape[3])
	})
	check("pool", f.Poolings, func(c torchCase, x, _ *G.Node) (*G.Node, error) {
		o := ops.Pool{Window: c.Window, Stride: c.Stride, Pad: c.Pad}
		if c.Kind == "max" {
			return ops.MaxPool2D(x, o)
		}
		return ops.AveragePool2D(x, o)
	})
}

// The three sides of the trilinear form and the poolings, and the gradients of their
// gradients.
func TestConvGradients(t *testing.T) {
	type pair = [2]int
	for name, o := range map[string]ops.Conv{"plain": {}, "strided": {Stride: pair{2, 3}}, "padded": {Pad: pair{1, 2}}, "both": {Stride: pair{2, 1}, Pad: pair{1, 1}}} {
		const m, c, h, w, f, kh, kw = 2, 2, 4, 5, 3, 3, 2
		oh, ow, err := o.Out(h, w, kh, kw)
		if err != nil {
			t.Fatal(err)
		}
		x, W, y := shape{m, c, h, w}, shape{f, c, kh, kw}, shape{m, f, oh, ow}
		for side, s := range map[string]struct {
			in    []shape
			build func(a, b *G.Node) (*G.Node, error)
		}{
			"maps":    {[]shape{x, W}, func(a, b *G.Node) (*G.Node, error) { return ops.Conv2D(a, b, o) }},
			"images":  {[]shape{y, W}, func(a, b *G.Node) (*G.Node, error) { return ops.ConvTranspose2D(a, b, o, h, w) }},
			"weights": {[]shape{x, y}, func(a, b *G.Node) (*G.Node, error) { return ops.ConvWeights(a, b, o, kh, kw) }},
		} {
			t.Run(name+"/"+side, func(t *testing.T) {
				gradcheck.Both(t, gradcheck.Case{Inputs: inputs(s.in...), Tol: 1e-6, Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
					y, err := s.build(x[0], x[1])
					if err != nil {
						return nil, err
					}
					return ops.Square(y)
				}})
			})
		}
	}
	for name, o := range map[string]ops.Pool{"side by side": ops.SquarePool(2), "overlapping": {Window: pair{3, 2}, Stride: pair{1, 1}}, "padded": {Window: pair{2, 3}, Pad: pair{1, 1}}} {
		for kind, pool := range map[string]func(*G.Node, ops.Pool) (*G.Node, error){"max": ops.MaxPool2D, "average": ops.AveragePool2D} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{2, 2, 4, 6}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
					y, err := pool(x[0], o)
					if err != nil {
						return nil, err
					}
					return ops.Square(y)
				}})
			})
		}
	}
	for name, o := range map[string]ops.Pool{"side by side": ops.SquarePool(2), "overlapping": {Window: pair{3, 2}, Stride: pair{1, 1}}, "padded": {Window: pair{2, 3}, Pad: pair{1, 1}}} {
		t.Run(name+"/convolution with max pooling", func(t *testing.T) {
			in := inputs(shape{3, 2, 5, 6}, shape{3, 2, 2, 3}, shape{3})
			gradcheck.Both(t, gradcheck.Case{Inputs: in, Tol: 1e-6, Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
				y, err := ops.ConvMaxPool2D(x[0], x[1], x[2], ops.Conv{Pad: pair{0, 1}}, o)
				if err != nil {
					return nil, err
				}
				return ops.Square(y)
			}})
		})
	}
	t.Run("channels", func(t *testing.T) {
		gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{2, 3, 2, 2}, shape{3}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
			var c ops.Chain
			y := c.Do(ops.Mul(x[0], c.Do(ops.RepeatChannels(x[1], x[0].Shape()))))
			return c.Do(ops.ChannelSum(c.Do(ops.Square(y)))), c.Err()
		}})
	})
	t.Run("global", func(t *testing.T) {
		gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{2, 3, 2, 4}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
			y, err := ops.GlobalAveragePool2D(x[0])
			if err != nil {
				return nil, err
			}
			return ops.Square(y)
		}})
	})
}

// Convolution and pooling in one pass give the same bytes as one after the other, the
// gradients the same numbers, on sizes that fill no vector register and several. The gradients are sums in other orders:
// of multiples of 1/8 they are exact in float32, too, and have to be equal.
func TestConvMaxPool(t *testing.T) {
	type pair = [2]int
	for _, c := range []struct {
		x, W shape
		conv ops.Conv
		pool ops.Pool
	}{
		{shape{9, 3, 12, 12}, shape{7, 3, 5, 5}, ops.Conv{}, ops.SquarePool(2)},
		{shape{2, 1, 28, 28}, shape{20, 1, 5, 5}, ops.Conv{}, ops.SquarePool(2)},
		{shape{5, 2, 11, 13}, shape{4, 2, 3, 2}, ops.Conv{Pad: pair{1, 2}}, ops.SquarePool(2)},
		{shape{5, 2, 15, 14}, shape{4, 2, 3, 4}, ops.Conv{Stride: pair{2, 1}}, ops.Pool{Window: pair{3, 3}, Stride: pair{2, 1}, Pad: pair{1, 1}}},
	} {
		for _, n := range []struct {
			dt      tensor.Dtype
			eighths bool
			bound   float64 // of the gradients; −1: not compared
		}{{tensor.Float32, false, -1}, {tensor.Float32, true, 0}, {tensor.Float64, false, 1e-13}} {
			values := map[bool][][]float64{}
			for _, fused := range []bool{false, true} {
				g := G.NewGraph()
				leaf := func(name string, dims ...int) *G.Node {
					d := gradcheck.Uniform(n.dt, name, dims...)
					if n.eighths {
						for i, v := range d.Float32s() {
							d.Float32s()[i] = float32(math.Round(float64(8*v)) / 8)
						}
					}
					return gradcheck.Leaf(g, name, d)
				}
				x, W, b := leaf("x", c.x...), leaf("W", c.W...), leaf("b", c.W[0])
				var ch ops.Chain
				var y *G.Node
				if fused {
					y = ch.Do(ops.ConvMaxPool2D(x, W, b, c.conv, c.pool))
				} else {
					y = ch.Do(ops.MaxPool2D(ch.Do(ops.Conv2D(x, W, c.conv)), c.pool))
					y = ch.Do(ops.Add(y, ch.Do(ops.RepeatChannels(b, y.Shape()))))
				}
				cost := ch.Do(ops.SumSquares(y))
				if ch.Err() != nil {
					t.Fatal(ch.Err())
				}
				grads, err := autodiff.Grad(cost, x, W, b)
				if err != nil {
					t.Fatal(err)
				}
				values[fused] = gradcheck.Compiled(t, append(G.Nodes{y}, grads...))
			}
			gradcheck.Same(t, "value", values[false][:1], values[true][:1], 0)
			if n.bound >= 0 {
				gradcheck.Same(t, "gradients", values[false][1:], values[true][1:], n.bound)
			}
		}
	}
}

// The transposed convolution of unpooled maps in one pass gives what its parts do.
func TestConvMaxUnpool(t *testing.T) {
	for _, o := range []ops.Pool{ops.SquarePool(2), {Window: [2]int{3, 3}, Stride: [2]int{2, 1}, Pad: [2]int{1, 1}}} {
		for dt, tol := range map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-13} {
			values := map[bool][][]float64{}
			for _, fused := range []bool{false, true} {
				g := G.NewGraph()
				x, W := gradcheck.Leaf(g, "x", gradcheck.Uniform(dt, "x", 9, 2, 12, 14)), gradcheck.Leaf(g, "W", gradcheck.Uniform(dt, "W", 7, 2, 3, 5))
				var ch ops.Chain
				var z *G.Node
				if fused {
					z = ch.Do(ops.ConvMaxUnpool2D(ch.Do(ops.ConvMaxPool2D(x, W, nil, ops.Conv{}, o)), x, W, ops.Conv{}, o))
				} else {
					maps := ch.Do(ops.Conv2D(x, W, ops.Conv{}))
					u := ch.Do(ops.MaxUnpool2D(ch.Do(ops.MaxPool2D(maps, o)), maps, o))
					z = ch.Do(ops.ConvTranspose2D(u, W, ops.Conv{}, 12, 14))
				}
				cost := ch.Do(ops.Mean(ch.Do(ops.Square(z))))
				if ch.Err() != nil {
					t.Fatal(ch.Err())
				}
				grads, err := autodiff.Grad(cost, x, W)
				if err != nil {
					t.Fatal(err)
				}
				values[fused] = gradcheck.Compiled(t, append(G.Nodes{z}, grads...))
			}
			gradcheck.Same(t, "value and gradients", values[false], values[true], tol)
		}
	}
}
