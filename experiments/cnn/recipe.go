package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/internal/fewlabels"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's: networks that learn from all labels, and the layers of one of
// them that learn without.
type Recipe struct {
	// Nets are the networks that learn from all images, of those in netNames.
	Nets []string `json:"nets"`
	// Maps and Units are the maps of both convolutional layers and the hidden units of
	// "lenet".
	Maps  []int `json:"maps"`
	Units int   `json:"units"`
	// Activation of all hidden units, of every network.
	Activation blocks.Activation `json:"activation"`
	// Images is how many labelled images the networks learn from; 0 for all.
	Images int `json:"images,omitempty"`
	// Train is the training of the convolutional networks, PerceptronTrain that of "mlp".
	Train           train.Recipe `json:"train"`
	PerceptronTrain train.Recipe `json:"perceptron_train"`
	// Limit is the test error that lenet is to reach.
	Limit float64 `json:"limit"`
	// Shifts are the distances in pixels, in rising order, by which test images are shifted.
	Shifts []int `json:"shifts"`
	// Few is what learns from few labels.
	Few FewRecipe `json:"few"`
}

// FewRecipe is the comparison of pretrained and random convolutional layers.
type FewRecipe struct {
	// Labels is the number of labelled images; as many others validate.
	Labels int `json:"labels"`
	// Images is how many images pretraining sees, without labels, and Pretrain how; Corruption
	// is that of the denoising autoencoders.
	Images     int               `json:"images"`
	Pretrain   train.Recipe      `json:"pretrain"`
	Corruption blocks.Corruption `json:"corruption"`
	// Training is that of all networks, with one grid of rates.
	fewlabels.Training
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	adam := func(rate float64) train.Optimizer {
		return train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: rate, Linear: true}}
	}
	// The rates for all images were chosen on validation images with another seed; see README.md.
	lecture := Recipe{
		Nets: netNames(), Maps: []int{20, 50}, Units: 500, Activation: blocks.Tanh(),
		Train:           train.Recipe{Optimizer: adam(0.002), Epochs: 5, Batch: 100},
		PerceptronTrain: train.Recipe{Optimizer: adam(0.004), Epochs: 10, Batch: 100},
		Limit:           0.012, Shifts: []int{1, 2, 3, 4, 6},
		Few: FewRecipe{
			Labels: 600, Images: 5000, Pretrain: train.Recipe{Optimizer: adam(0.002), Epochs: 5, Batch: 50}, Corruption: blocks.Masking(0.3),
			Training: fewlabels.Training{
				Train: train.Recipe{Optimizer: adam(0.001), Epochs: 10, Batch: 50},
				Steps: 480, LeastEpoch: 2400, Rates: []float64{0.0005, 0.002, 0.008},
			},
		},
	}
	smoke := lecture
	smoke.Nets = []string{lenet, perceptron}
	smoke.Maps, smoke.Units, smoke.Images, smoke.Shifts, smoke.Limit = []int{4, 6}, 30, 500, []int{2}, 0.9
	smoke.Train.Epochs, smoke.PerceptronTrain.Epochs = 1, 1
	smoke.Few.Labels, smoke.Few.Images, smoke.Few.Pretrain.Epochs = 50, 200, 1
	smoke.Few.Steps, smoke.Few.LeastEpoch, smoke.Few.Train.Epochs, smoke.Few.Rates = 4, 100, 1, []float64{0.002}

	// As in the Deep Learning Tutorials: batches of 500 at rate 0.1, 200 epochs, and their
	// patience. Theirs gives up early stopping at 10,000 steps where nothing improves.
	paper := lecture
	paper.Train = train.Recipe{Optimizer: train.SGD(0.1), Epochs: 200, Batch: 500, Patience: &train.Patience{Steps: 10_000}}
	paper.PerceptronTrain.Epochs = 40
	paper.Limit = 0.0095
	paper.Few.Images, paper.Few.Pretrain.Epochs = 20_000, 10
	paper.Few.Steps, paper.Few.Rates = 2000, []float64{0.0002, 0.0005, 0.001, 0.002}
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Nets, "nets", "comma-separated `list` of networks that learn from all images: "+strings.Join(netNames(), ", "), func(s string) (string, error) { return s, nil })
	lab.ListFlag(fs, &r.Maps, "maps", "`numbers` of maps of the two convolutional layers of lenet", strconv.Atoi)
	fs.IntVar(&r.Units, "units", r.Units, "hidden `units` of lenet")
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Images, "images", r.Images, "`number` of labelled images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "`epochs` of the convolutional networks")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step of the convolutional networks")
	fs.Float64Var(&r.Train.Optimizer.Rate.Start, "lr", r.Train.Optimizer.Rate.Start, "learning `rate` of the convolutional networks")
	fs.IntVar(&r.PerceptronTrain.Epochs, "mlp-epochs", r.PerceptronTrain.Epochs, "`epochs` of the multilayer perceptron")
	fs.Float64Var(&r.PerceptronTrain.Optimizer.Rate.Start, "mlp-lr", r.PerceptronTrain.Optimizer.Rate.Start, "learning `rate` of the multilayer perceptron")
	fs.Float64Var(&r.Limit, "limit", r.Limit, "test `error` that lenet is to reach")
	lab.ListFlag(fs, &r.Shifts, "shifts", "comma-separated `list` of shifts of the test images, in pixels", strconv.Atoi)
	fs.IntVar(&r.Few.Labels, "labels", r.Few.Labels, "`number` of labels where they are few")
	fs.IntVar(&r.Few.Images, "pretrain-images", r.Few.Images, "`number` of images without labels for pretraining")
	fs.IntVar(&r.Few.Pretrain.Epochs, "pretrain-epochs", r.Few.Pretrain.Epochs, "`epochs` a layer of pretraining")
	fs.TextVar(&r.Few.Corruption, "corruption", r.Few.Corruption, "corruption of the denoising autoencoders, by `name`: "+strings.Join(blocks.Corruptions(), ", "))
	fs.IntVar(&r.Few.Steps, "steps", r.Few.Steps, "least number of `steps` with few labels")
	lab.ListFlag(fs, &r.Few.Rates, "rates", "comma-separated `list` of the learning rates tried with few labels", lab.ParseNumber)
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or a
// checkpoint's record.
const (
	maxMaps     = 500
	maxUnits    = 5000
	maxEpochs   = 1000
	maxBatch    = 1000
	maxShift    = 20
	maxShifts   = 10
	maxPretrain = 50_000
	// maxCodes bounds the maps that the first layer makes of the images that are pretrained on: these
	// codes are held, a gigabyte of them at most.
	maxCodes = 2_000_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, n := range r.Nets {
		if !slices.Contains(netNames(), n) {
			return fmt.Errorf("network %q is unknown, want %s", n, strings.Join(netNames(), ", "))
		}
	}
	if err := lab.Unique("network", r.Nets); err != nil {
		return err
	}
	if len(r.Nets) == 0 {
		return fmt.Errorf("want at least one network of %s", strings.Join(netNames(), ", "))
	}
	if len(r.Maps) != 2 || slices.Min(r.Maps) < 1 || slices.Max(r.Maps) > maxMaps {
		return fmt.Errorf("want 1 to %d maps in each of two layers, got %v", maxMaps, r.Maps)
	}
	if r.Units < 1 || r.Units > maxUnits {
		return fmt.Errorf("want 1 to %d hidden units, got %d", maxUnits, r.Units)
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if r.Images < 0 || r.Images > fewlabels.MaxImages {
		return fmt.Errorf("want images of 0 to %d, got %d", fewlabels.MaxImages, r.Images)
	}
	for _, t := range []train.Recipe{r.Train, r.PerceptronTrain, r.Few.Pretrain} {
		if t.Epochs < 1 || t.Epochs > maxEpochs || t.Batch < 1 || t.Batch > maxBatch {
			return fmt.Errorf("want 1 to %d epochs in batches of 1 to %d, got %d and %d", maxEpochs, maxBatch, t.Epochs, t.Batch)
		}
		if err := t.Check(); err != nil {
			return err
		}
	}
	if !(r.Limit > 0 && r.Limit < 1) {
		return fmt.Errorf("want a limit of the test error in (0,1), got %g", r.Limit)
	}
	if len(r.Shifts) < 1 || len(r.Shifts) > maxShifts || !lab.Rising(r.Shifts) || r.Shifts[0] < 1 || r.Shifts[len(r.Shifts)-1] > maxShift {
		return fmt.Errorf("want 1 to %d shifts of 1 to %d pixels in rising order, got %v", maxShifts, maxShift, r.Shifts)
	}
	if r.Few.Images < 10 || r.Few.Images > maxPretrain || r.Few.Images*r.Maps[0] > maxCodes {
		return fmt.Errorf("want pretraining on 10 to %d images of at most %d maps in all, got %d of %d each", maxPretrain, maxCodes, r.Few.Images, r.Maps[0])
	}
	if err := fewlabels.CheckLabels([]int{r.Few.Labels}); err != nil {
		return err
	}
	return r.Few.Training.Check([]int{r.Few.Labels})
}
