package models_test

import (
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The violation by its formula, and its symbolic gradient by central differences.
func TestBAMViolation(t *testing.T) {
	const m, n, k, margin = 3, 4, 2, 0.7
	b := randomBAM(t, n, k)
	vs, hs := coinSpins(stream("v"), m, n), coinSpins(stream("h"), m, k)
	w, bias, c := split(elements(b.W.Value), k), elements(b.B.Value), elements(b.C.Value)
	want := 0.0
	for mu := range vs {
		for j := range k {
			f := bias[j]
			for i := range n {
				f += vs[mu][i] * w[i][j]
			}
			want += max(0, margin*1.4142135623730951-hs[mu][j]*f) // √(4/2)
		}
		for i := range n {
			f := c[i]
			for j := range k {
				f += hs[mu][j] * w[i][j]
			}
			want += max(0, margin/1.4142135623730951-vs[mu][i]*f)
		}
	}
	v, h := pairGraph(m, n, k)
	var ch ops.Chain
	cost := ch.Do(b.Violation(v, h, margin))
	if ch.Err() != nil {
		t.Fatal(ch.Err())
	}
	values := []G.Value{matrix(tensor.Float64, vs), matrix(tensor.Float64, hs)}
	near(t, "violation", []float64{want}, compute(t, G.Nodes{v, h}, values, cost)[0], 1e-12)
	checkGradient(t, b.Params(), &models.Objective{Inputs: G.Nodes{v, h}, Cost: cost}, nil, values...)
	x, y := gradcheck.Tensor(stream("x"), m, n), gradcheck.Tensor(stream("y"), m, k)
	gradcheck.First(t, gradcheck.Case{Inputs: []*tensor.Dense{x, y}, Build: func(_ *G.ExprGraph, x G.Nodes) (*G.Node, error) { return b.Violation(x[0], x[1], margin) }})
}

// Pairs that have much in common, which Hebb's rule cannot store, are at rest after the
// perceptron's rule, with the margin; one step is the sum of the products of what falls short.
func TestBAMStorePerceptron(t *testing.T) {
	const n, k, count, margin = 30, 20, 8, 0.5
	v, h := coinSpins(stream("v"), count, n), coinSpins(stream("h"), count, k)
	for i := range v {
		copy(v[i][:22], v[0][:22])
		copy(h[i][:12], h[0][:12])
	}
	x, y := matrix(tensor.Float32, v), matrix(tensor.Float32, h)
	hebb, b := must[*models.BAM](t)(models.NewBAM("bam", n, k)), must[*models.BAM](t)(models.NewBAM("bam", n, k))
	if err := hebb.StoreHebbian(x, y); err != nil {
		t.Fatal(err)
	}
	// From nothing, everything falls short: W becomes twice that of Hebb's rule, by both layers.
	if steps, stored, err := b.StorePerceptron(x, y, margin, 1, autodiff.Compiler{}); err != nil || steps != 1 || stored {
		t.Errorf("%d steps, stored %t, %v", steps, stored, err)
	}
	var twice []float64
	for _, w := range elements(hebb.W.Value) {
		twice = append(twice, 2*w)
	}
	near(t, "the first step", twice, elements(b.W.Value), 1e-5)
	steps, stored, err := b.StorePerceptron(x, y, margin, 1000, autodiff.Compiler{})
	if err != nil || !stored || steps < 2 {
		t.Fatalf("%d steps, stored %t, %v", steps, stored, err)
	}
	enough := must[*models.BAM](t)(models.NewBAM("bam", n, k))
	if again, stored, err := enough.StorePerceptron(x, y, margin, steps+1, autodiff.Compiler{}); again != steps+1 || !stored || err != nil {
		t.Errorf("as many steps as it takes, %d: took %d, stored %t, %v", steps+1, again, stored, err)
	}
	if again, stored, err := b.StorePerceptron(x, y, margin, 0, autodiff.Compiler{}); again != 0 || !stored || err != nil {
		t.Errorf("stored pairs, no step allowed: %d, stored %t, %v", again, stored, err)
	}
	if again, stored, err := b.StorePerceptron(x, y, margin, 10, autodiff.Compiler{}); again != 0 || !stored || err != nil {
		t.Errorf("stored pairs took %d steps more, %t, %v", again, stored, err)
	}
	for name, m := range map[string]*models.BAM{"perceptron": b, "hebbian": hebb} {
		vn := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", count, n)
		hn := blocks.NewInput(vn.Graph(), tensor.Float32, "h", count, k)
		got := compute(t, G.Nodes{vn, hn}, []G.Value{x, y}, must[*G.Node](t)(m.Down(vn, hn)), must[*G.Node](t)(m.Up(vn, hn)))
		if rest := equal(join(v), got[0]) && equal(join(h), got[1]); rest != (name == "perceptron") {
			t.Errorf("%s: pairs at rest: %t", name, rest)
		}
	}
	_, _, err = b.StorePerceptron(x, y, 0, 10, autodiff.Compiler{})
	refused(t, "margin 0", err, "positive margin, got 0")
	_, _, err = b.StorePerceptron(y, x, 1, 10, autodiff.Compiler{})
	refused(t, "layers", err, "want patterns of shape")
	// One digit with two codes cannot be stored.
	if steps, stored, err := b.StorePerceptron(matrix(tensor.Float32, [][]float64{v[0], v[0]}), matrix(tensor.Float32, h[:2]), margin, 50, autodiff.Compiler{}); steps != 50 || stored || err != nil {
		t.Errorf("two codes of one pattern: %d steps, stored %t, %v", steps, stored, err)
	}
}
