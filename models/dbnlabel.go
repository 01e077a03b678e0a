package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// BeliefLayer is a directed layer of a belief network, of k units over n:
//
//	recognition q(h=1|v) = sigmoid(v·W + b),  generation p(v=1|h) = sigmoid(h·Gᵀ + c).
//
// W and G are (n,k). They have one tensor, that of the RBM which was trained there, until
// Untie gives G its own.
type BeliefLayer struct{ W, B, G, C *blocks.Param }

// NewBeliefLayer is the directed layer of a trained RBM, with its tensors.
func NewBeliefLayer(r *RBM) *BeliefLayer { return &BeliefLayer{W: r.W, B: r.B, G: r.W, C: r.C} }

// Tied tells whether W and G are the same.
func (l *BeliefLayer) Tied() bool { return l.G == l.W }

// Params returns W, b, c and, if it is untied, G.
func (l *BeliefLayer) Params() []*blocks.Param {
	p := []*blocks.Param{l.W, l.B, l.C}
	if !l.Tied() {
		p = append(p, l.G)
	}
	return p
}

// recognise is v·W + b, generate h·Gᵀ + c.
func (l *BeliefLayer) recognise(v *G.Node) (*G.Node, error) { return blocks.Up(v, l.W, l.B) }
func (l *BeliefLayer) generate(h *G.Node) (*G.Node, error)  { return blocks.Down(h, l.G, l.C) }

// Up is q(h=1|v), (m,k) for v (m,n).
func (l *BeliefLayer) Up(v *G.Node) (*G.Node, error) { return sigmoid(l.recognise(v)) }

// Down is p(v=1|h), (m,n) for h (m,k).
func (l *BeliefLayer) Down(h *G.Node) (*G.Node, error) { return sigmoid(l.generate(h)) }

func sigmoid(z *G.Node, err error) (*G.Node, error) {
	if err != nil {
		return nil, err
	}
	return blocks.Sigmoid().Apply(z)
}

// LabelDBN is the deep belief network of images and their classes (Hinton, Osindero & Teh
// 2006): directed layers, and on top of them an undirected one, the associative memory,
// which joins the highest code with a softmax unit of the classes. It classifies by a
// deterministic pass up to that code and the exact posterior there, and draws images of a
// class; see Evaluation and Chains. UpDown trains it as a whole.
type LabelDBN struct {
	// Layers below the top, from the input up.
	Layers []*BeliefLayer
	Top    *LabelRBM
}

// NewLabelDBN returns a network with sizes[0] visible units, directed layers of sizes[1], …
// units and a top layer of the last size, its weights drawn by init. The layers are called
// name.1, name.2, …: those below the top are RBMs, returned too, to be trained one after
// the other before the top one.
func NewLabelDBN(name string, sizes []int, classes int, init blocks.Initializer, s *random.Stream) (*LabelDBN, []*RBM, error) {
	if len(sizes) < 2 {
		return nil, nil, fmt.Errorf("dbn %s: want visible units and one layer at least, got sizes %v", name, sizes)
	}
	d, top := &LabelDBN{}, len(sizes)-1
	var machines []*RBM
	for l := 1; l < top; l++ {
		r, err := NewRBM(fmt.Sprintf("%s.%d", name, l), sizes[l-1], sizes[l], init, s)
		if err != nil {
			return nil, nil, fmt.Errorf("dbn, layer %d: %w", l, err)
		}
		machines = append(machines, r)
		d.Layers = append(d.Layers, NewBeliefLayer(r))
	}
	var err error
	if d.Top, err = NewLabelRBM(fmt.Sprintf("%s.%d", name, top), sizes[top-1], classes, sizes[top], init, s); err != nil {
		return nil, nil, fmt.Errorf("dbn, layer %d: %w", top, err)
	}
	return d, machines, nil
}

// Params returns the parameters from the input up.
func (d *LabelDBN) Params() []*blocks.Param {
	var out []*blocks.Param
	for _, l := range d.Layers {
		out = append(out, l.Params()...)
	}
	return append(out, d.Top.Params()...)
}

// Visible is the number of visible units.
func (d *LabelDBN) Visible() int {
	if len(d.Layers) > 0 {
		return inputs(d.Layers[0].W)
	}
	return d.Top.Visible()
}

// Untie gives the generative weights of every layer tensors of their own, called
// <layer>.G, or, where they have them already, sets them to the recognition weights
// again.
func (d *LabelDBN) Untie() error {
	for _, l := range d.Layers {
		if l.Tied() {
			l.G = l.W.Clone(generativeName(l.W.Name))
			continue
		}
		copied := &blocks.Param{Name: l.G.Name, Value: l.W.Value}
		if err := blocks.Assign([]*blocks.Param{l.G}, []*blocks.Param{copied}); err != nil {
			return fmt.Errorf("untie: %w", err)
		}
	}
	return nil
}

// generativeName is x.1.G for x.1.W.
func generativeName(w string) string {
	if n := len(w) - 2; n >= 0 && w[n:] == ".W" {
		w = w[:n]
	}
	return w + ".G"
}

// Code is the highest code below the top: the deterministic pass up by probabilities.
func (d *LabelDBN) Code(v *G.Node) (*G.Node, error) {
	var c ops.Chain
	for _, l := range d.Layers {
		v = c.Do(l.Up(v))
	}
	return v, c.Err()
}

// Encoder returns the pass up as layers of a network, from the input up, with the
// network's tensors; the hidden units of the top layer, without labels, are the last.
func (d *LabelDBN) Encoder() []*blocks.Dense {
	var out []*blocks.Dense
	for _, l := range d.Layers {
		out = append(out, &blocks.Dense{W: l.W, B: l.B, F: blocks.Sigmoid()})
	}
	return append(out, d.Top.unlabelled().Encoder())
}

// leaves adds the inputs of a graph on m labelled images.
func (d *LabelDBN) leaves(m int) LabelState {
	v := blocks.NewInput(G.NewGraph(), dtype(d.Params()), visibleName, m, d.Visible())
	return LabelState{v, blocks.NewInput(v.Graph(), dtype(d.Params()), labelName, m, d.Top.Classes())}
}

// Evaluation is the graph of how well the network tells the class of m images, by their
// code and the exact posterior of the top layer: inputs v (m,n) and t (m,classes),
// monitors "loss", the mean of −log p(t|code), and "error".
func (d *LabelDBN) Evaluation(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("dbn: want batches of at least one example, got %d", m)
	}
	in := d.leaves(m)
	code, err := d.Code(in.V)
	if err != nil {
		return nil, err
	}
	return classification(in, code, d.Top)
}
