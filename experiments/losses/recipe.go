package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's: one network and one training, whose output and loss are
// exchanged.
type Recipe struct {
	// Units of the one hidden layer, and their activation.
	Units      int               `json:"units"`
	Activation blocks.Activation `json:"activation"`
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	// Train is the training of all networks. Its rate is the one at which all pairs are
	// compared first; each is then compared at its own best.
	Train train.Recipe `json:"train"`
	// Rates are those that are tried for classes, in rising order, the rate of Train among
	// them; BinaryRates and NumericRates those for binary outputs and numbers.
	Rates        []float64 `json:"rates"`
	BinaryRates  []float64 `json:"binary_rates"`
	NumericRates []float64 `json:"numeric_rates"`
	// Confidences are the probabilities that the output biases of networks which start
	// confidently wrong give to one class, whatever the image, in rising order. From
	// Confidence, one of them, networks are trained at all Rates, from the others at the
	// rate of Train.
	Confidence  float64   `json:"confidence"`
	Confidences []float64 `json:"confidences"`
	// Recovered is the validation error below which such a network has recovered.
	Recovered float64 `json:"recovered"`
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	lecture := Recipe{
		Units: 50, Activation: blocks.Tanh(), Images: 10_000,
		Train:        train.Recipe{Optimizer: train.SGD(0.1), Epochs: 20, Batch: 100, NormEvery: 10},
		Rates:        []float64{0.03, 0.1, 0.3, 1, 3},
		BinaryRates:  []float64{0.01, 0.03, 0.1, 0.3, 1, 3},
		NumericRates: []float64{0.003, 0.01, 0.03, 0.1},
		Confidence:   0.999, Confidences: []float64{0.99, 0.999, 0.9999}, Recovered: 0.2,
	}
	smoke := lecture
	smoke.Units, smoke.Images, smoke.Train.Epochs = 30, 5000, 4
	smoke.Rates, smoke.BinaryRates, smoke.NumericRates = []float64{0.1, 1}, []float64{0.03, 0.3}, []float64{0.01, 0.03}
	smoke.Confidences = []float64{0.99, 0.999}
	paper := lecture
	paper.Units, paper.Images, paper.Train.NormEvery = 500, 0, 50
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	fs.IntVar(&r.Units, "width", r.Units, "`units` of the hidden layer")
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "`epochs` of training")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step")
	fs.Float64Var(&r.Train.Optimizer.Rate.Start, "lr", r.Train.Optimizer.Rate.Start, "learning `rate` at which all pairs are compared; one of -rates")
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the rates tried for classes", lab.ParseNumber)
	lab.ListFlag(fs, &r.BinaryRates, "binary-rates", "comma-separated `list` of the rates tried for binary outputs", lab.ParseNumber)
	lab.ListFlag(fs, &r.NumericRates, "numeric-rates", "comma-separated `list` of the rates tried for numbers", lab.ParseNumber)
	fs.Float64Var(&r.Confidence, "confidence", r.Confidence, "`probability` of the wrong class at a confidently wrong start; one of -confidences")
	lab.ListFlag(fs, &r.Confidences, "confidences", "comma-separated `list` of such probabilities; those beside -confidence at the rate -lr alone", lab.ParseNumber)
	fs.Float64Var(&r.Recovered, "recovered", r.Recovered, "validation `error` below which a network has recovered from such a start")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	maxUnits  = 10_000
	maxEpochs = 5_000
	maxList   = 10 // rates or confidences
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if r.Units < 1 || r.Units > maxUnits {
		return fmt.Errorf("want 1 to %d hidden units, got %d", maxUnits, r.Units)
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if r.Images < 0 {
		return fmt.Errorf("want images of at least 0, got %d", r.Images)
	}
	if r.Train.Epochs < 1 || r.Train.Epochs > maxEpochs {
		return fmt.Errorf("want 1 to %d epochs, got %d", maxEpochs, r.Train.Epochs)
	}
	if r.Train.NormEvery < 1 {
		return fmt.Errorf("want norm_every of at least 1, got %d", r.Train.NormEvery)
	}
	if err := checkRates("rates", r.Rates, r.Train); err != nil {
		return err
	}
	if err := checkRates("binary_rates", r.BinaryRates, r.Train); err != nil {
		return err
	}
	if err := checkRates("numeric_rates", r.NumericRates, r.Train); err != nil {
		return err
	}
	if same := r.Train.Optimizer.Rate.Start; !slices.Contains(r.Rates, same) {
		return fmt.Errorf("want the rate at which all pairs are compared, lr %g, among rates %v", same, r.Rates)
	}
	if err := checkRising("confidences", r.Confidences); err != nil {
		return err
	}
	if least, most := r.Confidences[0], r.Confidences[len(r.Confidences)-1]; !(least >= 0.99 && most <= 0.999999) {
		return fmt.Errorf("want confidences of 0.99 to 0.999999, got %v", r.Confidences)
	}
	if !slices.Contains(r.Confidences, r.Confidence) {
		return fmt.Errorf("want confidence %g among confidences %v", r.Confidence, r.Confidences)
	}
	if !(r.Recovered > 0 && r.Recovered < 0.9) {
		return fmt.Errorf("want recovered in (0,0.9), got %g", r.Recovered)
	}
	return r.Train.Check()
}

// checkRates reports rates that are too many, not in rising order, or refused by the
// optimiser.
func checkRates(name string, rates []float64, t train.Recipe) error {
	if err := checkRising(name, rates); err != nil {
		return err
	}
	for _, rate := range rates {
		t.Optimizer.Rate.Start = rate
		if err := t.Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func checkRising(name string, numbers []float64) error {
	if len(numbers) < 1 || len(numbers) > maxList {
		return fmt.Errorf("want 1 to %d %s, got %d", maxList, name, len(numbers))
	}
	for i, v := range numbers {
		if i > 0 && !(v > numbers[i-1]) {
			return fmt.Errorf("want %s in rising order, got %v", name, numbers)
		}
	}
	return nil
}

// rates are those that are tried for a task.
func (r Recipe) rates(t task) []float64 {
	switch t {
	case binary:
		return r.BinaryRates
	case numeric:
		return r.NumericRates
	}
	return r.Rates
}
