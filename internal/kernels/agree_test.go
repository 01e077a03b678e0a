package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// agreement says how far the assembly families may be from the portable one on the same inputs: by bound·2^−24·unit, and by
// underflow where roundings are to denormal numbers. The bounds are sums of rounding errors, derived in docs/kernels.md under
// "Agreement of the families", where the same table is.
type agreement struct {
	name  string
	bound float64 // 0: equal bits, any NaN being equal to any other
	run   func(f family) []float64
	unit  func(value []float64) []float64 // of each value; nil: its magnitude
}

// underflow bounds the roundings to denormal numbers of an element: at most eight, each of half the least denormal, 2^−149.
const underflow = 0x1p-147

var approximate = []struct {
	name  string
	bound float64
	run   func(f family, dst, x []float32)
}{
	{"Exp", 3.1, family.exp},
	{"Sigmoid", 5.1, family.sigmoid},
	{"Tanh", 6.7, family.tanh},
	{"LeCunTanh", 8.7, family.lecunTanh},
	{"Softplus", 6.7, family.softplus},
	{"Log", 4.7, family.log},
	{"Softsign", 0, family.softsign},
}

func agreements() []agreement {
	var all []agreement
	points := testPoints()
	for _, fn := range approximate {
		all = append(all, agreement{fn.name, fn.bound, ofFloats(len(points), func(f family, dst []float32) { fn.run(f, dst, points) }), nil})
	}
	x := operands()
	for _, fn := range exactFunctions {
		all = append(all, agreement{fn.name, 0, ofFloats(len(x[0]), func(f family, dst []float32) { fn.run(f, dst, x[:fn.operands], testScalars) }), nil})
	}
	return slices.Concat(all, drawAgreements(), sumAgreements(), rowAgreements())
}

// ofFloats is a run that fills n elements.
func ofFloats(n int, run func(f family, dst []float32)) func(f family) []float64 {
	return func(f family) []float64 {
		dst := make([]float32, n)
		run(f, dst)
		return convertAll(dst, func(v float32) float64 { return float64(v) })
	}
}

func drawAgreements() []agreement {
	const n, key, first = 2*longSlice + 77, 0x123456789abcdef, 6
	g := rand.New(rand.NewPCG(51, 52))
	p := make([]float32, n)
	for i := range p {
		p[i] = g.Float32()
	}
	return []agreement{
		{"PhiloxFill", 0, func(f family) []float64 {
			words, values := make([]uint32, n), make([]float64, n)
			f.philoxFill(words, key, first)
			for i, w := range words {
				values[i] = float64(w)
			}
			return values
		}, nil},
		{"Uniform", 0, ofFloats(n, func(f family, dst []float32) { f.uniform(dst, key, first) }), nil},
		{"Bernoulli", 0, ofFloats(n, func(f family, dst []float32) { f.bernoulli(dst, p, key, first) }), nil},
		{"Mask", 0, ofFloats(n, func(f family, dst []float32) { f.mask(dst, 0.7, 1/0.7, key, first) }), nil},
		{"Normal", 10.4, ofFloats(n-1, func(f family, dst []float32) { f.normal(dst, key, first) }), func(value []float64) []float64 {
			radius := make([]float64, len(value))
			for i := range value {
				radius[i] = math.Hypot(value[i&^1], value[i|1])
			}
			return radius
		}},
	}
}

func sumAgreements() []agreement {
	const n = 3*sumBlock + 530
	x, z, targets := normals(n, 3, 53), normals(n, 4, 54), make([]float32, n)
	for i := range targets {
		targets[i] = float32(i%3) / 2
	}
	one := func(sum func(f family) float64) func(f family) []float64 {
		return func(f family) []float64 { return []float64{sum(f)} }
	}
	broken := slices.Clone(x)
	broken[n-3] = float32(math.Inf(-1))
	truth := map[bool]float64{true: 1}
	return []agreement{
		{"Sum", 0, one(func(f family) float64 { return f.sum(x) }), nil},
		{"SumSquares", 0, one(func(f family) float64 { return f.sumSquares(x) }), nil},
		{"RowSum", 0, func(f family) []float64 {
			return []float64{f.sum(x[:n/2]), f.sum(x[n/2:])} // what it rounds
		}, nil},
		{"ColSum", 0, ofFloats(127, func(f family, dst []float32) { f.colSum(dst, x, n/130, 127, 130) }), nil},
		{"Finite", 0, func(f family) []float64 { return []float64{truth[f.finite(x)], truth[f.finite(broken)]} }, nil},
		{"CrossEntropy", 6.8, one(func(f family) float64 { return f.crossEntropy(z, targets) }), func([]float64) []float64 {
			return []float64{exactSum(n, func(i int) float64 { return softplusReference(float64(z[i])) })}
		}},
	}
}

