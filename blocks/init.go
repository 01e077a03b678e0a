package blocks

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/random"
)

// Initializer draws the first weights of a layer of fan-in n and fan-out k (a
// weight matrix of shape (n,k)). The second argument of N is a standard deviation
// throughout. Biases start at 0. In recipes and flags it is its name, as String
// returns it.
type Initializer struct {
	kind string
	sd   float64 // gaussian
}

// Gaussian is N(0, sd): the traditional N(0,1), under which the variance grows from
// layer to layer until the last ones saturate (lecture 3.3), and N(0, 0.01) for RBMs
// (Hinton 2010).
func Gaussian(sd float64) Initializer { return Initializer{kind: "gaussian", sd: sd} }

// LeCun is N(0, 1/√n) (LeCun et al. 1998; lecture 3.3).
func LeCun() Initializer { return Initializer{kind: "lecun"} }

// LectureReLU is N(0, 2/√n), the lecture's rule for ReLU (3.3); see He.
func LectureReLU() Initializer { return Initializer{kind: "lecture-relu"} }

// He is N(0, √(2/n)) (He et al. 2015, "Delving deep into rectifiers").
func He() Initializer { return Initializer{kind: "he"} }

// Xavier is N(0, 1/√m) with m = (n+k)/2, the mean of fan-in and fan-out (Glorot &
// Bengio 2010 in the form of lecture 3.3).
func Xavier() Initializer { return Initializer{kind: "xavier"} }

// Glorot is U[−r, r] with r = √(6/(n+k)), the "normalised" initialisation of Glorot
// & Bengio 2010.
func Glorot() Initializer { return Initializer{kind: "glorot"} }

// Glorot4 is Glorot with 4r, which they and the Deep Learning Tutorials use for
// sigmoid units.
func Glorot4() Initializer { return Initializer{kind: "glorot4"} }

// Uniform is U[−1/√n, 1/√n], the "standard" initialisation of Glorot & Bengio 2010.
func Uniform() Initializer { return Initializer{kind: "uniform"} }

// Initializers lists the names of all initialisers.
func Initializers() []string {
	return []string{"gaussian(1)", "lecun", "lecture-relu", "he", "xavier", "glorot", "glorot4", "uniform"}
}

// ParseInitializer returns the initialiser of the given name; gaussian takes its
// standard deviation in parentheses, 1 if there is none.
func ParseInitializer(s string) (Initializer, error) {
	name, hasArg, arg, err := parseCall(s)
	switch {
	case err != nil:
		return Initializer{}, fmt.Errorf("initialiser %w", err)
	case name == "gaussian" && !hasArg:
		return Gaussian(1), nil
	case name == "gaussian" && !(arg >= 0 && !math.IsInf(arg, 1)):
		return Initializer{}, fmt.Errorf("initialiser %q: want a standard deviation of at least 0", s)
	case name == "gaussian":
		return Gaussian(arg), nil
	case !hasArg && slices.Contains(Initializers(), name):
		return Initializer{kind: name}, nil
	}
	return Initializer{}, fmt.Errorf("initialiser %q is unknown, want one of %s", s, strings.Join(Initializers(), ", "))
}

// String is the name, such as "lecun" or "gaussian(0.01)".
func (i Initializer) String() string { return formatCall(i.kind, i.kind == "gaussian", i.sd) }

// MarshalText is String.
func (i Initializer) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText is ParseInitializer.
func (i *Initializer) UnmarshalText(text []byte) (err error) {
	*i, err = ParseInitializer(string(text))
	return err
}

// scale returns the standard deviation of a normal initialiser or the half-width of
// a uniform one.
func (i Initializer) scale(n, k int) (s float64, uniform bool, err error) {
	fn, fk := float64(n), float64(k)
	switch i.kind {
	case "gaussian":
		return i.sd, false, nil
	case "lecun":
		return 1 / math.Sqrt(fn), false, nil
	case "lecture-relu":
		return 2 / math.Sqrt(fn), false, nil
	case "he":
		return math.Sqrt(2 / fn), false, nil
	case "xavier":
		return 1 / math.Sqrt((fn+fk)/2), false, nil
	case "glorot":
		return math.Sqrt(6 / (fn + fk)), true, nil
	case "glorot4":
		return 4 * math.Sqrt(6/(fn+fk)), true, nil
	case "uniform":
		return 1 / math.Sqrt(fn), true, nil
	}
	return 0, false, fmt.Errorf("initialiser %q is unknown, want one of %s", i.kind, strings.Join(Initializers(), ", "))
}

// SD is the standard deviation of the weights of a layer of fan-in n and fan-out k, that
// of the distribution they are drawn from: 1/√(3n) for Uniform.
func (i Initializer) SD(n, k int) (float64, error) {
	if n < 1 || k < 1 {
		return 0, fmt.Errorf("standard deviation of %s: want at least one input and one unit, got %d and %d", i, n, k)
	}
	scale, uniform, err := i.scale(n, k)
	if err != nil {
		return 0, fmt.Errorf("standard deviation: %w", err)
	}
	if uniform {
		return scale / math.Sqrt(3), nil
	}
	return scale, nil
}

// Weights returns a new parameter of shape (n,k), drawn from the stream.
func (i Initializer) Weights(name string, n, k int, s *random.Stream) (*Param, error) {
	return i.draw(name, n, k, s, n, k)
}

// draw returns a new parameter of the given shape for fan-in n and fan-out k.
func (i Initializer) draw(name string, n, k int, s *random.Stream, shape ...int) (*Param, error) {
	if n < 1 || k < 1 {
		return nil, fmt.Errorf("weights %s: want at least one input and one unit, got %d and %d", name, n, k)
	}
	if s == nil {
		return nil, fmt.Errorf("weights %s: no stream of random numbers", name)
	}
	scale, uniform, err := i.scale(n, k)
	if err != nil {
		return nil, fmt.Errorf("weights %s: %w", name, err)
	}
	p := NewParam(name, shape...)
	w := p.Value.Float32s()
	if uniform {
		s.Uniform(w)
		for j, u := range w {
			w[j] = float32(scale) * (2*u - 1)
		}
		return p, nil
	}
	s.Normal(w)
	for j := range w {
		w[j] *= float32(scale)
	}
	return p, nil
}
