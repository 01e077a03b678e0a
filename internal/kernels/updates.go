package kernels

import "math"

// The passes of the optimisers: the new value of a parameter w, or of what is kept for it, from the gradient g. rate is the
// learning rate η, l2 the factor λ of weight decay. Like the functions of arith.go they are exact operations in the
// order of the formula, none fused, equal in all families. Those that make a new w return whether it is finite, all of it, which
// costs them next to nothing: only where a piece holds a value of 2 or more in magnitude is it looked at again.

// SGD sets dst = w − rate·(g + l2·w).
func SGD(dst, w, g []float32, rate, l2 float32) bool {
	checkLengths2("SGD", dst, w, g)
	return active().sgd(dst, w, g, rate, l2)
}

// Momentum sets dst = w + v, with the new velocity v.
func Momentum(dst, w, v []float32) bool {
	checkLengths2("Momentum", dst, w, v)
	return active().momentum(dst, w, v)
}

// Velocity sets dst = mu·v − rate·(g + l2·w), the velocity of momentum.
func Velocity(dst, v, w, g []float32, rate, mu, l2 float32) {
	checkLengths3("Velocity", dst, v, w, g)
	active().velocity(dst, v, w, g, rate, mu, l2)
}

// Nesterov sets dst = w + mu·v − rate·(g + l2·w), with the new velocity v.
func Nesterov(dst, w, v, g []float32, rate, mu, l2 float32) bool {
	checkLengths3("Nesterov", dst, w, v, g)
	return active().nesterov(dst, w, v, g, rate, mu, l2)
}

// Average sets dst = rho·a + rest·(g + l2·w), a moving average of the gradient; rest is 1 − rho.
func Average(dst, a, w, g []float32, l2, rho, rest float32) {
	checkLengths3("Average", dst, a, w, g)
	active().average(dst, a, w, g, l2, rho, rest)
}

// AverageSquare sets dst = rho·a + rest·(g + l2·w)², a moving average of its square.
func AverageSquare(dst, a, w, g []float32, l2, rho, rest float32) {
	checkLengths3("AverageSquare", dst, a, w, g)
	active().averageSquare(dst, a, w, g, l2, rho, rest)
}

// RMSProp sets dst = w − rate·(g + l2·w)/(√s + epsilon), with the new average s of the square.
func RMSProp(dst, w, s, g []float32, rate, l2, epsilon float32) bool {
	checkLengths3("RMSProp", dst, w, s, g)
	return active().rmsprop(dst, w, s, g, rate, l2, epsilon)
}

// Adam sets dst = w − rate·m/(√s·correction + epsilon), with the new averages m of the gradient and s of its square.
func Adam(dst, w, m, s []float32, rate, correction, epsilon float32) bool {
	checkLengths3("Adam", dst, w, m, s)
	return active().adam(dst, w, m, s, rate, correction, epsilon)
}

func momentumPortable(dst, w, v []float32) { addPortable(dst, w, v) }

func sgdPortable(dst, w, g []float32, rate, l2 float32) {
	w, g = w[:len(dst)], g[:len(dst)]
	for i := range dst {
		dst[i] = w[i] - float32(rate*(g[i]+float32(l2*w[i])))
	}
}

func velocityPortable(dst, v, w, g []float32, rate, mu, l2 float32) {
	v, w, g = v[:len(dst)], w[:len(dst)], g[:len(dst)]
	for i := range dst {
		dst[i] = float32(mu*v[i]) - float32(rate*(g[i]+float32(l2*w[i])))
	}
}

func nesterovPortable(dst, w, v, g []float32, rate, mu, l2 float32) {
	w, v, g = w[:len(dst)], v[:len(dst)], g[:len(dst)]
	for i := range dst {
		dst[i] = w[i] + float32(mu*v[i]) - float32(rate*(g[i]+float32(l2*w[i])))
	}
}

func averagePortable(dst, a, w, g []float32, l2, rho, rest float32) {
	a, w, g = a[:len(dst)], w[:len(dst)], g[:len(dst)]
	for i := range dst {
		d := g[i] + float32(l2*w[i])
		dst[i] = float32(rho*a[i]) + float32(rest*d)
	}
}

func averageSquarePortable(dst, a, w, g []float32, l2, rho, rest float32) {
	a, w, g = a[:len(dst)], w[:len(dst)], g[:len(dst)]
	for i := range dst {
		d := g[i] + float32(l2*w[i])
		dst[i] = float32(rho*a[i]) + float32(rest*float32(d*d))
	}
}

func rmspropPortable(dst, w, s, g []float32, rate, l2, epsilon float32) {
	w, s, g = w[:len(dst)], s[:len(dst)], g[:len(dst)]
	for i := range dst {
		step := rate * (g[i] + float32(l2*w[i]))
		dst[i] = w[i] - step/(sqrt32(s[i])+epsilon)
	}
}

func adamPortable(dst, w, m, s []float32, rate, correction, epsilon float32) {
	w, m, s = w[:len(dst)], m[:len(dst)], s[:len(dst)]
	for i := range dst {
		dst[i] = w[i] - float32(rate*m[i])/(float32(sqrt32(s[i])*correction)+epsilon)
	}
}

// sqrt32 is the square root, rounded once: that in float64 has digits enough for a second rounding to change nothing.
func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
