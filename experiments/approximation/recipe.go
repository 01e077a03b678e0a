package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's.
type Recipe struct {
	// Functions are the names of those that are approximated.
	Functions []string `json:"functions"`
	// Widths are numbers of hidden units, in rising order.
	Widths []int `json:"widths"`
	// Activation of the hidden units. Functions of one variable are learned by ReLU as well,
	// the class of networks that are constructed by hand.
	Activation blocks.Activation `json:"activation"`
	// Points of the training grid on [−1,1]; Side is their number along each of two axes.
	Points int `json:"points"`
	Side   int `json:"side"`
	// Epochs of the training by Adam. An epoch passes through the points Passes times, all
	// points a step, so that the log has one line for so many steps.
	Epochs int `json:"epochs"`
	Passes int `json:"passes"`
	// Rates are the learning rates that are tried, in rising order; each falls in a straight
	// line to 0.
	Rates []float64 `json:"rates"`
	// Noisy is the function, of one variable, of which NoisyPoints points are known with
	// Gaussian noise of standard deviation Noise.
	Noisy       string  `json:"noisy"`
	NoisyPoints int     `json:"noisy_points"`
	Noise       float64 `json:"noise"`
}

// presets are the recipes by name. The network that is made by hand from 256 units uses
// the function's values at the 257 points that the others learn. Noisy points are trained
// on for as long as the others.
func presets() map[string]Recipe {
	lecture := Recipe{
		Functions: []string{"sines", "zigzag", "step", "chirp", "bump", "saddle", "ring"},
		Widths:    []int{1, 2, 4, 8, 16, 32, 64, 128, 256}, Activation: blocks.Tanh(),
		Points: 257, Side: 24, Epochs: 30, Passes: 200, Rates: []float64{0.003, 0.01, 0.03, 0.1},
		Noisy: "sines", NoisyPoints: 30, Noise: 0.3,
	}
	smoke := lecture
	smoke.Functions, smoke.Widths = []string{"sines", "step", "ring"}, []int{2, 8, 32}
	smoke.Points, smoke.Side, smoke.Epochs, smoke.Passes, smoke.Rates = 65, 12, 10, 50, []float64{0.01, 0.03}
	paper := lecture
	paper.Functions, paper.Widths = names(), append(slices.Clone(lecture.Widths), 512, 1024)
	paper.Points, paper.Side, paper.Epochs = 1025, 32, 300
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	text := func(s string) (string, error) { return s, nil }
	number := func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
	lab.ListFlag(fs, &r.Functions, "functions", "comma-separated `list` of the functions to approximate: "+strings.Join(names(), ", "), text)
	lab.ListFlag(fs, &r.Widths, "widths", "comma-separated `list` of numbers of hidden units, in rising order", strconv.Atoi)
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Points, "points", r.Points, "training `points` of functions of one variable")
	fs.IntVar(&r.Side, "side", r.Side, "training `points` along each axis of functions of two variables")
	fs.IntVar(&r.Epochs, "epochs", r.Epochs, "`epochs` of training")
	fs.IntVar(&r.Passes, "passes", r.Passes, "`passes` through the points, each a step, in an epoch")
	lab.ListFlag(fs, &r.Rates, "lr", "comma-separated `list` of the learning rates that are tried, in rising order", number)
	fs.StringVar(&r.Noisy, "noisy", r.Noisy, "`function` of one variable of which noisy points are known")
	fs.IntVar(&r.NoisyPoints, "noisy-points", r.NoisyPoints, "`number` of noisy points")
	fs.Float64Var(&r.Noise, "noise", r.Noise, "standard `deviation` of the noise")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	maxUnits  = 4_096
	maxPoints = 1_025
	maxSide   = 32
	maxEpochs = 5_000
	maxPasses = 1_000 // the set holds each point so often
	maxWidths = 12
	maxRates  = 6
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Functions) == 0 {
		return fmt.Errorf("want a function at least, got none")
	}
	if err := lab.Unique("function", r.Functions); err != nil {
		return err
	}
	for _, name := range r.Functions {
		if _, err := find(name); err != nil {
			return err
		}
	}
	if len(r.Widths) < 2 || len(r.Widths) > maxWidths {
		return fmt.Errorf("want 2 to %d widths, got %v", maxWidths, r.Widths)
	}
	if !lab.Rising(r.Widths) || r.Widths[0] < 1 || r.Widths[len(r.Widths)-1] > maxUnits {
		return fmt.Errorf("want widths from 1 to %d in rising order, got %v", maxUnits, r.Widths)
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	for _, n := range []struct {
		what            string
		value, min, max int
	}{
		{"points", r.Points, 2, maxPoints}, {"points along each axis (side)", r.Side, 2, maxSide}, {"noisy points", r.NoisyPoints, 2, maxPoints},
		{"epochs", r.Epochs, 1, maxEpochs}, {"passes an epoch", r.Passes, 1, maxPasses},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("want %d to %d %s, got %d", n.min, n.max, n.what, n.value)
		}
	}
	if len(r.Rates) < 1 || len(r.Rates) > maxRates || !lab.Rising(r.Rates) {
		return fmt.Errorf("want 1 to %d learning rates in rising order, got %v", maxRates, r.Rates)
	}
	if f, err := find(r.Noisy); err != nil {
		return fmt.Errorf("noisy: %w", err)
	} else if f.variables != 1 {
		return fmt.Errorf("noisy: want a function of one variable, got %s", r.Noisy)
	}
	if !(r.Noise > 0 && r.Noise <= 100) {
		return fmt.Errorf("want noise in (0,100], got %g", r.Noise)
	}
	for _, rate := range r.Rates {
		if err := r.training(rate, r.Points).Check(); err != nil {
			return err
		}
	}
	return nil
}

// training is that of a network on so many points.
func (r Recipe) training(rate float64, points int) train.Recipe {
	return train.Recipe{
		Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: rate, Linear: true}},
		Epochs:    r.Epochs, Batch: points,
	}
}

// greatest width.
func (r Recipe) greatest() int { return r.Widths[len(r.Widths)-1] }

// activations of the networks for functions of so many variables.
func (r Recipe) activations(variables int) []blocks.Activation {
	if variables > 1 || r.Activation == blocks.ReLU() {
		return []blocks.Activation{r.Activation}
	}
	return []blocks.Activation{r.Activation, blocks.ReLU()}
}
