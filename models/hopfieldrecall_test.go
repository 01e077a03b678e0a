package models_test

import (
	"encoding/json"
	"os"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"

	"capas/autodiff"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A recall leaves its start as it is, counts turned units twice, ends where nothing changes,
// and goes on where it stopped.
func TestRecall(t *testing.T) {
	const n = 12
	pattern := coinSpins(stream("pattern"), 1, n)
	h := emptyHopfield(t, n, tensor.Float32)
	if err := h.StoreHebbian(matrix(tensor.Float32, pattern)); err != nil {
		t.Fatal(err)
	}
	start := matrix(tensor.Float32, [][]float64{flipped(flipped(pattern[0], 3), 8), pattern[0]})
	before := elements(start)
	r := must[*models.Recall](t)(models.NewRecall(func(s G.Nodes) (G.Nodes, error) {
		next, err := h.Update(s[0], nil)
		return G.Nodes{next}, err
	}, start))
	near(t, "change", []float64{4, 0}, must[[]float64](t)(r.Step()), 0)
	if steps, settled, err := r.Run(5, 0); steps != 1 || !settled || err != nil {
		t.Errorf("%d steps, settled %t, %v", steps, settled, err)
	}
	near(t, "recalled", join(repeat(pattern, 2)), elements(r.States[0]), 0)
	near(t, "start", before, elements(start), 0)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	// Two units of opposite weights never settle at once, and do one after the other, in any
	// order that is drawn.
	h = emptyHopfield(t, 2, tensor.Float32)
	copy(h.W.Value.Float32s(), []float32{0, -1, -1, 0})
	both := matrix(tensor.Float32, [][]float64{{1, 1}})
	r = must[*models.Recall](t)(models.NewRecall(func(s G.Nodes) (G.Nodes, error) {
		next, err := h.Update(s[0], nil)
		return G.Nodes{next}, err
	}, both))
	if steps, settled, err := r.Run(7, 0); steps != 7 || settled || err != nil {
		t.Errorf("at once: %d steps, settled %t, %v", steps, settled, err)
	}
	ends := map[float64]bool{}
	for seed := range uint64(20) {
		order := random.New(seed)
		r = must[*models.Recall](t)(models.NewRecall(func(s G.Nodes) (G.Nodes, error) {
			var c ops.Chain
			keys := c.Do(ops.Normal(c.Do(h.B.Node(s[0].Graph())), 1, order))
			return G.Nodes{c.Do(h.Sweep(s[0], keys))}, c.Err()
		}, both))
		if steps, settled, err := r.Run(7, 0); steps != 2 || !settled || err != nil {
			t.Errorf("in turn: %d steps, settled %t, %v", steps, settled, err)
		}
		ends[elements(r.States[0])[0]] = true
	}
	if len(ends) != 2 {
		t.Errorf("20 drawn orders of two units end at %v alone", ends)
	}
	_, err := models.NewRecall(func(s G.Nodes) (G.Nodes, error) { return nil, nil }, both)
	refused(t, "no states", err, "next states of 1 layers, got 0")
	_, err = models.NewRecall(func(s G.Nodes) (G.Nodes, error) { return s, nil })
	refused(t, "no start", err, "states of one layer at least to start at, got none")
	_, err = models.NewRecall(func(s G.Nodes) (G.Nodes, error) { return s, nil }, both, start)
	refused(t, "rows", err, "a row each")
}

// torchMemories is what scripts/torch_memories.py wrote.
type torchMemories struct {
	Cases []struct {
		Name    string
		States  map[string][][]float64
		Params  map[string]json.RawMessage
		Weights []float64
		Energy  []float64
		// Gradients of Σ weights·energy.
		Gradients map[string]json.RawMessage
	}
	Attention struct{ S, X, Output, Weights [][]float64 }
}

// numbersIn are the numbers of a JSON vector or matrix.
func numbersIn(t *testing.T, text json.RawMessage) []float64 {
	t.Helper()
	var rows [][]float64
	if json.Unmarshal(text, &rows) == nil {
		return join(rows)
	}
	var row []float64
	if err := json.Unmarshal(text, &row); err != nil {
		t.Fatal(err)
	}
	return row
}

// Energies and their symbolic gradients, by states and parameters, are PyTorch's; the
// retrieval of the softmax is what its MultiheadAttention gives.
func TestMemoriesEqualPyTorch(t *testing.T) {
	var f torchMemories
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/torch_memories.json")), &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) != 9 {
		t.Fatalf("want 9 cases, got %d", len(f.Cases))
	}
	for _, want := range f.Cases {
		param := func(name string, shape ...int) *blocks.Param {
			return &blocks.Param{Name: name, Value: tensor.New(tensor.WithShape(shape...), tensor.WithBacking(numbersIn(t, want.Params[name])))}
		}
		names := []string{"s"}
		var params []*blocks.Param
		var energy func(s G.Nodes) (*G.Node, error)
		switch want.Name {
		case "hopfield":
			h := &models.Hopfield{W: param("W", 6, 6), B: param("b", 6)}
			params, energy = h.Params(), func(s G.Nodes) (*G.Node, error) { return h.Energy(s[0]) }
		case "bam":
			b := &models.BAM{W: param("W", 6, 4), B: param("b", 4), C: param("c", 6)}
			names, params, energy = []string{"v", "h"}, b.Params(), func(s G.Nodes) (*G.Node, error) { return b.Energy(s[0], s[1]) }
		default:
			d := &models.DenseHopfield{X: param("X", 6, 7), F: must[models.Interaction](t)(models.ParseInteraction(want.Name))}
			params, energy = d.Params(), func(s G.Nodes) (*G.Node, error) { return d.Energy(s[0]) }
		}
		g := G.NewGraph()
		var in G.Nodes
		var values []G.Value
		for _, name := range names {
			x := matrix(tensor.Float64, want.States[name])
			in, values = append(in, blocks.NewInput(g, tensor.Float64, name, x.Shape()...)), append(values, x)
		}
		weights := blocks.NewInput(g, tensor.Float64, "weights", len(want.Weights))
		var c ops.Chain
		e := c.Do(energy(in))
		cost := c.Do(ops.Sum(c.Do(ops.Mul(e, weights))))
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		for _, p := range params {
			names = append(names, p.Name)
		}
		grads := must[G.Nodes](t)(autodiff.Grad(cost, append(in, must[G.Nodes](t)(blocks.Nodes(g, params))...)...))
		got := compute(t, append(in, weights), append(values, tensor.New(tensor.WithBacking(want.Weights))), append(G.Nodes{e}, grads...)...)
		near(t, want.Name+": energy", want.Energy, got[0], 1e-13)
		for i, name := range names {
			near(t, want.Name+": ∂/∂"+name, numbersIn(t, want.Gradients[name]), got[i+1], 1e-13)
		}
	}
	a := f.Attention
	d := &models.DenseHopfield{X: &blocks.Param{Name: "X", Value: matrix(tensor.Float64, a.X)}, F: models.SoftmaxInteraction(1 / 2.449489742783178)} // √6
	x := matrix(tensor.Float64, a.S)
	near(t, "attention", join(a.Output), forward(t, x, func(s *G.Node) (*G.Node, error) { return d.Update(s, nil) }), 1e-13)
	near(t, "weights", join(a.Weights), forward(t, x, d.Attention), 1e-13)
}