func rowAgreements() []agreement {
	var all []agreement
	for _, cols := range []int{1, 3, 10, 100, 513, 1100} {
		const rows = 30
		x, targets := normals(rows*cols, 5, uint64(cols)), make([]float32, rows*cols)
		for i := range rows {
			if targets[i*cols+i%cols] = 1; i%2 == 1 { // a row that is not one-hot
				targets[i*cols+i%cols], targets[i*cols] = 0.25, 0.5
			}
		}
		all = append(all,
			agreement{"SoftmaxRows", 10.1, ofFloats(len(x), func(f family, dst []float32) { f.softmaxRows(dst, x, cols) }), nil},
			agreement{"LogSumExpRows", 3.1, ofFloats(rows, func(f family, dst []float32) {
				for i := range dst {
					dst[i] = float32(f.logSumExp(x[i*cols : (i+1)*cols]))
				}
			}), func(value []float64) []float64 {
				unit := make([]float64, len(value))
				for i, v := range value {
					unit[i] = 1 + math.Abs(v)
				}
				return unit
			}},
			agreement{"CategoricalCrossEntropy", 3.1, func(f family) []float64 { return []float64{f.categorical(x, targets, cols)} },
				func([]float64) []float64 {
					return []float64{exactSum(len(targets), func(i int) float64 { return float64(targets[i]) })}
				}})
	}
	return all
}

// apart returns by how much more than underflow a differs from b, in 2^−24 of unit. Infinity counts as the first number that
// float32 cannot hold.
func apart(a, b, unit float64) float64 {
	if a == b || a != a && b != b {
		return 0
	}
	finite := func(v float64) float64 { return max(-0x1p128, min(v, 0x1p128)) }
	d := math.Abs(finite(a)-finite(b)) - underflow
	if d <= 0 {
		return 0
	}
	return d / (0x1p-24 * unit) // NaN if a or b is
}

// Each assembly family agrees with the portable one, on the same inputs, within the stated bounds.
func TestFamiliesAgree(t *testing.T) {
	all := agreements()
	portables := make([][]float64, len(all))
	for i, a := range all {
		portables[i] = a.run(portable)
	}
	forFamilies(t, func(t *testing.T, f family) {
		if f == portable {
			t.Skip("the portable family is what the others are compared with")
		}
		greatest := map[string]float64{}
		for k, a := range all {
			want, got := portables[k], a.run(f)
			unit := want
			if a.unit != nil {
				unit = a.unit(want)
			}
			for i, w := range want {
				d := apart(got[i], w, max(math.Abs(unit[i]), 0x1p-126))
				if a.bound == 0 && (got[i] != w || math.Signbit(got[i]) != math.Signbit(w)) && (w == w || got[i] == got[i]) {
					t.Errorf("%s: value %d is %g, want %g, equal in all families", a.name, i, got[i], w)
					break
				}
				if !(d <= a.bound) {
					t.Errorf("%s: value %d is %g, portable %g: %.2f·2^−24 of %g apart, allowed %.1f", a.name, i, got[i], w, d, unit[i], a.bound)
					break
				}
				greatest[a.name] = max(greatest[a.name], d)
			}
		}
		for _, a := range all {
			if d, ok := greatest[a.name]; ok && a.bound > 0 {
				t.Logf("%s: at most %.2f·2^−24 apart, allowed %.1f", a.name, d, a.bound)
				delete(greatest, a.name)
			}
		}
	})
}

// Products agree within (2k+1)·2^−24 of the sum of magnitudes |start| + Σ|a||b|: their chain has k roundings with fused
// multiply-adds and no term passes more than k+1 without. 1.001 covers the terms of second order up to k = 10,000.
func TestProductsAgree(t *testing.T) {
	var problems []*Product
	r := rand.New(rand.NewPCG(55, 56))
	for _, shape := range [][3]int{{1, 1, 1}, {1, 70, 500}, {7, 33, 20}, {14, 40, testDepth + 1}, {100, 50, 300}} {
		for variant := range 16 { // orientations and starts: zero, Bias, Accumulate, Start
			if testing.Short() && shape[0] == 100 && variant%5 != 0 {
				continue // for emulated processors: each orientation and each start once
			}
			problems = append(problems, draw(ordinary(r), variant%4, variant/4, shape[0], shape[1], shape[2], 1))
		}
	}
	forFamilies(t, func(t *testing.T, f family) {
		if f == portable {
			t.Skip("the portable family is what the others are compared with")
		}
		var worst float64
		for _, p := range problems {
			got, want, magnitude := p.computed(f), p.computed(portable), p.magnitudes()
			for i, v := range got {
				d := math.Abs(float64(v)-float64(want[i])) / (0x1p-24 * magnitude[i] * float64(2*p.K+1))
				if !(d <= 1.001) {
					t.Errorf("%v: element %d of C is %g, portable %g: %.3f of what is allowed apart", p, i, v, want[i], d)
					break
				}
				worst = max(worst, d)
			}
		}
		t.Logf("at most %.3f of what is allowed apart", worst)
	})
}

// computed returns the elements of C.
func (p *Product) computed(f family) []float32 {
	q := *p
	q.C = slices.Clone(p.C)
	f.product(&q)
	var c []float32
	for i := range p.M {
		c = append(c, q.C[i*p.Ldc:][:p.N]...)
	}
	return c
}

// magnitudes returns |start| + Σ|a||b| for the elements of C.
func (p *Product) magnitudes() []float64 {
	q := *p
	abs := func(x []float32) []float32 {
		y := slices.Clone(x)
		absPortable(y, y)
		return y
	}
	q.A, q.B, q.C, q.Bias, q.Start = abs(p.A), abs(p.B), abs(p.C), abs(p.Bias), abs(p.Start)
	sums := q.computed(portable)
	return convertAll(sums, func(v float32) float64 { return float64(v) / (1 - float64(p.K+1)*0x1p-24) }) // not too small
}
