package main

import (
	"flag"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's.
type Recipe struct {
	// Depths are the numbers of hidden layers that are compared on images, in rising
	// order, 1 and 3 among them; Parameters is about how many weights and biases each
	// network has.
	Depths     []int `json:"depths"`
	Parameters int   `json:"parameters"`
	// Images is how many training images of -data are used, 0 for all; the generated sets
	// have at most as many, and no more than were published. Tests is how many test images
	// the generated sets have; 0 for the published 50,000.
	Images int `json:"images,omitempty"`
	Tests  int `json:"tests,omitempty"`
	// Train is the training on images, at each of Rates. Its epochs are those of -data;
	// the smaller sets are passed through more often, so that all have as many steps.
	Train train.Recipe `json:"train"`
	Rates []float64    `json:"rates"`
	// OverfitEpochs are those of the training that goes on to the end, at the chosen rate,
	// counted like those of Train.
	OverfitEpochs int `json:"overfit_epochs"`
	// Functions are learned by networks that grow.
	Functions Functions `json:"functions"`
}

// Functions says which functions are learned, and how the least width is looked for.
type Functions struct {
	// Bits are the lengths of the strings whose parity is learned, Levels the numbers of
	// iterations of the tent map, each in rising order.
	Bits   []int `json:"bits"`
	Levels []int `json:"levels"`
	// Depths are the numbers of hidden layers, in rising order from 1.
	Depths []int `json:"depths"`
	// MaxWidth is the largest number of units a layer, a power of 2: all powers up to it
	// are tried, the smallest first.
	MaxWidth int `json:"max_width"`
	// Train is the training of every width at each of Rates; an epoch has about
	// stepsPerEpoch steps, and the training ends with the first epoch that leaves an error
	// below Learned.
	Train   train.Recipe `json:"train"`
	Rates   []float64    `json:"rates"`
	Learned float64      `json:"learned"`
}

// stepsPerEpoch are about so many, after which the error is measured.
const stepsPerEpoch = 100

// presets are the recipes by name.
func presets() map[string]Recipe {
	falling := train.Schedule{Start: 0.01, Linear: true}
	momentum := train.Optimizer{Kind: "momentum", Rate: falling, Momentum: train.Constant(0.9)}
	lecture := Recipe{
		Depths: []int{1, 2, 3, 5}, Parameters: 40_000, Images: 5000, Tests: 10_000,
		Train: train.Recipe{Optimizer: momentum, Epochs: 20, Batch: 50}, Rates: []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3},
		OverfitEpochs: 120,
		Functions: Functions{
			Bits: []int{2, 3, 4, 5, 6, 7, 8}, Levels: []int{1, 2, 3, 4}, Depths: []int{1, 2, 3}, MaxWidth: 128,
			Train: train.Recipe{Optimizer: train.Optimizer{Kind: "adam", Rate: falling}, Epochs: 60, Batch: 32},
			Rates: []float64{0.003, 0.01}, Learned: 0.01,
		},
	}
	smoke := lecture
	smoke.Depths, smoke.Parameters, smoke.Images, smoke.Tests = []int{1, 3}, 8000, 1000, 1000
	smoke.Train.Epochs, smoke.OverfitEpochs, smoke.Rates = 2, 4, []float64{0.01, 0.03}
	smoke.Functions.Bits, smoke.Functions.Levels, smoke.Functions.Depths = []int{2, 3, 4}, []int{1, 2}, []int{1, 2}
	smoke.Functions.MaxWidth, smoke.Functions.Train.Epochs, smoke.Functions.Rates = 16, 5, []float64{0.03}
	paper := lecture
	paper.Parameters, paper.Images, paper.Tests = 100_000, 0, 0
	paper.Train.Epochs, paper.OverfitEpochs = 40, 120
	paper.Functions.Bits, paper.Functions.Levels = []int{2, 3, 4, 5, 6, 7, 8, 9, 10}, []int{1, 2, 3, 4, 5, 6, 7}
	paper.Functions.Depths, paper.Functions.MaxWidth = []int{1, 2, 3, 5}, 1024
	paper.Functions.Train.Epochs, paper.Functions.Rates = 300, []float64{0.001, 0.003, 0.01, 0.03}
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	number := func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
	lab.ListFlag(fs, &r.Depths, "depth", "comma-separated `list` of the numbers of hidden layers on images, 1 and 3 among them", strconv.Atoi)
	fs.IntVar(&r.Parameters, "parameters", r.Parameters, "about how many `weights` and biases each network on images has")
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Tests, "test-images", r.Tests, "`number` of test images of the generated sets; 0 for 50,000")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "`epochs` of training on the images of -data; the generated sets have as many steps")
	fs.IntVar(&r.OverfitEpochs, "overfit-epochs", r.OverfitEpochs, "`epochs` of the training that goes on to the end")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step on images")
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the learning rates tried on images", number)
	f := &r.Functions
	lab.ListFlag(fs, &f.Bits, "bits", "comma-separated `list` of the lengths of strings whose parity is learned", strconv.Atoi)
	lab.ListFlag(fs, &f.Levels, "levels", "comma-separated `list` of the numbers of iterations of the tent map that is learned", strconv.Atoi)
	lab.ListFlag(fs, &f.Depths, "function-depth", "comma-separated `list` of the numbers of hidden layers that learn functions, from 1", strconv.Atoi)
	fs.IntVar(&f.MaxWidth, "max-width", f.MaxWidth, "largest number of `units` a layer that learns a function, a power of 2")
	fs.IntVar(&f.Train.Epochs, "function-epochs", f.Train.Epochs, fmt.Sprintf("`epochs`, of about %d steps each, in which a function is to be learned", stepsPerEpoch))
	lab.ListFlag(fs, &f.Rates, "function-rates", "comma-separated `list` of the learning rates tried on functions", number)
	fs.Float64Var(&f.Learned, "learned", f.Learned, "`error` below which a function is learned")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts memory or a
