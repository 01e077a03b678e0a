package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

// exactFunction is a function whose every operation is rounded once, so that its value is the same in all families. The
// reference rounds the float64 result of each operation, which for sums, products, quotients and roots of float32 gives the
// float32 result exactly.
type exactFunction struct {
	name      string
	operands  int
	run       func(f family, dst []float32, x [][]float32, s [3]float32)
	reference func(x [4]float64, s [3]float64) float64
}

// r rounds to float32.
func r(x float64) float64 { return float64(float32(x)) }

func exact1(name string, run func(f family, dst, x []float32), reference func(x float64) float64) exactFunction {
	return exactFunction{name, 1,
		func(f family, dst []float32, x [][]float32, _ [3]float32) { run(f, dst, x[0]) },
		func(x [4]float64, _ [3]float64) float64 { return reference(x[0]) }}
}

func exact2(name string, run func(f family, dst, x, y []float32), reference func(x, y float64) float64) exactFunction {
	return exactFunction{name, 2,
		func(f family, dst []float32, x [][]float32, _ [3]float32) { run(f, dst, x[0], x[1]) },
		func(x [4]float64, _ [3]float64) float64 { return reference(x[0], x[1]) }}
}

func exactMany(name string, operands int, run func(f family, dst []float32, x [][]float32), reference func(x [4]float64) float64) exactFunction {
	return exactFunction{name, operands,
		func(f family, dst []float32, x [][]float32, _ [3]float32) { run(f, dst, x) },
		func(x [4]float64, _ [3]float64) float64 { return reference(x) }}
}

func leak(x, dx, alpha float64) float64 {
	if x > 0 {
		return dx
	}
	return r(alpha * dx)
}

