package main

import (
	"flag"
	"fmt"

	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's.
type Recipe struct {
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	// Exact are machines whose log-likelihood is computed by enumeration of their hidden
	// states, Large ones for which it is estimated.
	Exact Machines `json:"exact"`
	Large Machines `json:"large"`
	// Levels is the number of temperatures of parallel tempering, whose inverses fall evenly
	// from 1 to Hottest.
	Levels  int     `json:"levels"`
	Hottest float64 `json:"hottest"`
	// Curve is the annealed importance sampling after each epoch of the large machines,
	// Final that of the trained ones, Check that of the machines that are enumerated, which
	// is compared with the enumeration.
	Curve Sampling `json:"curve"`
	Final Sampling `json:"final"`
	Check Sampling `json:"check"`
	// Held is the number of training and of validation images that the epochs are measured
	// on.
	Held int `json:"held"`
	// Steps is the length of the Gibbs chains that show what a machine generates.
	Steps int `json:"steps"`
	// Tutorial is the machine of the Deep Learning Tutorials.
	Tutorial Tutorial `json:"tutorial"`
}

// Machines are trained in four ways, at several rates.
type Machines struct {
	Hidden int `json:"hidden"`
	// Train is the training of all; its rate is replaced by the Rates, in rising order.
	Train train.Recipe `json:"train"`
	Rates []float64    `json:"rates"`
}

// Sampling is a size of annealed importance sampling.
type Sampling struct {
	Steps  int `json:"steps"`  // temperatures on the way, spaced as by models.Betas
	Chains int `json:"chains"` // of them
}

// Tutorial is the training of the Deep Learning Tutorials' RBM: persistent contrastive
// divergence with a chain for each example of a batch, the images' intensities as they
// are, in their order.
type Tutorial struct {
	Hidden int          `json:"hidden"`
	K      int          `json:"k"`
	Images int          `json:"images,omitempty"` // the first ones; 0 for all
	Train  train.Recipe `json:"train"`
}

// published is the tutorials' recipe.
func published() Tutorial {
	return Tutorial{Hidden: 500, K: 15, Train: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 15, Batch: 20}}
}