// checkpoint's record.
const (
	shallow, deep = 1, 3
	maxDepth      = 20
	minParameters = 4000 // one hidden layer has five units then
	maxParameters = 1_000_000
	maxTests      = 50_000
	maxEpochs     = 500
	maxList       = 10
	maxBits       = 12
	maxLevels     = 8
	maxWidth      = 4096
	// maxSearch are the epochs of all trainings of a search, each of which leaves a record
	// of 80 bytes in a checkpoint, whose records are bounded by 8 MiB.
	maxSearch = 80_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if err := rising("depths", r.Depths, 1, maxDepth); err != nil {
		return err
	}
	if !slices.Contains(r.Depths, shallow) || !slices.Contains(r.Depths, deep) {
		return fmt.Errorf("want depths %d and %d, which the claims compare, among depths, got %v", shallow, deep, r.Depths)
	}
	for _, b := range []struct {
		what         string
		v, low, high int
	}{
		{"parameters", r.Parameters, minParameters, maxParameters},
		{"test_images", r.Tests, 0, maxTests},
		{"epochs", r.Train.Epochs, 1, maxEpochs},
		{"overfit_epochs", r.OverfitEpochs, 1, maxEpochs},
		{"batch", r.Train.Batch, 1, 10_000},
		{"max_width", r.Functions.MaxWidth, 1, maxWidth},
		{"function epochs", r.Functions.Train.Epochs, 1, 10_000},
		{"function batch", r.Functions.Train.Batch, 1, 10_000},
	} {
		if b.v < b.low || b.v > b.high {
			return fmt.Errorf("want %s of %d to %d, got %d", b.what, b.low, b.high, b.v)
		}
	}
	if r.Images != 0 && r.Images < 100 {
		return fmt.Errorf("want images of at least 100, or 0 for all, got %d", r.Images)
	}
	if err := checkRates("rates", r.Rates, r.Train); err != nil {
		return err
	}
	return r.Functions.validate()
}

func (f Functions) validate() error {
	if err := rising("bits", f.Bits, 2, maxBits); err != nil {
		return err
	}
	if err := rising("levels", f.Levels, 1, maxLevels); err != nil {
		return err
	}
	if err := rising("function depths", f.Depths, 1, maxDepth); err != nil {
		return err
	}
	if f.Depths[0] != shallow {
		return fmt.Errorf("want function depths from 1, got %v", f.Depths)
	}
	if bits.OnesCount(uint(f.MaxWidth)) != 1 {
		return fmt.Errorf("want a max_width that is a power of 2, got %d", f.MaxWidth)
	}
	if !(f.Learned > 0 && f.Learned < 0.5) {
		return fmt.Errorf("want learned in (0,0.5), got %g", f.Learned)
	}
	if total := f.Train.Epochs * len(f.widths()) * len(f.Rates); total > maxSearch {
		return fmt.Errorf("want a search of at most %d epochs, got %d for %d widths and %d rates", maxSearch, total, len(f.widths()), len(f.Rates))
	}
	return checkRates("function rates", f.Rates, f.Train)
}

// rising reports numbers that are too many, out of [low, high] or not in rising order.
func rising(what string, numbers []int, low, high int) error {
	if len(numbers) < 1 || len(numbers) > maxList {
		return fmt.Errorf("want 1 to %d %s, got %d", maxList, what, len(numbers))
	}
	if !lab.Rising(numbers) || numbers[0] < low || numbers[len(numbers)-1] > high {
		return fmt.Errorf("want %s of %d to %d in rising order, got %v", what, low, high, numbers)
	}
	return nil
}

// checkRates reports rates that are too many, not in rising order, or refused by the
// optimiser.
func checkRates(what string, rates []float64, t train.Recipe) error {
	if len(rates) < 1 || len(rates) > maxList {
		return fmt.Errorf("want 1 to %d %s, got %d", maxList, what, len(rates))
	}
	if !lab.Rising(rates) {
		return fmt.Errorf("want %s in rising order, got %v", what, rates)
	}
	for _, rate := range rates {
		t.Optimizer.Rate.Start = rate
		if err := t.Check(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// widths are the powers of 2 that are tried, in rising order.
func (f Functions) widths() []int {
	var out []int
	for w := 1; w <= f.MaxWidth; w *= 2 {
		out = append(out, w)
	}
	return out
}
