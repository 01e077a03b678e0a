package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The matrix products and the sparse sums of float32 give the numbers that the formula does in float64, on images, kernels
// and windows of any size: of multiples of 1/8 both are exact, ties of largest pixels included.
func TestConvOfAnySize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pair := func(n int) [2]int { return [2]int{1 + r.IntN(n), 1 + r.IntN(n)} }
	none := func(n int) [2]int { return [2]int{r.IntN(n), r.IntN(n)} }
	tried := 0
	for tried < 50 {
		m, c, f, size, kernel := 1+r.IntN(11), 1+r.IntN(4), 1+r.IntN(9), pair(19), pair(6)
		o, pool := ops.Conv{Stride: pair(3), Pad: none(3)}, ops.Pool{Window: pair(3), Stride: none(4)}
		if r.IntN(2) == 0 { // what has kernels of its own
			o.Stride, pool = [2]int{}, ops.SquarePool(2)
		}
		pool.Pad = [2]int{r.IntN(1 + pool.Window[0]/2), r.IntN(1 + pool.Window[1]/2)}
		oh, ow, err := o.Out(size[0], size[1], kernel[0], kernel[1])
		if err != nil {
			continue
		}
		if _, _, err := pool.Out(oh, ow); err != nil {
			continue
		}
		tried++
		name := fmt.Sprintf("%d×%d×%d×%d by %d of %d×%d, %v, pooled %v", m, c, size[0], size[1], f, kernel[0], kernel[1], o, pool)
		values := map[tensor.Dtype][][]float64{}
		for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			g := G.NewGraph()
			leaf := func(name string, dims ...int) *G.Node { return gradcheck.Leaf(g, name, eighths(dt, name, dims...)) }
			x, W, b := leaf("x", m, c, size[0], size[1]), leaf("W", f, c, kernel[0], kernel[1]), leaf("b", f)
			var ch ops.Chain
			cost := func(name string, y *G.Node) *G.Node {
				return ch.Do(ops.Sum(ch.Do(ops.Mul(y, leaf(name, y.Shape()...)))))
			}
			maps := ch.Do(ops.Conv2D(x, W, o))
			fused := ch.Do(ops.ConvMaxPool2D(x, W, b, o, pool))
			up := ch.Do(ops.ConvMaxUnpool2D(fused, x, W, o, pool))
			if ch.Err() != nil {
				t.Fatalf("%s: %v", name, ch.Err())
			}
			out := G.Nodes{maps, fused, up}
			for i, y := range out[:2] {
				grads, err := autodiff.Grad(cost(fmt.Sprintf("dy%d", i), y), x, W)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				out = append(out, grads...)
			}
			values[dt] = gradcheck.Compiled(t, out)
		}
		gradcheck.Same(t, name, values[tensor.Float64], values[tensor.Float32], 0)
	}
}

// eighths are multiples of 1/8 from −1 to 1.
func eighths(dt tensor.Dtype, name string, dims ...int) *tensor.Dense {
	d := gradcheck.Uniform(tensor.Float64, name, dims...)
	for i, v := range d.Float64s() {
		d.Float64s()[i] = math.Round(8*v) / 8
	}
	if dt == tensor.Float64 {
		return d
	}
	e := make([]float32, len(d.Float64s()))
	for i, v := range d.Float64s() {
		e[i] = float32(v)
	}
	return tensor.New(tensor.WithShape(dims...), tensor.WithBacking(e))
}
