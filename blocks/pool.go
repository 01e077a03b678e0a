package blocks

import (
	"fmt"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// AveragePool2D is the mean over windows of kh×kw pixels, moved by their own size:
// x (m,c,h,w) gives (m,c,h/kh,w/kw); h and w must be multiples of kh and kw. It
// replaces gorgonia.AveragePool2D, whose gradient is wrong.
func AveragePool2D(x *G.Node, kh, kw int) (*G.Node, error) {
	if x == nil {
		return nil, fmt.Errorf("average pooling: the operand is missing")
	}
	s := x.Shape()
	if s.Dims() != 4 || kh < 1 || kw < 1 || s[2]%kh != 0 || s[3]%kw != 0 {
		return nil, fmt.Errorf("average pooling: want shape (m,c,h,w) with h and w multiples of the window, got %v and %d×%d", s, kh, kw)
	}
	p := pool{h: s[2], w: s[3], kh: kh, kw: kw}
	return p.average(x, s)
}

// GlobalAveragePool2D is the mean over each channel: x (m,c,h,w) gives (m,c,1,1).
func GlobalAveragePool2D(x *G.Node) (*G.Node, error) {
	if x == nil || x.Shape().Dims() != 4 {
		return nil, fmt.Errorf("global average pooling: want shape (m,c,h,w)")
	}
	return AveragePool2D(x, x.Shape()[2], x.Shape()[3])
}

// pool is the geometry of pooling h×w images by windows of kh×kw.
type pool struct{ h, w, kh, kw int }

func (p pool) average(x *G.Node, s tensor.Shape) (*G.Node, error) {
	return ops.Apply(ops.Def{
		Name: fmt.Sprintf("average pooling %d×%d", p.kh, p.kw), Shape: tensor.Shape{s[0], s[1], p.h / p.kh, p.w / p.kw},
		F32: gather[float32](p), F64: gather[float64](p),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := p.spread(dy, s)
			return G.Nodes{dx}, err
		},
	}, x)
}

// spread gives every pixel of a window its share of y: the transpose of average.
func (p pool) spread(y *G.Node, s tensor.Shape) (*G.Node, error) {
	return ops.Apply(ops.Def{
		Name: fmt.Sprintf("spread %d×%d", p.kh, p.kw), Shape: s, F32: scatter[float32](p), F64: scatter[float64](p),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := p.average(dy, s)
			return G.Nodes{dx}, err
		},
	}, y)
}

// window returns the index of the window of pixel i, counted over all images.
func (p pool) window(i int) int {
	image, pixel := i/(p.h*p.w), i%(p.h*p.w)
	row, col := pixel/p.w/p.kh, pixel%p.w/p.kw
	return (image*(p.h/p.kh)+row)*(p.w/p.kw) + col
}

func gather[T ops.Float](p pool) func([]T, [][]T) {
	return func(y []T, x [][]T) {
		clear(y)
		for i, v := range x[0] {
			y[p.window(i)] += v
		}
		for i := range y {
			y[i] /= T(p.kh * p.kw)
		}
	}
}

func scatter[T ops.Float](p pool) func([]T, [][]T) {
	return func(y []T, x [][]T) {
		for i := range y {
			y[i] = x[0][p.window(i)] / T(p.kh*p.kw)
		}
	}
}
