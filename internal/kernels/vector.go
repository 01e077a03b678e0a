package kernels

import "fmt"

//go:generate go run ./gen/vector

// Assembly cannot be preempted, so a garbage collection waits for it: slices go to it in pieces of some microseconds.
const asmPiece = 4096

// Exp sets dst[i] = exp(x[i]).
//
// As in all elementwise functions here, dst and x have equal length (anything else panics: an error of the calling code)
// and may be the same slice; an element's value does not depend on its position; NaN gives NaN, and results too small for
// a normal number are denormal. Greatest error found, over a million bit patterns and dense grids against float64, in
// units of the last place: 1.0 (avx2 and avx512), 0.5 (portable).
func Exp(dst, x []float32) {
	checkLengths("Exp", dst, x)
	active().exp(dst, x)
}

// Sigmoid sets dst[i] = 1/(1+exp(−x[i])). Greatest error found: 2.4 ulp (avx2 and avx512), 0.5 (portable).
func Sigmoid(dst, x []float32) {
	checkLengths("Sigmoid", dst, x)
	active().sigmoid(dst, x)
}

// Tanh sets dst[i] = tanh(x[i]). Greatest error found: 2.4 ulp (avx2 and avx512), 0.5 (portable).
func Tanh(dst, x []float32) {
	checkLengths("Tanh", dst, x)
	active().tanh(dst, x)
}

// Softplus sets dst[i] = log(1+exp(x[i])). Greatest error found: 1.7 ulp (avx2 and avx512), 0.5 (portable).
func Softplus(dst, x []float32) {
	checkLengths("Softplus", dst, x)
	active().softplus(dst, x)
}

// Log sets dst[i] = log(x[i]), the natural logarithm: −Inf at zero, NaN below. Greatest error found:
// 0.9 ulp (avx2 and avx512), 0.5 (portable).
func Log(dst, x []float32) {
	checkLengths("Log", dst, x)
	active().log(dst, x)
}

func checkLengths(op string, dst, x []float32) {
	if len(dst) != len(x) {
		panic(fmt.Sprintf("kernels: %s: dst has %d elements, x has %d: want equal lengths", op, len(dst), len(x)))
	}
}

func checkLengths2(op string, dst, x, y []float32) {
	if len(dst) != len(x) || len(dst) != len(y) {
		panic(fmt.Sprintf("kernels: %s: dst has %d elements, the operands have %d and %d: want equal lengths", op, len(dst), len(x), len(y)))
	}
}

func checkLengths3(op string, dst, x, y, z []float32) {
	if len(dst) != len(x) || len(dst) != len(y) || len(dst) != len(z) {
		panic(fmt.Sprintf("kernels: %s: dst has %d elements, the operands have %d, %d and %d: want equal lengths",
			op, len(dst), len(x), len(y), len(z)))
	}
}
