package main

import (
	"context"
	"fmt"
	"math"

	"capas/datasets"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// generator is what samples are drawn from: chains of Gibbs sampling, or an autoencoder that
// reconstructs images.
type generator struct {
	inputs int // visible units, or inputs of the autoencoder
	// classes are those of the labels, which sample holds; 0 of a model without labels.
	classes int
	// start is where chains start unless they are told: data or noise.
	start string
	// step is what a step of its chains is called, if not a Gibbs step.
	step string
	// visible is the machine of the visible units, whose types say what noise is; nil for
	// Bernoulli units.
	visible *models.RBM
	sample  func(start *tensor.Dense, labels []int, steps int, s *random.Stream) (*tensor.Dense, error)
	auto    *models.DeepAutoencoder
}

// generator makes one of a model.
func (s *samples) generator(path string, model any) (*generator, error) {
	var g *generator
	var auto *models.DeepAutoencoder
	var err error
	switch m := model.(type) {
	case *models.RBM:
		g = stackGenerator(&models.DBN{Layers: []*models.RBM{m}})
	case *models.DBN:
		g = stackGenerator(m)
	case *models.DBM:
		g = &generator{inputs: m.Visible(), start: "noise", sample: func(start *tensor.Dense, _ []int, steps int, s *random.Stream) (*tensor.Dense, error) {
			return m.Sample(start, steps, s)
		}}
	case *models.LabelRBM:
		g = labelGenerator(&models.LabelDBN{Top: m})
	case *models.LabelDBN:
		g = labelGenerator(m)
	case *models.Hopfield, *models.DenseHopfield, *models.BAM:
		g = memoryGenerator(m)
	case *models.Autoencoder:
		auto, err = (&models.StackedAutoencoder{Layers: []*models.Autoencoder{m}}).Unroll("unrolled")
	case *models.StackedAutoencoder:
		auto, err = m.Unroll("unrolled")
	case *models.DeepAutoencoder:
		auto = m
	default:
		err = fmt.Errorf("want a Boltzmann machine, a dbn, an associative memory or an autoencoder, got %s", kind(model))
	}
	if err == nil && g != nil && s.reconstruct {
		switch m := model.(type) {
		case *models.RBM:
			auto, err = (&models.DBN{Layers: []*models.RBM{m}}).Unroll("unrolled")
		case *models.DBN:
			auto, err = m.Unroll("unrolled")
		default:
			err = fmt.Errorf("-reconstruct: want an rbm, a dbn or an autoencoder, got %s", kind(model))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if auto != nil {
		g = &generator{inputs: auto.Encoder[0].W.Value.Shape()[0], auto: auto}
	}
	return g, nil
}

// stackGenerator samples in the top machine of a stack.
func stackGenerator(d *models.DBN) *generator {
	first := d.Layers[0]
	return &generator{inputs: first.Visible(), start: "data", visible: first, sample: func(start *tensor.Dense, _ []int, steps int, s *random.Stream) (*tensor.Dense, error) {
		return d.Sample(start, steps, s)
	}}
}

// labelGenerator samples in the memory of a network with labels, which are held.
func labelGenerator(d *models.LabelDBN) *generator {
	return &generator{inputs: d.Visible(), classes: d.Top.Classes(), start: "noise", sample: func(start *tensor.Dense, labels []int, steps int, s *random.Stream) (*tensor.Dense, error) {
		chains, err := d.Chains(start, labels, s)
		if err != nil {
			return nil, err
		}
		if err := chains.Run(steps - 1); err != nil { // the look at the images is one more
			return nil, err
		}
		images, _, err := chains.Images()
		return images, err
	}}
}

// gaussian tells whether the visible units are, whose means are on no known scale.
func (g *generator) gaussian() bool {
	return g.visible != nil && g.visible.VisibleUnits == models.GaussianUnits()
}

// noise is m rows of visible units that have seen nothing.
func (g *generator) noise(m int, s *random.Stream) *tensor.Dense {
	x := make([]float32, m*g.inputs)
	switch {
	case g.gaussian():
		s.Normal(x)
		c := g.visible.C.Value.Float32s()
		for i := range x {
			deviation := 1.0
			if g.visible.Z != nil {
				deviation = math.Exp(float64(g.visible.Z.Value.Float32s()[i%g.inputs]) / 2)
			}
			x[i] = c[i%g.inputs] + float32(deviation)*x[i]
		}
	case g.visible != nil && g.visible.VisibleUnits != models.BernoulliUnits(): // softmax ones
		group, draw := g.visible.VisibleUnits.Group(), s.Rand()
		for at := 0; at < len(x); at += group {
			x[at+draw.IntN(group)] = 1
		}
	default:
		s.Mask(x, 0.5, 1)
	}
	return tensor.New(tensor.WithShape(m, g.inputs), tensor.WithBacking(x))
}

// starts are the visible states at which chains begin, (s.n, inputs); labels are those that
// are held, if any.
func (s *samples) starts(g *generator, labels []int) (*tensor.Dense, error) {
	if s.start == "data" {
		return s.images(g.inputs, labels)
	}
	return g.noise(s.n, random.New(s.seed).Split("start")), nil
}

// images are validation images of the data set, (s.n, n), of all classes alike or, with
// labels, of those classes.
func (s *samples) images(n int, labels []int) (*tensor.Dense, error) {
	data, err := datasets.Load(context.Background(), s.data, datasets.Options{Dir: s.dataDir})
	if err != nil {
		return nil, err
	}
	set, stream := data.Validation, random.New(s.seed).Split("images")
	if set.Dim() != n {
		return nil, fmt.Errorf("data set %s: want images of %d pixels, the model's inputs, got %d", s.data, n, set.Dim())
	}
	if labels != nil {
		return ofClasses(s.data, set, labels, stream)
	}
	chosen, err := set.Sample(s.n, stream)
	if err != nil {
		return nil, fmt.Errorf("-n %d: %w", s.n, err)
	}
	return chosen.X, nil
}

// ofClasses are different images of a set, one of each label's class.
func ofClasses(name string, set *datasets.Set, labels []int, stream *random.Stream) (*tensor.Dense, error) {
	shuffled, err := set.Sample(set.Len(), stream)
	if err != nil {
		return nil, err
	}
	byClass := map[int][]int{}
	for i, class := range shuffled.Labels {
		byClass[int(class)] = append(byClass[int(class)], i)
	}
	dim := set.Dim()
	x := make([]float32, 0, len(labels)*dim)
	for _, class := range labels {
		if len(byClass[class]) == 0 {
			return nil, fmt.Errorf("data set %s: want more validation images of class %d than it has; want fewer with -n, or -start noise", name, class)
		}
		i := byClass[class][0]
		byClass[class] = byClass[class][1:]
		x = append(x, shuffled.X.Float32s()[i*dim:(i+1)*dim]...)
	}
	return tensor.New(tensor.WithShape(len(labels), dim), tensor.WithBacking(x)), nil
}
