package blocks_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// draws applies noise to a matrix of elements 0.5 and returns the result.
func draws(t *testing.T, dt tensor.Dtype, noise func(x *G.Node, s *random.Stream) (*G.Node, error)) []float64 {
	t.Helper()
	g := G.NewGraph()
	x := of(g, dt, "x", drawn, 1)
	for i := range drawn {
		if err := x.Value().(*tensor.Dense).SetAt(half(dt), i, 0); err != nil {
			t.Fatal(err)
		}
	}
	y, err := noise(x, random.New(21))
	if err != nil {
		t.Fatal(err)
	}
	return gradcheck.Compiled(t, G.Nodes{y})[0]
}

const drawn = 40000

func half(dt tensor.Dtype) any {
	if dt == tensor.Float32 {
		return float32(0.5)
	}
	return 0.5
}

// within tests a fraction of the draws against its probability, to 4.5 standard errors
// (1 in 10⁵).
func within(t *testing.T, what string, count int, p float64) {
	t.Helper()
	if got, bound := float64(count)/drawn, 4.5*math.Sqrt(p*(1-p)/drawn); math.Abs(got-p) > bound {
		t.Errorf("%s: fraction %g, want %g within %g", what, got, p, bound)
	}
}

func count(v []float64, of float64) (n int) {
	for _, x := range v {
		if x == of {
			n++
		}
	}
	return n
}

func TestMasking(t *testing.T) {
	for _, dt := range dtypes {
		v := draws(t, dt, blocks.Masking(0.25).Apply)
		zeros := count(v, 0)
		within(t, "masked", zeros, 0.25)
		if kept := count(v, 0.5); kept+zeros != drawn {
			t.Errorf("%v: %d elements are neither 0 nor the input", dt, drawn-kept-zeros)
		}
	}
}

func TestSaltAndPepper(t *testing.T) {
	for _, dt := range dtypes {
		v := draws(t, dt, blocks.SaltAndPepper(0.4).Apply)
		pepper, salt, kept := count(v, 0), count(v, 1), count(v, 0.5)
		within(t, "set to 0", pepper, 0.2)
		within(t, "set to 1", salt, 0.2)
		if pepper+salt+kept != drawn {
			t.Errorf("%v: %d elements are neither 0 nor 1 nor the input", dt, drawn-pepper-salt-kept)
		}
	}
}

func TestGaussianNoise(t *testing.T) {
	const sd = 0.3
	for _, dt := range dtypes {
		var sum, squares float64
		inside := 0
		for _, v := range draws(t, dt, blocks.GaussianNoise(sd).Apply) {
			d := v - 0.5
			sum, squares = sum+d, squares+d*d
			if math.Abs(d) < sd {
				inside++
			}
		}
		if mean, bound := sum/drawn, 4.5*sd/math.Sqrt(drawn); math.Abs(mean) > bound {
			t.Errorf("%v: mean of the noise %g, want 0 within %g", dt, mean, bound)
		}
		if got, bound := math.Sqrt(squares/drawn), 4.5*sd/math.Sqrt(2*drawn); math.Abs(got-sd) > bound {
			t.Errorf("%v: standard deviation %g, want %g within %g", dt, got, sd, bound)
		}
		within(t, "within one standard deviation", inside, math.Erf(1/math.Sqrt2))
	}
}

// Kept fraction, scale, expected value; and the gradient is the mask that the forward
// pass drew, which stock Dropout gets wrong (its gradient divides by the probability
// of dropping).
func TestDropout(t *testing.T) {
	const drop = 0.2
	for _, dt := range dtypes {
		g := G.NewGraph()
		x := leaf(g, dt, "x", drawn, 1)
		var c ops.Chain
		y := c.Do(blocks.Dropout(x, drop, random.New(5)))
		cost := c.Do(ops.Sum(y))
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		d, err := autodiff.Grad(cost, x)
		if err != nil {
			t.Fatal(err)
		}
		out := gradcheck.Compiled(t, G.Nodes{y, d[0]})
		in := gradcheck.Numbers(t, x.Value())
		kept := 0
		var mean float64
		for i, m := range out[1] {
			if m != 0 {
				kept++
				if !close32(m, 1/(1-drop)) {
					t.Fatalf("%v: element %d: kept with factor %g, want %g", dt, i, m, 1/(1-drop))
				}
			}
			if !close32(out[0][i], m*in[i]) {
				t.Fatalf("%v: element %d: value %g, but gradient %g times input %g", dt, i, out[0][i], m, in[i])
			}
			mean += m / drawn
		}
		within(t, "kept", kept, 1-drop)
		if bound := 4.5 * math.Sqrt(drop/(1-drop)/drawn); math.Abs(mean-1) > bound {
			t.Errorf("%v: mean of the mask %g, want 1 within %g", dt, mean, bound)
		}
	}
}

// Noise is drawn anew at each run, equally from equal streams, and leaves its input
// alone.
func TestNoiseRuns(t *testing.T) {
	for name, noise := range map[string]func(x *G.Node, s *random.Stream) (*G.Node, error){
		"dropout": func(x *G.Node, s *random.Stream) (*G.Node, error) { return blocks.Dropout(x, 0.5, s) },
		"masking": blocks.Masking(0.5).Apply, "gaussian": blocks.GaussianNoise(1).Apply, "salt and pepper": blocks.SaltAndPepper(0.5).Apply,
	} {
		run := func(seed uint64) [][]float64 {
			g := G.NewGraph()
			x := leaf(g, tensor.Float32, "x", 10, 10)
			before := gradcheck.Numbers(t, x.Value())
			y, err := noise(x, random.New(seed))
			if err != nil {
				t.Fatal(err)
			}
			out := gradcheck.Compiled(t, G.Nodes{y}, func() {}, func() {})
			gradcheck.Same(t, name+": input", [][]float64{before}, [][]float64{gradcheck.Numbers(t, x.Value())}, 0)
			return out
		}
		a := run(1)
		gradcheck.Same(t, name+" from an equal stream", a, run(1), 0)
		if cmp.Equal(a[0], a[1]) {
			t.Errorf("%s: the second run drew what the first did", name)
		}
		if cmp.Equal(a, run(2)) {
			t.Errorf("%s: another seed drew the same", name)
		}
	}
}

// Two layers of dropout of one node draw their own masks.
func TestTwoDropouts(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, tensor.Float32, "x", 100, 1)
	s := random.New(1)
	var c ops.Chain
	a, b := c.Do(blocks.Dropout(x, 0.5, s)), c.Do(blocks.Dropout(x, 0.5, s))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	if out := gradcheck.Compiled(t, G.Nodes{a, b}); cmp.Equal(out[0], out[1]) {
		t.Error("both drew one mask")
	}
}

func TestCorruptionText(t *testing.T) {
	for _, c := range []blocks.Corruption{{}, blocks.Masking(0.25), blocks.Masking(1), blocks.GaussianNoise(1.5), blocks.GaussianNoise(0), blocks.SaltAndPepper(0.1)} {
		roundTrip(t, c, blocks.ParseCorruption)
	}
	for _, name := range blocks.Corruptions() {
		if c, err := blocks.ParseCorruption(name); err != nil || c.String() != name {
			t.Errorf("listed name %q: got %v, %v", name, c, err)
		}
	}
	refused(t, blocks.ParseCorruption, "", "masking", "none(1)", "masking(1.5)", "masking(-0.1)", "salt-and-pepper(2)", "gaussian(-1)", "gaussian(NaN)", "gaussian(Inf)", "blur(1)", "masking(0.1")
}
