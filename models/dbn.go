package models

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Sample generates m images by Gibbs sampling of the given number of steps from the
// visible states start (m,n); it is that of a DBN of one layer.
func (r *RBM) Sample(start *tensor.Dense, steps int, s *random.Stream) (*tensor.Dense, error) {
	return (&DBN{Layers: []*RBM{r}}).Sample(start, steps, s)
}

// DBN is the deep belief network: a stack of RBMs, each trained on the hidden
// probabilities of the one below (Hinton, Osindero & Teh 2006; lecture 3.2). As a
// generative model the top RBM is undirected and the layers below are directed
// downwards. As a classifier it is the up-pass with an output layer; see Classifier.
type DBN struct{ Layers []*RBM }

// NewDBN returns a stack with sizes[0] visible units and layers of sizes[1],
// sizes[2], … hidden units, called name.1, name.2, …; see NewRBM.
func NewDBN(name string, sizes []int, init blocks.Initializer, s *random.Stream) (*DBN, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("dbn %s: want visible units and one layer at least, got sizes %v", name, sizes)
	}
	d := &DBN{}
	for l := 1; l < len(sizes); l++ {
		r, err := NewRBM(fmt.Sprintf("%s.%d", name, l), sizes[l-1], sizes[l], init, s)
		if err != nil {
			return nil, fmt.Errorf("dbn, layer %d: %w", l, err)
		}
		d.Layers = append(d.Layers, r)
	}
	return d, nil
}

// Encoder returns the up-pass as layers of a network, from the input up, with the
// stack's tensors.
func (d *DBN) Encoder() []*blocks.Dense {
	var out []*blocks.Dense
	for _, r := range d.Layers {
		out = append(out, r.Encoder())
	}
	return out
}

// Unroll returns the stack as a deep autoencoder (Hinton & Salakhutdinov 2006). A layer's
// code has the activation of its hidden units, on the way down too; the reconstruction
// suits the visible units of the first machine, of which softmax ones must be one group.
func (d *DBN) Unroll(name string) (*DeepAutoencoder, error) {
	if len(d.Layers) == 0 {
		return nil, fmt.Errorf("unroll: the stack has no layers")
	}
	output, err := d.Layers[0].output()
	if err != nil {
		return nil, fmt.Errorf("unroll: %w", err)
	}
	a := &DeepAutoencoder{Encoder: d.Encoder(), Output: output}
	for l := len(d.Layers) - 1; l >= 0; l-- {
		f := output.Activation()
		if l > 0 {
			f = d.Layers[l-1].HiddenUnits.Activation()
		}
		layer, err := d.Layers[l].decoder(fmt.Sprintf("%s.down%d", name, l+1), f)
		if err != nil {
			return nil, fmt.Errorf("unroll: %w", err)
		}
		a.Decoder = append(a.Decoder, layer)
	}
	return a, nil
}

// output is that of a reconstruction of the visible units.
func (r *RBM) output() (blocks.Output, error) {
	switch u := r.VisibleUnits; {
	case u.kind == gaussian:
		return blocks.Numeric(), nil
	case u.kind == oneOf && u.group == r.Visible():
		return blocks.Classes(), nil
	case u.kind == "":
		return blocks.Binary(), nil
	}
	return blocks.Output{}, fmt.Errorf("want visible units of an output (bernoulli, gaussian or one softmax group), got %s", r.VisibleUnits)
}

// decoder is the down-pass as a layer with tensors of its own, the variances times the
// transposed weights.
func (r *RBM) decoder(name string, f blocks.Activation) (*blocks.Dense, error) {
	d, err := transposed(name, r.W, r.C, f)
	if err != nil || r.Z == nil {
		return d, err
	}
	n := r.Visible()
	apply(d.W.Value, func(e []float32) {
		for i := range e {
			e[i] *= float32(math.Exp(float64(r.Z.Value.Float32s()[i%n])))
		}
	}, func(e []float64) {
		for i := range e {
			e[i] *= math.Exp(r.Z.Value.Float64s()[i%n])
		}
	})
	return d, nil
}

// Sample generates m images: Gibbs sampling of the given number of steps in the top
// RBM, from visible states that are the codes of start (m,n), then one pass down by
// probabilities, sampled between the layers. It returns the visible probabilities (of
// other than Bernoulli units the means), (m,n), and draws from s. Chains started at the
// data stay near the modes of the data for a while; start from noise to see what the model
// itself prefers.
func (d *DBN) Sample(start *tensor.Dense, steps int, s *random.Stream) (*tensor.Dense, error) {
	if len(d.Layers) == 0 {
		return nil, fmt.Errorf("sample: the stack has no layers")
	}
	if err := d.Layers[0].checkRows(start); err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	if steps < 1 {
		return nil, fmt.Errorf("sample: want at least one step, got %d", steps)
	}
	shape := start.Shape()
	m, below := shape[0], d.Layers[:len(d.Layers)-1]
	x := d.Layers[0].leaf(visibleName, m, shape[1])
	v := x
	for _, r := range below {
		states, _, err := r.SampleHidden(v, s)
		if err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
		v = states
	}
	up, err := autodiff.Compile(G.Nodes{x}, G.Nodes{v}, nil)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	if err := up.Run(start); err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	state := &blocks.Param{Name: visibleName, Value: up.Output(0).(*tensor.Dense).Clone().(*tensor.Dense)}
	return d.generate(state, steps, s)
}

// generate runs the top machine's chain on its visible states and passes its last
// probabilities down.
func (d *DBN) generate(state *blocks.Param, steps int, s *random.Stream) (*tensor.Dense, error) {
	below, top := d.Layers[:len(d.Layers)-1], d.Layers[len(d.Layers)-1]
	v, err := state.Node(G.NewGraph())
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	next, down, err := top.Gibbs(v, 1, s)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	states := next
	for l := len(below) - 1; l >= 0; l-- {
		if states, down, err = below[l].SampleVisible(states, s); err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
	}
	gibbs, err := autodiff.Compile(nil, nil, []autodiff.Update{{Target: v, Value: next}})
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	last, err := autodiff.Compile(nil, G.Nodes{down}, nil)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	for range steps - 1 {
		if err := gibbs.RunAll(); err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
	}
	if err := last.RunAll(); err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	return last.Output(0).(*tensor.Dense).Clone().(*tensor.Dense), nil
}
