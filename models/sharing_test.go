package models_test

import (
	"context"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// logits is the output of a network as used after training.
func logits(net *models.MLP) func(*G.Node) (*G.Node, error) {
	return func(x *G.Node) (*G.Node, error) {
		layers, err := net.Forward(x)
		if err != nil {
			return nil, err
		}
		return layers[len(layers)-1], nil
	}
}

// Fine-tuning a classifier over a stack changes the stack's own tensors.
func TestClassifierSharesTheStack(t *testing.T) {
	const n, classes = 6, 2
	dbn := must[*models.DBN](t)(models.NewDBN("dbn", []int{n, 5, 4}, blocks.LeCun(), stream("init")))
	sae := must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder("sae", []int{n, 5, 4}, true, blocks.Tanh(), blocks.LeCun(), stream("init")))
	own := map[string][]*blocks.Param{
		"dbn": {dbn.Layers[0].W, dbn.Layers[0].B, dbn.Layers[1].W, dbn.Layers[1].B},
		"sae": {sae.Layers[0].W, sae.Layers[0].B, sae.Layers[1].W, sae.Layers[1].B},
	}
	for name, encoder := range map[string][]*blocks.Dense{"dbn": dbn.Encoder(), "sae": sae.Encoder()} {
		net := must[*models.MLP](t)(models.Classifier(name, encoder, 4, classes, blocks.LeCun(), stream("top")))
		if len(encoder) != 2 || len(net.Layers) != 3 || net.Inputs() != n || net.Outputs() != classes {
			t.Fatalf("%s: want 2 hidden layers, %d inputs and %d outputs, got %d layers, %d and %d", name, n, classes, len(net.Layers), net.Inputs(), net.Outputs())
		}
		var before [][]float64
		for i, p := range own[name] {
			if net.Params()[i].Value != p.Value {
				t.Errorf("%s: parameter %d of the network is not %s", name, i, p.Name)
			}
			before = append(before, elements(p.Value))
		}
		data := set(t, uniform(stream("x"), 8, n), []uint8{0, 1, 0, 1, 1, 0, 1, 0}, classes)
		trainer := train.Trainer{Model: net, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.5), Epochs: 2, Batch: 3}}
		must[*train.History](t)(trainer.Run(context.Background()))
		for i, p := range own[name] {
			if equal(before[i], elements(p.Value)) {
				t.Errorf("%s: training the network left %s as it was", name, p.Name)
			}
		}
	}
}

// The layers of a network over a belief network are its up passes, bit for bit: the
// graphs are the same.
func TestClassifierPassesUpLikeTheStack(t *testing.T) {
	dbn := must[*models.DBN](t)(models.NewDBN("dbn", []int{6, 5, 4}, blocks.Gaussian(1), stream("init")))
	for _, r := range dbn.Layers {
		redraw(1, stream(r.B.Name), r.B, r.C)
	}
	net := must[*models.MLP](t)(models.Classifier("net", dbn.Encoder(), 4, 2, blocks.LeCun(), stream("top")))
	x := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 7, 6)
	first := must[*G.Node](t)(dbn.Layers[0].Up(x))
	second := must[*G.Node](t)(dbn.Layers[1].Up(first))
	layers := must[G.Nodes](t)(net.Forward(x))
	v := matrix(tensor.Float32, uniform(stream("x"), 7, 6))
	// Two functions: in one, equal expressions would be computed once.
	up := compute(t, G.Nodes{x}, []G.Value{v}, first, second)
	through := compute(t, G.Nodes{x}, []G.Value{v}, layers[0], layers[1])
	near(t, "layer 1", up[0], through[0], 0)
	near(t, "layer 2", up[1], through[1], 0)
}

// transpose of (n,k) elements.
func transpose(e []float64, n, k int) []float64 {
	out := make([]float64, len(e))
	for i := range n {
		for j := range k {
			out[j*n+i] = e[i*k+j]
		}
	}
	return out
}

// An unrolled stack has the stack's encoder and copies for its decoder.
func TestUnrollDBN(t *testing.T) {
	for _, sizes := range [][]int{{6, 5, 3}, {4, 1, 2}, {1, 3, 1}} {
		dbn := must[*models.DBN](t)(models.NewDBN("dbn", sizes, blocks.Gaussian(1), stream("init")))
		for _, r := range dbn.Layers {
			widen(1, r.Params()...)
		}
		deep := must[*models.DeepAutoencoder](t)(dbn.Unroll("deep"))
		names := map[string]bool{}
		for _, p := range deep.Params() {
			if names[p.Name] {
				t.Errorf("two parameters are called %s", p.Name)
			}
			names[p.Name] = true
		}
		x := matrix(tensor.Float64, uniform(stream("x"), 4, sizes[0]))
		got := forward(t, x, func(x *G.Node) (*G.Node, error) { return reconstruct(deep, x) })
		want := forward(t, x, func(x *G.Node) (*G.Node, error) { return upAndDown(dbn, x) })
		near(t, "reconstruction", want, got, 1e-14) // the sums of W and of the copied Wᵀ may differ in order

		for l, r := range dbn.Layers {
			down := deep.Decoder[len(dbn.Layers)-1-l]
			if deep.Encoder[l].W.Value != r.W.Value || deep.Encoder[l].B.Value != r.B.Value {
				t.Errorf("encoder layer %d does not have the stack's tensors", l+1)
			}
			near(t, "decoder weights", transpose(elements(r.W.Value), r.Visible(), r.Hidden()), elements(down.W.Value), 0)
			near(t, "decoder biases", elements(r.C.Value), elements(down.B.Value), 0)
			if !down.W.Value.Shape().Eq(tensor.Shape{r.Hidden(), r.Visible()}) {
				t.Errorf("decoder layer of shape %v, want (%d,%d)", down.W.Value.Shape(), r.Hidden(), r.Visible())
			}
			W, c := elements(r.W.Value), elements(r.C.Value)
			down.W.Value.Float64s()[0] += 1
			down.B.Value.Float64s()[0] += 1
			near(t, "the stack's weights after a change of the copy", W, elements(r.W.Value), 0)
			near(t, "the stack's biases after a change of the copy", c, elements(r.C.Value), 0)
		}
	}
}

