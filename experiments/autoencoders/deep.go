package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/train"
)

// Deep is the recipe of the second part: a deep autoencoder with a linear code, pretrained
// as a stack of RBMs, against the same network from random first weights and against
// principal components, each with as many numbers an image; and one with a code of two
// numbers, a map of the images.
type Deep struct {
	// Layers are the numbers of sigmoid units below the code, from the input up; the
	// decoder mirrors them.
	Layers []int `json:"layers"`
	// Code is the number of linear units in the middle.
	Code int `json:"code"`
	// Images is how many training images are used, balanced over the classes; 0 for all.
	Images int `json:"images,omitempty"`
	// AllImages trains on the validation images too. What the epochs are measured on is
	// then the training set.
	AllImages bool `json:"all_images,omitempty"`
	// Init draws the first weights of the RBMs, and Pretrain trains them by CD-1, the top
	// one, whose hidden units are linear, at CodeRate.
	Init     blocks.Initializer `json:"init"`
	Pretrain train.Recipe       `json:"pretrain"`
	CodeRate float64            `json:"code_rate"`
	// FineTune trains the unrolled network, by cross-entropy.
	FineTune train.Recipe `json:"fine_tune"`
	// RandomInit draws the first weights of the network without pretraining, which is
	// trained as FineTune says, but from RandomRate.
	RandomInit blocks.Initializer `json:"random_init"`
	RandomRate float64            `json:"random_rate"`
	// PlanePretrain and PlaneEpochs are the epochs of pretraining a layer and of
	// fine-tuning of the network with two numbers.
	PlanePretrain int `json:"plane_pretrain"`
	PlaneEpochs   int `json:"plane_epochs"`
	// Points is how many test images the maps show.
	Points int `json:"points"`
}

