package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// Output pairs the activation of the last layer with the loss that suits it (lecture
// 3.3): both work from the same pre-activations z. The zero value is Classes.
type Output struct{ kind string }

// Classes is softmax with categorical cross-entropy, for one class of several.
func Classes() Output { return Output{} }

// Binary is sigmoid with binary cross-entropy, for independent binary outputs and for
// the reconstruction of intensities in [0,1].
func Binary() Output { return Output{"binary"} }

// Numeric is linear with the mean squared error, for numbers.
func Numeric() Output { return Output{"numeric"} }

// ParseOutput returns the output of the given name: classes, binary or numeric.
func ParseOutput(s string) (Output, error) {
	switch s {
	case "classes":
		return Classes(), nil
	case "binary", "numeric":
		return Output{s}, nil
	}
	return Output{}, fmt.Errorf("output %q is unknown, want classes, binary or numeric", s)
}

// String is the name.
func (o Output) String() string {
	if o.kind == "" {
		return "classes"
	}
	return o.kind
}

// MarshalText is String.
func (o Output) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText is ParseOutput.
func (o *Output) UnmarshalText(text []byte) (err error) {
	*o, err = ParseOutput(string(text))
	return err
}

// Activation is the activation that turns z into outputs.
func (o Output) Activation() Activation {
	switch o.kind {
	case "binary":
		return Sigmoid()
	case "numeric":
		return Linear()
	default:
		return Softmax()
	}
}

// Loss is the loss of the outputs that z (m,k) gives against targets t (m,k), a
// scalar.
func (o Output) Loss(z, t *G.Node) (*G.Node, error) {
	switch o.kind {
	case "binary":
		return BinaryCrossEntropy(z, t)
	case "numeric":
		return MSE(z, t)
	default:
		return CategoricalCrossEntropy(z, t)
	}
}
