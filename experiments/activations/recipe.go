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

// Recipe is the experiment's: networks that differ in the activation of their hidden
// units and, if Init is paired, in the size of their first weights, trained at every depth
// and rate.
type Recipe struct {
	Activations []blocks.Activation `json:"activations"`
	// Depths are the numbers of hidden layers, of Width units each.
	Depths []int `json:"depths"`
	Width  int   `json:"width"`
	// Init is the initialisation of the weights: "paired", one made for each kind of
	// activation, or the name of one for all layers of all networks. See initOf.
	Init string `json:"init"`
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	// Train is the training of all networks. Its rate, one of Rates, is the one at which
	// all activations are compared besides at their own best.
	Train train.Recipe `json:"train"`
	// Rates are those that are tried, the same for all, in rising order.
	Rates []float64 `json:"rates"`
	// Target is the validation error that tells how fast a network converges: by the
	// epochs until its error is below.
	Target float64 `json:"target"`
	// Examples is how many validation images units are looked at on after each epoch.
	Examples int `json:"examples"`
}

// paired is the value of Recipe.Init for the pairs of initOf.
const paired = "paired"

// presets are the recipes by name.
func presets() map[string]Recipe {
	lecture := Recipe{
		Activations: []blocks.Activation{
			blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign(), blocks.ReLU(), blocks.LeakyReLU(0.01), blocks.Softplus(),
		},
		Depths: []int{3, 6}, Width: 100, Init: paired, Images: 10_000,
		Train: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 12, Batch: 100, NormEvery: 20},
		Rates: []float64{0.03, 0.1, 0.3, 1, 3, 10}, Target: 0.05, Examples: 1000,
	}
	smoke := lecture
	smoke.Activations = []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.ReLU(), blocks.LeakyReLU(0.01)}
	smoke.Depths, smoke.Width, smoke.Images, smoke.Train.Epochs = []int{2, 4}, 30, 2000, 3
	smoke.Rates, smoke.Target = []float64{0.1, 1}, 0.2
	paper := lecture
	paper.Width, paper.Images, paper.Train.Epochs, paper.Train.NormEvery = 500, 0, 50, 50
	paper.Rates, paper.Target = []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10}, 0.02
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Activations, "activation", "comma-separated `list` of activations of the hidden units: "+strings.Join(blocks.Activations(), ", "), blocks.ParseActivation)
	lab.ListFlag(fs, &r.Depths, "depth", "comma-separated `list` of numbers of hidden layers", strconv.Atoi)
	fs.IntVar(&r.Width, "width", r.Width, "`units` of each hidden layer")
	fs.StringVar(&r.Init, "init", r.Init, "initialisation, by `name`: paired (he for relu, leaky-relu and softplus, lecun for lecun-tanh, otherwise xavier), or one for all: "+
		strings.Join(blocks.Initializers(), ", "))
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "`epochs` of training")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step")
	fs.Float64Var(&r.Train.Optimizer.Rate.Start, "lr", r.Train.Optimizer.Rate.Start, "learning `rate` at which all are compared besides at their best; one of -rates")
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the rates tried, in rising order", func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	fs.Float64Var(&r.Target, "target", r.Target, "validation `error` that a network has converged to when it is below")
	fs.IntVar(&r.Examples, "examples", r.Examples, "`number` of validation images that units are looked at on after each epoch")
}

// initOf returns the initialisations of an activation's hidden layers and of the output
// layer. Those that are paired are aware of fan-in or fan-out: He's for the rectifiers,
// softplus among them, half of whose pre-activations hardly pass (the lecture's 2/√n for
// ReLU doubles the variance in every layer); LeCun's for his tanh; Xavier's for all others
// and for the output layer. The normal numbers behind them are equal for all networks of
// a seed.
func (r Recipe) initOf(f blocks.Activation) (hidden, top blocks.Initializer, err error) {
	if r.Init != paired {
		hidden, err = blocks.ParseInitializer(r.Init)
		return hidden, hidden, err
	}
	switch {
	case f == blocks.ReLU(), leaky(f), f == blocks.Softplus():
		hidden = blocks.He()
	case f == blocks.LeCunTanh():
		hidden = blocks.LeCun()
	default:
		hidden = blocks.Xavier()
	}
	return hidden, blocks.Xavier(), nil
}

