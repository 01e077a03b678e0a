package main

import (
	"fmt"
	"math"
	"strings"

	"capas/random"
)

// draw is a point of the search: what a network of any method is made and trained with.
// All methods get the same draws of a set; each leaves out what it does not have.
type draw struct {
	number int // from 1
	// depth is the number of hidden layers, width that of units in each.
	depth, width int
	// rate is the learning rate at which fine-tuning begins.
	rate float64
	// pretrainRate and pretrainEpochs are those of every layer; not of the perceptron.
	pretrainRate   float64
	pretrainEpochs int
	// corruption is the share of inputs that the denoising autoencoders do not see.
	corruption float64
	// wide tells that the perceptron's first weights are ±4√(6/(n+k)) instead of
	// ±√(6/(n+k)).
	wide bool
}

// draws are n points of the space, drawn from the stream as a Latin hypercube: each
// coordinate's range is cut into n equal parts, and each part is in one draw, so that
// few draws reach all of it too. Rates are uniform in their logarithm.
func (s Space) draws(n int, stream *random.Stream) []draw {
	out := make([]draw, n)
	coordinate := func(name string, set func(d *draw, u float64)) {
		r := stream.Split(name).Rand()
		for i, part := range r.Perm(n) {
			set(&out[i], (float64(part)+r.Float64())/float64(n))
		}
	}
	for i := range out {
		out[i].number = i + 1
	}
	coordinate("depth", func(d *draw, u float64) { d.depth = pick(s.Depths, u) })
	coordinate("width", func(d *draw, u float64) { d.width = pick(s.Widths, u) })
	coordinate("rate", func(d *draw, u float64) { d.rate = logUniform(s.Rates, u) })
	coordinate("pretraining rate", func(d *draw, u float64) { d.pretrainRate = logUniform(s.PretrainRates, u) })
	coordinate("pretraining epochs", func(d *draw, u float64) { d.pretrainEpochs = pick(s.PretrainEpochs, u) })
	coordinate("corruption", func(d *draw, u float64) { d.corruption = pick(s.Corruptions, u) })
	coordinate("first weights", func(d *draw, u float64) { d.wide = u >= 0.5 })
	return out
}

// pick is the element of a list at u in [0,1).
func pick[T any](list []T, u float64) T { return list[min(int(u*float64(len(list))), len(list)-1)] }

// logUniform is the number between the ends at u in [0,1), by the logarithm, rounded to
// three digits, so that the tables say all of it.
func logUniform(ends []float64, u float64) float64 {
	x := ends[0] * math.Pow(ends[len(ends)-1]/ends[0], u)
	digits := math.Pow(10, 2-math.Floor(math.Log10(x)))
	return math.Round(x*digits) / digits
}

// layers are the numbers of hidden units from the input up.
func (d draw) layers() []int {
	out := make([]int, d.depth)
	for l := range out {
		out[l] = d.width
	}
	return out
}

// pretraining says how the method's first weights come about.
func (d draw) pretraining(method string) string {
	text := fmt.Sprintf("rate %.3g, %d epochs", d.pretrainRate, d.pretrainEpochs)
	switch method {
	case mlp:
		if d.wide {
			return "none, ±4√(6/(n+k))"
		}
		return "none, ±√(6/(n+k))"
	case sdae:
		return text + fmt.Sprintf(", %g %% masked", 100*d.corruption)
	}
	return text
}

// String is the network's shape, such as "3×500".
func (d draw) String() string {
	return strings.Join([]string{fmt.Sprint(d.depth), fmt.Sprint(d.width)}, "×")
}
