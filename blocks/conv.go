package blocks

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Conv2D is a convolutional layer of f kernels: of images x (m,c,h,w) it makes maps
// F(conv(x, W) + b) of shape (m,f,oh,ow), with W (f,c,kh,kw) and b (f), an element a map; see
// [ops.Conv2D] for the sum and for oh and ow.
type Conv2D struct {
	W, B *Param
	Conv ops.Conv
	F    Activation
}

// NewConv2D returns a layer of f kernels of size kernel (height, width) on images of c
// channels, with weights drawn by init and biases 0. Its parameters are called name.W and
// name.b. Fan-in is c·kh·kw and fan-out f·kh·kw/pooled, where pooled is the number of pixels
// of a map that a pooling which follows makes one of, 1 without (as in the Deep Learning
// Tutorials).
func NewConv2D(name string, c, f int, kernel [2]int, o ops.Conv, pooled int, act Activation, init Initializer, s *random.Stream) (*Conv2D, error) {
	if c < 1 || f < 1 || kernel[0] < 1 || kernel[1] < 1 || pooled < 1 {
		return nil, fmt.Errorf("conv2d %s: want at least one channel, kernel and pixel, got %d, %d and %d×%d, pooled by %d", name, c, f, kernel[0], kernel[1], pooled)
	}
	area := kernel[0] * kernel[1]
	W, err := init.draw(name+".W", c*area, max(1, f*area/pooled), s, f, c, kernel[0], kernel[1])
	if err != nil {
		return nil, err
	}
	return &Conv2D{W: W, B: NewParam(name+".b", f), Conv: o, F: act}, nil
}

// Params returns W and b.
func (l *Conv2D) Params() []*Param { return []*Param{l.W, l.B} }

// Logits is z = conv(x, W) + b.
func (l *Conv2D) Logits(x *G.Node) (*G.Node, error) {
	W, b, err := leaves("conv2d", x, l.W, l.B)
	if err != nil {
		return nil, err
	}
	z, err := ops.Conv2D(x, W, l.Conv)
	if err != nil {
		return nil, err
	}
	return addChannels(z, b)
}

// Forward is F(conv(x, W) + b).
func (l *Conv2D) Forward(x *G.Node) (*G.Node, error) {
	z, err := l.Logits(x)
	if err != nil {
		return nil, err
	}
	return l.F.Apply(z)
}

// Pooled is F of the largest pixels of the layer's maps, MaxPool2D(Forward(x)): F never falls,
// and is applied last. See [ops.ConvMaxPool2D].
func (l *Conv2D) Pooled(x *G.Node, pool ops.Pool) (*G.Node, error) {
	W, b, err := leaves("conv2d", x, l.W, l.B)
	if err != nil {
		return nil, err
	}
	z, err := ops.ConvMaxPool2D(x, W, b, l.Conv, pool)
	if err != nil {
		return nil, err
	}
	return l.F.Apply(z)
}

// ConvTranspose2D is a layer that makes larger images of maps: of y (m,f,h,w) it makes
// F(convᵀ(y, W) + b) of shape (m,c,H,W), with W (f,c,kh,kw), b (c) and
//
//	H = (h−1)·s − 2·pad + kh + extra
//
// so that a stride of 2 doubles the size, given a kernel of 4×4 with padding 1; see
// [ops.ConvTranspose2D]. The decoder of a convolutional autoencoder, the generator of a GAN.
type ConvTranspose2D struct {
	W, B *Param
	Conv ops.Conv
	// Extra rows and columns at the bottom and on the right, fewer than the stride: of the
	// sizes that a convolution would make maps of h×w of, which one is meant.
	Extra [2]int
	F     Activation
}

// NewConvTranspose2D returns a layer of f kernels of size kernel (height, width) on maps of f
// channels for images of c channels, with weights drawn by init and biases 0. Its parameters
// are called name.W and name.b. Fan-in is f·kh·kw/stride², what adds up at a pixel, and
// fan-out c·kh·kw.
func NewConvTranspose2D(name string, f, c int, kernel [2]int, o ops.Conv, act Activation, init Initializer, s *random.Stream) (*ConvTranspose2D, error) {
	if c < 1 || f < 1 || kernel[0] < 1 || kernel[1] < 1 {
		return nil, fmt.Errorf("transposed conv2d %s: want at least one channel, kernel and pixel, got %d, %d and %d×%d", name, c, f, kernel[0], kernel[1])
	}
	area := kernel[0] * kernel[1]
	fanIn := max(1, f*area/(max(1, o.Stride[0])*max(1, o.Stride[1])))
	W, err := init.draw(name+".W", fanIn, c*area, s, f, c, kernel[0], kernel[1])
	if err != nil {
		return nil, err
	}
	return &ConvTranspose2D{W: W, B: NewParam(name+".b", c), Conv: o, F: act}, nil
}

// Params returns W and b.
func (l *ConvTranspose2D) Params() []*Param { return []*Param{l.W, l.B} }

// Size is the height and width of the images made of maps of h×w.
func (l *ConvTranspose2D) Size(h, w int) (int, int) {
	k := l.W.Value.Shape()
	return (h-1)*max(1, l.Conv.Stride[0]) - 2*l.Conv.Pad[0] + k[2] + l.Extra[0], (w-1)*max(1, l.Conv.Stride[1]) - 2*l.Conv.Pad[1] + k[3] + l.Extra[1]
}

// Logits is z = convᵀ(y, W) + b.
func (l *ConvTranspose2D) Logits(y *G.Node) (*G.Node, error) {
	W, b, err := leaves("transposed conv2d", y, l.W, l.B)
	if err != nil {
		return nil, err
	}
	if y.Shape().Dims() != 4 || W.Shape().Dims() != 4 {
		return nil, fmt.Errorf("transposed conv2d: want maps (m,f,h,w) and kernels (f,c,kh,kw), got %v and %v", y.Shape(), W.Shape())
	}
	h, w := l.Size(y.Shape()[2], y.Shape()[3])
	z, err := ops.ConvTranspose2D(y, W, l.Conv, h, w)
	if err != nil {
		return nil, err
	}
	return addChannels(z, b)
}

// Forward is F(convᵀ(y, W) + b).
func (l *ConvTranspose2D) Forward(y *G.Node) (*G.Node, error) {
	z, err := l.Logits(y)
	if err != nil {
		return nil, err
	}
	return l.F.Apply(z)
}

// leaves binds parameters to the graph of x.
func leaves(name string, x *G.Node, W, b *Param) (nW, nb *G.Node, err error) {
	if x == nil {
		return nil, nil, fmt.Errorf("%s: the operand is missing", name)
	}
	var c ops.Chain
	nW, nb = c.Do(W.Node(x.Graph())), c.Do(b.Node(x.Graph()))
	return nW, nb, c.Err()
}

// addChannels adds element j of b to channel j of z.
func addChannels(z, b *G.Node) (*G.Node, error) {
	var c ops.Chain
	return c.Do(ops.Add(z, c.Do(ops.RepeatChannels(b, z.Shape())))), c.Err()
}
