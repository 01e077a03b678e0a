package main

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Published numbers.
const (
	// hopfieldLimit is the load beyond which no pattern is a state of the network any more
	// (Amit, Gutfreund & Sompolinsky 1985, "Storing infinite numbers of patterns in a
	// spin-glass model of neural networks").
	hopfieldLimit = 0.138
	// bamLimit is that of a BAM of two equal layers, in pairs a unit of a layer (Kurchan,
	// Peliti & Saber 1994, "A statistical investigation of bidirectional associative
	// memories").
	bamLimit = 0.1998
)

// hopfieldLoad is the load at which a state with overlap erf(y) with its pattern solves the
// mean-field equations without noise of Amit, Gutfreund & Sompolinsky,
//
//	m = erf(m/√(2αr)),  √r = 1/(1−C),  C = √(2/παr) e^(−m²/2αr),
//
// with y = m/√(2αr).
func hopfieldLoad(y float64) float64 {
	s, c := noise(y)
	return s * s * (1 - c) * (1 - c)
}

// bamLoad is that of a BAM of equal layers, where the overlaps with the other patterns go
// through both layers: r = (1+C²)/(1−C²)².
func bamLoad(y float64) float64 {
	s, c := noise(y)
	return s * s * (1 - c*c) * (1 - c*c) / (1 + c*c)
}

// noise are √(αr) and C.
func noise(y float64) (s, c float64) {
	s = math.Erf(y) / (math.Sqrt2 * y)
	return s, math.Sqrt(2/math.Pi) * math.Exp(-y*y) / s
}

// meanField is a theory of the states near the patterns, by the load of their overlap erf(y).
type meanField struct {
	load func(y float64) float64
	// limit is the greatest load that has such a state, and y that of it.
	limit, y float64
}

func newMeanField(load func(y float64) float64) meanField {
	t := meanField{load: load}
	for y := 0.5; y < 4; y += 1e-3 {
		if l := load(y); l > t.limit {
			t.limit, t.y = l, y
		}
	}
	return t
}

// most is the share of wrong units at the limit.
func (t meanField) most() float64 { return math.Erfc(t.y) / 2 }

// wrong is the share of wrong units of the state at a load, NaN beyond the limit.
func (t meanField) wrong(load float64) float64 {
	if load > t.limit {
		return math.NaN()
	}
	lo, hi := t.y, 8.0
	for range 60 { // the load falls with y from there
		if mid := (lo + hi) / 2; t.load(mid) > load {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Erfc(lo) / 2
}

// denseBound is the number of patterns of n units that the exponential energy recalls from
// probes with a share of turned units, with a probability that goes to 1 (Demircigil et al.
// 2017, theorem 3): e^(αn) for any α < I(1−2ρ)/2, with
// I(a) = ½ (1+a) log(1+a) + ½ (1−a) log(1−a).
func denseBound(n int, turned float64) float64 {
	a := 1 - 2*turned
	i := ((1+a)*math.Log(1+a) + (1-a)*math.Log(1-a)) / 2
	return math.Exp(i / 2 * float64(n))
}

// fit is the straight line of least squares through points, and the sum of the squares that
// it leaves.
func fit(x, y []float64) (slope, intercept, rest float64) {
	mx, my := stat.Mean(x, nil), stat.Mean(y, nil)
	var xx, xy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
	}
	slope = xy / xx
	intercept = my - slope*mx
	for i := range x {
		d := y[i] - intercept - slope*x[i]
		rest += d * d
	}
	return slope, intercept, rest
}
