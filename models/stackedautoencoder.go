package models

import (
	"fmt"

	"capas/blocks"
	"capas/random"
)

// StackedAutoencoder is a stack of autoencoders, each trained on the code of the one
// below; with corruption, each trains on corrupted copies of the clean code, the
// stacked denoising autoencoder of Vincent et al. 2010.
type StackedAutoencoder struct{ Layers []*Autoencoder }

// NewStackedAutoencoder returns a stack with sizes[0] inputs and layers of sizes[1],
// sizes[2], … units, called name.1, name.2, …; see NewAutoencoder. Layers above the
// first reconstruct codes, which for the sigmoid lie in [0,1] like the inputs.
func NewStackedAutoencoder(name string, sizes []int, tied bool, f blocks.Activation, init blocks.Initializer, s *random.Stream) (*StackedAutoencoder, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("stacked autoencoder %s: want inputs and one layer at least, got sizes %v", name, sizes)
	}
	st := &StackedAutoencoder{}
	for l := 1; l < len(sizes); l++ {
		a, err := NewAutoencoder(fmt.Sprintf("%s.%d", name, l), sizes[l-1], sizes[l], tied, f, init, s)
		if err != nil {
			return nil, fmt.Errorf("stacked autoencoder, layer %d: %w", l, err)
		}
		if l > 1 && f != blocks.Sigmoid() {
			a.Output = blocks.Numeric() // codes outside [0,1] have no cross-entropy
		}
		st.Layers = append(st.Layers, a)
	}
	return st, nil
}

// Corrupt gives every layer the corruption, with a noise stream of its own.
func (st *StackedAutoencoder) Corrupt(k blocks.Corruption, s *random.Stream) {
	for l, a := range st.Layers {
		a.Corruption, a.Noise = k, nil
		if s != nil {
			a.Noise = s.Split(fmt.Sprint(l + 1))
		}
	}
}

// Encoder returns the layers that compute the codes, from the input up, with the
// stack's tensors.
func (st *StackedAutoencoder) Encoder() []*blocks.Dense {
	var out []*blocks.Dense
	for _, a := range st.Layers {
		out = append(out, a.Encoder())
	}
	return out
}

// Unroll returns the stack as a deep autoencoder.
func (st *StackedAutoencoder) Unroll(name string) (*DeepAutoencoder, error) {
	if len(st.Layers) == 0 {
		return nil, fmt.Errorf("unroll: the stack has no layers")
	}
	d := &DeepAutoencoder{Encoder: st.Encoder(), Output: st.Layers[0].Output}
	for l := len(st.Layers) - 1; l >= 0; l-- {
		layer, err := st.Layers[l].Decoder(fmt.Sprintf("%s.down%d", name, l+1))
		if err != nil {
			return nil, fmt.Errorf("unroll: %w", err)
		}
		if l > 0 {
			layer.F = st.Layers[l-1].F
		}
		d.Decoder = append(d.Decoder, layer)
	}
	return d, nil
}
