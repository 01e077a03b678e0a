package main

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// kind is a family of functions, each of which folds its input more often than the one
// before.
type kind string

const (
	parity kind = "parity" // of a string of n bits: whether the number of ones is odd
	tent   kind = "tent"   // whether the tent map iterated n times is above ½
)

// inputs of a network for the function of size n.
func (k kind) inputs(n int) int {
	if k == parity {
		return n
	}
	return 1
}

// sizes are those that a recipe asks for.
func (k kind) sizes(f Functions) []int {
	if k == parity {
		return f.Bits
	}
	return f.Levels
}

// pointsPerPiece are the examples on each of the 2ⁿ straight pieces of the tent map.
const pointsPerPiece = 64

// set makes the examples of the function of size n: all 2ⁿ strings, of −1 and 1, or
// evenly spaced points of [−1,1], onto which the tent map's [0,1] is stretched.
func (k kind) set(n int) (*datasets.Set, error) {
	name := fmt.Sprintf("%s-%d", k, n)
	if k == parity {
		x, labels := make([]float32, n<<n), make([]uint8, 1<<n)
		for s := range labels {
			for i := range n {
				bit := s >> i & 1
				x[s*n+i] = float32(2*bit - 1)
				labels[s] ^= uint8(bit)
			}
		}
		return newSet(name, x, n, labels)
	}
	m := pointsPerPiece << n
	x, labels := make([]float32, m), make([]uint8, m)
	for i := range m {
		u := (float64(i) + 0.5) / float64(m)
		x[i] = float32(2*u - 1)
		if iterated(n, u) > 0.5 {
			labels[i] = 1
		}
	}
	return newSet(name, x, 1, labels)
}

func newSet(name string, x []float32, d int, labels []uint8) (*datasets.Set, error) {
	return datasets.NewSet(name, tensor.New(tensor.WithShape(len(labels), d), tensor.WithBacking(x)), labels, 2, 0, 0)
}

// iterated is the tent map T(x) = 1 − |2x − 1|, applied n times.
func iterated(n int, x float64) float64 {
	for range n {
		x = 1 - math.Abs(2*x-1)
	}
	return x
}

// repeated is a set over and over, so that an epoch has about stepsPerEpoch steps.
func repeated(set *datasets.Set, batch int) (*datasets.Set, error) {
	times := (stepsPerEpoch*batch + set.Len() - 1) / set.Len()
	var x []float32
	var labels []uint8
	for range times {
		x = append(x, set.X.Float32s()...)
		labels = append(labels, set.Labels...)
	}
	return newSet(set.Name+"-repeated", x, set.Dim(), labels)
}

// newLearner returns a network of ReLU layers of equal width with He's weights. The
// biases of the first layer are drawn so that each of its units bends the function at a
// distance of at most 1 from the middle of the inputs: with biases 0, all units of a
// network of one input would bend it at the same point.
func newLearner(k kind, n, depth, width int, s *random.Stream) (*models.MLP, error) {
	sizes := []int{k.inputs(n)}
	for range depth {
		sizes = append(sizes, width)
	}
	net, err := models.NewMLP("depth", append(sizes, 2), blocks.ReLU(), blocks.He(), blocks.Xavier(), s.Split("weights"))
	if err != nil {
		return nil, err
	}
	first := net.Layers[0]
	b, w := first.B.Value.Float32s(), first.W.Value.Float32s()
	s.Split("biases").Uniform(b)
	for j := range b {
		var norm float64
		for i := j; i < len(w); i += width {
			norm += float64(w[i]) * float64(w[i])
		}
		b[j] = float32(math.Sqrt(norm)) * (2*b[j] - 1)
	}
	return net, nil
}
