package blocks_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// torchBlocks is what scripts/torch_values.py wrote.
type torchBlocks struct {
	Z, DY       [][]float64
	Activations []struct {
		Name  string
		Y, DZ [][]float64
	}
	Losses []struct {
		Output, Case string
		Z, T, DZ     [][]float64
		Loss         float64
	}
}

// Tolerances relative to max(1, |want|). In float64 the two libraries round
// differently in the last places; in float32 the kernels are good to 3 ulp, and the
// inputs are rounded as well.
const (
	torchTol64 = 1e-14
	torchTol32 = 1e-6
)

func readTorchBlocks(t *testing.T) torchBlocks {
	t.Helper()
	data, err := os.ReadFile("testdata/torch_blocks.json")
	if err != nil {
		t.Fatal(err)
	}
	var f torchBlocks
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Values of the activations and their gradients dz of Σ y⊙dy equal PyTorch's, also
// where they are saturated and at the kinks.
func TestActivationsEqualPyTorch(t *testing.T) {
	f := readTorchBlocks(t)
	seen := map[string]bool{}
	for _, a := range f.Activations {
		act, err := blocks.ParseActivation(a.Name)
		if err != nil {
			t.Fatal(err)
		}
		seen[act.String()] = true
		for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			g := G.NewGraph()
			z, dy := torchLeaf(g, dt, "z", f.Z), torchLeaf(g, dt, "dy", f.DY)
			var c ops.Chain
			y := c.Do(act.Apply(z))
			cost := c.Do(ops.Sum(c.Do(ops.Mul(y, dy))))
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			compareTorch(t, a.Name, cost, z, y, a.Y, a.DZ)
		}
	}
	for _, name := range blocks.Activations() {
		if !seen[name] {
			t.Errorf("%s: testdata/torch_blocks.json has no values", name)
		}
	}
}

// The losses and their gradients by the logits equal PyTorch's and are finite at
// logits of ±1000: MSE is a mean over all elements, the cross-entropies are means over
// the examples.
func TestLossesEqualPyTorch(t *testing.T) {
	f := readTorchBlocks(t)
	if len(f.Losses) == 0 {
		t.Fatal("testdata/torch_blocks.json has no losses")
	}
	for _, l := range f.Losses {
		out, err := blocks.ParseOutput(l.Output)
		if err != nil {
			t.Fatal(err)
		}
		for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			g := G.NewGraph()
			z, target := torchLeaf(g, dt, "z", l.Z), torchLeaf(g, dt, "t", l.T)
			loss, err := out.Loss(z, target)
			if err != nil {
				t.Fatal(err)
			}
			compareTorch(t, l.Output+", "+l.Case, loss, z, loss, [][]float64{{l.Loss}}, l.DZ)
		}
	}
}

// compareTorch compares y and the gradient of cost by z.
func compareTorch(t *testing.T, name string, cost, z, y *G.Node, wantY, wantDZ [][]float64) {
	t.Helper()
	d, err := autodiff.Grad(cost, z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	run, err := autodiff.Compile(nil, G.Nodes{y, d[0]}, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := run.RunAll(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	tol := torchTol64
	if z.Dtype() == tensor.Float32 {
		tol = torchTol32
	}
	for i, what := range []string{"value", "gradient"} {
		want := [][][]float64{wantY, wantDZ}[i]
		got := torchNumbers(t, run.Output(i))
		j := 0
		for _, row := range want {
			for _, w := range row {
				if j >= len(got) || !(math.Abs(got[j]-w) <= tol*math.Max(1, math.Abs(w))) {
					t.Errorf("%s in %v: %s, element %d: want %.17g, got %.17g", name, z.Dtype(), what, j, w, got[min(j, len(got)-1)])
				}
				j++
			}
		}
		if j != len(got) {
			t.Errorf("%s in %v: %s: want %d elements, got %d", name, z.Dtype(), what, j, len(got))
		}
	}
}

// torchLeaf adds a leaf bound to a matrix.
func torchLeaf(g *G.ExprGraph, dt tensor.Dtype, name string, rows [][]float64) *G.Node {
	d := tensor.New(tensor.Of(dt), tensor.WithShape(len(rows), len(rows[0])))
	for i, row := range rows {
		for j, v := range row {
			if dt == tensor.Float32 {
				d.Float32s()[i*len(row)+j] = float32(v)
			} else {
				d.Float64s()[i*len(row)+j] = v
			}
		}
	}
	return G.NewTensor(g, dt, 2, G.WithShape(d.Shape()...), G.WithName(name), G.WithValue(d))
}

func torchNumbers(t *testing.T, v G.Value) []float64 {
	t.Helper()
	if e, err := ops.Elements[float64](v); err == nil {
		return e
	}
	e, err := ops.Elements[float32](v)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(e))
	for i, x := range e {
		out[i] = float64(x)
	}
	return out
}
