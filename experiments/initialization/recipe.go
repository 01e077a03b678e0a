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

// Recipe is the experiment's: a survey of untrained networks of every activation and
// initialisation, and the training of some.
type Recipe struct {
	// Activations of the hidden units and Inits of all weights: the survey measures every
	// pair of them.
	Activations []blocks.Activation  `json:"activations"`
	Inits       []blocks.Initializer `json:"inits"`
	// Depth is the number of hidden layers in the survey, Width that of each one's units.
	Depth int `json:"depth"`
	Width int `json:"width"`
	// Examples is how many validation images the layers are measured on, the same ones
	// for all networks and seeds.
	Examples int `json:"examples"`
	// TrainActivations are those of the networks that are trained, from each of Inits.
	TrainActivations []blocks.Activation `json:"train_activations"`
	TrainDepth       int                 `json:"train_depth"`
	TrainWidth       int                 `json:"train_width"`
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	// Epochs and Batch are those of all trainings, by plain stochastic gradient descent.
	Epochs int `json:"epochs"`
	Batch  int `json:"batch"`
	// Rates are those that are tried for every network, in rising order.
	Rates []float64 `json:"rates"`
	// Equal is the value of all weights of the network that starts with equal ones.
	Equal float64 `json:"equal"`
}

// traditional is the lecture's N(0,1).
func traditional() blocks.Initializer { return blocks.Gaussian(1) }

