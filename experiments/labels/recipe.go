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

// Recipe is the experiment's: pairs of networks, numbers of labels, one pretraining and
// one supervised training.
type Recipe struct {
	// Pairs are those compared, of those in pairNames: each is a network that begins with
	// pretrained weights, and the same with random ones.
	Pairs []string `json:"pairs"`
	// Labels are the numbers of labelled images, in rising order. As many others, at most
	// all there are, validate.
	Labels []int `json:"labels"`
	// Width is the number of hidden units of pair rbm, Layers those of pair dbn.
	Width  int   `json:"width"`
	Layers []int `json:"layers"`
	// Images is how many training images pretraining sees, without labels; 0 for all.
	Images   int                   `json:"images,omitempty"`
	Pretrain fewlabels.Pretraining `json:"pretrain"`
	// Training is the supervised training of all networks, with one grid of rates.
	fewlabels.Training
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	lecture := Recipe{
		Pairs: pairNames(), Labels: []int{100, 1000, 10_000, 50_000},
		Width: 256, Layers: []int{128, 256},
		// As in Hinton 2010: rate 0.1 on mean gradients of batches of 100, momentum 0.5 and
		// from the sixth epoch on 0.9, weight cost 0.0002.
		Pretrain: fewlabels.Pretraining{Init: blocks.Gaussian(0.01), CD: 1, Train: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), L2: 0.0002,
				Momentum: train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 5, Value: 0.9}}}},
			Epochs: 10, Batch: 100}},
		Training: fewlabels.Training{
			Train: train.Recipe{Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 0.001, Linear: true}}, Epochs: 10, Batch: 50},
			Steps: 1000, LeastEpoch: 5000, Rates: []float64{0.003, 0.01, 0.03},
		},
	}
	smoke := lecture
	smoke.Labels, smoke.Width, smoke.Layers, smoke.Images = []int{100, 1000}, 50, []int{30, 30}, 1000
	smoke.Pretrain.Train.Epochs, smoke.Train.Epochs, smoke.Steps, smoke.LeastEpoch, smoke.Rates = 5, 2, 100, 1000, []float64{0.005}

	// The sizes are those of yell's Boltzmann machines, whose numbers stand beside ours.
	// They pretrain 120 epochs of CD-1 in batches of 10 at rate 0.05; these are batches of
	// 100 and fewer epochs, so that five seeds take an hour. They fine-tune pretrained and
	// random weights at different rates and stop early; here both choose from one grid of
	// rates, which fall to 0. They learn from 60,000 images, here 10,000 of them validate.
	paper := lecture
	paper.Width, paper.Layers = 1024, []int{512, 1024}
	paper.Pretrain.Train.Epochs = 30
	paper.Train.Epochs, paper.Steps = 20, 2000
	paper.Rates = []float64{0.001, 0.003, 0.01, 0.03}
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Pairs, "pairs", "comma-separated `list` of pairs of networks: "+strings.Join(pairNames(), ", "), func(s string) (string, error) { return s, nil })
	lab.ListFlag(fs, &r.Labels, "labels", "comma-separated `list` of numbers of labelled images, balanced over the classes", strconv.Atoi)
	fs.IntVar(&r.Width, "width", r.Width, "hidden `units` of pair rbm")
	lab.ListFlag(fs, &r.Layers, "layers", "comma-separated `list` of hidden units of pair dbn, from the input up", strconv.Atoi)
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images for pretraining without labels; 0 for all")
	fs.IntVar(&r.Pretrain.Train.Epochs, "pretrain-epochs", r.Pretrain.Train.Epochs, "`epochs` a layer of pretraining")
	fs.IntVar(&r.Pretrain.CD, "cd", r.Pretrain.CD, "Gibbs `steps` of contrastive divergence")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "least number of `passes` through the labelled images")
	fs.IntVar(&r.Steps, "steps", r.Steps, "least number of `steps` of a network")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step")
	fs.StringVar(&r.Train.Optimizer.Kind, "optimizer", r.Train.Optimizer.Kind, "optimizer by `name`: "+strings.Join(train.Optimizers(), ", "))
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the learning rates tried for every network and number of labels", lab.ParseNumber)
}

// Bounds of the networks, so that a wrong figure is refused before it exhausts the memory.
const (
	maxWidth = 2000
	maxDepth = 5
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Pairs) == 0 {
		return fmt.Errorf("want at least one pair of %s", strings.Join(pairNames(), ", "))
	}
	for _, p := range r.Pairs {
		if !slices.Contains(pairNames(), p) {
			return fmt.Errorf("pair %q is unknown, want %s", p, strings.Join(pairNames(), ", "))
		}
	}
	if err := lab.Unique("pair", r.Pairs); err != nil {
		return err
	}
	if r.Width < 1 || r.Width > maxWidth {
		return fmt.Errorf("want width of 1 to %d units, got %d", maxWidth, r.Width)
	}
	if len(r.Layers) < 2 || len(r.Layers) > maxDepth || slices.Min(r.Layers) < 1 || slices.Max(r.Layers) > maxWidth {
		return fmt.Errorf("want 2 to %d layers of 1 to %d units, got %v", maxDepth, maxWidth, r.Layers)
	}
	if r.Images < 0 || r.Images > fewlabels.MaxImages {
		return fmt.Errorf("want images of 0 to %d, got %d", fewlabels.MaxImages, r.Images)
	}
	if err := r.Pretrain.Check(); err != nil {
		return err
	}
	if err := fewlabels.CheckLabels(r.Labels); err != nil {
		return err
	}
	return r.Training.Check(r.Labels)
}

// most is the largest number of labels.
func (r Recipe) most() int { return r.Labels[len(r.Labels)-1] }

// least is the smallest number of labels.
func (r Recipe) least() int { return r.Labels[0] }
