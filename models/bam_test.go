package models_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// randomBAM is a memory in float64 with weights and biases from N(0,1).
func randomBAM(t testing.TB, n, k int) *models.BAM {
	t.Helper()
	b := must[*models.BAM](t)(models.NewBAM("bam", n, k))
	widen(1, b.Params()...)
	return b
}

// bamEnergy is E(v,h) by its definition: that of an RBM.
func bamEnergy(b *models.BAM, v, h []float64) float64 {
	return machine{split(elements(b.W.Value), len(h)), elements(b.B.Value), elements(b.C.Value)}.energy(v, h)
}

// pairGraph are leaves of m states of both layers.
func pairGraph(m, n, k int) (v, h *G.Node) {
	v = blocks.NewInput(G.NewGraph(), tensor.Float64, "v", m, n)
	return v, blocks.NewInput(v.Graph(), tensor.Float64, "h", m, k)
}

// For every pair of states of a small memory: energy and symbolic gradients by their
// definitions; an update of a layer gives the state of least energy among all of that layer,
// and is the sign of the energy's negative gradient.
func TestBAMAgainstEnumeration(t *testing.T) {
	const n, k = 5, 3
	b := randomBAM(t, n, k)
	var vs, hs [][]float64
	for _, v := range spins(n) {
		for _, h := range spins(k) {
			vs, hs = append(vs, v), append(hs, h)
		}
	}
	v, h := pairGraph(len(vs), n, k)
	var c ops.Chain
	energy, up, down := c.Do(b.Energy(v, h)), c.Do(b.Up(v, h)), c.Do(b.Down(v, h))
	grads := must[G.Nodes](t)(autodiff.Grad(c.Do(ops.Sum(energy)), v, h))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	got := compute(t, G.Nodes{v, h}, []G.Value{matrix(tensor.Float64, vs), matrix(tensor.Float64, hs)}, energy, up, down, grads[0], grads[1])
	for r := range vs {
		near(t, "energy", []float64{bamEnergy(b, vs[r], hs[r])}, got[0][r:r+1], 1e-12)
		least, bestV, bestH := bamEnergy(b, vs[r], hs[r]), vs[r], hs[r]
		for _, s := range spins(k) {
			if e := bamEnergy(b, vs[r], s); e < least {
				least, bestH = e, s
			}
		}
		least = bamEnergy(b, vs[r], hs[r])
		for _, s := range spins(n) {
			if e := bamEnergy(b, s, hs[r]); e < least {
				least, bestV = e, s
			}
		}
		near(t, "up", bestH, got[1][r*k:(r+1)*k], 0)
		near(t, "down", bestV, got[2][r*n:(r+1)*n], 0)
		for i, g := range got[3][r*n : (r+1)*n] {
			near(t, "sign of −∂E/∂v", []float64{math.Copysign(1, -g)}, got[2][r*n+i:r*n+i+1], 0)
		}
		for j, g := range got[4][r*k : (r+1)*k] {
			near(t, "sign of −∂E/∂h", []float64{math.Copysign(1, -g)}, got[1][r*k+j:r*k+j+1], 0)
		}
	}
}

// Whatever the weights, a recall from any state comes to rest at a pair that no update
// changes, and its energy never rises.
func TestBAMComesToRest(t *testing.T) {
	const n, k = 6, 5
	b := randomBAM(t, n, k)
	start := spins(n)
	for name, recall := range map[string]func() (*models.Recall, error){
		"up":   func() (*models.Recall, error) { return b.RecallUp(matrix(tensor.Float64, start)) },
		"down": func() (*models.Recall, error) { return b.RecallDown(matrix(tensor.Float64, spins(k))) },
	} {
		r := must[*models.Recall](t)(recall())
		var before []float64
		for step := range 50 {
			change := must[[]float64](t)(r.Step())
			vs, hs := split(elements(r.States[0]), n), split(elements(r.States[1]), k)
			rest := true
			for i := range vs {
				e := bamEnergy(b, vs[i], hs[i])
				if step > 0 && e > before[i]+1e-12 {
					t.Errorf("%s, row %d: the energy rises from %g to %g", name, i, before[i], e)
				}
				if step == 0 {
					before = append(before, e)
				}
				before[i], rest = e, rest && change[i] == 0
			}
			if rest {
				v, h := pairGraph(len(vs), n, k)
				got := compute(t, G.Nodes{v, h}, []G.Value{r.States[0], r.States[1]}, must[*G.Node](t)(b.Up(v, h)), must[*G.Node](t)(b.Down(v, h)))
				near(t, name+": h at rest", join(hs), got[0], 0)
				near(t, name+": v at rest", join(vs), got[1], 0)
				break
			}
			if step == 49 {
				t.Errorf("%s: not at rest after 50 steps", name)
			}
		}
	}
}

