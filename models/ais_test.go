package models_test

import (
	"errors"
	"math"
	"runtime"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// even are n+1 evenly spaced inverse temperatures.
func even(n int) []float64 {
	betas := make([]float64, n+1)
	for i := range betas {
		betas[i] = float64(i) / float64(n)
	}
	return betas
}

func vector(dt tensor.Dtype, x ...float64) *tensor.Dense {
	d := matrix(dt, [][]float64{x})
	if err := d.Reshape(len(x)); err != nil {
		panic(err)
	}
	return d
}

// The mean of Z's estimates by single chains is Z itself, whatever the temperatures:
// with one step, which is importance sampling, with a few, of a base with biases, of the
// visible or of all units, and without, in both dtypes, and for reversed chains from exact samples that of 1/Z. The
// spread over chains bounds how far the mean of many may be off.
func TestAISIsUnbiased(t *testing.T) {
	const chains = 20_000
	base := []float64{-0.5, 0.3, 0, 1}
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		r := newRBM(t, 4, 3, 0.8)
		redraw(0.6, stream("biases"), r.B, r.C)
		if dt == tensor.Float64 {
			widen(0.8, r.Params()...)
		}
		logZ := reference(r).logZ()
		start := must[*tensor.Dense](t)(r.ExactSample(chains, stream("start")))
		for _, betas := range [][]float64{even(1), even(3), models.Betas(8)} {
			for _, b := range [][2]*tensor.Dense{{}, {vector(dt, base...)}, {vector(dt, base...), vector(dt, 0.4, -0.7, 0.2)}} {
				o := models.AISOptions{Betas: betas, Chains: chains, Base: b[0], HiddenBase: b[1], Noise: stream("ais")}
				forward := must[models.AISEstimate](t)(r.AIS(o))
				var ratios []float64
				for _, l := range forward.LogWeights {
					ratios = append(ratios, math.Exp(l-logZ))
				}
				meanIsOne(t, "weight", ratios)
				back := must[models.AISEstimate](t)(r.ReverseAIS(start, o))
				ratios = ratios[:0]
				for _, l := range back.LogWeights {
					ratios = append(ratios, math.Exp(logZ-l))
				}
				meanIsOne(t, "inverse weight", ratios)
				for what, e := range map[string]models.AISEstimate{"forward": forward, "reverse": back} {
					if !(e.Low < logZ && logZ < e.High && e.Low < e.LogZ && e.LogZ < e.High) {
						t.Errorf("%s: log Z = %g is not within [%g, %g], the bar of %g", what, logZ, e.Low, e.High, e.LogZ)
					}
				}
			}
		}
	}
}

func meanIsOne(t *testing.T, what string, x []float64) {
	t.Helper()
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	sd := math.Sqrt(squares) / float64(len(x))
	if z := (mean - 1) / sd; !(math.Abs(z) < maxZ) {
		t.Errorf("mean %s: want 1, got %g ± %.2g", what, mean, sd)
	}
}

// One step is plain importance sampling: the weight of a chain is p*(v)/p_base(v) at the
// base's own draw, which is made first.
func TestAISOfOneStep(t *testing.T) {
	const chains = 50
	base := []float64{-0.5, 0.3, 0, 1}
	r := double(t, 4, 3, 1)
	rates := make([]float64, 0, 4*chains)
	for range chains {
		for _, b := range base {
			rates = append(rates, 1/(1+math.Exp(-b)))
		}
	}
	stream("ais").Bernoulli64(rates, rates)
	var want []float64
	for _, v := range split(rates, 4) {
		l := -reference(r).freeEnergy(v)
		for i, b := range base {
			l += math.Log1p(math.Exp(b)) - b*v[i] // log 1/p_base(v)
		}
		want = append(want, l)
	}
	got := must[models.AISEstimate](t)(r.AIS(models.AISOptions{Betas: even(1), Chains: chains, Base: vector(tensor.Float64, base...), Noise: stream("ais")}))
	near(t, "log weights", want, got.LogWeights, 1e-12)
}

