package main

import (
	"math"
	"testing"
)

// The limits are the published ones: 0.138 with 1.6 % wrong units (Amit, Gutfreund &
// Sompolinsky 1985), 0.1998 for a BAM of equal layers (Kurchan, Peliti & Saber 1994).
func TestLimitsArePublished(t *testing.T) {
	for _, c := range []struct {
		name        string
		theory      meanField
		limit, most float64
	}{{"hopfield", newMeanField(hopfieldLoad), hopfieldLimit, 0.016}, {"bam", newMeanField(bamLoad), bamLimit, math.NaN()}} {
		if math.Abs(c.theory.limit-c.limit) > 0.0005 {
			t.Errorf("%s: limit %g, published %g", c.name, c.theory.limit, c.limit)
		}
		if most := c.theory.most(); !math.IsNaN(c.most) && math.Abs(most-c.most) > 0.0005 {
			t.Errorf("%s: %g of the units wrong at the limit, published %g", c.name, most, c.most)
		}
		if v := c.theory.wrong(c.theory.limit + 1e-6); !math.IsNaN(v) {
			t.Errorf("%s: beyond the limit %g", c.name, v)
		}
	}
}

// The curve solves the equations as they are written, with the share (1−m)/2 of wrong units,
// and goes to ½ erfc(1/√(2α)) for small loads, where nothing has turned yet.
func TestMeanFieldEquations(t *testing.T) {
	for name, c := range map[string]struct {
		theory meanField
		r      func(c float64) float64
	}{
		"hopfield": {newMeanField(hopfieldLoad), func(c float64) float64 { return 1 / ((1 - c) * (1 - c)) }},
		"bam":      {newMeanField(bamLoad), func(c float64) float64 { return (1 + c*c) / ((1 - c*c) * (1 - c*c)) }},
	} {
		for _, load := range []float64{0.02, 0.07, 0.1, 0.13} {
			m := 1 - 2*c.theory.wrong(load)
			r := 1.0
			for range 1000 { // C and r of this m, by iteration
				r = c.r(math.Sqrt(2/(math.Pi*load*r)) * math.Exp(-m*m/(2*load*r)))
			}
			if got := math.Erf(m / math.Sqrt(2*load*r)); math.Abs(got-m) > 1e-9 {
				t.Errorf("%s at %g: m = %.12g, but erf(m/√(2αr)) = %.12g", name, load, m, got)
			}
		}
		if got, want := c.theory.wrong(0.02), math.Erfc(1/math.Sqrt(2*0.02))/2; math.Abs(got/want-1) > 0.01 {
			t.Errorf("%s at 0.02: %g, want about %g", name, got, want)
		}
	}
}

// Without noise the bound is 2^(n/2) (Demircigil et al. 2017).
func TestDenseBound(t *testing.T) {
	if got := denseBound(20, 1e-12); math.Abs(got-1024) > 1e-6 {
		t.Errorf("%g, want 1024", got)
	}
	if a, b := denseBound(20, 0.1), denseBound(40, 0.1); math.Abs(a*a/b-1) > 1e-12 || a >= 1024 {
		t.Errorf("20 and 40 units: %g and %g", a, b)
	}
}

func TestFit(t *testing.T) {
	slope, intercept, rest := fit([]float64{1, 2, 4}, []float64{5, 7, 11})
	if math.Abs(slope-2) > 1e-12 || math.Abs(intercept-3) > 1e-12 || rest > 1e-20 {
		t.Errorf("2x + 3: %g, %g, %g", slope, intercept, rest)
	}
	if _, _, rest = fit([]float64{0, 1, 2}, []float64{0, 1, 0}); math.Abs(rest-2./3) > 1e-12 { // the line is 1/3
		t.Errorf("rest %g, want 2/3", rest)
	}
}

func TestBreaks(t *testing.T) {
	c := curve{load: []float64{0.1, 0.2, 0.3, 0.4}, recalled: []float64{1, 0.9, 0.4, 0}}
	if got := c.breaks(); math.Abs(got-0.28) > 1e-12 {
		t.Errorf("%g, want 0.28", got)
	}
	for _, recalled := range [][]float64{{1, 1}, {0.4, 0}} {
		if got := (curve{load: []float64{0.1, 0.2}, recalled: recalled}).breaks(); !math.IsNaN(got) {
			t.Errorf("%v: %g, want none", recalled, got)
		}
	}
	if load, v := c.at(0.24, c.recalled); load != 0.2 || v != 0.9 {
		t.Errorf("nearest to 0.24: %g, %g", load, v)
	}
}