// The worked example of Kosko 1988 (IEEE Transactions on Systems, Man, and Cybernetics 18,
// §IV), in units −1 or 1: its matrix M, and the recall of both pairs in both directions.
func TestBAMOfKosko(t *testing.T) {
	v := [][]float64{{1, -1, 1, -1, 1, -1}, {1, 1, 1, -1, -1, -1}}
	h := [][]float64{{1, 1, -1, -1}, {1, -1, 1, -1}}
	M := []float64{2, 0, 0, -2, 0, -2, 2, 0, 2, 0, 0, -2, -2, 0, 0, 2, 0, 2, -2, 0, -2, 0, 0, 2}
	b := must[*models.BAM](t)(models.NewBAM("bam", 6, 4))
	for i := range v { // pair by pair
		if err := b.StoreHebbian(matrix(tensor.Float32, v[i:i+1]), matrix(tensor.Float32, h[i:i+1])); err != nil {
			t.Fatal(err)
		}
	}
	var got []float64
	for _, w := range elements(b.W.Value) {
		got = append(got, w*math.Sqrt(24))
	}
	near(t, "M", M, got, 1e-6)
	r := must[*models.Recall](t)(b.RecallUp(matrix(tensor.Float32, v)))
	if steps, settled, err := r.Run(10, 0); err != nil || !settled || steps != 2 {
		t.Errorf("%d steps, settled %t, %v: want one, and one that changes nothing", steps, settled, err)
	}
	near(t, "codes of the patterns", join(h), elements(r.States[1]), 0)
	r = must[*models.Recall](t)(b.RecallDown(matrix(tensor.Float32, h)))
	must[[]float64](t)(r.Step())
	near(t, "patterns of the codes", join(v), elements(r.States[0]), 0)
	// Kosko's A = (0 1 1 0 0 0) differs from A₂ in one place, and recalls the pair.
	r = must[*models.Recall](t)(b.RecallUp(matrix(tensor.Float32, [][]float64{{-1, 1, 1, -1, -1, -1}})))
	must[[]float64](t)(r.Step())
	near(t, "pattern of a noisy one", v[1], elements(r.States[0]), 0)
	near(t, "code of a noisy one", h[1], elements(r.States[1]), 0)
}

// The centred rule by its formula: fields of both layers in each stored pair.
func TestBAMStoreCentered(t *testing.T) {
	const n, k, count = 24, 12, 4
	v, h := coinSpins(stream("v"), count, n), coinSpins(stream("h"), count, k)
	for i := range v {
		copy(v[i][:10], v[0][:10]) // in common
		h[i][0] = -1
	}
	b := must[*models.BAM](t)(models.NewBAM("bam", n, k))
	widen(0, b.Params()...)
	if err := b.StoreCentered(matrix(tensor.Float64, v), matrix(tensor.Float64, h)); err != nil {
		t.Fatal(err)
	}
	field := func(from, to [][]float64, s []float64, j int) float64 {
		meanFrom, meanTo, size, sum := make([]float64, len(s)), 0.0, 0.0, 0.0
		for _, x := range from {
			for i, a := range x {
				meanFrom[i] += a / count
			}
		}
		for _, y := range to {
			meanTo += y[j] / count
		}
		for mu, x := range from {
			for i, a := range x {
				size += (a - meanFrom[i]) * (a - meanFrom[i]) / count
				sum += (a - meanFrom[i]) * (s[i] - meanFrom[i]) * (to[mu][j] - meanTo)
			}
		}
		return (sum + size*meanTo) / math.Sqrt(n*k)
	}
	var wantH, wantV []float64
	for mu := range v {
		for j := range k {
			wantH = append(wantH, field(v, h, v[mu], j))
		}
		for i := range n {
			wantV = append(wantV, field(h, v, h[mu], i))
		}
	}
	near(t, "field of h", wantH, forward(t, matrix(tensor.Float64, v), b.FieldHidden), 1e-12)
	near(t, "field of v", wantV, forward(t, matrix(tensor.Float64, h), b.FieldVisible), 1e-12)
}

func TestBAMGradients(t *testing.T) {
	const m, n, k = 3, 4, 2
	b := randomBAM(t, n, k)
	x, y := gradcheck.Tensor(stream("v"), m, n), gradcheck.Tensor(stream("h"), m, k)
	gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x, y}, Build: func(_ *G.ExprGraph, x G.Nodes) (*G.Node, error) { return b.Energy(x[0], x[1]) }})
	v, h := pairGraph(m, n, k)
	var c ops.Chain
	o := &models.Objective{Inputs: G.Nodes{v, h}, Cost: c.Do(ops.SumSquares(c.Do(b.Energy(v, h))))}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	checkGradient(t, b.Params(), o, nil, x, y)
}

func TestBAMRefuses(t *testing.T) {
	b := must[*models.BAM](t)(models.NewBAM("bam", 3, 2))
	v, h := matrix(tensor.Float32, [][]float64{{1, -1, 1}, {1, 1, 1}}), matrix(tensor.Float32, [][]float64{{1, -1}, {1, 1}})
	for _, store := range []func(v, h *tensor.Dense) error{b.StoreHebbian, b.StoreCentered} {
		refused(t, "lengths", store(h, h), "visible units: want patterns of shape (k, 3), got (2, 2)")
		refused(t, "lengths", store(v, v), "hidden units: want patterns of shape (k, 2)")
		refused(t, "numbers of patterns", store(v, matrix(tensor.Float32, [][]float64{{1, -1}})), "as many patterns of both layers, got 2 and 1")
		refused(t, "values", store(v, matrix(tensor.Float32, [][]float64{{1, 0}, {1, 1}})), "got 0 at unit 2 of pattern 1")
	}
	refused(t, "equal", b.StoreCentered(v, matrix(tensor.Float32, [][]float64{{1, 1}, {1, 1}})), "differ from their means in both layers")
	_, err := models.NewBAM("bam", 3, 0)
	refused(t, "no units", err, "at least one unit in each layer, got 3 and 0")
	_, err = b.RecallUp(h)
	refused(t, "recall up", err, "want states of shape (m, 3)")
	_, err = b.RecallDown(nil)
	refused(t, "recall down", err, "want states")
	x, y := pairGraph(2, 3, 3)
	for _, f := range []func(v, h *G.Node) (*G.Node, error){b.Energy, b.Up, b.Down} {
		refused(t, "hidden", second(f(x, y)), "hidden units: want states of shape (m, 2), got (2, 3)")
		refused(t, "hidden", second(f(x, nil)), "missing")
		refused(t, "visible", second(f(nil, y)), "missing")
	}
}
