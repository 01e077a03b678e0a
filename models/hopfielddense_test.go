package models_test

import (
	"fmt"
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

// denseHopfield is a memory in float64.
func denseHopfield(t testing.TB, patterns [][]float64, f models.Interaction) *models.DenseHopfield {
	t.Helper()
	d := must[*models.DenseHopfield](t)(models.NewDenseHopfield("memory", matrix(tensor.Float32, patterns), f))
	x := elements(d.X.Value)
	d.X.Value = tensor.New(tensor.WithShape(d.X.Value.Shape()...), tensor.WithBacking(x))
	return d
}

// denseEnergy is E(s) by its definition.
func denseEnergy(patterns [][]float64, f models.Interaction, s []float64) float64 {
	var kind string
	var a float64
	text := f.String()
	for i, r := range text {
		if r == '(' {
			kind = text[:i]
			fmt.Sscanf(text[i:], "(%g)", &a)
		}
	}
	n, sum, squares := float64(len(s)), 0.0, 0.0
	for _, v := range s {
		squares += v * v
	}
	for _, x := range patterns {
		o := 0.0
		for i, v := range x {
			o += v * s[i]
		}
		if kind == "polynomial" {
			sum -= n / a * math.Pow(o/n, a)
		} else {
			sum += math.Exp(a * o)
		}
	}
	switch kind {
	case "polynomial":
		return sum
	case "exponential":
		return -math.Log(sum) / a
	}
	return -math.Log(sum)/a + squares/2 + math.Log(float64(len(patterns)))/a
}

func binaryInteractions() []models.Interaction {
	return []models.Interaction{{}, models.PolynomialInteraction(3), models.PolynomialInteraction(4), models.PolynomialInteraction(7),
		models.ExponentialInteraction(1), models.ExponentialInteraction(0.2)}
}

// For every state of a small memory and every unit: the field has the sign of what the energy
// falls by as the unit turns from −1 to 1, and of polynomials is half of it; a unit alone
// never raises the energy.
func TestDenseFieldsAgainstEnumeration(t *testing.T) {
	const n, k = 7, 5
	patterns, all := coinSpins(stream("patterns"), k, n), spins(n)
	for _, f := range binaryInteractions() {
		d := denseHopfield(t, patterns, f)
		x := matrix(tensor.Float64, all)
		energy, field := forward(t, x, d.Energy), forward(t, x, d.Field)
		update := forward(t, x, func(s *G.Node) (*G.Node, error) { return d.Update(s, nil) })
		for r, s := range all {
			near(t, f.String()+": energy", []float64{denseEnergy(patterns, f, s)}, energy[r:r+1], 1e-12)
			for i := range s {
				down, up := flipped(s, i), s
				if s[i] < 0 {
					down, up = up, down
				}
				fall, h := denseEnergy(patterns, f, down)-denseEnergy(patterns, f, up), field[r*n+i]
				if f.String()[0] == 'p' {
					near(t, f.String()+": field", []float64{fall / 2}, []float64{h}, 1e-12)
				}
				want := s[i] // where there is no field but for rounding, either will do
				if math.Abs(fall) > 1e-9 {
					want = math.Copysign(1, fall)
					if h*fall <= 0 || update[r*n+i] != want {
						t.Errorf("%s, state %v, unit %d: field %g, update %g, the energy falls by %g", f, s, i, h, update[r*n+i], fall)
					}
				}
			}
		}
		for i := range n {
			one := make([]float64, n)
			one[i] = 1
			s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", len(all), n)
			chosen := blocks.NewInput(s.Graph(), tensor.Float64, "chosen", n)
			next := must[*G.Node](t)(d.Update(s, chosen))
			for r, s := range split(compute(t, G.Nodes{s, chosen}, []G.Value{x, tensor.New(tensor.WithBacking(one))}, next)[0], n) {
				if e := denseEnergy(patterns, f, s); e > energy[r]+1e-9 {
					t.Errorf("%s, state %v, unit %d: the energy rises from %g to %g", f, all[r], i, energy[r], e)
				}
			}
		}
	}
}

// The polynomial of degree 2 is Hopfield's network.
func TestDenseOfDegreeTwoIsHopfield(t *testing.T) {
	const n, k = 11, 6
	patterns := coinSpins(stream("patterns"), k, n)
	h, d := emptyHopfield(t, n, tensor.Float64), denseHopfield(t, patterns, models.PolynomialInteraction(2))
	if err := h.StoreHebbian(matrix(tensor.Float64, patterns)); err != nil {
		t.Fatal(err)
	}
	x := matrix(tensor.Float64, coinSpins(stream("states"), 50, n))
	near(t, "field", forward(t, x, h.Field), forward(t, x, d.Field), 1e-12)
	energy := forward(t, x, h.Energy)
	for i := range energy {
		energy[i] -= k / 2.
	}
	near(t, "energy", energy, forward(t, x, d.Energy), 1e-12)
}

// The update of real units is attention: softmax(β s·X)·Xᵀ. It is s − ∂E/∂s by the symbolic
// gradient: the gradient of the convex half ½ s'·s' at the new state is that of the concave
// half, with the opposite sign, at the old one (CCCP). So the energy falls at each step, and
// with half of the largest square it is between 0 and twice that (Ramsauer et al. 2021).
func TestSoftmaxRetrieval(t *testing.T) {
	const n, k, m = 6, 9, 20
	patterns, beta := gaussian("patterns", k, n), 1.7
	d := denseHopfield(t, patterns, models.SoftmaxInteraction(beta))
	rows := gaussian("states", m, n)
	rows[3] = patterns[4]
	s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", m, n)
	var c ops.Chain
	energy, update, field := c.Do(d.Energy(s)), c.Do(d.Update(s, nil)), c.Do(d.Field(s))
	convex := c.Do(ops.Scale(c.Do(ops.SumSquares(s)), 0.5))
	concave := c.Do(ops.Sub(c.Do(ops.Sum(energy)), convex))
	grad := must[G.Nodes](t)(autodiff.Grad(c.Do(ops.Sum(energy)), s))
	pull := must[G.Nodes](t)(autodiff.Grad(concave, s))
	ofConvex := must[G.Nodes](t)(autodiff.Grad(convex, s))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	in, x := G.Nodes{s}, matrix(tensor.Float64, rows)
	got := compute(t, in, []G.Value{x}, energy, update, grad[0], pull[0], field)
	next := matrix(tensor.Float64, split(got[1], n))
	for i, v := range got[1] {
		near(t, "s − ∂E/∂s", []float64{rows[i/n][i%n] - got[2][i]}, []float64{v}, 1e-12)
		near(t, "−∂E/∂s", []float64{-got[2][i]}, []float64{got[4][i]}, 1e-12)
		near(t, "CCCP", []float64{compute(t, in, []G.Value{next}, ofConvex[0])[0][i]}, []float64{-got[3][i]}, 1e-12)
	}
	largest := 0.0
	for _, p := range patterns {
		square := 0.0
		for _, v := range p {
			square += v * v
		}
		largest = math.Max(largest, square)
	}
	for r, q := range rows {
		var w []float64
		sum := 0.0
		for _, p := range patterns {
			o := 0.0
			for i := range p {
				o += p[i] * q[i]
			}
			w = append(w, math.Exp(beta*o))
			sum += math.Exp(beta * o)
		}
		for i := range n {
			want := 0.0
			for mu, p := range patterns {
				want += w[mu] / sum * p[i]
			}
			near(t, "attention", []float64{want}, got[1][r*n+i:r*n+i+1], 1e-12)
		}
		near(t, "energy", []float64{denseEnergy(patterns, d.F, q)}, got[0][r:r+1], 1e-12)
	}
	for range 20 {
		before := forward(t, x, d.Energy)
		x = matrix(tensor.Float64, split(forward(t, x, func(s *G.Node) (*G.Node, error) { return d.Update(s, nil) }), n))
		for r, e := range forward(t, x, d.Energy) {
			if e > before[r]+1e-12 {
				t.Errorf("row %d: the energy rises from %g to %g", r, before[r], e)
			}
			if whole := e + largest/2; whole < -1e-12 || whole > 2*largest { // of states in the patterns' hull
				t.Errorf("row %d: energy %g, want 0 to %g", r, whole, 2*largest)
			}
		}
	}
}

// gaussian draws m rows of n numbers N(0,1), that float32 holds exactly.
func gaussian(label string, m, n int) [][]float64 {
	all := make([]float64, m*n)
	stream(label).Normal64(all)
	for i, v := range all {
		all[i] = float64(float32(v))
	}
	return split(all, n)
}

// Symbolic gradients by states and patterns, of first and second order, against central
// differences, for all interactions.
func TestDenseGradients(t *testing.T) {
	const m, n, k = 3, 4, 5
	for _, f := range append(binaryInteractions(), models.SoftmaxInteraction(0.7)) {
		d := denseHopfield(t, coinSpins(stream("patterns"), k, n), f)
		widen(0.8, d.X)
		x := gradcheck.Tensor(stream("states"), m, n)
		t.Run(f.String(), func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{x}, Build: func(_ *G.ExprGraph, x G.Nodes) (*G.Node, error) { return d.Energy(x[0]) }})
			s := blocks.NewInput(G.NewGraph(), tensor.Float64, "s", m, n)
			var c ops.Chain
			o := &models.Objective{Inputs: G.Nodes{s}, Cost: c.Do(ops.SumSquares(c.Do(d.Energy(s))))}
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			checkGradient(t, d.Params(), o, nil, x)
		})
	}
}