var exactFunctions = []exactFunction{
	exact1("ReLU", family.relu, func(x float64) float64 { return max(x, 0) }),
	exact1("Square", family.square, func(x float64) float64 { return r(x * x) }),
	exact1("Abs", family.abs, math.Abs),
	exact1("Sign", family.sign, func(x float64) float64 {
		if x == 0 || x != x {
			return 0
		}
		return math.Copysign(1, x)
	}),
	exact2("Add", family.add, func(x, y float64) float64 { return r(x + y) }),
	exact2("Sub", family.sub, func(x, y float64) float64 { return r(x - y) }),
	exact2("Mul", family.mul, func(x, y float64) float64 { return r(x * y) }),
	exact2("SigmoidGrad", family.sigmoidGrad, func(y, dy float64) float64 { return r(dy * r(y*r(1-y))) }),
	exact2("SoftsignGrad", family.softsignGrad, func(y, dy float64) float64 {
		u := r(1 - math.Abs(y))
		return r(dy * r(u*u))
	}),
	{"AddScalar", 1, func(f family, dst []float32, x [][]float32, s [3]float32) { f.addScalar(dst, x[0], s[0]) },
		func(x [4]float64, s [3]float64) float64 { return r(x[0] + s[0]) }},
	{"SubFrom", 1, func(f family, dst []float32, x [][]float32, s [3]float32) { f.subFrom(dst, x[0], s[0]) },
		func(x [4]float64, s [3]float64) float64 { return r(s[0] - x[0]) }},
	{"Scale", 1, func(f family, dst []float32, x [][]float32, s [3]float32) { f.scale(dst, x[0], s[0]) },
		func(x [4]float64, s [3]float64) float64 { return r(s[0] * x[0]) }},
	{"Linear", 1, func(f family, dst []float32, x [][]float32, s [3]float32) { f.linear(dst, x[0], s[0], s[1]) },
		func(x [4]float64, s [3]float64) float64 { return r(r(s[0]*x[0]) + s[1]) }},
	{"LeakyReLU", 1, func(f family, dst []float32, x [][]float32, s [3]float32) { f.leakyReLU(dst, x[0], s[0]) },
		func(x [4]float64, s [3]float64) float64 { return leak(x[0], x[0], s[0]) }},
	{"LeakyReLUGrad", 2, func(f family, dst []float32, x [][]float32, s [3]float32) { f.leakyReLUGrad(dst, x[0], x[1], s[0]) },
		func(x [4]float64, s [3]float64) float64 { return leak(x[0], x[1], s[0]) }},
	{"TanhGrad", 2, func(f family, dst []float32, x [][]float32, s [3]float32) { f.tanhGrad(dst, x[0], x[1], s[0], s[1]) },
		func(x [4]float64, s [3]float64) float64 { return r(x[1] * r(s[0]-r(s[1]*r(x[0]*x[0])))) }},
	exactMany("AddProduct", 3, func(f family, dst []float32, x [][]float32) { f.addProduct(dst, x[0], x[1], x[2]) },
		func(x [4]float64) float64 { return r(x[0] + r(x[1]*x[2])) }),
	exactMany("ProductSum", 4, func(f family, dst []float32, x [][]float32) { f.productSum(dst, x[0], x[1], x[2], x[3]) },
		func(x [4]float64) float64 { return r(r(x[0]*x[1]) + r(x[2]*x[3])) }),
	exactMany("Mix", 3, func(f family, dst []float32, x [][]float32) { f.mix(dst, x[0], x[1], x[2]) },
		func(x [4]float64) float64 { return r(x[0] + r(x[2]*r(x[1]-x[0]))) }),
	exactMany("SigmoidGradProduct", 3, func(f family, dst []float32, x [][]float32) { f.sigmoidGradProduct(dst, x[0], x[1], x[2]) },
		func(x [4]float64) float64 { return r(r(x[1]*x[2]) * r(x[0]*r(1-x[0]))) }),
	exactMany("SigmoidGradMix", 4, func(f family, dst []float32, x [][]float32) { f.sigmoidGradMix(dst, x[0], x[1], x[2], x[3]) },
		func(x [4]float64) float64 { return r(r(x[1]*r(x[2]-x[3])) * r(x[0]*r(1-x[0]))) }),
	exactMany("TanhGradProduct", 3, func(f family, dst []float32, x [][]float32) { f.tanhGradProduct(dst, x[0], x[1], x[2]) },
		func(x [4]float64) float64 { return r(r(x[1]*x[2]) * r(1-r(x[0]*x[0]))) }),
	exactMany("TanhGradMix", 3, func(f family, dst []float32, x [][]float32) { f.tanhGradMix(dst, x[0], x[1], x[2]) },
		func(x [4]float64) float64 { return r(r(x[1]*r(1-x[2])) * r(1-r(x[0]*x[0]))) }),
	exactMany("AddTanhGradProduct", 4, func(f family, dst []float32, x [][]float32) { f.addTanhGradProduct(dst, x[0], x[1], x[2], x[3]) },
		func(x [4]float64) float64 { return r(x[0] + r(r(x[2]*x[3])*r(1-r(x[1]*x[1])))) }),
	exact2("Momentum", func(f family, dst, w, v []float32) { f.momentum(dst, w, v) }, func(w, v float64) float64 { return r(w + v) }),
	{"SGD", 2, func(f family, dst []float32, x [][]float32, s [3]float32) { f.sgd(dst, x[0], x[1], s[0], s[1]) },
		func(x [4]float64, s [3]float64) float64 { return r(x[0] - r(s[0]*r(x[1]+r(s[1]*x[0])))) }},
	{"Velocity", 3, func(f family, dst []float32, x [][]float32, s [3]float32) {
		f.velocity(dst, x[0], x[1], x[2], s[0], s[1], s[2])
	},
		func(x [4]float64, s [3]float64) float64 { return r(r(s[1]*x[0]) - r(s[0]*r(x[2]+r(s[2]*x[1])))) }},
	{"Nesterov", 3, func(f family, dst []float32, x [][]float32, s [3]float32) {
		f.nesterov(dst, x[0], x[1], x[2], s[0], s[1], s[2])
	},
		func(x [4]float64, s [3]float64) float64 {
			return r(r(x[0]+r(s[1]*x[1])) - r(s[0]*r(x[2]+r(s[2]*x[0]))))
		}},
	{"Average", 3, func(f family, dst []float32, x [][]float32, s [3]float32) {
		f.average(dst, x[0], x[1], x[2], s[0], s[1], s[2])
	},
		func(x [4]float64, s [3]float64) float64 { return r(r(s[1]*x[0]) + r(s[2]*r(x[2]+r(s[0]*x[1])))) }},
	{"AverageSquare", 3, func(f family, dst []float32, x [][]float32, s [3]float32) {
		f.averageSquare(dst, x[0], x[1], x[2], s[0], s[1], s[2])
	},
		func(x [4]float64, s [3]float64) float64 {
			d := r(x[2] + r(s[0]*x[1]))
			return r(r(s[1]*x[0]) + r(s[2]*r(d*d)))
		}},
	{"RMSProp", 3, func(f family, dst []float32, x [][]float32, s [3]float32) {
		f.rmsprop(dst, x[0], x[1], x[2], s[0], s[1], s[2])
	},
		func(x [4]float64, s [3]float64) float64 {
			return r(x[0] - r(r(s[0]*r(x[2]+r(s[1]*x[0])))/r(r(math.Sqrt(x[1]))+s[2])))
		}},
	{"Adam", 3, func(f family, dst []float32, x [][]float32, s [3]float32) {
		f.adam(dst, x[0], x[1], x[2], s[0], s[1], s[2])
	},
		func(x [4]float64, s [3]float64) float64 {
			return r(x[0] - r(r(s[0]*x[1])/r(r(r(math.Sqrt(x[2]))*s[1])+s[2])))
		}},
}

