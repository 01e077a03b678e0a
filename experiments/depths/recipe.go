package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's: networks that differ in depth, width and the origin of
// their first weights, and one fine-tuning for all.
type Recipe struct {
	// Inits are the origins of first weights: random, and what it is compared with.
	Inits []string `json:"inits"`
	// Depths are the numbers of hidden layers, in rising order, all of Width units.
	Depths     []int             `json:"depths"`
	Width      int               `json:"width"`
	Activation blocks.Activation `json:"activation"`
	// Images is how many training images are used, and Validation how many validation
	// images; 0 for all 50,000 and all 10,000.
	Images     int `json:"images,omitempty"`
	Validation int `json:"validation,omitempty"`
	// Init draws the random weights, those of the output layer in all networks.
	Init blocks.Initializer `json:"init"`
	// SDAE and DBN are the trainings of their layers.
	SDAE Stack `json:"sdae"`
	DBN  Stack `json:"dbn"`
	// FineTune is the supervised training. Its rate is the one of Rates with the smallest
	// mean validation error over the first TuneSeeds seeds, chosen for each origin of the
	// weights, depth and width by itself; the other seeds are trained at that rate alone.
	FineTune  train.Recipe `json:"fine_tune"`
	Rates     []float64    `json:"rates"`
	TuneSeeds int          `json:"tune_seeds"`
	// Widths, in rising order, are compared at WidthDepth hidden layers.
	Widths     []int `json:"widths"`
	WidthDepth int   `json:"width_depth"`
	// Points is the number of test images whose outputs place a network in the space of
	// functions, after every epoch, and PointsDepth the depth of these networks.
	Points      int `json:"points"`
	PointsDepth int `json:"points_depth"`
	// OnlineEpochs are those of a training in which no image repeats, since each of the
	// data set's, or of OnlineImages of them, is changed anew in every epoch as Augment
	// says, at OnlineDepth hidden layers; 0 epochs leave it out.
	OnlineEpochs int                   `json:"online_epochs"`
	OnlineDepth  int                   `json:"online_depth"`
	OnlineImages int                   `json:"online_images,omitempty"`
	Augment      datasets.Augmentation `json:"augment"`
}

// Stack is the recipe of the greedy training of a stack.
type Stack struct {
	Init  blocks.Initializer `json:"init"`
	Train train.Recipe       `json:"train"`
	// CD is the number of Gibbs steps of contrastive divergence, for RBMs.
	CD int `json:"cd,omitempty"`
	// Corruption of the inputs, for autoencoders.
	Corruption blocks.Corruption `json:"corruption,omitzero"`
}

// Origins of the first weights.
const (
	initRandom = "random"
	initSDAE   = "sdae" // a stack of denoising autoencoders, trained layer by layer
	initDBN    = "dbn"  // a deep belief network, trained layer by layer
)

func inits() []string { return []string{initRandom, initSDAE, initDBN} }