// A batch of one is computed as it is as a row of a larger batch, also by large overlaps:
// 2,000 units, whose exponentials alone overflow.
func TestDenseBatchOfOne(t *testing.T) {
	const n, k, m = 2000, 3, 4
	patterns, rows := coinSpins(stream("patterns"), k, n), coinSpins(stream("states"), m, n)
	copy(rows[1], patterns[2])
	for _, f := range append(binaryInteractions(), models.SoftmaxInteraction(1)) {
		d := must[*models.DenseHopfield](t)(models.NewDenseHopfield("memory", matrix(tensor.Float32, patterns), f))
		for name, f := range map[string]func(*G.Node) (*G.Node, error){"energy": d.Energy, "update": func(s *G.Node) (*G.Node, error) { return d.Update(s, nil) }} {
			all := forward(t, matrix(tensor.Float32, rows), f)
			size := len(all) / m
			for i := range rows {
				near(t, d.F.String()+" "+name, all[i*size:(i+1)*size], forward(t, matrix(tensor.Float32, rows[i:i+1]), f), roundoff)
			}
			if name == "update" {
				near(t, d.F.String()+": a pattern", patterns[2], all[size:2*size], 1e-5)
			}
		}
	}
}

func TestInteractions(t *testing.T) {
	for _, f := range append(binaryInteractions(), models.SoftmaxInteraction(0.125)) {
		if again := must[models.Interaction](t)(models.ParseInteraction(f.String())); again != f {
			t.Errorf("%s was read as %s", f, again)
		}
	}
	for _, s := range []string{"", "polynomial", "polynomial(1)", "polynomial(51)", "polynomial(2.5)", "exponential", "exponential(0)", "exponential(NaN)",
		"softmax(-1)", "softmax(+Inf)", "softmax(1", "cubic(3)"} {
		_, err := models.ParseInteraction(s)
		refused(t, s, err, "is unknown, want polynomial(p)")
	}
}

