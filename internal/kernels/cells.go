package kernels

import "fmt"

// The arithmetic of recurrent cells and of their derivatives: exact operations one after the other, as in the rest of this
// package, of up to four slices at once, so that each is read once.

// AddProduct sets dst[i] = x[i] + y[i]·z[i].
func AddProduct(dst, x, y, z []float32) {
	checkLengths3("AddProduct", dst, x, y, z)
	active().addProduct(dst, x, y, z)
}

// ProductSum sets dst[i] = x[i]·y[i] + z[i]·w[i].
func ProductSum(dst, x, y, z, w []float32) {
	checkLengths4("ProductSum", dst, x, y, z, w)
	active().productSum(dst, x, y, z, w)
}

// Mix sets dst[i] = x[i] + a[i]·(y[i] − x[i]): x where a is 0, y where it is 1.
func Mix(dst, x, y, a []float32) {
	checkLengths3("Mix", dst, x, y, a)
	active().mix(dst, x, y, a)
}

// SigmoidGradProduct sets dst[i] = (dy[i]·x[i])·(y[i]·(1−y[i])): SigmoidGrad of what has been multiplied by x.
func SigmoidGradProduct(dst, y, dy, x []float32) {
	checkLengths3("SigmoidGradProduct", dst, y, dy, x)
	active().sigmoidGradProduct(dst, y, dy, x)
}

// SigmoidGradMix sets dst[i] = (dy[i]·(x[i]−z[i]))·(y[i]·(1−y[i])): SigmoidGrad of what has mixed x and z.
func SigmoidGradMix(dst, y, dy, x, z []float32) {
	checkLengths4("SigmoidGradMix", dst, y, dy, x, z)
	active().sigmoidGradMix(dst, y, dy, x, z)
}

// TanhGradProduct sets dst[i] = (dy[i]·x[i])·(1 − y[i]²): TanhGrad of what has been multiplied by x.
func TanhGradProduct(dst, y, dy, x []float32) {
	checkLengths3("TanhGradProduct", dst, y, dy, x)
	active().tanhGradProduct(dst, y, dy, x)
}

// TanhGradMix sets dst[i] = (dy[i]·(1−a[i]))·(1 − y[i]²): TanhGrad of what has been mixed by a.
func TanhGradMix(dst, y, dy, a []float32) {
	checkLengths3("TanhGradMix", dst, y, dy, a)
	active().tanhGradMix(dst, y, dy, a)
}

// AddTanhGradProduct sets dst[i] = c[i] + (dy[i]·x[i])·(1 − y[i]²).
func AddTanhGradProduct(dst, c, y, dy, x []float32) {
	checkLengths4("AddTanhGradProduct", dst, c, y, dy, x)
	active().addTanhGradProduct(dst, c, y, dy, x)
}

func checkLengths4(op string, dst, x, y, z, w []float32) {
	if n := len(dst); n != len(x) || n != len(y) || n != len(z) || n != len(w) {
		panic(fmt.Sprintf("kernels: %s: dst has %d elements, the operands have %d, %d, %d and %d: want equal lengths",
			op, n, len(x), len(y), len(z), len(w)))
	}
}

// The conversions keep compilers from fusing a product with a sum.

func addProductPortable(dst, x, y, z []float32) {
	for i := range dst {
		dst[i] = x[i] + float32(y[i]*z[i])
	}
}

func productSumPortable(dst, x, y, z, w []float32) {
	for i := range dst {
		dst[i] = float32(x[i]*y[i]) + float32(z[i]*w[i])
	}
}

func mixPortable(dst, x, y, a []float32) {
	for i := range dst {
		dst[i] = x[i] + float32(a[i]*(y[i]-x[i]))
	}
}

func sigmoidGradProductPortable(dst, y, dy, x []float32) {
	for i := range dst {
		dst[i] = float32(dy[i]*x[i]) * (y[i] * (1 - y[i]))
	}
}

func sigmoidGradMixPortable(dst, y, dy, x, z []float32) {
	for i := range dst {
		dst[i] = (dy[i] * (x[i] - z[i])) * (y[i] * (1 - y[i]))
	}
}

func tanhGradProductPortable(dst, y, dy, x []float32) {
	for i := range dst {
		dst[i] = (dy[i] * x[i]) * (1 - float32(y[i]*y[i]))
	}
}

func tanhGradMixPortable(dst, y, dy, a []float32) {
	for i := range dst {
		dst[i] = (dy[i] * (1 - a[i])) * (1 - float32(y[i]*y[i]))
	}
}

func addTanhGradProductPortable(dst, c, y, dy, x []float32) {
	for i := range dst {
		dst[i] = c[i] + float32((dy[i]*x[i])*(1-float32(y[i]*y[i])))
	}
}
