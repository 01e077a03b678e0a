package random

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The tests here are at the level 1e-3 each, two-sided where that applies, with fixed seeds: a right generator passes all but one
// in a thousand seeds, and these seeds are not chosen.

const sample = 200_000

// zLimit is the two-sided 1e-3 point of the standard normal distribution.
var zLimit = distuv.UnitNormal.Quantile(1 - 0.0005)

// kolmogorov is the 1e-3 point of √n·D for large n: √(−½ ln(α/2)).
var kolmogorov = math.Sqrt(-0.5 * math.Log(0.001/2))

func checkKS(t *testing.T, name string, x []float64, cdf func(float64) float64) {
	t.Helper()
	x = slices.Clone(x)
	slices.Sort(x)
	n, d := float64(len(x)), 0.0
	for i, v := range x {
		f := cdf(v)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	if k := math.Sqrt(n) * d; k > kolmogorov {
		t.Errorf("%s: Kolmogorov-Smirnov √n·D = %.3f, limit %.3f", name, k, kolmogorov)
	}
}

// checkMean compares the mean of x with its expectation, given the standard deviation of one element.
func checkMean(t *testing.T, name string, x []float64, want, sd float64) {
	t.Helper()
	if z := (stat.Mean(x, nil) - want) / sd * math.Sqrt(float64(len(x))); math.Abs(z) > zLimit {
		t.Errorf("%s: mean is %.2f standard errors off, limit %.2f", name, z, zLimit)
	}
}

func powers(x []float64, k int) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Pow(v, float64(k))
	}
	return y
}

func TestUniformDistribution(t *testing.T) {
	for seed := range uint64(4) {
		u := make([]float64, sample)
		New(seed).Uniform64(u)
		if slices.Min(u) < 0 || slices.Max(u) >= 1 {
			t.Fatalf("seed %d: values in [%g, %g]", seed, slices.Min(u), slices.Max(u))
		}
		checkKS(t, "uniform", u, func(v float64) float64 { return v })
		// E u^k = 1/(k+1), Var u^k = 1/(2k+1) − 1/(k+1)²
		for k := 1; k <= 4; k++ {
			mean := 1 / float64(k+1)
			checkMean(t, "uniform moment", powers(u, k), mean, math.Sqrt(1/float64(2*k+1)-mean*mean))
		}
		// Pairs of neighbours, in 16×16 cells: chi-square with 255 degrees of freedom.
		var cells [256]float64
		for i := 0; i < len(u); i += 2 {
			cells[int(16*u[i])*16+int(16*u[i+1])]++
		}
		expected := slices.Repeat([]float64{sample / 2 / 256.0}, 256)
		if x, limit := stat.ChiSquare(cells[:], expected), (distuv.ChiSquared{K: 255}).Quantile(0.999); x > limit {
			t.Errorf("seed %d: chi-square of pairs %.1f, limit %.1f", seed, x, limit)
		}
	}
}

func TestNormalDistribution(t *testing.T) {
	for seed := range uint64(4) {
		z := make([]float64, sample)
		New(100 + seed).Normal64(z)
		checkKS(t, "normal", z, distuv.UnitNormal.CDF)
		// E z^k = 0, 1, 0, 3, 0, 15 and Var z^k = E z^2k − (E z^k)²
		for k, m := range [][2]float64{1: {0, 1}, 2: {1, 2}, 3: {0, 15}, 4: {3, 96}} {
			if k > 0 {
				checkMean(t, "normal moment", powers(z, k), m[0], math.Sqrt(m[1]))
			}
		}
		// The two of a pair share a radius; they must not be correlated, nor their squares.
		var product, squares []float64
		for i := 0; i < len(z); i += 2 {
			product = append(product, z[i]*z[i+1])
			squares = append(squares, (z[i]*z[i]-1)*(z[i+1]*z[i+1]-1))
		}
		checkMean(t, "product of a pair", product, 0, 1)
		checkMean(t, "squares of a pair", squares, 0, 2)
		// The tail beyond 3: a binomial count.
		tail := 2 * distuv.UnitNormal.CDF(-3)
		outside := make([]float64, len(z))
		for i, v := range z {
			if math.Abs(v) > 3 {
				outside[i] = 1
			}
		}
		checkMean(t, "tail", outside, tail, math.Sqrt(tail*(1-tail)))
	}
}

func TestBernoulliDistribution(t *testing.T) {
	s := New(50)
	for _, p := range []float64{0.001, 0.1, 0.5, 0.73, 0.999} {
		b := make([]float64, sample)
		s.Bernoulli64(b, slices.Repeat([]float64{p}, sample))
		checkMean(t, "Bernoulli", b, p, math.Sqrt(p*(1-p)))
		s.Mask64(b, p, 1/p)
		checkMean(t, "inverted dropout", b, 1, math.Sqrt((1-p)/p))
	}
}

// Streams split from one root, neighbouring seeds, and a stream against itself shifted are uncorrelated.
func TestStreamsAreIndependent(t *testing.T) {
	root := New(9)
	u := make([][]float64, 0, 8)
	for _, s := range []*Stream{root, New(10), New(11), root.Split("init"), root.Split("order"), root.Split("corruption"),
		root.Split("dropout"), root.Split("gibbs")} {
		x := make([]float64, sample)
		s.Uniform64(x)
		u = append(u, x)
	}
	// For independent uniforms n·r² is chi-square with one degree of freedom; here 28 pairs and 8·3 lags share the level 1e-3.
	limit := distuv.UnitNormal.Quantile(1-0.0005/(28+24)) / math.Sqrt(sample)
	for i := range u {
		for j := range i {
			if r := stat.Correlation(u[i], u[j], nil); math.Abs(r) > limit {
				t.Errorf("streams %d and %d: correlation %g, limit %g", i, j, r, limit)
			}
		}
		for _, lag := range []int{1, 4, 784} {
			if r := stat.Correlation(u[i][lag:], u[i][:sample-lag], nil); math.Abs(r) > 1.01*limit {
				t.Errorf("stream %d: correlation %g at lag %d, limit %g", i, r, lag, limit)
			}
		}
	}
}
