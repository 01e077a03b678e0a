package blocks_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/random"
)

// Mean, standard deviation and range of 400×300 draws against each formula. The bounds
// are 4.5 standard errors (1 in 10⁵) of the mean, sd/√N, and of the standard deviation,
// sd·√((κ−1)/4N) with the kurtosis κ = 3 of a normal and 1.8 of a uniform distribution.
func TestInitializers(t *testing.T) {
	const n, k = 400, 300
	const N = n * k
	for name, c := range map[string]struct {
		init    blocks.Initializer
		sd      float64 // of a normal distribution
		uniform float64 // half-width
	}{
		"gaussian(1)":    {blocks.Gaussian(1), 1, 0},
		"gaussian(0.01)": {blocks.Gaussian(0.01), 0.01, 0},
		"lecun":          {blocks.LeCun(), 0.05, 0},                 // 1/√400
		"lecture-relu":   {blocks.LectureReLU(), 0.1, 0},            // 2/√400
		"he":             {blocks.He(), math.Sqrt2 / 20, 0},         // √(2/400)
		"xavier":         {blocks.Xavier(), 1 / math.Sqrt(350), 0},  // m = (400+300)/2
		"glorot":         {blocks.Glorot(), 0, math.Sqrt(6. / 700)}, // √(6/(n+k))
		"glorot4":        {blocks.Glorot4(), 0, 4 * math.Sqrt(6./700)},
		"uniform":        {blocks.Uniform(), 0, 0.05}, // 1/√400
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.init.String(); got != name {
				t.Errorf("name: got %s", got)
			}
			p, err := c.init.Weights("W", n, k, random.New(3).Split(name))
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(p.Name, p.Value.Shape(), p.Value.Dtype()); got != "W(400, 300) float32" {
				t.Errorf("parameter: got %s", got)
			}
			w := p.Value.Float32s()
			sd, kurtosis := c.sd, 3.0
			if c.uniform > 0 {
				sd, kurtosis = c.uniform/math.Sqrt(3), 1.8
				lo, hi := float64(slices.Min(w)), float64(slices.Max(w))
				// The range is exhausted to 1 in 10³ with probability 1 − e⁻⁶⁰.
				if math.Max(-lo, hi) > c.uniform*(1+1e-6) || math.Min(-lo, hi) < 0.999*c.uniform {
					t.Errorf("range [%g, %g], want ±%g", lo, hi, c.uniform)
				}
			}
			if got, err := c.init.SD(n, k); err != nil || math.Abs(got-sd) > 1e-12*sd {
				t.Errorf("SD: got %g, %v, want %g", got, err, sd)
			}
			var sum, squares float64
			for _, v := range w {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
			if mean, bound := sum/N, 4.5*sd/math.Sqrt(N); math.Abs(mean) > bound {
				t.Errorf("mean %g, want 0 within %g", mean, bound)
			}
			if got, bound := math.Sqrt(squares/N), 4.5*sd*math.Sqrt((kurtosis-1)/(4*N)); math.Abs(got-sd) > bound {
				t.Errorf("standard deviation %g, want %g within %g", got, sd, bound)
			}
			again, err := c.init.Weights("W", n, k, random.New(3).Split(name))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(w, again.Value.Float32s()) {
				t.Error("equal streams gave other weights")
			}
			other, err := c.init.Weights("W", n, k, random.New(4).Split(name))
			if err != nil {
				t.Fatal(err)
			}
			if slices.Equal(w, other.Value.Float32s()) {
				t.Error("another seed gave the same weights")
			}
		})
	}
}

func TestInitializerText(t *testing.T) {
	for _, i := range []blocks.Initializer{blocks.Gaussian(1), blocks.Gaussian(0.01), blocks.LeCun(), blocks.LectureReLU(), blocks.He(),
		blocks.Xavier(), blocks.Glorot(), blocks.Glorot4(), blocks.Uniform()} {
		roundTrip(t, i, blocks.ParseInitializer)
	}
	if i, err := blocks.ParseInitializer("gaussian"); err != nil || i != blocks.Gaussian(1) {
		t.Errorf("gaussian: got %v, %v, want gaussian(1)", i, err)
	}
	for _, name := range blocks.Initializers() {
		if i, err := blocks.ParseInitializer(name); err != nil || i.String() != name {
			t.Errorf("listed name %q: got %v, %v", name, i, err)
		}
	}
	refused(t, blocks.ParseInitializer, "", "normal", "he(2)", "gaussian(-1)", "gaussian(NaN)", "gaussian(Inf)", "gaussian()", "gaussian(1")
}

func TestInitializerErrors(t *testing.T) {
	s := random.New(1)
	for name, f := range map[string]func() (*blocks.Param, error){
		"no inputs": func() (*blocks.Param, error) { return blocks.He().Weights("W", 0, 3, s) },
		"no units":  func() (*blocks.Param, error) { return blocks.He().Weights("W", 3, -1, s) },
		"no stream": func() (*blocks.Param, error) { return blocks.He().Weights("W", 3, 3, nil) },
		"no kind":   func() (*blocks.Param, error) { return blocks.Initializer{}.Weights("W", 3, 3, s) },
	} {
		if p, err := f(); err == nil {
			t.Errorf("%s: got %v, want an error", name, p)
		}
	}
	for name, f := range map[string]func() (float64, error){
		"no inputs": func() (float64, error) { return blocks.He().SD(0, 3) },
		"no units":  func() (float64, error) { return blocks.Glorot().SD(3, 0) },
		"no kind":   func() (float64, error) { return blocks.Initializer{}.SD(3, 3) },
	} {
		if sd, err := f(); err == nil {
			t.Errorf("SD, %s: got %v, want an error", name, sd)
		}
	}
}
