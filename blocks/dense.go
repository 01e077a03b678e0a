package blocks

import (
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Dense is a fully connected layer of k units: h = f(v·W + b), with v (m,n),
// W (n,k), b (k) and h (m,k).
type Dense struct {
	W, B *Param
	F    Activation
}

// NewDense returns a layer with weights drawn by init and biases 0. Its parameters
// are called name.W and name.b.
func NewDense(name string, n, k int, f Activation, init Initializer, s *random.Stream) (*Dense, error) {
	W, err := init.Weights(name+".W", n, k, s)
	if err != nil {
		return nil, err
	}
	return &Dense{W: W, B: NewParam(name+".b", k), F: f}, nil
}

// Params returns W and b.
func (d *Dense) Params() []*Param { return []*Param{d.W, d.B} }

// Logits is z = v·W + b.
func (d *Dense) Logits(v *G.Node) (*G.Node, error) { return affine(v, d.W, d.B, false) }

// Forward is h = f(v·W + b).
func (d *Dense) Forward(v *G.Node) (*G.Node, error) {
	z, err := d.Logits(v)
	if err != nil {
		return nil, err
	}
	return d.F.Apply(z)
}

// Up is x·W + b, the pre-activations of the units that W leads to.
func Up(x *G.Node, W, b *Param) (*G.Node, error) { return affine(x, W, b, false) }

// Down is h·Wᵀ + c, the pre-activations of the units that W comes from: the
// reconstruction of an autoencoder with tied weights, the visible units of an RBM.
func Down(h *G.Node, W, c *Param) (*G.Node, error) { return affine(h, W, c, true) }

func affine(x *G.Node, W, b *Param, down bool) (*G.Node, error) {
	if x == nil {
		return ops.Affine(nil, nil, nil, down) // reports the missing operand
	}
	var c ops.Chain
	return c.Do(ops.Affine(x, c.Do(W.Node(x.Graph())), c.Do(b.Node(x.Graph())), down)), c.Err()
}