// leaky tells whether an activation is LeakyReLU, of any α.
func leaky(f blocks.Activation) bool { return strings.HasPrefix(f.String(), "leaky-relu") }

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	// maxActivations, so that lines and legend can be told apart.
	maxActivations = 7
	maxDepth       = 12
	maxDepths      = 4
	// maxWidth: 12 layers of so many units have 46 million weights.
	maxWidth = 2000
	maxRates = 10
	// maxEpochs: an epoch leaves a record of up to 3 kB in a checkpoint, whose record is
	// bounded by 8 MiB.
	maxEpochs = 1000
	// maxExamples: activations and derivatives of a layer are 160 MB of 2000 units.
	maxExamples = 10_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if n := len(r.Activations); n < 1 || n > maxActivations {
		return fmt.Errorf("want 1 to %d activations, got %d", maxActivations, n)
	}
	if slices.Contains(r.Activations, blocks.Softmax()) {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if err := lab.Unique("activation", r.Activations); err != nil {
		return err
	}
	if n := len(r.Depths); n < 1 || n > maxDepths {
		return fmt.Errorf("want 1 to %d depths, got %d", maxDepths, n)
	}
	if slices.Min(r.Depths) < 1 || slices.Max(r.Depths) > maxDepth {
		return fmt.Errorf("want depths of 1 to %d hidden layers, got %v", maxDepth, r.Depths)
	}
	if err := lab.Unique("depth", r.Depths); err != nil {
		return err
	}
	if r.Width < 1 || r.Width > maxWidth {
		return fmt.Errorf("want 1 to %d units a layer, got %d", maxWidth, r.Width)
	}
	if r.Init != paired {
		if _, err := blocks.ParseInitializer(r.Init); err != nil {
			return fmt.Errorf("want %s or an initialisation for all: %w", paired, err)
		}
	}
	if r.Images < 0 {
		return fmt.Errorf("want images of at least 0, got %d", r.Images)
	}
	if r.Examples < 1 || r.Examples > maxExamples {
		return fmt.Errorf("want units looked at on 1 to %d examples, got %d", maxExamples, r.Examples)
	}
	if !(r.Target > 0 && r.Target < 0.9) {
		return fmt.Errorf("want target in (0,0.9), got %g", r.Target)
	}
	return r.checkTraining()
}

// checkTraining is the part of validate about training and rates.
func (r Recipe) checkTraining() error {
	if r.Train.Epochs < 1 || r.Train.Epochs > maxEpochs {
		return fmt.Errorf("want 1 to %d epochs, got %d", maxEpochs, r.Train.Epochs)
	}
	if r.Train.NormEvery < 1 {
		return fmt.Errorf("want norm_every of at least 1, got %d", r.Train.NormEvery)
	}
	if n := len(r.Rates); n < 1 || n > maxRates {
		return fmt.Errorf("want 1 to %d rates, got %d", maxRates, n)
	}
	t := r.Train
	for i, rate := range r.Rates {
		if i > 0 && !(rate > r.Rates[i-1]) {
			return fmt.Errorf("want rates in rising order, got %v", r.Rates)
		}
		t.Optimizer.Rate.Start = rate
		if err := t.Check(); err != nil {
			return fmt.Errorf("rates: %w", err)
		}
	}
	if same := r.Train.Optimizer.Rate.Start; !slices.Contains(r.Rates, same) {
		return fmt.Errorf("want the rate at which all are compared, lr %g, among rates %v", same, r.Rates)
	}
	return r.Train.Check()
}
