package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
)

// Recipe is the experiment's: two surfaces, and one network that every method trains
// from the same first weights on the same images.
type Recipe struct {
	// Condition is κ of the bowl ½(x² + κy²).
	Condition float64 `json:"condition"`
	// Steps is how many steps a point makes at most, Tolerance the share of its first value
	// that it is to reach, RatesPerDecade how many rates are tried for a power of ten.
	Steps          int     `json:"steps"`
	Tolerance      float64 `json:"tolerance"`
	RatesPerDecade int     `json:"rates_per_decade"`

	// Units of the network's hidden layer, and their activation.
	Units      int               `json:"units"`
	Activation blocks.Activation `json:"activation"`
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	Epochs int `json:"epochs"`
	// Batch is the size of a mini-batch, SmallBatch that of a small one.
	Batch      int `json:"batch"`
	SmallBatch int `json:"small_batch"`
	// Target is the validation loss, in nats, that the epochs to it are counted of.
	Target float64 `json:"target"`

	// The rates that are tried, equally many for every method, in rising order: of plain
	// gradient descent by the size of its batches, of momentum and Nesterov's, whose steps
	// add up to 1/(1−momentum) times as much, and of RMSProp and Adam, whose steps are about
	// as long as the rate whatever the gradient.
	Rates         []float64 `json:"rates"`
	WholeRates    []float64 `json:"whole_rates"`
	SmallRates    []float64 `json:"small_rates"`
	SingleRates   []float64 `json:"single_rates"`
	MomentumRates []float64 `json:"momentum_rates"`
	AdaptiveRates []float64 `json:"adaptive_rates"`
	// Default is the rate of those who choose none, for mini-batches, momentum and
	// Nesterov's; AdaptiveDefault for RMSProp and Adam. They are Keras's.
	Default         float64 `json:"default_rate"`
	AdaptiveDefault float64 `json:"adaptive_default_rate"`

	// Momentum is μ of momentum and Nesterov's, Rho ρ of RMSProp, Beta1 and Beta2 those of
	// Adam, Epsilon ε of both.
	Momentum float64 `json:"momentum"`
	Rho      float64 `json:"rho"`
	Beta1    float64 `json:"beta1"`
	Beta2    float64 `json:"beta2"`
	Epsilon  float64 `json:"epsilon"`
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	lecture := Recipe{
		Condition: 100, Steps: 5000, Tolerance: 1e-6, RatesPerDecade: 8,
		Units: 50, Activation: blocks.ReLU(), Images: 10_000, Epochs: 20, Batch: 100, SmallBatch: 10, Target: 0.25,
		Rates:         []float64{0.03, 0.1, 0.3, 1, 3},
		WholeRates:    []float64{0.1, 0.3, 1, 3, 10},
		SmallRates:    []float64{0.01, 0.03, 0.1, 0.3, 1},
		SingleRates:   []float64{0.001, 0.003, 0.01, 0.03, 0.1},
		MomentumRates: []float64{0.003, 0.01, 0.03, 0.1, 0.3},
		AdaptiveRates: []float64{0.0003, 0.001, 0.003, 0.01, 0.03},
		Default:       0.01, AdaptiveDefault: 0.001,
		Momentum: 0.9, Rho: 0.9, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
	}
	smoke := lecture
	smoke.Steps, smoke.RatesPerDecade, smoke.Units, smoke.Images, smoke.Epochs, smoke.Target = 300, 2, 16, 1000, 3, 0.8
	smoke.Rates, smoke.WholeRates, smoke.SmallRates = []float64{0.1, 0.3}, []float64{0.3, 1}, []float64{0.03, 0.1}
	smoke.SingleRates, smoke.MomentumRates, smoke.AdaptiveRates = []float64{0.003, 0.01}, []float64{0.01, 0.03}, []float64{0.001, 0.003}
	paper := lecture
	paper.Steps, paper.Units, paper.Images, paper.Epochs = 50_000, 500, 0, 50
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// lists are the rates with their flags.
func (r *Recipe) lists() []struct {
	to          *[]float64
	flag, usage string
} {
	return []struct {
		to          *[]float64
		flag, usage string
	}{
		{&r.Rates, "rates", "mini-batches"},
		{&r.WholeRates, "whole-rates", "batch gradient descent"},
		{&r.SmallRates, "small-rates", "small mini-batches"},
		{&r.SingleRates, "single-rates", "SGD"},
		{&r.MomentumRates, "momentum-rates", "momentum and Nesterov's"},
		{&r.AdaptiveRates, "adaptive-rates", "RMSProp and Adam"},
	}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	fs.Float64Var(&r.Condition, "condition", r.Condition, "condition `number` of the bowl")
	fs.IntVar(&r.Steps, "steps", r.Steps, "`steps` on a surface at most")
	fs.Float64Var(&r.Tolerance, "tolerance", r.Tolerance, "`share` of its first value that a point on a surface is to reach")
	fs.IntVar(&r.RatesPerDecade, "rates-per-decade", r.RatesPerDecade, "`number` of rates tried on a surface for a power of ten")
	fs.IntVar(&r.Units, "width", r.Units, "`units` of the network's hidden layer")
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Epochs, "epochs", r.Epochs, "`epochs` of training")
	fs.IntVar(&r.Batch, "batch", r.Batch, "`examples` of a mini-batch")
	fs.IntVar(&r.SmallBatch, "small-batch", r.SmallBatch, "`examples` of a small mini-batch")
	fs.Float64Var(&r.Target, "target", r.Target, "validation `loss` that the epochs to it are counted of")
	for _, l := range r.lists() {
		lab.ListFlag(fs, l.to, l.flag, "comma-separated `list` of the rates tried for "+l.usage, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	}
	fs.Float64Var(&r.Default, "default-rate", r.Default, "`rate` by default of mini-batches, momentum and Nesterov's")
	fs.Float64Var(&r.AdaptiveDefault, "adaptive-default-rate", r.AdaptiveDefault, "`rate` by default of RMSProp and Adam")
	fs.Float64Var(&r.Momentum, "momentum", r.Momentum, "`μ` of momentum and Nesterov's")
	fs.Float64Var(&r.Rho, "rho", r.Rho, "`ρ` of RMSProp")
	fs.Float64Var(&r.Beta1, "beta1", r.Beta1, "`β₁` of Adam")
	fs.Float64Var(&r.Beta2, "beta2", r.Beta2, "`β₂` of Adam")
	fs.Float64Var(&r.Epsilon, "epsilon", r.Epsilon, "`ε` of RMSProp and Adam")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	// maxSteps: the courses of ten points on two surfaces of five optimisers are 240 MB.
	maxSteps          = 100_000
	maxRatesPerDecade = 20
	maxUnits          = 10_000
	maxEpochs         = 5_000
	maxBatch          = 10_000
	maxRates          = 10
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, v := range []struct {
		name             string
		value, low, high float64
	}{
		{"condition", r.Condition, 1, 1e6}, {"tolerance", r.Tolerance, 1e-12, 0.5}, {"target", r.Target, 1e-3, 2},
		{"momentum", r.Momentum, 0.01, 0.999}, {"rho", r.Rho, 0.01, 0.99999}, {"beta1", r.Beta1, 0.01, 0.99999}, {"beta2", r.Beta2, 0.01, 0.99999},
		{"epsilon", r.Epsilon, 1e-12, 1},
	} {
		if !(v.value >= v.low && v.value <= v.high) {
			return fmt.Errorf("want %s of %g to %g, got %g", v.name, v.low, v.high, v.value)
		}
	}
	for _, v := range []struct {
		name             string
		value, low, high int
	}{
		{"steps", r.Steps, 10, maxSteps}, {"rates_per_decade", r.RatesPerDecade, 1, maxRatesPerDecade}, {"units", r.Units, 1, maxUnits},
		{"images", r.Images, 0, 1 << 30}, {"epochs", r.Epochs, 1, maxEpochs}, {"batch", r.Batch, 3, maxBatch}, {"small_batch", r.SmallBatch, 2, r.Batch - 1},
	} {
		if v.value < v.low || v.value > v.high {
			return fmt.Errorf("want %s of %d to %d, got %d", v.name, v.low, v.high, v.value)
		}
	}
	if r.Images > 0 && r.Images <= r.SmallBatch {
		return fmt.Errorf("want images of 0, for all, or more than a small_batch of %d, got %d", r.SmallBatch, r.Images)
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	for _, l := range r.lists() {
		if n := len(*l.to); n < 1 || n > maxRates || n != len(r.Rates) {
			return fmt.Errorf("want 1 to %d rates, equally many for all methods, got %d %s and %d rates", maxRates, n, l.flag, len(r.Rates))
		}
		for i, v := range *l.to {
			if i > 0 && !(v > (*l.to)[i-1]) {
				return fmt.Errorf("want %s in rising order, got %v", l.flag, *l.to)
			}
		}
	}
	for _, s := range r.specs([]uint64{1}) {
		if !(s.rate > 0) {
			return fmt.Errorf("%s: want rates above 0, got %g", s.key, s.rate)
		}
		if err := s.training(*r, s.rate).Check(); err != nil {
			return err
		}
	}
	return nil
}
