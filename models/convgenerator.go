package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// ConvGenerator makes images of codes, the generator of a DCGAN (Radford et al. 2016): a dense
// layer makes small maps of a code, and transposed convolutions larger ones, the last of which are
// the image's pre-activations.
type ConvGenerator struct {
	// Code is the dense layer; it is linear, since Norm and F come after. First is the shape
	// (channels, height, width) of the maps that it makes.
	Code  *blocks.Dense
	First [3]int
	// Norm normalises the first maps; nil for none.
	Norm *blocks.BatchNorm
	// F is the activation of the first maps.
	F blocks.Activation
	// Ups are the transposed convolutions, of which the last is linear and not normalised.
	Ups []*UpLayer
	// Output is what the last maps are made into.
	Output blocks.Output
}

// UpLayer is a transposed convolution with what follows it: y = F(convᵀ(x, W) + b), normalised
// before F if there is a Norm.
type UpLayer struct {
	Conv *blocks.ConvTranspose2D
	Norm *blocks.BatchNorm
}

// NewConvGenerator returns a generator of images of the given shape, (channels, height, width), of
// codes of k elements. maps are the channels of all maps before the image; each transposed
// convolution, with kernels of 4×4 and a stride of 2, doubles height and width, so that these have to
// be multiples of 2 to the number of them. Hidden units have activation f and, with norm, batch
// normalisation. Weights are drawn by init; parameters are called name.1.W, name.1.b, name.1.gamma, …
func NewConvGenerator(name string, k int, maps []int, image [3]int, norm bool, f blocks.Activation, output blocks.Output, init blocks.Initializer, s *random.Stream) (*ConvGenerator, error) {
	fail := func(err error) (*ConvGenerator, error) {
		return nil, fmt.Errorf("conv generator %s: %w", name, err)
	}
	scale := 1 << min(len(maps), 16)
	if len(maps) == 0 || image[0] < 1 || image[1] < 1 || image[2] < 1 || image[1]%scale != 0 || image[2]%scale != 0 || maps[0] < 1 {
		return fail(fmt.Errorf("want images whose sides can be halved %d times, once for each of the maps, got %v", len(maps), image))
	}
	if f == blocks.Softmax() {
		return fail(fmt.Errorf("want an activation of single elements, got %s", f))
	}
	g := &ConvGenerator{First: [3]int{maps[0], image[1] / scale, image[2] / scale}, F: f, Output: output}
	normed := func(l, c int) (*blocks.BatchNorm, error) {
		if !norm {
			return nil, nil
		}
		return blocks.NewBatchNorm(fmt.Sprintf("%s.%d", name, l), c)
	}
	var err error
	if g.Code, err = blocks.NewDense(name+".1", k, elements(g.First), blocks.Linear(), init, s); err != nil {
		return fail(err)
	}
	if g.Norm, err = normed(1, maps[0]); err != nil {
		return fail(err)
	}
	for i, c := range append(maps[1:len(maps):len(maps)], image[0]) {
		l, act := &UpLayer{}, f
		if i == len(maps)-1 {
			act = blocks.Linear()
		} else if l.Norm, err = normed(i+2, c); err != nil {
			return fail(err)
		}
		doubling := ops.Conv{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}
		if l.Conv, err = blocks.NewConvTranspose2D(fmt.Sprintf("%s.%d", name, i+2), maps[i], c, [2]int{4, 4}, doubling, act, init, s); err != nil {
			return fail(err)
		}
		g.Ups = append(g.Ups, l)
	}
	return g, nil
}

