package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Conv says how the kernel of a convolution moves over an image. The zero value moves it
// pixel by pixel over the image as it is.
//
// A convolution is one side of the trilinear form
//
//	Σ x[n, c, p·s+i−pad, q·s+j−pad] · W[f, c, i, j] · y[n, f, p, q]
//
// of images x (m,c,h,w), kernels W (f,c,kh,kw) and maps y (m,f,oh,ow), in which pixels beyond
// the edge count as 0 and
//
//	oh = ⌊(h + 2·pad − kh)/s⌋ + 1
//
// and so for the width. The form's derivatives by y, x and W are [Conv2D], [ConvTranspose2D]
// and [ConvWeights]: each is the derivative of the other two, so that gradients of
// gradients are again these three.
type Conv struct {
	// Stride is the distance from one place of the kernel to the next, by row and column; 0
	// stands for 1.
	Stride [2]int `json:"stride,omitzero"`
	// Pad is the number of rows above and below the image, and of columns left and right,
	// that are taken for 0.
	Pad [2]int `json:"pad,omitzero"`
}

// String is such as "stride 2×2, padding 1×1".
func (o Conv) String() string {
	s := o.strides()
	return fmt.Sprintf("stride %d×%d, padding %d×%d", s[0], s[1], o.Pad[0], o.Pad[1])
}

func (o Conv) strides() [2]int { return [2]int{max(1, o.Stride[0]), max(1, o.Stride[1])} }

// Out is the size of the maps that a kernel of kh×kw makes of images of h×w. It fails where
// the kernel is larger than the image with its padding.
func (o Conv) Out(h, w, kh, kw int) (oh, ow int, err error) {
	if o.Stride[0] < 0 || o.Stride[1] < 0 || o.Pad[0] < 0 || o.Pad[1] < 0 {
		return 0, 0, fmt.Errorf("want a stride and a padding of at least 0, got %v", o)
	}
	if h < 1 || w < 1 || kh < 1 || kw < 1 {
		return 0, 0, fmt.Errorf("want an image and a kernel with pixels, got %d×%d and %d×%d", h, w, kh, kw)
	}
	if kh > h+2*o.Pad[0] || kw > w+2*o.Pad[1] {
		return 0, 0, fmt.Errorf("want a kernel no larger than the padded image, got %d×%d for %d×%d with padding %d×%d", kh, kw, h, w, o.Pad[0], o.Pad[1])
	}
	s := o.strides()
	return (h+2*o.Pad[0]-kh)/s[0] + 1, (w+2*o.Pad[1]-kw)/s[1] + 1, nil
}

// convolution is the geometry of the form: m images of c×h×w, f kernels of c×kh×kw, maps of
// oh×ow.
type convolution struct {
	Conv
	m, c, h, w, f, kh, kw, oh, ow int
}

func (g convolution) name(what string) string {
	return fmt.Sprintf("%s(%d×%d of %d×%d, %v)", what, g.kh, g.kw, g.h, g.w, g.Conv)
}

func (g convolution) image() tensor.Shape  { return tensor.Shape{g.m, g.c, g.h, g.w} }
func (g convolution) kernel() tensor.Shape { return tensor.Shape{g.f, g.c, g.kh, g.kw} }
func (g convolution) maps() tensor.Shape   { return tensor.Shape{g.m, g.f, g.oh, g.ow} }

// Conv2D is the maps that kernels W (f,c,kh,kw) make of images x (m,c,h,w): y (m,f,oh,ow)
// with
//
//	y[n, f, p, q] = Σ_cij W[f, c, i, j] · x[n, c, p·s+i−pad, q·s+j−pad]
//
// the cross-correlation that other programs call convolution too; see [Conv].
func Conv2D(x, W *G.Node, o Conv) (*G.Node, error) {
	g, err := convOf("conv2d", x, W, o)
	if err != nil {
		return nil, err
	}
	return g.forward(x, W)
}

