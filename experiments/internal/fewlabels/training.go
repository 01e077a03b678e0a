// Package fewlabels holds what experiments share that learn from several numbers of labelled
// images, with and without pretraining on images that have no labels.
//
//   - Training: one supervised training for few and many labels; Check bounds it
//   - Pretraining: that of restricted Boltzmann machines, layer by layer, as a trial; Begin
//     gives its weights to a network
//   - Sample, Repeated: sets of images; Published: what others measured
package fewlabels

import (
	"fmt"
	"math"

	"capas/experiments/lab"
	"capas/train"
)

// Training is supervised, of networks that are compared, on any number of labelled images.
type Training struct {
	// Train is the training, at the best of Rates, in rising order. Its Epochs are the
	// least passes through the labelled images, and Steps the least steps, however few the
	// images are.
	Train train.Recipe `json:"train"`
	Steps int          `json:"steps"`
	// LeastEpoch is how many images an epoch has at least: smaller sets are repeated in it,
	// so that the error is not measured, and written down, after every other step.
	LeastEpoch int       `json:"least_epoch"`
	Rates      []float64 `json:"rates"`
}

// Bounds of a training, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	MaxImages = 1 << 20 // more than any set here has
	maxRates  = 10      // of them
	maxEpochs = 1000    // of a stage, as its records count them
	maxSteps  = 1 << 24
	maxLeast  = 100_000 // images of an epoch
	maxLabels = 10      // numbers of labels
)

// CheckLabels reports numbers of labels that are not in rising order, or make no sense.
func CheckLabels(labels []int) error {
	if len(labels) < 1 || len(labels) > maxLabels || !lab.Rising(labels) {
		return fmt.Errorf("want 1 to %d numbers of labels in rising order, got %v", maxLabels, labels)
	}
	if labels[0] < 10 || labels[len(labels)-1] > MaxImages {
		return fmt.Errorf("want 10 to %d labels, got %v", MaxImages, labels)
	}
	return nil
}

// Check reports a training that makes no sense with one of the numbers of labels, which
// CheckLabels has seen, or at one of the rates.
func (t Training) Check(labels []int) error {
	if t.LeastEpoch < 1 || t.LeastEpoch > maxLeast {
		return fmt.Errorf("want epochs of 1 to %d images at least, got %d", maxLeast, t.LeastEpoch)
	}
	if t.Train.Batch < 1 || t.Train.Batch > t.LeastEpoch {
		return fmt.Errorf("want batches of 1 to %d, got %d", t.LeastEpoch, t.Train.Batch)
	}
	if t.Train.Epochs < 1 || t.Train.Epochs > maxEpochs || t.Steps < 1 || t.Steps > maxSteps {
		return fmt.Errorf("want 1 to %d epochs and 1 to %d steps, got %d and %d", maxEpochs, maxSteps, t.Train.Epochs, t.Steps)
	}
	for _, n := range labels {
		if e := t.Epochs(n); e > maxEpochs {
			return fmt.Errorf("want at most %d epochs, got %d of %d labels: fewer steps or smaller batches", maxEpochs, e, n)
		}
	}
	if len(t.Rates) < 1 || len(t.Rates) > maxRates || !lab.Rising(t.Rates) {
		return fmt.Errorf("want 1 to %d rates in rising order, got %v", maxRates, t.Rates)
	}
	for _, rate := range t.Rates {
		if err := t.At(rate, labels[0]).Check(); err != nil {
			return err
		}
	}
	return nil
}

// Repeats is how often each of n labelled images is in an epoch.
func (t Training) Repeats(n int) int { return max(1, (t.LeastEpoch+n-1)/n) }

// Epochs of the training on n labelled images.
func (t Training) Epochs(n int) int {
	length := t.Repeats(n) * n
	images := max(t.Steps*t.Train.Batch, t.Train.Epochs*n)
	return int(math.Ceil(float64(images) / float64(length)))
}

// At is the training on n labelled images at a rate.
func (t Training) At(rate float64, n int) train.Recipe {
	r := t.Train
	r.Optimizer.Rate.Start, r.Epochs = rate, t.Epochs(n)
	return r
}

// Work estimates the floating-point operations of an epoch on n labelled images, after
// which the network is validated, if it has so many weights: two for each weight and
// example in every product.
func (t Training) Work(weights int64, n, validation int) int64 {
	return 2 * weights * int64(3*t.Repeats(n)*n+validation)
}
