package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
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
	const name = "max pooling"
	g, winners, err := o.winners(name, x)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: g.name(name), Shape: g.maps(), Wrt: []bool{false, true},
		Ranged: &Ranged{Grain: g.c * g.oh * g.ow, F32: winning[float32](g), F64: winning[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.unpool(dy, x[0])
			return G.Nodes{nil, dx}, err
		},
	}, winners, x)
}

// MaxUnpool2D puts maps y (m,c,oh,ow) back to where MaxPool2D found the largest pixels of x
// (m,c,h,w): the result has the shape of x, 0 elsewhere, and the sum where windows share
// their largest pixel. By x it is constant, where it changes at all.
func MaxUnpool2D(y, x *G.Node, o Pool) (*G.Node, error) {
	g, winners, err := o.winners("max unpooling", x)
	if err != nil {
		return nil, err
	}
	if y == nil || !y.Shape().Eq(g.maps()) {
		return nil, fmt.Errorf("max unpooling: want maps of shape %v for images %v, got %v", g.maps(), x.Shape(), shapeOf(y))
	}
	return g.unpool(y, winners)
}

// winners finds the largest pixels of x and their places. It is no function to be
// differentiated: what reads it is.
func (o Pool) winners(name string, x *G.Node) (g convolution, winners *G.Node, err error) {
	if g, err = o.of(name, x); err != nil {
		return g, nil, err
	}
	if err := g.countable(name); err != nil {
		return g, nil, err
	}
	winners, err = Apply(Def{
		Name: g.name("largest pixels"), Shape: g.winners(),
		Ranged: &Ranged{Grain: 2 * g.c * g.oh * g.ow, F32: fastWinners(g), F64: poolWinners[float64](g)},
	}, x)
	return g, winners, err
}

// winners is the shape of the largest pixels of all windows and their places: by example
// first all values, then for each the number of the pixel in its plane.
func (g convolution) winners() tensor.Shape { return tensor.Shape{g.m, 2, g.c, g.oh * g.ow} }

// countable tells whether a float32 can number the pixels of a plane.
func (g convolution) countable(name string) error {
	if g.h*g.w >= 1<<24 {
		return fmt.Errorf("%s: want maps of fewer than 2²⁴ pixels, got %d×%d", name, g.h, g.w)
	}
	return nil
}

// unpool adds y (m,c,oh,ow) up at the places of winners: the transpose of pick.
func (g convolution) unpool(y, winners *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("max unpooling"), Shape: g.image(), Wrt: []bool{true, false},
		Ranged: &Ranged{Grain: g.c * g.h * g.w, F32: unpool[float32](g), F64: unpool[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.pick(dy, x[1])
			return G.Nodes{dx, nil}, err
		},
	}, y, winners)
}

// pick is the pixels of z (m,c,h,w) at the places of winners.
func (g convolution) pick(z, winners *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("max picking"), Shape: g.maps(), Wrt: []bool{true, false},
		Ranged: &Ranged{Grain: g.c * g.oh * g.ow, F32: pick[float32](g), F64: pick[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := g.unpool(dy, x[1])
			return G.Nodes{dx, nil}, err
		},
	}, z, winners)
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
