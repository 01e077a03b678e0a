package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"
	"capas/train"
)

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or a
// checkpoint's record.
const (
	maxHidden = 5000
	maxImages = 1 << 20
	maxLevels = 10
	maxRates  = 10
	maxEpochs = 1000 // of a stage
	maxCD     = 100
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, p := range r.Parts {
		if !slices.Contains(parts(), p) {
			return fmt.Errorf("part %q is unknown, want %s", p, strings.Join(parts(), ", "))
		}
	}
	if err := lab.Unique("part", r.Parts); err != nil {
		return err
	}
	if len(r.Parts) == 0 || len(r.Variants) == 0 {
		return fmt.Errorf("want a part and a variant at least, got %d and %d", len(r.Parts), len(r.Variants))
	}
	for _, v := range r.Variants {
		if !slices.Contains(variants(), v) {
			return fmt.Errorf("variant %q is unknown, want %s", v, strings.Join(variantNames(), ", "))
		}
	}
	if err := lab.Unique("variant", r.Variants); err != nil {
		return err
	}
	if r.Hidden < 1 || r.Hidden > maxHidden || r.Images < 0 || r.Images > maxImages {
		return fmt.Errorf("want 1 to %d hidden units and 0 to %d images, got %d and %d", maxHidden, maxImages, r.Hidden, r.Images)
	}
	if r.RBM.CD < 1 || r.RBM.CD > maxCD {
		return fmt.Errorf("want cd of 1 to %d, got %d", maxCD, r.RBM.CD)
	}
	if err := checkLevels(r); err != nil {
		return err
	}
	if err := checkTrainings(r); err != nil {
		return err
	}
	return r.Deep.validate()
}

// checkLevels reports levels that make no sense.
func checkLevels(r *Recipe) error {
	var first *levelList // of the variants that are trained, which are tried at as many levels
	for _, l := range r.Levels.lists() {
		values := *l.values
		n := len(values)
		if n < 1 || n > maxLevels || !lab.Rising(values) {
			return fmt.Errorf("want 1 to %d levels of %s in rising order, got %v", maxLevels, l.name, values)
		}
		if !(values[0] > 0 && values[n-1] <= 1e6) || l.variant == masking && values[n-1] >= 1 {
			return fmt.Errorf("want %s above 0, fractions below 1, got %v", l.name, values)
		}
		if !slices.Contains(r.Variants, l.variant) {
			continue
		}
		if first == nil {
			first = &l
		}
		if n != len(*first.values) {
			return fmt.Errorf("want as many levels of every variant that is trained, got %s %v and %s %v", first.name, *first.values, l.name, values)
		}
	}
	if !(r.Target > 0 && r.Target < 1) {
		return fmt.Errorf("want a target activation in (0,1), got %g", r.Target)
	}
	if h := r.Higher; !(h.Contraction >= 0 && h.Contraction <= 1e6 && h.Noise > 0 && h.Noise <= 1e6) {
		return fmt.Errorf("higher order: want a contraction of 0 to 1e6 and noise above 0, got %g and %g", h.Contraction, h.Noise)
	}
	return nil
}

// checkTrainings reports a training that makes no sense.
func checkTrainings(r *Recipe) error {
	for _, t := range []struct {
		name   string
		recipe train.Recipe
	}{{"pretraining", r.Autoencoder.Train}, {"rbm", r.RBM.Train}, {"supervised pretraining", r.Supervised}, {"fine-tuning", r.FineTune}} {
		if t.recipe.Epochs < 1 || t.recipe.Epochs > maxEpochs {
			return fmt.Errorf("%s: want 1 to %d epochs, got %d", t.name, maxEpochs, t.recipe.Epochs)
		}
		if err := t.recipe.Check(); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if len(r.Rates) < 1 || len(r.Rates) > maxRates || !lab.Rising(r.Rates) {
		return fmt.Errorf("want 1 to %d rates in rising order, got %v", maxRates, r.Rates)
	}
	for _, rate := range r.Rates {
		if err := r.at(rate).Check(); err != nil {
			return fmt.Errorf("fine-tuning: %w", err)
		}
	}
	if !(r.DropInput >= 0 && r.DropInput < 1 && r.DropHidden >= 0 && r.DropHidden < 1) {
		return fmt.Errorf("want drop_input and drop_hidden in [0,1), got %g and %g", r.DropInput, r.DropHidden)
	}
	return nil
}