// NewDCGAN returns a GAN for images of the given shape, (channels, height, width): a ConvGenerator
// with normalised rectified units and, as discriminator, a ConvNet of leaky rectified units, slope
// 0.2, with the same numbers of maps in the opposite order and kernels of 4×4 with a stride of 2. The
// discriminator is not normalised, as a gradient penalty takes the gradient of each row's logit by
// that row alone (Gulrajani et al. 2017). Weights are drawn by init.
func NewDCGAN(name string, k int, maps []int, image [3]int, output blocks.Output, init blocks.Initializer, s *random.Stream) (*GAN, error) {
	g, err := NewConvGenerator(name+"."+GeneratorName, k, maps, image, true, blocks.ReLU(), output, init, s)
	if err != nil {
		return nil, err
	}
	halving := ops.Conv{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}
	var specs []ConvSpec
	for i := len(maps) - 1; i >= 0; i-- {
		specs = append(specs, ConvSpec{Maps: maps[i], Kernel: [2]int{4, 4}, Conv: halving})
	}
	d, err := NewConvNet(name+"."+DiscriminatorName, image, specs, []int{1}, blocks.LeakyReLU(0.2), init, init, s)
	if err != nil {
		return nil, err
	}
	d.Output = blocks.Binary()
	return &GAN{Generator: g, Discriminator: d, Output: output}, nil
}

// Params returns the parameters from the code up, of normalised layers with the running mean and
// variance.
func (g *ConvGenerator) Params() []*blocks.Param {
	ps := g.Code.Params()
	if g.Norm != nil {
		ps = append(ps, g.Norm.Params()...)
	}
	for _, l := range g.Ups {
		ps = append(ps, l.Conv.Params()...)
		if l.Norm != nil {
			ps = append(ps, l.Norm.Params()...)
		}
	}
	return ps
}

// Inputs is the number of elements of a code.
func (g *ConvGenerator) Inputs() int { return inputs(g.Code.W) }

// Image is the shape (channels, height, width) of what is generated.
func (g *ConvGenerator) Image() [3]int {
	at := g.First
	for _, l := range g.Ups {
		at[0] = l.Conv.W.Value.Shape()[1]
		at[1], at[2] = l.Conv.Size(at[1], at[2])
	}
	return at
}

// Outputs is the number of elements of an image.
func (g *ConvGenerator) Outputs() int { return elements(g.Image()) }

// Forward returns the maps (m,c,h,w) of all layers for codes z (m,k), as used after training: by the
// running statistics. The last, the images' pre-activations, are rows (m,n).
func (g *ConvGenerator) Forward(z *G.Node) (G.Nodes, error) {
	layers, _, err := g.forward(z, false)
	return layers, err
}

// Train is Forward as in training: by the statistics of the batch, and with the updates of the
// running ones.
func (g *ConvGenerator) Train(z *G.Node) (G.Nodes, []autodiff.Update, error) {
	return g.forward(z, true)
}

func (g *ConvGenerator) forward(z *G.Node, training bool) (layers G.Nodes, updates []autodiff.Update, err error) {
	flat, err := g.Code.Logits(z)
	if err != nil {
		return nil, nil, fmt.Errorf("conv generator: %w", err)
	}
	h, err := asImages(flat, g.First)
	if err != nil {
		return nil, nil, fmt.Errorf("conv generator: %w", err)
	}
	add := func(l int, h *G.Node, norm *blocks.BatchNorm, f blocks.Activation) (*G.Node, error) {
		var u []autodiff.Update
		var err error
		switch {
		case norm != nil && training:
			h, u, err = norm.Train(h)
		case norm != nil:
			h, err = norm.Evaluate(h)
		}
		var c ops.Chain
		h = c.Do(f.Apply(c.Do(h, err)))
		if c.Err() != nil {
			return nil, fmt.Errorf("conv generator layer %d: %w", l, c.Err())
		}
		layers, updates = append(layers, h), append(updates, u...)
		return h, nil
	}
	if h, err = add(1, h, g.Norm, g.F); err != nil {
		return nil, nil, err
	}
	for i, l := range g.Ups {
		maps, err := l.Conv.Logits(h)
		if err != nil {
			return nil, nil, fmt.Errorf("conv generator layer %d: %w", i+2, err)
		}
		if h, err = add(i+2, maps, l.Norm, l.Conv.F); err != nil {
			return nil, nil, err
		}
	}
	layers[len(layers)-1], err = asRows(h)
	return layers, updates, err
}