var testScalars = [3]float32{0.013, 0.9, 1e-3}

// same tells whether two values are equal, signs of zero included, or both NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func (fn exactFunction) at(x [][]float32, i int, s [3]float32) float32 {
	var v [4]float64
	for j := range x {
		v[j] = float64(x[j][i])
	}
	return float32(fn.reference(v, [3]float64{float64(s[0]), float64(s[1]), float64(s[2])}))
}

// specials are the values where arithmetic is not like that of the real numbers.
var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.25, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32,
	-math.SmallestNonzeroFloat32, 0x1p-126, -0x1p-127, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

// operands are slices with all triples of special values and one more in turn, and random ones of many sizes.
func operands() [][]float32 {
	x := make([][]float32, 4)
	for _, a := range specials {
		for _, b := range specials {
			for _, c := range specials {
				x[0], x[1], x[2], x[3] = append(x[0], a), append(x[1], b), append(x[2], c), append(x[3], specials[len(x[3])*5%len(specials)])
			}
		}
	}
	g := rand.New(rand.NewPCG(5, 5))
	for range 2*asmPiece + 13 {
		for j := range x {
			v := float32(g.NormFloat64())
			if g.IntN(10) == 0 {
				v = math.Float32frombits(g.Uint32())
			}
			x[j] = append(x[j], v)
		}
	}
	return x
}

func TestExactFunctions(t *testing.T) {
	all := operands()
	forFamilies(t, func(t *testing.T, f family) {
		for _, fn := range exactFunctions {
			for _, s := range [][3]float32{testScalars, {}, {-0.5, 2, 1e-30}} {
				x := all[:fn.operands]
				got := make([]float32, len(x[0])+1)
				got[len(x[0])] = 7
				fn.run(f, got[:len(x[0])], x, s)
				for i := range x[0] {
					if want := fn.at(x, i, s); !same(got[i], want) {
						t.Fatalf("%s of %g, %g, %g, %g with %v is %g, want %g", fn.name, all[0][i], all[1][i], all[2][i], all[3][i], s, got[i], want)
					}
				}
				if got[len(x[0])] != 7 {
					t.Errorf("%s wrote beyond the end", fn.name)
				}
			}
		}
	})
}