// presets are the recipes by name.
func presets() map[string]Recipe {
	// From the paper: sigmoid units; weights U[−1/√n, 1/√n]; gradient descent on small
	// batches without momentum; 50 epochs a layer of pretraining and 50 of fine-tuning,
	// with early stopping; 400 units a layer and more; 50,000 images; up to 400 seeds. The
	// lecture has smaller networks, fewer images, epochs and seeds, and greater rates,
	// since its epochs have to do: on the validation images of seed 1 a rate of 4 was worse
	// than these for every depth and both origins of the weights.
	lecture := Recipe{
		Inits: []string{initRandom, initSDAE}, Depths: []int{1, 2, 3, 4, 5}, Width: 200, Activation: blocks.Sigmoid(),
		Images: 10_000, Validation: 5000, Init: blocks.Uniform(),
		SDAE: Stack{Init: blocks.Uniform(), Corruption: blocks.Masking(0.25), Train: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5)}, Epochs: 10, Batch: 20}},
		DBN: Stack{Init: blocks.Gaussian(0.01), CD: 1, Train: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5), L2: 0.0002}, Epochs: 10, Batch: 100}},
		FineTune: train.Recipe{Optimizer: train.SGD(0.5), Epochs: 10, Batch: 20},
		Rates:    []float64{0.5, 1, 2}, TuneSeeds: 1,
		Widths: []int{10, 25, 50, 200}, WidthDepth: 2,
		Points: 500, PointsDepth: 2,
		OnlineEpochs: 3, OnlineDepth: 3, Augment: datasets.Augmentation{Shift: 2, Rotation: 15},
	}
	smoke := lecture
	smoke.Depths, smoke.Width, smoke.Images, smoke.Validation = []int{1, 2}, 20, 1000, 500
	smoke.SDAE.Train.Epochs, smoke.DBN.Train.Epochs, smoke.FineTune.Epochs = 1, 1, 3
	smoke.Rates, smoke.Widths, smoke.Points = []float64{0.5, 1}, []int{5, 20}, 100
	smoke.OnlineEpochs, smoke.OnlineDepth, smoke.OnlineImages = 1, 2, 1000
	// The paper preset keeps the paper's 50,000 images and its 400 units, and reduces what
	// the time of an hour on two cores does not allow: seeds from up to 400 to 10, epochs from 50
	// to 10, at greater rates, and the kinds of pretraining to one. Where the paper
	// draws new digits without end, images are changed anew in each of 8 epochs.
	paper := lecture
	paper.Width, paper.Images, paper.Validation = 400, 0, 0
	paper.Rates = []float64{0.3, 1, 2}
	paper.Widths, paper.Points, paper.OnlineEpochs = []int{25, 50, 100, 400}, 1000, 8
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	asIs := func(s string) (string, error) { return s, nil }
	lab.ListFlag(fs, &r.Inits, "init", "comma-separated `list` of origins of the first weights: "+strings.Join(inits(), ", "), asIs)
	lab.ListFlag(fs, &r.Depths, "depth", "comma-separated `list` of numbers of hidden layers", strconv.Atoi)
	fs.IntVar(&r.Width, "width", r.Width, "`units` of every hidden layer")
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Validation, "validation", r.Validation, "`number` of validation images; 0 for all")
	fs.Func("pretrain-epochs", "`epochs` a layer of pretraining", func(s string) error {
		n, err := strconv.Atoi(s)
		r.DBN.Train.Epochs, r.SDAE.Train.Epochs = n, n
		return err
	})
	fs.Float64Var(&r.SDAE.Train.Optimizer.Rate.Start, "sdae-lr", r.SDAE.Train.Optimizer.Rate.Start, "learning `rate` of the denoising autoencoders")
	fs.Float64Var(&r.DBN.Train.Optimizer.Rate.Start, "dbn-lr", r.DBN.Train.Optimizer.Rate.Start, "learning `rate` of the Boltzmann machines")
	fs.TextVar(&r.SDAE.Corruption, "corruption", r.SDAE.Corruption, "corruption of the denoising autoencoders, by `name`: "+strings.Join(blocks.Corruptions(), ", "))
	fs.IntVar(&r.DBN.CD, "cd", r.DBN.CD, "Gibbs `steps` of contrastive divergence")
	fs.IntVar(&r.FineTune.Epochs, "epochs", r.FineTune.Epochs, "`epochs` of fine-tuning")
	fs.IntVar(&r.FineTune.Batch, "batch", r.FineTune.Batch, "`examples` a step of fine-tuning")
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the rates of fine-tuning that are tried", lab.ParseNumber)
	fs.IntVar(&r.TuneSeeds, "tune-seeds", r.TuneSeeds, "`number` of seeds by which the rate is chosen")
	lab.ListFlag(fs, &r.Widths, "widths", "comma-separated `list` of units a layer that are compared at -width-depth", strconv.Atoi)
	fs.IntVar(&r.WidthDepth, "width-depth", r.WidthDepth, "hidden `layers` of the networks of different width")
	fs.IntVar(&r.Points, "points", r.Points, "`number` of test images whose outputs place a network in the space of functions")
	fs.IntVar(&r.PointsDepth, "points-depth", r.PointsDepth, "hidden `layers` of the networks that are placed there; one of -depth")
	fs.IntVar(&r.OnlineEpochs, "online-epochs", r.OnlineEpochs, "`epochs` of training on images that never repeat; 0 for none")
	fs.IntVar(&r.OnlineImages, "online-images", r.OnlineImages, "`number` of images that these are made of; 0 for all")
	fs.IntVar(&r.OnlineDepth, "online-depth", r.OnlineDepth, "hidden `layers` of these networks; one of -depth")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or a
