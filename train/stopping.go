package train

import (
	"fmt"
	"math"

	"capas/blocks"

	"gorgonia.org/tensor"
)

// Patience is early stopping as in the Deep Learning Tutorials: training goes on for
// Steps steps at least, and every time that the validation score falls below Threshold
// times the best so far, until Factor times the steps taken by then. Below 0, where that
// product lies above the best, the score must fall by as large a share of the best.
type Patience struct {
	// Steps is the least number of steps.
	Steps int `json:"steps"`
	// Factor is by how much the steps taken are multiplied when the score improves; the
	// tutorials' 2 if 0.
	Factor float64 `json:"factor,omitempty"`
	// Threshold is the share of the best score below which an improvement counts; the
	// tutorials' 0.995 if 0. A score below 0 counts from 1−Threshold of the best's
	// magnitude below the best on.
	Threshold float64 `json:"threshold,omitempty"`
}

// maxFactor keeps the steps that patience allows finite.
const maxFactor = 1e9

func (p Patience) check() error {
	if p.Steps < 0 || p.Factor != 0 && !(p.Factor >= 1 && p.Factor <= maxFactor) || !(p.Threshold >= 0 && p.Threshold <= 1) {
		return fmt.Errorf("patience: want steps of at least 0, a factor of at least 1 and at most %g and a threshold in [0,1], got %d, %g and %g", maxFactor, p.Steps, p.Factor, p.Threshold)
	}
	return nil
}

// stopper applies a patience; a nil patience never stops.
type stopper struct {
	patience *Patience
	limit    float64
	best     float64
}

func newStopper(p *Patience, perEpoch int) *stopper {
	s := &stopper{best: math.Inf(1)}
	if p != nil {
		q := Patience{p.Steps, or(p.Factor, 2), or(p.Threshold, 0.995)}
		s.patience, s.limit = &q, math.Max(float64(q.Steps), float64(perEpoch))
	}
	return s
}

// offer takes note of the score after the given number of steps.
func (s *stopper) offer(score float64, steps int) {
	if s.patience != nil && score < s.needed() {
		s.limit = math.Max(s.limit, float64(steps)*s.patience.Factor)
	}
	s.best = math.Min(s.best, score)
}

// needed is what a score must be below to count. The first one always counts.
func (s *stopper) needed() float64 {
	if s.best < 0 {
		return s.best - (1-s.patience.Threshold)*math.Abs(s.best)
	}
	return s.best * s.patience.Threshold
}

func (s *stopper) done(steps int) bool { return s.patience != nil && float64(steps) >= s.limit }

// keeper keeps the parameters with the smallest score.
type keeper struct {
	params []*blocks.Param
	best   []*tensor.Dense
	score  float64
}

// offer keeps a copy of the parameters if the score is the smallest so far.
func (k *keeper) offer(score float64) bool {
	if k.best != nil && !(score < k.score) {
		return false
	}
	k.score = score
	if k.best == nil {
		for _, p := range k.params {
			k.best = append(k.best, p.Value.Clone().(*tensor.Dense))
		}
		return true
	}
	for i, p := range k.params {
		copyTensor(k.best[i], p.Value)
	}
	return true
}

// restore puts the kept parameters back into the model's tensors, if there are any.
func (k *keeper) restore() {
	for i := range k.best {
		copyTensor(k.params[i].Value, k.best[i])
	}
}

// copyTensor copies the elements of src to dst, two tensors of one dtype and shape.
func copyTensor(dst, src *tensor.Dense) {
	if dst.Dtype() == tensor.Float32 {
		copy(dst.Float32s(), src.Float32s())
		return
	}
	copy(dst.Float64s(), src.Float64s())
}