// upAndDown is the mean-field reconstruction of a belief network.
func upAndDown(d *models.DBN, x *G.Node) (h *G.Node, err error) {
	h = x
	for _, r := range d.Layers {
		if h, err = r.Up(h); err != nil {
			return nil, err
		}
	}
	for l := len(d.Layers) - 1; l >= 0; l-- {
		if h, err = d.Layers[l].Down(h); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func reconstruct(a *models.DeepAutoencoder, x *G.Node) (*G.Node, error) {
	h, err := a.Encode(x)
	if err != nil {
		return nil, err
	}
	z, err := a.Decode(h)
	if err != nil {
		return nil, err
	}
	return a.Output.Activation().Apply(z)
}

// The decoder of an autoencoder with tied weights is a transposed copy, with untied
// ones its own layer; both decode as the autoencoder does.
func TestAutoencoderDecoder(t *testing.T) {
	for _, tied := range []bool{true, false} {
		a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 5, 3, tied, blocks.Tanh(), blocks.LeCun(), stream("init")))
		widen(1, a.Params()...)
		if got, want := len(a.Params()), map[bool]int{true: 3, false: 4}[tied]; got != want {
			t.Errorf("tied %t: want %d parameters, got %d", tied, want, got)
		}
		d := must[*blocks.Dense](t)(a.Decoder("down"))
		if (d.W.Value == a.W.Value) || tied == (a.Wr != nil) || !tied && d.W.Value != a.Wr.Value {
			t.Errorf("tied %t: the decoder has the wrong weights", tied)
		}
		if tied {
			near(t, "decoder weights", transpose(elements(a.W.Value), 5, 3), elements(d.W.Value), 0)
		}
		h := matrix(tensor.Float64, uniform(stream("h"), 4, 3))
		near(t, "pre-activations", forward(t, h, a.Decode), forward(t, h, d.Logits), 1e-14)
		x := matrix(tensor.Float64, uniform(stream("x"), 4, 5))
		near(t, "code", forward(t, x, a.Encode), forward(t, x, a.Encoder().Forward), 0)
	}
}

// An unrolled stack of autoencoders composes their encoders and decoders.
func TestUnrollStackedAutoencoder(t *testing.T) {
	for _, tied := range []bool{true, false} {
		for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh()} {
			st := must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder("sae", []int{6, 4, 3}, tied, f, blocks.LeCun(), stream("init")))
			var params []*blocks.Param
			for _, a := range st.Layers {
				params = append(params, a.Params()...)
			}
			widen(1, params...)
			deep := must[*models.DeepAutoencoder](t)(st.Unroll("deep"))
			x := matrix(tensor.Float64, uniform(stream("x"), 4, 6))
			want := forward(t, x, func(x *G.Node) (*G.Node, error) {
				low, high := st.Layers[0], st.Layers[1]
				code, err := low.Encode(x)
				if err != nil {
					return nil, err
				}
				if code, err = high.Encode(code); err != nil {
					return nil, err
				}
				z, err := high.Decode(code)
				if err != nil {
					return nil, err
				}
				h, err := f.Apply(z) // back into the range of the codes, whatever the loss was
				if err != nil {
					return nil, err
				}
				if z, err = low.Decode(h); err != nil {
					return nil, err
				}
				return low.Output.Activation().Apply(z)
			})
			near(t, "reconstruction", want, forward(t, x, func(x *G.Node) (*G.Node, error) { return reconstruct(deep, x) }), 1e-14)
			if wantOutput := map[bool]blocks.Output{true: blocks.Binary(), false: blocks.Numeric()}[f == blocks.Sigmoid()]; st.Layers[1].Output != wantOutput {
				t.Errorf("%v: want the second layer's output %v, got %v", f, wantOutput, st.Layers[1].Output)
			}
		}
	}
}

// Each layer of a stack draws its corruption from a stream of its own.
func TestCorruptSplitsTheStream(t *testing.T) {
	st := must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder("sae", []int{6, 4, 3}, true, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
	st.Corrupt(blocks.Masking(0.3), random.New(1))
	first := []uint64{st.Layers[0].Noise.Uint64(), st.Layers[1].Noise.Uint64()}
	if first[0] == first[1] {
		t.Error("two layers have one stream")
	}
	for l, a := range st.Layers {
		if a.Corruption != blocks.Masking(0.3) {
			t.Errorf("layer %d has corruption %v", l+1, a.Corruption)
		}
	}
}