// Without weights every chain's estimate is exact if the base has the machine's own biases:
// those of the visible units where the hidden ones have none, and those of both.
func TestAISOfTheBaseItself(t *testing.T) {
	r := newRBM(t, 30, 25, 0)
	for _, hidden := range []*blocks.Param{nil, r.B} {
		redraw(2, stream("biases"), r.C)
		o := models.AISOptions{Betas: even(7), Chains: 3, Base: r.C.Value, Noise: stream("ais")}
		if hidden != nil {
			redraw(2, stream("hidden biases"), hidden)
			o.HiddenBase = hidden.Value
		}
		want := 0.0
		for _, b := range append(elements(r.C.Value), elements(r.B.Value)...) {
			want += math.Log1p(math.Exp(b))
		}
		e := must[models.AISEstimate](t)(r.AIS(o))
		near(t, "log weights", []float64{want, want, want}, e.LogWeights, 1e-6)
		near(t, "bar", []float64{want, want, want}, []float64{e.LogZ, e.Low, e.High}, 1e-6)
	}
}

// The machine whose log Z PyDeep states; its weights reach 60, so that most of the way is
// frozen and chains are many.
func TestAISOfPublishedMachine(t *testing.T) {
	r, logZ, _ := pydeep(t)
	base := must[*tensor.Dense](t)(models.BaseRates(matrix(tensor.Float64, barsAndStripes())))
	o := models.AISOptions{Betas: even(500), Chains: 1000, Base: base, Noise: stream("ais")}
	forward := must[models.AISEstimate](t)(r.AIS(o))
	back := must[models.AISEstimate](t)(r.ReverseAIS(must[*tensor.Dense](t)(r.ExactSample(1000, stream("start"))), o))
	for what, e := range map[string]models.AISEstimate{"forward": forward, "reverse": back} {
		if math.Abs(e.LogZ-logZ) > 0.05 || !(e.Low < logZ && logZ < e.High) {
			t.Errorf("%s: want %g, got %g in [%g, %g]", what, logZ, e.LogZ, e.Low, e.High)
		}
	}
}

// In float32, with more units than a vector register holds: AIS and its reversal agree
// with the enumeration of 2¹⁴ hidden states.
func TestAISAgreesWithEnumeration(t *testing.T) {
	r := newRBM(t, 60, 14, 0.5)
	redraw(1, stream("biases"), r.B, r.C)
	logZ := must[float64](t)(r.LogPartition())
	o := models.AISOptions{Betas: models.Betas(600), Chains: 200, Noise: stream("ais")}
	forward := must[models.AISEstimate](t)(r.AIS(o))
	back := must[models.AISEstimate](t)(r.ReverseAIS(must[*tensor.Dense](t)(r.ExactSample(200, stream("start"))), o))
	for what, e := range map[string]models.AISEstimate{"forward": forward, "reverse": back} {
		if math.Abs(e.LogZ-logZ) > 0.3 || !(e.Low < logZ && logZ < e.High) {
			t.Errorf("%s: want %g, got %g in [%g, %g]", what, logZ, e.LogZ, e.Low, e.High)
		}
	}
}

// Any number of processors gives the same bytes.
func TestAISOnAnyNumberOfProcessors(t *testing.T) {
	r := newRBM(t, 40, 70, 0.3)
	estimate := func(procs int) []float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		return must[models.AISEstimate](t)(r.AIS(models.AISOptions{Betas: models.Betas(30), Chains: 90, Noise: stream("ais")})).LogWeights
	}
	want := estimate(1)
	for _, procs := range []int{2, 8} {
		near(t, "log weights", want, estimate(procs), 0)
	}
}

// Salakhutdinov & Murray 2008, §4: 500, 4,000 and 10,000 steps.
func TestBetas(t *testing.T) {
	b := models.Betas(14500)
	if len(b) != 14501 || b[0] != 0 || b[500] != 0.5 || b[4500] != 0.9 || b[14500] != 1 {
		t.Fatalf("want 0, 0.5, 0.9 and 1 at 0, 500, 4500 and 14500 of 14501, got %d", len(b))
	}
	near(t, "steps", []float64{1e-3, 1e-4, 1e-5}, []float64{b[1] - b[0], b[501] - b[500], b[14500] - b[14499]}, 1e-12)
	for n := 1; n < 60; n++ {
		r := newRBM(t, 2, 2, 0)
		if b := models.Betas(n); len(b) != n+1 {
			t.Errorf("want %d temperatures, got %d", n+1, len(b))
		} else if _, err := r.AIS(models.AISOptions{Betas: b, Chains: 1, Noise: stream("ais")}); err != nil {
			t.Errorf("Betas(%d): %v", n, err)
		}
	}
}