// checkpoint's record.
const (
	maxDepth  = 7
	maxUnits  = 2000
	maxEpochs = 1000
	maxList   = 10
	maxPoints = 10_000
	// maxPlaces bounds points × epochs: the outputs of a network's trajectory, ten for each,
	// are 240 MB in its checkpoint.
	maxPlaces = 6_000_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, name := range r.Inits {
		if !slices.Contains(inits(), name) {
			return fmt.Errorf("init %q is unknown, want %s", name, strings.Join(inits(), ", "))
		}
		if name == initDBN && r.Activation != blocks.Sigmoid() {
			return fmt.Errorf("init dbn has sigmoid units, got activation %s: leave dbn out of -init", r.Activation)
		}
	}
	if err := lab.Unique("init", r.Inits); err != nil {
		return err
	}
	if len(r.Inits) < 2 || r.Inits[0] != initRandom {
		return fmt.Errorf("want inits random and one or two to compare it with, got %v", r.Inits)
	}
	if err := checkRising("depths", r.Depths, 1, maxDepth); err != nil {
		return err
	}
	if err := checkRising("widths", r.Widths, 1, maxUnits); err != nil {
		return err
	}
	for _, n := range []struct {
		name         string
		value, least int
		most         int
	}{
		{"width", r.Width, 1, maxUnits}, {"width_depth", r.WidthDepth, 1, maxDepth},
		{"images", r.Images, 0, 1_000_000}, {"validation", r.Validation, 0, 1_000_000}, {"online_images", r.OnlineImages, 0, 1_000_000},
		{"epochs of fine-tuning", r.FineTune.Epochs, 1, maxEpochs}, {"online_epochs", r.OnlineEpochs, 0, maxEpochs},
		{"epochs of sdae", r.SDAE.Train.Epochs, 1, maxEpochs}, {"epochs of dbn", r.DBN.Train.Epochs, 1, maxEpochs},
		{"points", r.Points, 1, maxPoints}, {"cd", r.DBN.CD, 1, 100}, {"tune_seeds", r.TuneSeeds, 1, 100},
	} {
		if n.value < n.least || n.value > n.most {
			return fmt.Errorf("want %s of %d to %d, got %d", n.name, n.least, n.most, n.value)
		}
	}
	if n := r.Points * (r.FineTune.Epochs + 1); n > maxPlaces {
		return fmt.Errorf("want points × epochs of at most %d, got %d", maxPlaces, n)
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if !slices.Contains(r.Depths, r.PointsDepth) || r.OnlineEpochs > 0 && !slices.Contains(r.Depths, r.OnlineDepth) {
		return fmt.Errorf("want points_depth and online_depth among depths %v, got %d and %d", r.Depths, r.PointsDepth, r.OnlineDepth)
	}
	if err := r.Augment.Check(); err != nil {
		return err
	}
	if r.OnlineEpochs > 0 && r.Augment == (datasets.Augmentation{}) {
		return fmt.Errorf("want augment to change images, so that none repeats, or online_epochs 0")
	}
	return r.checkTrainings()
}

// checkTrainings reports rates and trainings that make no sense.
func (r *Recipe) checkTrainings() error {
	if len(r.Rates) < 1 || len(r.Rates) > maxList {
		return fmt.Errorf("want 1 to %d rates, got %d", maxList, len(r.Rates))
	}
	if !lab.Rising(r.Rates) {
		return fmt.Errorf("want rates in rising order, got %v", r.Rates)
	}
	for _, rate := range r.Rates {
		if err := r.fineTune(rate).Check(); err != nil {
			return fmt.Errorf("rates: %w", err)
		}
	}
	if r.FineTune.Augment != nil || r.FineTune.Balanced {
		return fmt.Errorf("want fine_tune without augment and balanced")
	}
	for name, t := range map[string]train.Recipe{"dbn": r.DBN.Train, "sdae": r.SDAE.Train} {
		if err := t.Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func checkRising(name string, numbers []int, least, most int) error {
	if len(numbers) < 1 || len(numbers) > maxList {
		return fmt.Errorf("want 1 to %d %s, got %d", maxList, name, len(numbers))
	}
	if !lab.Rising(numbers) || numbers[0] < least || numbers[len(numbers)-1] > most {
		return fmt.Errorf("want %s of %d to %d in rising order, got %v", name, least, most, numbers)
	}
	return nil
}

// fineTune is the supervised training at a rate.
func (r *Recipe) fineTune(rate float64) train.Recipe {
	t := r.FineTune
	t.Optimizer.Rate.Start = rate
	return t
}
