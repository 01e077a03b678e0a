package main

import (
	"fmt"

	"capas/blocks"
	"capas/datasets"
)

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	maxLayers = 10
	maxUnits  = 4000
	maxSizes  = 6
	maxImages = 1_000_000
	maxEpochs = 2000
	maxLevels = 5
	maxMasks  = 1000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if err := validateNetwork(r); err != nil {
		return err
	}
	if len(r.Images) < 1 || len(r.Images) > maxSizes || len(r.Epochs) != len(r.Images) {
		return fmt.Errorf("want 1 to %d numbers of images and as many of epochs, got %d and %d", maxSizes, len(r.Images), len(r.Epochs))
	}
	if err := checkRising("images", r.Images, maxImages); err != nil {
		return err
	}
	for _, e := range append(r.Epochs[:len(r.Epochs):len(r.Epochs)], r.ColorEpochs) {
		if e < 1 || e > maxEpochs {
			return fmt.Errorf("want 1 to %d epochs, got %d", maxEpochs, e)
		}
	}
	for _, c := range []struct {
		name string
		n    int
	}{{"validation", r.Validation}, {"color_images", r.ColorImages}, {"mask_images", r.MaskImages}} {
		if c.n < 1 || c.n > maxImages {
			return fmt.Errorf("want %s of 1 to %d, got %d", c.name, maxImages, c.n)
		}
	}
	if r.ColorTest < 0 || r.ColorTest > maxImages {
		return fmt.Errorf("want color_test of 0 to %d, got %d", maxImages, r.ColorTest)
	}
	if len(r.Masks) < 1 || len(r.Masks) > 2*maxLevels {
		return fmt.Errorf("want 1 to %d numbers of masks, got %d", 2*maxLevels, len(r.Masks))
	}
	if err := checkRising("masks", r.Masks, maxMasks); err != nil {
		return err
	}
	return validateLevels(r)
}

func validateNetwork(r *Recipe) error {
	if len(r.Hidden) < 1 || len(r.Hidden) > maxLayers {
		return fmt.Errorf("want 1 to %d hidden layers, got %d", maxLayers, len(r.Hidden))
	}
	for _, n := range r.Hidden {
		if n < 1 || n > maxUnits {
			return fmt.Errorf("want 1 to %d units a layer, got %d", maxUnits, n)
		}
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	t := r.Train
	if t.Batch < 1 || t.Batch > maxImages {
		return fmt.Errorf("want batches of 1 to %d, got %d", maxImages, t.Batch)
	}
	if t.Epochs != 0 || t.Patience != nil || t.Augment != nil || t.Optimizer.L2 != 0 {
		return fmt.Errorf("want a train without epochs, patience, augment and l2, which the methods give")
	}
	t.Epochs = 1
	return t.Check()
}

// validateLevels checks that all methods have as many levels, and what these are.
func validateLevels(r *Recipe) error {
	n := r.levels()
	if n < 1 || n > maxLevels {
		return fmt.Errorf("want 1 to %d levels, got %d", maxLevels, n)
	}
	for _, list := range []struct {
		name   string
		values []float64
		limit  float64 // the greatest value
	}{
		{"hidden_drops", r.HiddenDrops, 0.95}, {"input_drops", r.InputDrops, 0.95}, {"l1", r.L1, 10}, {"l2", r.L2, 10},
		{"patience", r.Patience, 1}, {"colors", r.Colors, 1},
	} {
		if len(list.values) != n {
			return fmt.Errorf("want as many %s as hidden_drops, %d, got %d", list.name, n, len(list.values))
		}
		for _, v := range list.values {
			if !(v >= 0 && v <= list.limit) {
				return fmt.Errorf("want %s of 0 to %g, got %g", list.name, list.limit, v)
			}
		}
	}
	if len(r.Augment) != n {
		return fmt.Errorf("want as many augment as hidden_drops, %d, got %d", n, len(r.Augment))
	}
	for _, a := range r.Augment {
		if err := checkAugmentation(a); err != nil {
			return err
		}
	}
	return nil
}

// checkAugmentation also refuses what computes for ever.
func checkAugmentation(a datasets.Augmentation) error {
	if a.Smoothness > 20 {
		return fmt.Errorf("want a smoothness of 0 to 20 pixels, got %g", a.Smoothness)
	}
	return a.Check()
}

func checkRising(name string, numbers []int, most int) error {
	for i, v := range numbers {
		if v < 1 || v > most || i > 0 && v <= numbers[i-1] {
			return fmt.Errorf("want %s of 1 to %d in rising order, got %v", name, most, numbers)
		}
	}
	return nil
}

// levels of every method.
func (r Recipe) levels() int { return len(r.HiddenDrops) }

// middle is the number of training images at which dropout is looked at more closely.
func (r Recipe) middle() int { return r.Images[len(r.Images)/2] }
