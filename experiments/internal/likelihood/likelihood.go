// Package likelihood holds what experiments share that estimate how likely machines make
// test images: the images, made binary, and the claim that one machine makes them likelier
// than another, whose log Z is known by annealed importance sampling alone.
package likelihood

import (
	"fmt"
	"math"
	"strings"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/random"

	"gorgonia.org/tensor"
)

// Estimate is how likely a machine makes images.
type Estimate struct {
	// PerImage is the mean log-likelihood of the images, or a lower bound of it, in nats.
	PerImage float64
	// LogZ is the estimate of the log partition function, Low and High it less and plus three
	// standard errors: models.AISEstimate.
	LogZ, Low, High float64
}

// Record gives a run a seed's metrics: name.bound, name.log_z, name.log_z_low and
// name.log_z_high.
func (e Estimate) Record(run interface {
	Metric(name string, seed uint64, value float64)
}, name string, seed uint64) {
	run.Metric(name+".bound", seed, e.PerImage)
	run.Metric(name+".log_z", seed, e.LogZ)
	run.Metric(name+".log_z_low", seed, e.Low)
	run.Metric(name+".log_z_high", seed, e.High)
}

// Machine is a machine's name for people, and its estimates by seed.
type Machine struct {
	Name  string
	Seeds []Estimate
}

func (m Machine) perImage() (out []float64) {
	for _, e := range m.Seeds {
		out = append(out, e.PerImage)
	}
	return out
}

// maxExcess, in nats, is by how much an estimate of log Z is too high with a probability of at
// most e⁻⁵, 0.7 %, however its chains are spread.
const maxExcess = 5

// Above completes a claim: machine a makes the images likelier than b, of as many seeds, by
// more than the errors of both estimates of log Z. The larger log Z is, the smaller is the
// likelihood: that of a has to be above for the upper end of its interval, and that of b for
// the lower one, but for no more than maxExcess. what names the numbers, with their unit.
func Above(c lab.Claim, what string, a, b Machine) lab.Claim {
	above, sure := 0, 0
	var differences []string
	for i, x := range a.Seeds {
		y := b.Seeds[i]
		difference := x.PerImage - y.PerImage
		margin := x.High - x.LogZ + min(y.LogZ-y.Low, maxExcess)
		if difference > 0 {
			above++
		}
		if difference > margin {
			sure++
		}
		differences = append(differences, fmt.Sprintf("%.3g (%.2g)", difference, margin))
	}
	c.Measured = fmt.Sprintf("%s: %s %s; %s %s; difference by seed, with the error of the two estimates of log Z: %s",
		what, a.Name, lab.Summary(a.perImage()), b.Name, lab.Summary(b.perImage()), strings.Join(differences, ", "))
	c.Holds = len(a.Seeds) > 0 && sure == len(a.Seeds)
	c.Rule = fmt.Sprintf("above for every seed (%d of %d), by more than three standard errors of both estimates of log Z, of the second at most %d nats (%d of %d)",
		above, len(a.Seeds), maxExcess, sure, len(a.Seeds))
	return c
}

// Interval is where the log Z of an estimate lies by the spread of the chains, as text.
func (e Estimate) Interval() string {
	if math.IsInf(e.Low, -1) {
		return fmt.Sprintf("up to %.2f", e.High)
	}
	return fmt.Sprintf("%.2f to %.2f", e.Low, e.High)
}

// Binary draws binary images from the first images of a set, so many at most, all if count is
// 0: each pixel is on with the probability of its intensity. They are the same in every run.
func Binary(set *datasets.Set, count int) (*datasets.Set, error) {
	if count == 0 {
		count = set.Len()
	}
	some, err := set.Take(min(count, set.Len()))
	if err != nil {
		return nil, err
	}
	x := append([]float32(nil), some.X.Float32s()...)
	random.New(0).Split("binary images").Bernoulli(x, x)
	return some.WithX(tensor.New(tensor.WithShape(some.Len(), some.Dim()), tensor.WithBacking(x)))
}