// convOf is the geometry of the convolution of images x with kernels W.
func convOf(name string, x, W *G.Node, o Conv) (g convolution, err error) {
	g.Conv = o
	if g.m, g.c, g.h, g.w, err = dims4(name, "images", x); err != nil {
		return g, err
	}
	c := 0
	if g.f, c, g.kh, g.kw, err = dims4(name, "kernels", W); err != nil {
		return g, err
	}
	if c != g.c {
		return g, fmt.Errorf("%s: want kernels of as many channels as the images, got images %v, kernels %v", name, x.Shape(), W.Shape())
	}
	if g.oh, g.ow, err = o.Out(g.h, g.w, g.kh, g.kw); err != nil {
		return g, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}

// ConvTranspose2D is the transpose of [Conv2D] with respect to its images: of maps y
// (m,f,oh,ow) and the same kernels W (f,c,kh,kw) it makes images (m,c,h,w),
//
//	x[n, c, p·s+i−pad, q·s+j−pad] = Σ_f W[f, c, i, j] · y[n, f, p, q], summed over what meets there.
//
// h and w say which of the sizes is meant that Conv2D would make such maps of. It is the layer
// that other programs call transposed convolution, whose weights (in,out,kh,kw) are W.
func ConvTranspose2D(y, W *G.Node, o Conv, h, w int) (*G.Node, error) {
	g := convolution{Conv: o, h: h, w: w}
	var err error
	if g.m, g.f, g.oh, g.ow, err = dims4("transposed conv2d", "maps", y); err != nil {
		return nil, err
	}
	f := 0
	if f, g.c, g.kh, g.kw, err = dims4("transposed conv2d", "kernels", W); err != nil {
		return nil, err
	}
	if f != g.f {
		return nil, fmt.Errorf("transposed conv2d: want as many kernels as maps, got maps %v, kernels %v", y.Shape(), W.Shape())
	}
	if err := g.fits(); err != nil {
		return nil, fmt.Errorf("transposed conv2d: %w", err)
	}
	return g.backward(y, W)
}

// ConvWeights is the transpose of [Conv2D] with respect to its kernels: of images x (m,c,h,w)
// and maps y (m,f,oh,ow) it makes (f,c,kh,kw),
//
//	W[f, c, i, j] = Σ_npq x[n, c, p·s+i−pad, q·s+j−pad] · y[n, f, p, q]
//
// the gradient of a cost by the kernels where y is that by the maps.
func ConvWeights(x, y *G.Node, o Conv, kh, kw int) (*G.Node, error) {
	g := convolution{Conv: o, kh: kh, kw: kw}
	var err error
	if g.m, g.c, g.h, g.w, err = dims4("conv2d weights", "images", x); err != nil {
		return nil, err
	}
	m := 0
	if m, g.f, g.oh, g.ow, err = dims4("conv2d weights", "maps", y); err != nil {
		return nil, err
	}
	if m != g.m {
		return nil, fmt.Errorf("conv2d weights: want maps of as many images, got images %v, maps %v", x.Shape(), y.Shape())
	}
	if err := g.fits(); err != nil {
		return nil, fmt.Errorf("conv2d weights: %w", err)
	}
	return g.weights(x, y)
}

// fits tells whether the maps are those of the images.
func (g convolution) fits() error {
	oh, ow, err := g.Out(g.h, g.w, g.kh, g.kw)
	if err != nil {
		return err
	}
	if oh != g.oh || ow != g.ow {
		return fmt.Errorf("want maps of %d×%d for kernels %d×%d on images %d×%d with %v, got %d×%d", oh, ow, g.kh, g.kw, g.h, g.w, g.Conv, g.oh, g.ow)
	}
	return nil
}

func (g convolution) forward(x, W *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("conv2d"), Shape: g.maps(),
		Ranged: &Ranged{Grain: g.f * g.oh * g.ow, Flop: g.flop(), F32: g.unfold().forward, F64: forwardConv[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(g.backward(dy, x[1])), c.Do(g.weights(x[0], dy))}, c.Err()
		},
	}, x, W)
}

func (g convolution) backward(y, W *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("transposed conv2d"), Shape: g.image(),
		Ranged: &Ranged{Grain: g.c * g.h * g.w, Flop: g.flop(), F32: g.unfold().backward, F64: backwardConv[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(g.forward(dy, x[1])), c.Do(g.weights(dy, x[0]))}, c.Err()
		},
	}, y, W)
}

// weights is a sum over the examples: of chunks of them first, and then of the chunks. The sum of
// these has the derivatives of the whole.
func (g convolution) weights(x, y *G.Node) (*G.Node, error) {
	u := g.unfold()
	size := u.elements * g.f
	parts, err := Apply(Def{
		Name: g.name("conv2d partial weights"), Shape: tensor.Shape{u.chunks(), size},
		Ranged: &Ranged{Grain: size, Flop: g.flop(), F32: u.partial, F64: partialConv[float64](g, u.chunks())},
	}, x, y)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: g.name("conv2d weights"), Shape: g.kernel(), Wrt: []bool{false, true, true},
		Ranged: &Ranged{Grain: u.elements, F32: u.fold, F64: foldConv[float64](g, size)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{nil, c.Do(g.backward(x[2], dy)), c.Do(g.forward(x[1], dy))}, c.Err()
		},
	}, parts, x, y)
}

// flop is the number of floating-point operations of each side of the form.
func (g convolution) flop() float64 {
	return 2 * float64(g.m*g.f*g.oh*g.ow) * float64(g.c*g.kh*g.kw)
}

func dims4(name, what string, x *G.Node) (a, b, c, d int, err error) {
	if x == nil {
		return 0, 0, 0, 0, fmt.Errorf("%s: the %s are missing", name, what)
	}
	s := x.Shape()
	if s.Dims() != 4 {
		return 0, 0, 0, 0, fmt.Errorf("%s: want %s of four dimensions, got shape %v", name, what, s)
	}
	return s[0], s[1], s[2], s[3], nil
}
