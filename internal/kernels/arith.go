package kernels

// The functions here are exact operations of IEEE 754, one after the other as the formula says, none of them fused: their
// values are equal in all families.

// Add sets dst[i] = x[i] + y[i]. As in all functions of two or three slices here, the lengths are equal (anything else
// panics) and dst may be any of the operands.
func Add(dst, x, y []float32) {
	checkLengths2("Add", dst, x, y)
	active().add(dst, x, y)
}

// Sub sets dst[i] = x[i] − y[i].
func Sub(dst, x, y []float32) {
	checkLengths2("Sub", dst, x, y)
	active().sub(dst, x, y)
}

// Mul sets dst[i] = x[i]·y[i].
func Mul(dst, x, y []float32) {
	checkLengths2("Mul", dst, x, y)
	active().mul(dst, x, y)
}

// AddScalar sets dst[i] = x[i] + s.
func AddScalar(dst, x []float32, s float32) {
	checkLengths("AddScalar", dst, x)
	active().addScalar(dst, x, s)
}

// SubFrom sets dst[i] = s − x[i].
func SubFrom(dst, x []float32, s float32) {
	checkLengths("SubFrom", dst, x)
	active().subFrom(dst, x, s)
}

// Scale sets dst[i] = a·x[i].
func Scale(dst, x []float32, a float32) {
	checkLengths("Scale", dst, x)
	active().scale(dst, x, a)
}

// Linear sets dst[i] = a·x[i] + d, the product rounded.
func Linear(dst, x []float32, a, d float32) {
	checkLengths("Linear", dst, x)
	active().linear(dst, x, a, d)
}

// Square sets dst[i] = x[i]².
func Square(dst, x []float32) {
	checkLengths("Square", dst, x)
	active().square(dst, x)
}

// Abs sets dst[i] = |x[i]|.
func Abs(dst, x []float32) {
	checkLengths("Abs", dst, x)
	active().abs(dst, x)
}

// Sign sets dst[i] to −1, 0 or 1 by the sign of x[i], to 0 for NaN.
func Sign(dst, x []float32) {
	checkLengths("Sign", dst, x)
	active().sign(dst, x)
}

// Fill sets all of dst to s.
func Fill(dst []float32, s float32) {
	if len(dst) == 0 {
		return
	}
	dst[0] = s
	for n := 1; n < len(dst); n *= 2 { // copy moves memory as fast as the machine can
		copy(dst[n:], dst[:n])
	}
}

func addPortable(dst, x, y []float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

func subPortable(dst, x, y []float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

func mulPortable(dst, x, y []float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func addScalarPortable(dst, x []float32, s float32) {
	for i, v := range x {
		dst[i] = v + s
	}
}

func subFromPortable(dst, x []float32, s float32) {
	for i, v := range x {
		dst[i] = s - v
	}
}

func scalePortable(dst, x []float32, a float32) {
	for i, v := range x {
		dst[i] = a * v
	}
}

func linearPortable(dst, x []float32, a, d float32) {
	for i, v := range x {
		dst[i] = float32(a*v) + d
	}
}

func squarePortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = v * v
	}
}

func absPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = abs32(v)
	}
}

func signPortable(dst, x []float32) {
	for i, v := range x {
		var s float32
		switch {
		case v > 0:
			s = 1
		case v < 0:
			s = -1
		}
		dst[i] = s
	}
}
