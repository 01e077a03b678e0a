package search

import (
	"fmt"
	"math"
	"math/rand/v2"

	"capas/random"
)

// Noise is mixed into the priors of the root, so that self-play tries every move:
// P(a) ← (1−Share)·P(a) + Share·η(a) with η from the Dirichlet distribution of parameter
// Alpha (Silver et al. 2018: a quarter, and an Alpha about 10 divided by the number of
// moves). The zero value is none.
type Noise struct {
	Alpha float64 `json:"alpha"`
	Share float64 `json:"share"`
}

// Check reports noise that makes no sense.
func (n Noise) Check() error {
	if n == (Noise{}) || n.Share >= 0 && n.Share <= 1 && n.Alpha > 0 && n.Alpha <= 100 {
		return nil
	}
	return fmt.Errorf("noise at the root: want a share of 0 to 1 and alpha in (0,100], got %g and %g", n.Share, n.Alpha)
}

func (n Noise) add(edges []edge, s *random.Stream) {
	if n.Share == 0 {
		return
	}
	r := s.Rand()
	eta, sum := make([]float64, len(edges)), 0.0
	for i := range eta {
		eta[i] = gamma(n.Alpha, r)
		sum += eta[i]
	}
	for i := range edges {
		share := 1 / float64(len(edges)) // where all underflowed
		if sum > 0 {
			share = eta[i] / sum
		}
		edges[i].prior = float32((1-n.Share)*float64(edges[i].prior) + n.Share*share)
	}
}

// gamma draws from the gamma distribution of the given shape and scale 1, by the method of
// Marsaglia & Tsang (2000). Divided by their sum, such numbers are Dirichlet's.
func gamma(shape float64, r *rand.Rand) float64 {
	if shape < 1 { // G(a) = G(a+1)·U^(1/a)
		return gamma(shape+1, r) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := 1 - r.Float64(); math.Log(u) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
