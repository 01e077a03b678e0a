package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// Pool says how a pooling window moves over an image.
type Pool struct {
	// Window is the height and width of the window.
	Window [2]int `json:"window"`
	// Stride is the distance from one window to the next, by row and column; 0 stands for
	// the window's own size, so that windows neither overlap nor leave anything out.
	Stride [2]int `json:"stride,omitzero"`
	// Pad is the number of rows above and below the image, and of columns left and right,
	// over which windows may reach, at most half of a window.
	Pad [2]int `json:"pad,omitzero"`
}

// SquarePool returns a pool of windows of n×n side by side.
func SquarePool(n int) Pool { return Pool{Window: [2]int{n, n}} }

// String is such as "2×2, stride 2×2, padding 0×0".
func (o Pool) String() string {
	return fmt.Sprintf("%d×%d, %v", o.Window[0], o.Window[1], o.conv())
}

// conv is the pool as a convolution's movement.
func (o Pool) conv() Conv {
	c := Conv{Stride: o.Stride, Pad: o.Pad}
	for k := range c.Stride {
		if c.Stride[k] == 0 {
			c.Stride[k] = o.Window[k]
		}
	}
	return c
}

// Out is the size of what pooling makes of images of h×w, ⌊(h + 2·pad − window)/stride⌋ + 1.
func (o Pool) Out(h, w int) (oh, ow int, err error) {
	if o.Pad[0] > o.Window[0]/2 || o.Pad[1] > o.Window[1]/2 {
		return 0, 0, fmt.Errorf("want a padding of at most half of the window, got %v", o)
	}
	return o.conv().Out(h, w, o.Window[0], o.Window[1])
}

// MaxPool2D is the largest pixel of each window: x (m,c,h,w) gives (m,c,oh,ow); see
// [Pool.Out]. What lies beyond the edge does not count. The gradient goes to the pixel that
// was the largest, the first of several, by row and column; a NaN counts as the largest.
func MaxPool2D(x *G.Node, o Pool) (*G.Node, error) {
	g, err := o.of("max pooling", x)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: g.name("max pooling"), Shape: g.maps(),
		Ranged: &Ranged{Grain: g.oh * g.ow, F32: maxPool[float32](g), F64: maxPool[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.unpool(dy, x[0])
			return G.Nodes{dx}, err
		},
	}, x)
}

// MaxUnpool2D puts maps y (m,c,oh,ow) back to where MaxPool2D found the largest pixels of x
// (m,c,h,w): the result has the shape of x, 0 elsewhere, and the sum where windows share
// their largest pixel. By x it is constant, where it changes at all.
func MaxUnpool2D(y, x *G.Node, o Pool) (*G.Node, error) {
	g, err := o.of("max unpooling", x)
	if err != nil {
		return nil, err
	}
	if y == nil || !y.Shape().Eq(g.maps()) {
		return nil, fmt.Errorf("max unpooling: want maps of shape %v for images %v, got %v", g.maps(), x.Shape(), shapeOf(y))
	}
	return g.unpool(y, x)
}

// unpool adds y (m,c,oh,ow) up at the pixels at which x (m,c,h,w) is the largest of a window:
// the transpose of pick with respect to its first operand. By x it is constant, where it
// changes at all.
func (g convolution) unpool(y, x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("max unpooling"), Shape: g.image(), Wrt: []bool{true, false},
		Ranged: &Ranged{Grain: g.h * g.w, F32: maxUnpool[float32](g), F64: maxUnpool[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.pick(dy, x[1])
			return G.Nodes{dx, nil}, err
		},
	}, y, x)
}

// pick is the pixel of z (m,c,h,w) where x of the same shape is the largest of a window.
func (g convolution) pick(z, x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("max picking"), Shape: g.maps(), Wrt: []bool{true, false},
		Ranged: &Ranged{Grain: g.oh * g.ow, F32: maxPick[float32](g), F64: maxPick[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.unpool(dy, x[1])
			return G.Nodes{dx, nil}, err
		},
	}, z, x)
}

// AveragePool2D is the mean of each window: x (m,c,h,w) gives (m,c,oh,ow); see [Pool.Out].
// What lies beyond the edge counts as 0. It replaces gorgonia.AveragePool2D, whose gradient is
// wrong.
func AveragePool2D(x *G.Node, o Pool) (*G.Node, error) {
	g, err := o.of("average pooling", x)
	if err != nil {
		return nil, err
	}
	return g.average(x)
}

// GlobalAveragePool2D is the mean over each channel: x (m,c,h,w) gives (m,c,1,1). It replaces
// gorgonia.GlobalAveragePool2D, which has no right gradient.
func GlobalAveragePool2D(x *G.Node) (*G.Node, error) {
	_, _, h, w, err := dims4("global average pooling", "images", x)
	if err != nil {
		return nil, err
	}
	return AveragePool2D(x, Pool{Window: [2]int{h, w}})
}

func (g convolution) average(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("average pooling"), Shape: g.maps(),
		Ranged: &Ranged{Grain: g.oh * g.ow, F32: averagePool[float32](g), F64: averagePool[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.spread(dy)
			return G.Nodes{dx}, err
		},
	}, x)
}

// spread gives every pixel of a window its share of y: the transpose of average.
func (g convolution) spread(y *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("spread"), Shape: g.image(),
		Ranged: &Ranged{Grain: g.h * g.w, F32: spreadPool[float32](g), F64: spreadPool[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.average(dy)
			return G.Nodes{dx}, err
		},
	}, y)
}

// of is the geometry of pooling x: a convolution of each channel by itself.
func (o Pool) of(name string, x *G.Node) (g convolution, err error) {
	g.Conv, g.kh, g.kw = o.conv(), o.Window[0], o.Window[1]
	if g.m, g.c, g.h, g.w, err = dims4(name, "images", x); err != nil {
		return g, err
	}
	g.f = g.c
	if g.oh, g.ow, err = o.Out(g.h, g.w); err != nil {
		return g, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}