// deepPresets are the recipes by name.
func deepPresets() map[string]Deep {
	rising := train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 5, Value: 0.9}}}
	lecture := Deep{
		Layers: []int{300, 150, 75}, Code: 30, Images: 10_000,
		// Pretraining as Hinton & Salakhutdinov 2006 do it, from the documentation of their
		// code, but for the number of epochs. The rates of the whole network, with
		// pretraining and without, were chosen on the validation set for a network of 400,
		// 200 and 100 units (seed 1). Pretrained, its squared error was 9.2 at 0.002, 8.5
		// at 0.004 and 7.8 at 0.01; by glorot4, 15.1 at 0.002, 13.9 at 0.005 and 22.0 at
		// 0.01; by glorot, 43 at 0.001.
		Init: blocks.Gaussian(0.1), CodeRate: 0.001,
		Pretrain: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: rising, L2: 0.0002},
			Epochs:    10, Batch: 100},
		FineTune: train.Recipe{
			Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 0.01, Linear: true}},
			Epochs:    15, Batch: 100},
		RandomInit: blocks.Glorot4(), RandomRate: 0.005,
		PlanePretrain: 10, PlaneEpochs: 10, Points: 2000,
	}
	smoke := lecture
	smoke.Layers, smoke.Code, smoke.Images, smoke.Points = []int{16, 8}, 5, 200, 100
	smoke.Pretrain.Epochs, smoke.FineTune.Epochs, smoke.PlanePretrain, smoke.PlaneEpochs = 1, 1, 1, 1

	// Hinton & Salakhutdinov 2006: sizes, images and pretraining as published. They
	// fine-tune by conjugate gradients for 200 epochs; this is Adam, whose rate falls to 0,
	// for 100. Six epochs at a rate that fell from 0.003 to 0, on 50,000 images after 10
	// epochs of pretraining, came to 3.82 on the validation set (seed 1). The map's network
	// is trained for fewer epochs.
	paper := lecture
	paper.Layers, paper.Images, paper.AllImages = []int{1000, 500, 250}, 0, true
	paper.Pretrain.Epochs, paper.FineTune.Epochs = 50, 100
	paper.FineTune.Optimizer.Rate.Start, paper.RandomRate = 0.002, 0.002
	paper.PlanePretrain, paper.PlaneEpochs = 20, 40
	return map[string]Deep{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// deepFlags binds the command line to the recipe.
func deepFlags(fs *flag.FlagSet, d *Deep) {
	lab.ListFlag(fs, &d.Layers, "deep-layers", "comma-separated `list` of the deep autoencoder's units below the code", strconv.Atoi)
	fs.IntVar(&d.Code, "deep-code", d.Code, "`units` of the deep autoencoder's code, at least 3")
	fs.IntVar(&d.Images, "deep-images", d.Images, "`number` of training images of the deep autoencoder; 0 for all")
	fs.BoolVar(&d.AllImages, "deep-all-images", d.AllImages, "train the deep autoencoder on the validation images too")
	fs.IntVar(&d.Pretrain.Epochs, "deep-pretrain-epochs", d.Pretrain.Epochs, "`epochs` a layer of the deep autoencoder's pretraining")
	fs.Float64Var(&d.CodeRate, "deep-code-lr", d.CodeRate, "learning `rate` of the code layer in pretraining")
	fs.IntVar(&d.FineTune.Epochs, "deep-epochs", d.FineTune.Epochs, "`epochs` of the whole deep autoencoder")
	fs.Float64Var(&d.FineTune.Optimizer.Rate.Start, "deep-lr", d.FineTune.Optimizer.Rate.Start, "first learning `rate` of the whole deep autoencoder")
	fs.Float64Var(&d.RandomRate, "deep-random-lr", d.RandomRate, "the same `rate` without pretraining")
	fs.IntVar(&d.PlanePretrain, "plane-pretrain-epochs", d.PlanePretrain, "`epochs` a layer of the pretraining for codes of two numbers")
	fs.IntVar(&d.PlaneEpochs, "plane-epochs", d.PlaneEpochs, "`epochs` of the deep autoencoder with codes of two numbers")
}

// Bounds of the recipe, so that a wrong figure is refused before it exhausts the memory or
// a checkpoint's record.
const (
	deepMaxLayers = 6
	deepMaxUnits  = 5000
	deepMaxEpochs = 1000 // of a stage
	deepMaxImages = 1 << 20
)

func (d *Deep) validate() error {
	if len(d.Layers) < 1 || len(d.Layers) > deepMaxLayers || slices.Min(d.Layers) < 1 || slices.Max(d.Layers) > deepMaxUnits {
		return fmt.Errorf("deep autoencoder: want 1 to %d layers of 1 to %d units, got %v", deepMaxLayers, deepMaxUnits, d.Layers)
	}
	if d.Code < 3 || d.Code > 28*28 {
		return fmt.Errorf("deep autoencoder: want a code of 3 to %d units, got %d", 28*28, d.Code)
	}
	if d.Images < 0 || d.Images > deepMaxImages || d.Points < 10 || d.Points > 10_000 {
		return fmt.Errorf("deep autoencoder: want images of 0 to %d and points of 10 to 10000, got %d and %d", deepMaxImages, d.Images, d.Points)
	}
	if d.AllImages && d.Images != 0 {
		return fmt.Errorf("deep autoencoder: want all images or a number of them, got all and %d", d.Images)
	}
	for _, e := range []int{d.Pretrain.Epochs, d.FineTune.Epochs, d.PlanePretrain, d.PlaneEpochs} {
		if e < 1 || e > deepMaxEpochs {
			return fmt.Errorf("deep autoencoder: want 1 to %d epochs a stage, got %d", deepMaxEpochs, e)
		}
	}
	for _, t := range []train.Recipe{d.Pretrain, d.at(d.CodeRate), d.FineTune, d.random()} {
		if err := t.Check(); err != nil {
			return fmt.Errorf("deep autoencoder: %w", err)
		}
		if t.Patience != nil {
			return fmt.Errorf("deep autoencoder: want trainings without patience")
		}
	}
	return nil
}

// at is the pretraining at another rate.
func (d *Deep) at(rate float64) train.Recipe {
	r := d.Pretrain
	r.Optimizer.Rate.Start = rate
	return r
}

// random is the training without pretraining.
func (d *Deep) random() train.Recipe {
	r := d.FineTune
	r.Optimizer.Rate.Start = d.RandomRate
	return r
}