// presets are the recipes by name.
func presets() map[string]Recipe {
	lecture := Recipe{
		Activations: []blocks.Activation{blocks.Linear(), blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.ReLU()},
		Inits: []blocks.Initializer{traditional(), blocks.LeCun(), blocks.LectureReLU(), blocks.He(), blocks.Xavier(), blocks.Glorot(),
			blocks.Uniform()},
		Depth: 10, Width: 1000, Examples: 200,
		TrainActivations: []blocks.Activation{blocks.LeCunTanh(), blocks.ReLU()}, TrainDepth: 5, TrainWidth: 100,
		Images: 10_000, Epochs: 10, Batch: 100,
		Rates: []float64{1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1}, Equal: 0.01,
	}
	smoke := lecture
	smoke.Activations = []blocks.Activation{blocks.Tanh(), blocks.LeCunTanh(), blocks.ReLU()}
	smoke.Inits = []blocks.Initializer{traditional(), blocks.LeCun(), blocks.LectureReLU(), blocks.He(), blocks.Xavier()}
	smoke.Depth, smoke.Width, smoke.Examples = 5, 50, 100
	smoke.TrainDepth, smoke.TrainWidth, smoke.Images, smoke.Epochs = 3, 20, 1000, 2
	smoke.Rates = []float64{0.01, 0.1}

	// Glorot & Bengio 2010: five hidden layers of 1000, batches of 10, their two
	// initialisations, tanh, softsign and sigmoid; and the lecture's with them.
	paper := lecture
	paper.Activations = []blocks.Activation{blocks.Linear(), blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign(), blocks.ReLU()}
	paper.Examples = 300
	paper.TrainActivations = []blocks.Activation{blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign(), blocks.ReLU()}
	paper.TrainWidth, paper.Images, paper.Batch, paper.Epochs = 1000, 0, 10, 20
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	activations := strings.Join(blocks.Activations(), ", ")
	lab.ListFlag(fs, &r.Activations, "activation", "comma-separated `list` of activations of the hidden units in the survey: "+activations, blocks.ParseActivation)
	lab.ListFlag(fs, &r.Inits, "init", "comma-separated `list` of initialisations: "+strings.Join(blocks.Initializers(), ", "), blocks.ParseInitializer)
	fs.IntVar(&r.Depth, "depth", r.Depth, "number of hidden `layers` in the survey")
	fs.IntVar(&r.Width, "width", r.Width, "`units` of each of them")
	fs.IntVar(&r.Examples, "examples", r.Examples, "`number` of validation images that layers are measured on")
	lab.ListFlag(fs, &r.TrainActivations, "train-activation", "comma-separated `list` of activations of the networks that are trained", blocks.ParseActivation)
	fs.IntVar(&r.TrainDepth, "train-depth", r.TrainDepth, "number of hidden `layers` of the networks that are trained")
	fs.IntVar(&r.TrainWidth, "train-width", r.TrainWidth, "`units` of each of them")
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Epochs, "epochs", r.Epochs, "`epochs` of training")
	fs.IntVar(&r.Batch, "batch", r.Batch, "`examples` a step")
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the learning rates that are tried", func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	fs.Float64Var(&r.Equal, "equal", r.Equal, "`value` of all weights of the network that starts with equal ones")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	maxList = 8 // activations or initialisations: a chart's colours
	// maxDepth and maxWidth: 20 layers of 2000 units have 80 million weights, 320 MB.
	maxDepth = 20
	maxWidth = 2000
	// maxExamples of a measurement: a layer of 2000 units has four values for each, 64 MB.
	maxExamples = 2000
	maxEpochs   = 5000
	maxRates    = 20
	maxEqual    = 1e6
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, list := range []struct {
		what string
		n    int
	}{{"activations", len(r.Activations)}, {"inits", len(r.Inits)}, {"train_activations", len(r.TrainActivations)}} {
		if list.n < 1 || list.n > maxList {
			return fmt.Errorf("want 1 to %d %s, got %d", maxList, list.what, list.n)
		}
	}
	for _, list := range [][]blocks.Activation{r.Activations, r.TrainActivations} {
		if slices.Contains(list, blocks.Softmax()) {
			return fmt.Errorf("activation softmax is for outputs, not for hidden units")
		}
		if err := lab.Unique("activation", list); err != nil {
			return err
		}
	}
	if err := lab.Unique("initialisation", r.Inits); err != nil {
		return err
	}
	if r.Depth < 2 || r.Depth > maxDepth {
		return fmt.Errorf("want a survey of 2 to %d hidden layers, got depth %d", maxDepth, r.Depth)
	}
	if r.TrainDepth < 1 || r.TrainDepth > maxDepth {
		return fmt.Errorf("want train_depth of 1 to %d hidden layers, got %d", maxDepth, r.TrainDepth)
	}
	if r.Width < 1 || r.Width > maxWidth {
		return fmt.Errorf("want 1 to %d units a layer, got width %d", maxWidth, r.Width)
	}
	if r.TrainWidth < 2 || r.TrainWidth > maxWidth {
		return fmt.Errorf("want train_width of 2 to %d units a layer, got %d", maxWidth, r.TrainWidth)
	}
	if r.Examples < 2 || r.Examples > maxExamples {
		return fmt.Errorf("want to measure on 2 to %d examples, got %d", maxExamples, r.Examples)
	}
	if r.Images < 0 {
		return fmt.Errorf("want images of at least 0, got %d", r.Images)
	}
	if r.Epochs < 1 || r.Epochs > maxEpochs {
		return fmt.Errorf("want 1 to %d epochs, got %d", maxEpochs, r.Epochs)
	}
	if r.Batch < 1 {
		return fmt.Errorf("want batches of at least one example, got %d", r.Batch)
	}
	if len(r.Rates) < 1 || len(r.Rates) > maxRates {
		return fmt.Errorf("want 1 to %d rates, got %d", maxRates, len(r.Rates))
	}
	for i, rate := range r.Rates {
		if i > 0 && !(rate > r.Rates[i-1]) {
			return fmt.Errorf("want rates in rising order, got %v", r.Rates)
		}
		if err := r.training(rate).Check(); err != nil {
			return fmt.Errorf("rates: %w", err)
		}
	}
	if !(r.Equal != 0 && r.Equal >= -maxEqual && r.Equal <= maxEqual) {
		return fmt.Errorf("want equal weights other than 0 and within ±%g, got %g", float64(maxEqual), r.Equal)
	}
	return nil
}

// training is how networks are trained at a rate.
func (r Recipe) training(rate float64) train.Recipe {
	return train.Recipe{Optimizer: train.SGD(rate), Epochs: r.Epochs, Batch: r.Batch}
}
