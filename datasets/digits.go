package datasets

import (
	"context"
	"math"

	"capas/random"
)

// pool is the digits of all of MNIST, in an order of which each part of a data set takes the next.
type pool struct {
	sets          []*Set
	order         []int // counted through all sets
	height, width int
}

// loadPool loads MNIST and shuffles it.
func loadPool(ctx context.Context, opts Options, stream *random.Stream) (*pool, error) {
	split, err := Load(ctx, "mnist", opts)
	if err != nil {
		return nil, err
	}
	p := &pool{sets: []*Set{split.Train, split.Validation, split.Test}, height: split.Train.Height, width: split.Train.Width}
	n := 0
	for _, s := range p.sets {
		n += s.Len()
	}
	p.order = make([]int, n)
	for i := range p.order {
		p.order[i] = i
	}
	shuffle(p.order, stream)
	return p, nil
}

// from is the pool without its first n digits.
func (p *pool) from(n int) *pool {
	return &pool{p.sets, p.order[n:], p.height, p.width}
}

// at is the i-th digit and its class.
func (p *pool) at(i int) ([]float32, uint8) {
	i = p.order[i]
	for _, s := range p.sets {
		if i < s.Len() {
			d := s.Dim()
			return s.features[i*d : (i+1)*d], s.Labels[i]
		}
		i -= s.Len()
	}
	return nil, 0 // not reached: order counts the sets' examples
}

// digitsFamily has the sizes of all of Larochelle et al.'s variations of MNIST.
func digitsFamily(name string, change func(x, digit []float32, height, width int, r *draws)) family {
	return family{name: name, classes: 10, sizes: [3]int{10000, 2000, 50000}, change: change}
}

// basicFamily is plain digits, fewer than MNIST's.
func basicFamily() family {
	return digitsFamily("mnist-basic", func(x, digit []float32, _, _ int, _ *draws) { copy(x, digit) })
}

// rotatedFamily is digits turned by an angle uniform in [0, 2π).
func rotatedFamily() family {
	return digitsFamily("mnist-rot", func(x, digit []float32, height, width int, r *draws) {
		m := newMotion(height, width, r.between(0, 2*math.Pi), 0, 0)
		m.move(x, digit, height, width)
	})
}

// randomBackgroundFamily is digits before noise: each pixel is the greater one of the digit's and a whole number uniform
// in 0, …, 255.
func randomBackgroundFamily() family {
	return digitsFamily("mnist-back-rand", func(x, digit []float32, _, _ int, r *draws) {
		var noise [64]byte
		for lo := 0; lo < len(x); lo += len(noise) {
			part := x[lo:min(lo+len(noise), len(x))]
			r.bytes(noise[:len(part)])
			for i := range part {
				part[i] = max(digit[lo+i], float32(noise[i])/255)
			}
		}
	})
}