func TestBaseRates(t *testing.T) {
	got := must[*tensor.Dense](t)(models.BaseRates(matrix(tensor.Float64, [][]float64{{0, 1, 0.25}, {0, 1, 0.75}, {0, 0, 0.5}})))
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	near(t, "biases", []float64{logit(0.005), logit(0.665), 0}, elements(got), 1e-12)
	_, err := models.BaseRates(matrix(tensor.Float32, [][]float64{{0, 2}}))
	refused(t, "values of 2", err, "[0,1]", "2")
	_, err = models.BaseRates(nil)
	refused(t, "no data", err, "rows", "none")
}

func TestAISRefuses(t *testing.T) {
	r := newRBM(t, 4, 3, 1)
	good := models.AISOptions{Betas: even(2), Chains: 2, Noise: stream("ais")}
	for name, c := range map[string]struct {
		change func(*models.AISOptions)
		says   []string
	}{
		"no chains":    {func(o *models.AISOptions) { o.Chains = 0 }, []string{"at least one chain", "0"}},
		"no noise":     {func(o *models.AISOptions) { o.Noise = nil }, []string{"random"}},
		"no betas":     {func(o *models.AISOptions) { o.Betas = nil }, []string{"from 0 to 1", "none"}},
		"wrong ends":   {func(o *models.AISOptions) { o.Betas = []float64{0, 0.5} }, []string{"from 0 to 1", "0.5"}},
		"falling":      {func(o *models.AISOptions) { o.Betas = []float64{0, 0.6, 0.4, 1} }, []string{"rising", "0.4 after 0.6"}},
		"not a number": {func(o *models.AISOptions) { o.Betas = []float64{0, math.NaN(), 1} }, []string{"rising", "NaN"}},
		"wrong hidden": {func(o *models.AISOptions) { o.HiddenBase = vector(tensor.Float32, 1, 2) }, []string{"3 hidden base biases", "(2)"}},
		"wrong base":   {func(o *models.AISOptions) { o.Base = vector(tensor.Float32, 1, 2) }, []string{"4 base biases", "(2)"}},
	} {
		o := good
		c.change(&o)
		_, err := r.AIS(o)
		refused(t, name, err, append(c.says, "ais: ")...)
	}
	_, err := r.ReverseAIS(matrix(tensor.Float32, [][]float64{{0, 1}}), good)
	refused(t, "wrong start", err, "4 visible units", "(1, 2)")
	_, err = r.ReverseAIS(matrix(tensor.Float32, [][]float64{{0, 1, 0.5, 1}}), good)
	refused(t, "gray start", err, "states of 0 and 1", "0.5")
	stop := errors.New("stop")
	calls := 0
	good.Check = func() error {
		if calls++; calls == 2 {
			return stop
		}
		return nil
	}
	if _, err := r.AIS(good); !errors.Is(err, stop) || calls != 2 {
		t.Errorf("want the error of the second check, got %v after %d", err, calls)
	}
}

// Samples have the exact probabilities, whichever side is enumerated.
func TestExactSample(t *testing.T) {
	const m = 40_000
	for _, size := range [][2]int{{3, 4}, {4, 2}, {4, 4}} {
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			r := newRBM(t, size[0], size[1], 1)
			if dt == tensor.Float64 {
				widen(1, r.Params()...)
			}
			p := reference(r).visible()
			counts := make([]float64, len(p))
			for _, v := range split(elements(must[*tensor.Dense](t)(r.ExactSample(m, stream("exact")))), size[0]) {
				s := 0
				for i, x := range v {
					s += int(x) << i
				}
				counts[s] += 1.0 / m
			}
			meansAgree(t, "state", p, counts, m)
		}
	}
	big := newRBM(t, 21, 21, 0)
	_, err := big.ExactSample(1, stream("exact"))
	refused(t, "21 units", err, "exact sample", "at most 20 bernoulli units")
	_, err = newRBM(t, 2, 2, 0).ExactSample(0, random.New(1))
	refused(t, "no states", err, "at least one state")
	_, err = newRBM(t, 2, 2, 0).ExactSample(1, nil)
	refused(t, "no stream", err, "random")
}