func TestDenseRefuses(t *testing.T) {
	good := matrix(tensor.Float32, [][]float64{{1, -1, 1}, {1, 1, 1}})
	real := matrix(tensor.Float32, [][]float64{{0.5, -1, 1}})
	f := models.ExponentialInteraction(1)
	for what, err := range map[string]error{
		"want patterns of shape":            second(models.NewDenseHopfield("memory", nil, f)),
		"got 0.5 at unit 1 of pattern 1":    second(models.NewDenseHopfield("memory", real, f)),
		"want a positive β, got 0":          second(models.NewDenseHopfield("memory", good, models.SoftmaxInteraction(0))),
		"degree 2 to 50, got 1":             second(models.NewDenseHopfield("memory", good, models.PolynomialInteraction(1))),
		"float32, as the parameters, got f": second(models.NewDenseHopfield("memory", matrix(tensor.Float64, [][]float64{{1}}), f)),
	} {
		refused(t, what, err, what)
	}
	must[*models.DenseHopfield](t)(models.NewDenseHopfield("memory", real, models.SoftmaxInteraction(1)))
	d := must[*models.DenseHopfield](t)(models.NewDenseHopfield("memory", good, models.SoftmaxInteraction(1)))
	s := blocks.NewInput(G.NewGraph(), tensor.Float32, "s", 2, 3)
	short := blocks.NewInput(s.Graph(), tensor.Float32, "short", 2, 2)
	_, err := d.Update(s, s)
	refused(t, "chosen real units", err, "all units of a softmax(1)")
	for _, f := range []func(*G.Node) (*G.Node, error){d.Energy, d.Field, d.Attention} {
		refused(t, "short", second(f(short)), "want states of shape (m, 3), got (2, 2)")
		refused(t, "none", second(f(nil)), "missing")
	}
	d.F = models.ExponentialInteraction(1)
	refused(t, "chosen", second(d.Update(s, short)), "want 3 numbers that choose units")
}

func second[T any](_ T, err error) error { return err }
