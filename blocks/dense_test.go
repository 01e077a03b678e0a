package blocks_test

import (
	"fmt"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A small layer by hand: v·W + b = (1·1+2·3+10, 1·2+2·4+20) and downwards h·Wᵀ + c.
func TestDenseByHand(t *testing.T) {
	W := &blocks.Param{Name: "W", Value: tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{1, 2, 3, 4}))}
	b := &blocks.Param{Name: "b", Value: tensor.New(tensor.WithBacking([]float32{10, 20}))}
	g := G.NewGraph()
	v := of(g, tensor.Float32, "v", 1, 2, 1, 2)
	up, err := blocks.Up(v, W, b)
	if err != nil {
		t.Fatal(err)
	}
	down, err := blocks.Down(v, W, b)
	if err != nil {
		t.Fatal(err)
	}
	relu, err := (&blocks.Dense{W: W, B: b, F: blocks.ReLU()}).Forward(v)
	if err != nil {
		t.Fatal(err)
	}
	gradcheck.Same(t, "up, down, relu", [][]float64{{17, 30}, {15, 31}, {17, 30}}, gradcheck.Compiled(t, G.Nodes{up, down, relu}), 0)
}

func TestNewDense(t *testing.T) {
	d, err := blocks.NewDense("layer1", 7, 5, blocks.Tanh(), blocks.Glorot(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, p := range d.Params() {
		got += fmt.Sprint(p.Name, p.Value.Shape(), " ")
	}
	if want := "layer1.W(7, 5) layer1.b(5) "; got != want {
		t.Errorf("parameters: got %s, want %s", got, want)
	}
	for i, v := range d.B.Value.Float32s() {
		if v != 0 {
			t.Errorf("bias %d starts at %g, want 0", i, v)
		}
	}
}

// A batch of one gives the bits that its row gives in a batch.
func TestBatchOfOne(t *testing.T) {
	const m, n, k = 37, 50, 33
	x := gradcheck.Uniform(tensor.Float32, "x", m, n)
	for _, f := range []blocks.Activation{blocks.Linear(), blocks.Sigmoid(), blocks.Tanh(), blocks.Softplus(), blocks.Softmax()} {
		layer, err := blocks.NewDense("layer", n, k, f, blocks.He(), random.New(2))
		if err != nil {
			t.Fatal(err)
		}
		forward := func(rows int) *autodiff.Function {
			g := G.NewGraph()
			v := blocks.NewInput(g, tensor.Float32, "v", rows, n)
			h, err := layer.Forward(v)
			if err != nil {
				t.Fatal(err)
			}
			fn, err := autodiff.Compile(G.Nodes{v}, G.Nodes{h}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return fn
		}
		all, one := forward(m), forward(1)
		if err := all.Run(x); err != nil {
			t.Fatal(err)
		}
		batch := gradcheck.Numbers(t, all.Output(0))
		for i := range m {
			row, err := x.Slice(tensor.S(i, i+1)) // of shape (n): a slice of one row drops the dimension
			if err != nil {
				t.Fatal(err)
			}
			if err := one.Run(row); err != nil {
				t.Fatal(err)
			}
			gradcheck.Same(t, fmt.Sprintf("%v, row %d", f, i), [][]float64{batch[i*k : (i+1)*k]}, [][]float64{gradcheck.Numbers(t, one.Output(0))}, 0)
		}
	}
}

// One parameter is one leaf of a graph, and one tensor in all graphs.
func TestParam(t *testing.T) {
	p := blocks.NewParam("W", 2, 3)
	g, other := G.NewGraph(), G.NewGraph()
	a, err := p.Node(g)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := p.Node(g); err != nil || a != b {
		t.Errorf("second call: got %v, %v, want the same leaf", b, err)
	}
	c, err := p.Node(other)
	if err != nil {
		t.Fatal(err)
	}
	if a.Value() != c.Value() || a.Value() != G.Value(p.Value) {
		t.Error("the leaves of two graphs do not share the parameter's tensor")
	}
	if n, err := blocks.NewParam("W", 2, 3).Node(g); err == nil {
		t.Errorf("another parameter of the same name: got %v, want an error", n)
	}
	q := p.Clone("copy")
	q.Value.Float32s()[0] = 5
	if p.Value.Float32s()[0] != 0 || q.Name != "copy" {
		t.Error("the clone shares the tensor or the name")
	}
}
