package train

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// CodeStatistics say what a layer's code of examples is like.
type CodeStatistics struct {
	// Contraction is the mean over the examples of ‖J‖_F, the Frobenius norm of the code's
	// Jacobian ∂h/∂x: how far it moves when the example does (Rifai et al. 2011). NaN for
	// an activation without blocks.JacobianSquares.
	Contraction float64
	// Saturated is the share of activations that are within 0.05 of an end, where those of
	// the activation range from 0 to 1: h of the sigmoid, (h+1)/2 of tanh. NaN for others.
	Saturated float64
	// Mean is the mean activation.
	Mean float64
	// Sparseness is the mean over the examples of (√k − ‖h‖₁/‖h‖₂)/(√k − 1), with k units: 1
	// where one unit alone is active, 0 where all are alike (Hoyer 2004). Codes that are 0
	// throughout are left out; NaN if there are no others or if k is 1.
	Sparseness float64
}

// Saturation is how near to an end of the range, of length 1, an activation is saturated.
const Saturation = 0.05

// MeasureCode measures the code of a layer of all examples of x (n,d), float32.
func MeasureCode(layer *blocks.Dense, x *tensor.Dense) (CodeStatistics, error) {
	h, err := Map(x, layer.Forward)
	if err != nil {
		return CodeStatistics{}, fmt.Errorf("code: %w", err)
	}
	s := codeStatistics(h.Float32s(), h.Shape()[1], layer.F)
	s.Contraction = math.NaN()
	if layer.F == blocks.Softmax() || layer.F == blocks.Softplus() {
		return s, nil
	}
	squares, err := Map(x, func(x *G.Node) (*G.Node, error) {
		var c ops.Chain
		h := c.Do(layer.Forward(x))
		if c.Err() != nil {
			return nil, c.Err()
		}
		each := c.Do(blocks.JacobianSquares(h, c.Do(layer.W.Node(x.Graph())), layer.F))
		return c.Do(ops.Reshape(each, x.Shape()[0], 1)), c.Err()
	})
	if err != nil {
		return s, fmt.Errorf("contraction: %w", err)
	}
	s.Contraction = 0
	for _, v := range squares.Float32s() {
		s.Contraction += math.Sqrt(float64(v))
	}
	s.Contraction /= float64(squares.Shape()[0])
	return s, nil
}

// codeStatistics are those of codes of k units, but for the contraction.
func codeStatistics(h []float32, k int, f blocks.Activation) (s CodeStatistics) {
	low, high := math.NaN(), math.NaN() // no activation is beyond them
	switch f {
	case blocks.Sigmoid():
		low, high = Saturation, 1-Saturation
	case blocks.Tanh():
		low, high = 2*Saturation-1, 1-2*Saturation
	default:
		s.Saturated = math.NaN()
	}
	root, codes := math.Sqrt(float64(k)), 0
	for from := 0; from < len(h); from += k {
		var sum, squares float64
		for _, v := range h[from : from+k] {
			v := float64(v)
			if v < low || v > high {
				s.Saturated++
			}
			s.Mean += v
			sum += math.Abs(v)
			squares += v * v
		}
		if squares > 0 {
			s.Sparseness += (root - sum/math.Sqrt(squares)) / (root - 1)
			codes++
		}
	}
	s.Saturated /= float64(len(h))
	s.Mean /= float64(len(h))
	s.Sparseness /= float64(codes)
	if k == 1 {
		s.Sparseness = math.NaN()
	}
	return s
}