// presets are the recipes by name. The paper preset has the size of Salakhutdinov &
// Murray 2008 (500 hidden units, 14,500 temperatures, 100 chains), all training images,
// and the tutorials' recipe as published. It trains for 20 epochs where theirs trained
// longer, and has ten steps where they had up to 25, so that all of it is done in about an
// hour.
func presets() map[string]Recipe {
	falling := train.Recipe{Optimizer: train.SGD(0.1), Epochs: 10, Batch: 50}
	falling.Optimizer.Rate.Linear = true
	rates := []float64{0.1, 0.3}
	lecture := Recipe{
		Images: 10_000,
		Exact:  Machines{Hidden: 12, Train: falling, Rates: rates},
		Large:  Machines{Hidden: 100, Train: falling, Rates: rates},
		Levels: 10, Hottest: 0.2,
		Curve: Sampling{Steps: 1000, Chains: 20}, Final: Sampling{Steps: 3000, Chains: 100}, Check: Sampling{Steps: 10_000, Chains: 100},
		Held: 1000, Steps: 2000, Tutorial: published(),
	}
	lecture.Tutorial.Hidden, lecture.Tutorial.Images, lecture.Tutorial.Train.Epochs = 100, 784*20, 3 // a batch for each pixel
	smoke := lecture
	smoke.Images, smoke.Exact.Hidden, smoke.Large.Hidden = 500, 6, 24
	smoke.Exact.Rates, smoke.Large.Rates = []float64{0.1}, []float64{0.1}
	smoke.Exact.Train.Epochs, smoke.Large.Train.Epochs, smoke.Levels = 2, 2, 4
	smoke.Curve, smoke.Final, smoke.Check = Sampling{Steps: 50, Chains: 10}, Sampling{Steps: 200, Chains: 20}, Sampling{Steps: 200, Chains: 20}
	smoke.Held, smoke.Steps = 200, 50
	smoke.Tutorial.Hidden, smoke.Tutorial.Images, smoke.Tutorial.Train.Epochs = 20, 200, 2
	paper := lecture
	paper.Images, paper.Exact.Hidden, paper.Large.Hidden = 0, 16, 500
	paper.Exact.Rates, paper.Large.Rates = []float64{0.03, 0.1, 0.3}, []float64{0.03, 0.1, 0.3}
	paper.Exact.Train.Batch, paper.Large.Train.Batch = 100, 100
	paper.Exact.Train.Epochs, paper.Large.Train.Epochs = 20, 20
	paper.Curve, paper.Final, paper.Check = Sampling{Steps: 1000, Chains: 20}, Sampling{Steps: 14_500, Chains: 100}, Sampling{Steps: 14_500, Chains: 500}
	paper.Steps, paper.Tutorial = 5000, published()
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Exact.Hidden, "exact-hidden", r.Exact.Hidden, "hidden `units` of the machines that are enumerated")
	fs.IntVar(&r.Large.Hidden, "hidden", r.Large.Hidden, "hidden `units` of the large machines")
	fs.IntVar(&r.Exact.Train.Epochs, "exact-epochs", r.Exact.Train.Epochs, "`epochs` of the machines that are enumerated")
	fs.IntVar(&r.Large.Train.Epochs, "epochs", r.Large.Train.Epochs, "`epochs` of the large machines")
	fs.IntVar(&r.Exact.Train.Batch, "exact-batch", r.Exact.Train.Batch, "`examples` a step, and chains, of the machines that are enumerated")
	fs.IntVar(&r.Large.Train.Batch, "batch", r.Large.Train.Batch, "`examples` a step, and chains, of the large machines")
	lab.ListFlag(fs, &r.Exact.Rates, "exact-rates", "comma-separated `list` of the rates tried for the machines that are enumerated", lab.ParseNumber)
	lab.ListFlag(fs, &r.Large.Rates, "rates", "comma-separated `list` of the rates tried for the large machines", lab.ParseNumber)
	fs.IntVar(&r.Levels, "levels", r.Levels, "`temperatures` of parallel tempering")
	fs.Float64Var(&r.Hottest, "hottest", r.Hottest, "lowest `inverse` temperature of parallel tempering")
	fs.IntVar(&r.Curve.Steps, "curve-steps", r.Curve.Steps, "`temperatures` of annealed importance sampling after each epoch")
	fs.IntVar(&r.Curve.Chains, "curve-chains", r.Curve.Chains, "`chains` of annealed importance sampling after each epoch")
	fs.IntVar(&r.Final.Steps, "ais-steps", r.Final.Steps, "`temperatures` of annealed importance sampling of the trained large machines")
	fs.IntVar(&r.Final.Chains, "ais-chains", r.Final.Chains, "`chains` of annealed importance sampling of the trained large machines")
	fs.IntVar(&r.Check.Steps, "check-steps", r.Check.Steps, "`temperatures` of annealed importance sampling of the machines that are enumerated")
	fs.IntVar(&r.Check.Chains, "check-chains", r.Check.Chains, "`chains` of annealed importance sampling of the machines that are enumerated")
	fs.IntVar(&r.Held, "held", r.Held, "`images` of training and of validation that the epochs are measured on")
	fs.IntVar(&r.Steps, "steps", r.Steps, "Gibbs `steps` of the chains that are shown")
	fs.IntVar(&r.Tutorial.Hidden, "tutorial-hidden", r.Tutorial.Hidden, "hidden `units` of the tutorials' machine")
	fs.IntVar(&r.Tutorial.Images, "tutorial-images", r.Tutorial.Images, "`number` of its training images; 0 for all")
	fs.IntVar(&r.Tutorial.Train.Epochs, "tutorial-epochs", r.Tutorial.Train.Epochs, "`epochs` of its training")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	maxHidden = 10_000
	maxExact  = 20 // 2²⁰ states
	maxEpochs = 5_000
	maxBatch  = 1_000
	maxRates  = 10
	maxLevels = 100
	maxAIS    = 1_000_000
	maxChains = 10_000
	maxSteps  = 1_000_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, c := range []struct {
		what     string
		from, to int
		got      int
	}{
		{"exact hidden units", 1, maxExact, r.Exact.Hidden},
		{"hidden units", 1, maxHidden, r.Large.Hidden},
		{"temperatures of parallel tempering", 2, maxLevels, r.Levels},
		{"temperatures of ais after an epoch", 1, maxAIS, r.Curve.Steps},
		{"chains of ais after an epoch", 2, maxChains, r.Curve.Chains},
		{"temperatures of ais", 1, maxAIS, r.Final.Steps},
		{"chains of ais", 2, maxChains, r.Final.Chains},
		{"temperatures of ais beside the enumeration", 1, maxAIS, r.Check.Steps},
		{"chains of ais beside the enumeration", 2, maxChains, r.Check.Chains},
		{"images to measure on", 2, 10_000, r.Held},
		{"Gibbs steps to show", 1, maxSteps, r.Steps},
		{"hidden units of the tutorials' machine", 1, maxHidden, r.Tutorial.Hidden},
		{"Gibbs steps of the tutorials' machine", 1, 1000, r.Tutorial.K},
		{"epochs of the tutorials' machine", 1, maxEpochs, r.Tutorial.Train.Epochs},
		{"examples a batch of the tutorials' machine", 1, maxBatch, r.Tutorial.Train.Batch},
	} {
		if c.got < c.from || c.got > c.to {
			return fmt.Errorf("want %d to %d %s, got %d", c.from, c.to, c.what, c.got)
		}
	}
	if !(r.Hottest >= 0 && r.Hottest <= 0.99) {
		return fmt.Errorf("want a lowest inverse temperature in [0, 0.99], got %g", r.Hottest)
	}
	if r.Images < 0 || r.Tutorial.Images < 0 {
		return fmt.Errorf("want images of at least 0, got %d and %d for the tutorials' machine", r.Images, r.Tutorial.Images)
	}
	for _, size := range sizes() {
		if err := r.machines(size).check(); err != nil {
			return fmt.Errorf("%s machines: %w", size, err)
		}
	}
	return r.Tutorial.Train.Check()
}

func (m Machines) check() error {
	if m.Train.Epochs < 1 || m.Train.Epochs > maxEpochs {
		return fmt.Errorf("want 1 to %d epochs, got %d", maxEpochs, m.Train.Epochs)
	}
	if m.Train.Batch < 1 || m.Train.Batch > maxBatch {
		return fmt.Errorf("want 1 to %d examples a batch, got %d", maxBatch, m.Train.Batch)
	}
	if len(m.Rates) < 1 || len(m.Rates) > maxRates {
		return fmt.Errorf("want 1 to %d rates, got %d", maxRates, len(m.Rates))
	}
	if !lab.Rising(m.Rates) {
		return fmt.Errorf("want rates in rising order, got %v", m.Rates)
	}
	for _, rate := range m.Rates {
		if err := m.at(rate).Check(); err != nil {
			return err
		}
	}
	return nil
}

// at is the training at a rate.
func (m Machines) at(rate float64) train.Recipe {
	r := m.Train
	r.Optimizer.Rate.Start = rate
	return r
}
