package blocks_test

import (
	"strings"
	"testing"

	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Every function answers what does not fit with an error, never with a panic.
func TestErrors(t *testing.T) {
	g, other := G.NewGraph(), G.NewGraph()
	z := blocks.NewInput(g, tensor.Float32, "z", 3, 4)
	narrow := blocks.NewInput(g, tensor.Float32, "narrow", 3, 2)
	vector := blocks.NewInput(g, tensor.Float32, "vector", 4)
	column := blocks.NewInput(g, tensor.Float32, "column", 4, 1)
	wide := blocks.NewInput(g, tensor.Float64, "wide", 3, 4)
	far := blocks.NewInput(other, tensor.Float32, "far", 3, 4)
	s := random.New(1)
	W, b := blocks.NewParam("W", 4, 2), blocks.NewParam("b", 2)
	cases := map[string]func() (*G.Node, error){
		"dropout: nil":               func() (*G.Node, error) { return blocks.Dropout(nil, 0.5, s) },
		"dropout: nil, none dropped": func() (*G.Node, error) { return blocks.Dropout(nil, 0, s) },
		"dropout: no stream":         func() (*G.Node, error) { return blocks.Dropout(z, 0.5, nil) },
		"dropout: all":               func() (*G.Node, error) { return blocks.Dropout(z, 1, s) },
		"dropout: negative":          func() (*G.Node, error) { return blocks.Dropout(z, -0.1, s) },
		"masking: fraction":          func() (*G.Node, error) { return blocks.Masking(1.1).Apply(z, s) },
		"gaussian: negative":         func() (*G.Node, error) { return blocks.GaussianNoise(-1).Apply(z, s) },
		"none: nil":                  func() (*G.Node, error) { return blocks.Corruption{}.Apply(nil, s) },
		"leaky: negative slope":      func() (*G.Node, error) { return blocks.LeakyReLU(-0.1).Apply(z) },
		"softmax: vector":            func() (*G.Node, error) { return blocks.Softmax().Apply(vector) },
		"up: nil":                    func() (*G.Node, error) { return blocks.Up(nil, W, b) },
		"up: nil weights":            func() (*G.Node, error) { return blocks.Up(z, nil, b) },
		"up: nil bias":               func() (*G.Node, error) { return blocks.Up(z, W, nil) },
		"up: nameless":               func() (*G.Node, error) { return blocks.Up(z, blocks.NewParam("", 4, 2), b) },
		"up: width":                  func() (*G.Node, error) { return blocks.Up(narrow, W, b) },
		"down: width":                func() (*G.Node, error) { return blocks.Down(z, W, b) },
		"down: bias":                 func() (*G.Node, error) { return blocks.Down(narrow, W, b) },
		"up: dtypes":                 func() (*G.Node, error) { return blocks.Up(wide, W, b) },
		"dense: nil":                 func() (*G.Node, error) { return (&blocks.Dense{W: W, B: b}).Forward(nil) },
		"dense: empty":               func() (*G.Node, error) { return (&blocks.Dense{}).Forward(z) },
		"L1: none":                   func() (*G.Node, error) { return blocks.L1(0.1) },
		"L2: none":                   func() (*G.Node, error) { return blocks.L2(0.1) },
		"L1: nil":                    func() (*G.Node, error) { return blocks.L1(0.1, z, nil) },
		"L2: nil":                    func() (*G.Node, error) { return blocks.L2(0.1, nil) },
		"L2: graphs":                 func() (*G.Node, error) { return blocks.L2(0.1, z, far) },
		"param: nil":                 func() (*G.Node, error) { return (*blocks.Param)(nil).Node(g) },
		"param: no value":            func() (*G.Node, error) { return (&blocks.Param{Name: "p"}).Node(g) },
		"param: no graph":            func() (*G.Node, error) { return W.Node(nil) },
	}
	for _, name := range blocks.Activations() {
		a, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		cases[name+": nil"] = func() (*G.Node, error) { return a.Apply(nil) }
	}
	for _, c := range []blocks.Corruption{blocks.Masking(0.5), blocks.GaussianNoise(1), blocks.SaltAndPepper(0.5)} {
		cases[c.String()+": nil"] = func() (*G.Node, error) { return c.Apply(nil, s) }
		cases[c.String()+": no stream"] = func() (*G.Node, error) { return c.Apply(z, nil) }
	}
	for name, f := range map[string]func(a, b *G.Node) (*G.Node, error){
		"mse": blocks.MSE, "binary": blocks.BinaryCrossEntropy, "categorical": blocks.CategoricalCrossEntropy, "misclassified": blocks.Misclassified,
	} {
		for what, x := range map[string]G.Nodes{
			"nil logits": {nil, z}, "nil targets": {z, nil}, "shapes": {z, narrow}, "vectors": {vector, vector}, "column and vector": {column, vector}, "dtypes": {z, wide}, "graphs": {z, far},
		} {
			cases[name+": "+what] = func() (*G.Node, error) { return f(x[0], x[1]) }
		}
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			if n, err := f(); err == nil {
				t.Errorf("got node %v, want an error", n)
			} else if strings.TrimSpace(err.Error()) == "" {
				t.Error("the error says nothing")
			}
		})
	}
	if d, err := blocks.NewDense("layer", 0, 3, blocks.Sigmoid(), blocks.He(), s); err == nil {
		t.Errorf("no inputs: got %v, want an error", d)
	}
	if n, err := blocks.Nodes(g, []*blocks.Param{W, nil}); err == nil {
		t.Errorf("a nil parameter: got %v, want an error", n)
	}
}
