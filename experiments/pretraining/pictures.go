package main

import (
	"fmt"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// pictures are the images of one network that the report shows. Those of the
// pretrained stack are made before fine-tuning changes it.
type pictures struct {
	first, after            [][]float32 // filters before and after fine-tuning
	inputs, reconstructions [][]float32 // by a pretrained stack
	samples                 [][]float32 // from a DBN
}

const (
	shownFilters = 64
	shownDigits  = 10 // of each class one
	shownSamples = 100
)

// before keeps the first weights and what the pretrained stack can do.
func (p *pictures) before(n *network, data *datasets.Split, r Recipe, seed uint64) error {
	p.first = filters(n.net.Layers[0].W, data.Train)
	stack, err := n.unrolled()
	if err != nil || stack == nil {
		return err
	}
	digits, err := data.Validation.Sample(shownDigits, nil)
	if err != nil {
		return fmt.Errorf("digits to reconstruct: %w", err)
	}
	y, err := reconstruct(stack, digits.X)
	if err != nil {
		return fmt.Errorf("reconstructions: %w", err)
	}
	p.inputs, p.reconstructions = rows(digits.X), rows(y)
	if n.dbn == nil || n.joint != nil { // trained as an autoencoder, it is no generative model any more
		return nil
	}
	starts, err := data.Validation.Sample(shownSamples, nil)
	if err != nil {
		return fmt.Errorf("samples: %w", err)
	}
	samples, err := n.dbn.Sample(starts.X, r.GibbsSteps, random.New(seed).Split("samples"))
	if err != nil {
		return err
	}
	p.samples = rows(samples)
	return nil
}

// filters are the weights of the first units of a layer over the image, none where
// the inputs are no images.
func filters(W *blocks.Param, set *datasets.Set) [][]float32 {
	n, k := W.Value.Shape()[0], W.Value.Shape()[1]
	if set.Height*set.Width != n {
		return nil
	}
	return figure.Columns(W.Value.Float32s(), k, shownFilters)
}

// reconstruct passes x up and down a deep autoencoder.
func reconstruct(a *models.DeepAutoencoder, x *tensor.Dense) (*tensor.Dense, error) {
	s := x.Shape()
	in := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", s[0], s[1])
	h, err := a.Encode(in)
	if err != nil {
		return nil, err
	}
	z, err := a.Decode(h)
	if err != nil {
		return nil, err
	}
	y, err := a.Output.Activation().Apply(z)
	if err != nil {
		return nil, err
	}
	f, err := autodiff.Compile(G.Nodes{in}, G.Nodes{y}, nil)
	if err != nil {
		return nil, err
	}
	if err := f.Run(x); err != nil {
		return nil, err
	}
	return f.Output(0).(*tensor.Dense), nil
}

// rows copies the rows of a matrix.
func rows(x *tensor.Dense) [][]float32 {
	n, d := x.Shape()[0], x.Shape()[1]
	data := x.Float32s()
	out := make([][]float32, n)
	for i := range out {
		out[i] = append([]float32(nil), data[i*d:(i+1)*d]...)
	}
	return out
}
