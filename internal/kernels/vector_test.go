package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// functions are the elementwise functions with their float64 references and the greatest errors allowed, in ulp.
var functions = []struct {
	name      string
	run       func(f family, dst, x []float32)
	reference func(x float64) float64
	ulp       map[family]float64
}{
	{"Exp", family.exp, math.Exp, map[family]float64{avx2: 1.0, portable: 0.51}},
	{"Sigmoid", family.sigmoid, sigmoidReference, map[family]float64{avx2: 2.5, portable: 0.51}},
	{"Tanh", family.tanh, math.Tanh, map[family]float64{avx2: 2.5, portable: 0.51}},
	{"Softplus", family.softplus, softplusReference, map[family]float64{avx2: 1.8, portable: 0.51}},
	{"Log", family.log, math.Log, map[family]float64{avx2: 1.0, portable: 0.51}},
	{"LeCunTanh", family.lecunTanh, func(x float64) float64 { return 1.7159 * math.Tanh(2*x/3) }, map[family]float64{avx2: 4, portable: 2.5}},
	{"Softsign", family.softsign, func(x float64) float64 { return x / (1 + math.Abs(x)) }, map[family]float64{avx2: 1.5, portable: 1.5}},
}

func sigmoidReference(x float64) float64 {
	if x < 0 {
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

func softplusReference(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// testPoints are special values, saturation, a sample of all float32 bit patterns, and dense grids where the functions bend.
func testPoints() []float32 {
	x := []float32{0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32,
		-math.SmallestNonzeroFloat32, 0x1p-126, -0x1p-126, 0x1p-127, float32(math.Inf(1)), float32(math.Inf(-1)),
		float32(math.NaN()), 88.72283, 88.72284, -87.33654, -87.33655, -103.2789, -103.97208, -103.97209, -104, -105, 105,
		9.010913, 10, -10, 1e30, -1e30}
	step, grid := uint64(4099), 1 // a prime: a million patterns
	if testing.Short() {
		step, grid = 131101, 29
	}
	for bits := uint64(0); bits < 1<<32; bits += step {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	for i := -200_000; i <= 200_000; i += grid {
		x = append(x, float32(i)*0x1p-10, float32(i)*0x1p-16, 1+float32(i)*0x1p-23)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range thinned(200_000) {
		x = append(x, float32(r.NormFloat64()*3), float32(r.NormFloat64()*40))
	}
	return x
}

// ulpError is the distance of got from the exact value in units of the last place of a float32 of that size.
func ulpError(got float32, exact float64) float64 {
	switch {
	case math.IsNaN(exact) || math.IsNaN(float64(got)):
		if math.IsNaN(exact) != math.IsNaN(float64(got)) {
			return math.Inf(1)
		}
		return 0
	case float64(got) == exact:
		return 0
	case math.Abs(exact) >= math.MaxFloat32*(1+0x1p-25): // rounds to infinity
		if float64(got) == math.Inf(int(math.Copysign(1, exact))) {
			return 0
		}
	}
	exponent := max(math.Ilogb(exact), -126)
	return math.Abs(float64(got)-exact) / math.Ldexp(1, exponent-23)
}

func TestElementwiseAgainstFloat64(t *testing.T) {
	points := testPoints()
	forFamilies(t, func(t *testing.T, f family) {
		got := make([]float32, len(points))
		for _, fn := range functions {
			fn.run(f, got, points)
			worst, at := 0.0, float32(0)
			for i, x := range points {
				if e := ulpError(got[i], fn.reference(float64(x))); e > worst {
					worst, at = e, x
				}
			}
			t.Logf("%s: greatest error %.3f ulp, at %g", fn.name, worst, at)
			if worst > fn.ulp[min(f, avx2)] {
				var y [1]float32
				fn.run(f, y[:], []float32{at})
				t.Errorf("%s(%g) = %g, want %g: %.3f ulp, allowed %.2f", fn.name, at, y[0], fn.reference(float64(at)), worst, fn.ulp[f])
			}
		}
	})
}

// The sign of zero: exp, softplus and sigmoid of ±0 are even, tanh keeps it.
func TestTanhKeepsTheSignOfZero(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		x := []float32{0, float32(math.Copysign(0, -1))}
		f.tanh(x, x)
		if x[0] != 0 || math.Signbit(float64(x[0])) || x[1] != 0 || !math.Signbit(float64(x[1])) {
			t.Errorf("tanh(±0) = %g, %g", x[0], x[1])
		}
	})
}

func TestSaturation(t *testing.T) {
	inf := float32(math.Inf(1))
	forFamilies(t, func(t *testing.T, f family) {
		for _, c := range []struct {
			name    string
			run     func(f family, dst, x []float32)
			x, want float32
		}{
			{"Exp", family.exp, inf, inf}, {"Exp", family.exp, -inf, 0}, {"Exp", family.exp, 88.73, inf}, {"Exp", family.exp, -104.1, 0},
			{"Sigmoid", family.sigmoid, inf, 1}, {"Sigmoid", family.sigmoid, -inf, 0}, {"Sigmoid", family.sigmoid, 0, 0.5},
			{"Sigmoid", family.sigmoid, 20, 1}, {"Sigmoid", family.sigmoid, -104.1, 0},
			{"Tanh", family.tanh, inf, 1}, {"Tanh", family.tanh, -inf, -1}, {"Tanh", family.tanh, 9.1, 1}, {"Tanh", family.tanh, -30, -1},
			{"Softplus", family.softplus, inf, inf}, {"Softplus", family.softplus, -inf, 0}, {"Softplus", family.softplus, 1e30, 1e30},
			{"Log", family.log, inf, inf}, {"Log", family.log, 0, -inf}, {"Log", family.log, 1, 0},
		} {
			y := make([]float32, 9)
			c.run(f, y, slices.Repeat([]float32{c.x}, 9))
			for _, v := range y {
				if v != c.want {
					t.Errorf("%s(%g) = %g, want %g", c.name, c.x, v, c.want)
					break
				}
			}
		}
	})
}

// A value does not depend on its place, on its neighbours or on the slice's length, nothing outside dst is written, and dst may be x.
func TestElementwisePositionIndependent(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	x := make([]float32, 3*4096+21)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 5)
	}
	x[3], x[40] = float32(math.NaN()), float32(math.Inf(1))
	forFamilies(t, func(t *testing.T, f family) {
		for _, fn := range functions {
			want := make([]float32, len(x))
			for i := range x {
				fn.run(f, want[i:i+1], x[i:i+1])
			}
			for _, part := range [][2]int{{0, len(x)}, {1, 70}, {5, 5}, {0, 7}, {3, 11}, {4090, 4110}} {
				from, to := part[0], part[1]
				in := slices.Clone(x)
				fn.run(f, in[from:to], in[from:to])
				for i := range in {
					w := x[i]
					if i >= from && i < to {
						w = want[i]
					}
					if math.Float32bits(in[i]) != math.Float32bits(w) && (in[i] == in[i] || w == w) {
						t.Fatalf("%s on [%d:%d]: element %d is %g, want %g", fn.name, from, to, i, in[i], w)
					}
				}
			}
		}
	})
}

func TestElementwiseAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(20, func() {
		var x [33]float32
		Exp(x[:], x[:])
		Sigmoid(x[:], x[:])
		Tanh(x[:], x[:])
		Softplus(x[:], x[:])
		Log(x[:], x[:])
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestUnequalLengthsPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Exp(make([]float32, 3), make([]float32, 4))
}

func BenchmarkElementwise(b *testing.B) {
	for _, n := range []int{64, 2000} {
		x := randomFloats(rand.New(rand.NewPCG(3, 3)), n)
		y := make([]float32, n)
		for _, f := range supported() {
			for _, fn := range functions {
				b.Run(fmt.Sprintf("%s/%s/%d", fn.name, f, n), func(b *testing.B) { perElement(b, n, func() { fn.run(f, y, x) }) })
			}
			for _, fn := range exactFunctions {
				operands := make([][]float32, fn.operands)
				for i := range operands {
					operands[i] = x
				}
				b.Run(fmt.Sprintf("%s/%s/%d", fn.name, f, n), func(b *testing.B) {
					perElement(b, n, func() { fn.run(f, y, operands, testScalars) })
				})
			}
		}
	}
}