// The result may be written over any operand, and parts give the same as the whole.
func TestExactFunctionsInPlaceAndInParts(t *testing.T) {
	all := operands()
	forFamilies(t, func(t *testing.T, f family) {
		for _, fn := range exactFunctions {
			for at := range fn.operands {
				for _, part := range [][2]int{{0, len(all[0])}, {1, 70}, {5, 5}, {0, 7}, {3, 11}, {2700, 2732}, {4090, 4110}} {
					x := make([][]float32, fn.operands)
					for j := range x {
						x[j] = append([]float32{}, all[j][part[0]:part[1]]...)
					}
					fn.run(f, x[at], x, testScalars)
					for i, got := range x[at] {
						if want := fn.at(all[:fn.operands], part[0]+i, testScalars); !same(got, want) {
							t.Fatalf("%s over operand %d on %v: element %d is %g, want %g", fn.name, at, part, i, got, want)
						}
					}
				}
			}
		}
	})
}

func TestExactFunctionsAllocateNothing(t *testing.T) {
	y := make([]float32, 77)
	x := [][]float32{make([]float32, 77), make([]float32, 77), make([]float32, 77), make([]float32, 77)}
	forFamilies(t, func(t *testing.T, f family) {
		for _, fn := range exactFunctions {
			if n := testing.AllocsPerRun(10, func() { fn.run(f, y, x[:fn.operands], testScalars) }); n != 0 {
				t.Errorf("%s: %g allocations", fn.name, n)
			}
		}
	})
}

func TestFill(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 64, 1001} {
		x := make([]float32, n+1)
		Fill(x[:n], 2.5)
		for i, v := range x[:n] {
			if v != 2.5 {
				t.Fatalf("element %d of %d is %g", i, n, v)
			}
		}
		if x[n] != 0 {
			t.Fatal("wrote beyond the end")
		}
	}
}

// Arguments of any bits: the exact functions against their reference, the others within their bounds, in all families.
func FuzzElementwise(f *testing.F) {
	f.Add(uint32(0x3f800000), uint32(0xbf000000), uint32(0x7f800000), uint8(5))
	f.Add(uint32(0x00000001), uint32(0x80000000), uint32(0x7fc00001), uint8(33))
	f.Add(uint32(0xc2b00000), uint32(0x42b17218), uint32(0xff800000), uint8(16))
	f.Add(uint32(0xc2cff1b5), uint32(0x41102cb4), uint32(0x3f3504f3), uint8(0))
	f.Fuzz(func(t *testing.T, a, b, c uint32, n uint8) {
		x := make([][]float32, 4)
		for j, bits := range []uint32{a, b, c, a ^ b>>1 ^ c<<1} {
			x[j] = make([]float32, int(n)%40+1)
			for i := range x[j] {
				x[j][i] = math.Float32frombits(bits + uint32(i))
			}
		}
		y := make([]float32, len(x[0]))
		for _, fam := range supported() {
			for _, fn := range exactFunctions {
				fn.run(fam, y, x[:fn.operands], testScalars)
				for i, got := range y {
					if want := fn.at(x[:fn.operands], i, testScalars); !same(got, want) {
						t.Errorf("%v: %s of %g, %g, %g, %g is %g, want %g", fam, fn.name, x[0][i], x[1][i], x[2][i], x[3][i], got, want)
					}
				}
			}
			for _, fn := range functions {
				fn.run(fam, y, x[0])
				for i, got := range y {
					want := fn.reference(float64(x[0][i]))
					if e := ulpError(got, want); e > fn.ulp[min(fam, avx2)] {
						t.Errorf("%v: %s(%g) = %g, want %g: %.3f ulp", fam, fn.name, x[0][i], got, want, e)
					}
				}
			}
		}
	})
}
