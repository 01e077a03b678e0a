package kernels

import "math"

// LeCunTanh sets dst[i] = 1.7159·tanh(2/3·x[i]), LeCun's scaled tanh. Greatest error found: 3.6 ulp (avx2 and avx512),
// 2.0 (portable), of which the rounding of 2/3·x and of the product make up most.
func LeCunTanh(dst, x []float32) {
	checkLengths("LeCunTanh", dst, x)
	active().lecunTanh(dst, x)
}

// ReLU sets dst[i] = max(x[i], 0): 0 also at −∞ and −0, NaN at NaN.
func ReLU(dst, x []float32) {
	checkLengths("ReLU", dst, x)
	active().relu(dst, x)
}

// LeakyReLU sets dst[i] to x[i] where that is positive, else to alpha·x[i].
func LeakyReLU(dst, x []float32, alpha float32) {
	checkLengths("LeakyReLU", dst, x)
	active().leakyReLU(dst, x, alpha)
}

// Softsign sets dst[i] = x[i]/(1+|x[i]|), the sum and the quotient rounded: at most 1.5 ulp off.
func Softsign(dst, x []float32) {
	checkLengths("Softsign", dst, x)
	active().softsign(dst, x)
}

// The derivatives are functions of the activation's value y, as backpropagation has it: dst[i] is the derivative with respect to
// the activation's argument, given dy[i], that with respect to its value. They are exact operations, none fused, and equal in all
// families.

// SigmoidGrad sets dst[i] = dy[i]·(y[i]·(1−y[i])) for y = sigmoid(x).
func SigmoidGrad(dst, y, dy []float32) {
	checkLengths2("SigmoidGrad", dst, y, dy)
	active().sigmoidGrad(dst, y, dy)
}

// TanhGrad sets dst[i] = dy[i]·(a − b·y[i]²), for y = A·tanh(s·x) with a = A·s and b = s/A.
func TanhGrad(dst, y, dy []float32, a, b float32) {
	checkLengths2("TanhGrad", dst, y, dy)
	active().tanhGrad(dst, y, dy, a, b)
}

// LeakyReLUGrad sets dst[i] to dy[i] where y[i] is positive, else to alpha·dy[i]; alpha = 0 is ReLU.
func LeakyReLUGrad(dst, y, dy []float32, alpha float32) {
	checkLengths2("LeakyReLUGrad", dst, y, dy)
	active().leakyReLUGrad(dst, y, dy, alpha)
}

// SoftsignGrad sets dst[i] = dy[i]·(1−|y[i]|)² for y = softsign(x).
func SoftsignGrad(dst, y, dy []float32) {
	checkLengths2("SoftsignGrad", dst, y, dy)
	active().softsignGrad(dst, y, dy)
}

// LeCun's constants.
const (
	lecunA = 1.7159
	lecunS = 2.0 / 3
)

func lecunTanhPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(lecunA * tanh32(float32(lecunS*v)))
	}
}

func reluPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = max(v, 0)
	}
}

func leakyReLUPortable(dst, x []float32, alpha float32) {
	for i, v := range x {
		if !(v > 0) {
			v *= alpha
		}
		dst[i] = v
	}
}

func softsignPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = v / (1 + abs32(v))
	}
}

func sigmoidGradPortable(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	for i, v := range y {
		dst[i] = dy[i] * (v * (1 - v))
	}
}

func tanhGradPortable(dst, y, dy []float32, a, b float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	for i, v := range y {
		dst[i] = dy[i] * (a - float32(b*(v*v)))
	}
}

func leakyReLUGradPortable(dst, y, dy []float32, alpha float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	for i, v := range y {
		d := dy[i]
		if !(v > 0) {
			d *= alpha
		}
		dst[i] = d
	}
}

func softsignGradPortable(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	for i, v := range y {
		u := 1 - abs32(v)
		dst[i] = dy[i] * (u * u)
	}
}

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
