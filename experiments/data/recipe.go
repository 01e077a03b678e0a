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

// Recipe is the experiment's: models, numbers of labels, one pretraining and one
// supervised training.
type Recipe struct {
	// Models are those compared, of those in modelNames.
	Models []string `json:"models"`
	// Labels are the numbers of labelled images, in rising order. As many others, at most
	// all there are, validate.
	Labels []int `json:"labels"`
	// Few of Labels is what counts as little data: where the good model is chosen that a
	// bad one with all data is to beat, and where single pretrained layers are tried.
	Few int `json:"few"`
	// Small is the number of units of model small, Width of each hidden layer of the others.
	Small int `json:"small"`
	Width int `json:"width"`
	// Images is how many training images pretraining sees, without labels; 0 for all.
	Images   int                   `json:"images,omitempty"`
	Pretrain fewlabels.Pretraining `json:"pretrain"`
	// Training is the supervised training of all networks.
	fewlabels.Training
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	lecture := Recipe{
		Models: modelNames(), Labels: []int{100, 300, 1000, 3000, 10_000, 50_000}, Few: 1000,
		Small: 30, Width: 200,
		// As in Hinton 2010, and in the experiment pretraining.
		Pretrain: fewlabels.Pretraining{Init: blocks.Gaussian(0.01), CD: 1, Train: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5), L2: 0.0002},
			Epochs:    5, Batch: 100}},
		Training: fewlabels.Training{
			Train: train.Recipe{Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 0.001, Linear: true}}, Epochs: 4, Batch: 50},
			Steps: 1000, LeastEpoch: 1000, Rates: []float64{0.001, 0.004, 0.016},
		},
	}
	smoke := lecture
	smoke.Labels, smoke.Few, smoke.Width = []int{50, 200, 1000}, 200, 50
	smoke.Images, smoke.Pretrain.Train.Epochs = 3000, 10
	smoke.Train.Epochs, smoke.Steps, smoke.Rates = 2, 100, []float64{0.005}
	paper := lecture
	paper.Width, paper.Pretrain.Train.Epochs, paper.Train.Epochs, paper.Steps = 500, 50, 20, 5000
	paper.Rates = []float64{0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01}
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	number := func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
	lab.ListFlag(fs, &r.Models, "models", "comma-separated `list` of models: "+strings.Join(modelNames(), ", "), func(s string) (string, error) { return s, nil })
	lab.ListFlag(fs, &r.Labels, "labels", "comma-separated `list` of numbers of labelled images, balanced over the classes", strconv.Atoi)
	fs.IntVar(&r.Few, "few", r.Few, "`number` of labels that counts as little, one of -labels")
	fs.IntVar(&r.Small, "small", r.Small, "hidden `units` of model small")
	fs.IntVar(&r.Width, "width", r.Width, "`units` of every hidden layer of the other models")
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images for pretraining without labels; 0 for all")
	fs.IntVar(&r.Pretrain.Train.Epochs, "pretrain-epochs", r.Pretrain.Train.Epochs, "`epochs` a layer of pretraining")
	fs.IntVar(&r.Pretrain.CD, "cd", r.Pretrain.CD, "Gibbs `steps` of contrastive divergence")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "least number of `passes` through the labelled images")
	fs.IntVar(&r.Steps, "steps", r.Steps, "least number of `steps` of a network")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step")
	fs.StringVar(&r.Train.Optimizer.Kind, "optimizer", r.Train.Optimizer.Kind, "optimizer by `name`: "+strings.Join(train.Optimizers(), ", "))
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the learning rates tried for every model and number of labels", number)
}

// maxWidth refuses a wrong figure before it exhausts the memory.
const maxWidth = 2000

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Models) == 0 {
		return fmt.Errorf("want at least one model of %s", strings.Join(modelNames(), ", "))
	}
	for _, m := range r.Models {
		if !slices.Contains(modelNames(), m) {
			return fmt.Errorf("model %q is unknown, want %s", m, strings.Join(modelNames(), ", "))
		}
	}
	if err := lab.Unique("model", r.Models); err != nil {
		return err
	}
	if r.Small < 1 || r.Small > maxWidth || r.Width < 1 || r.Width > maxWidth {
		return fmt.Errorf("want small and width of 1 to %d units, got %d and %d", maxWidth, r.Small, r.Width)
	}
	if slices.Contains(r.Models, small) && r.Small >= r.Width { // charts would show two models of one name
		return fmt.Errorf("want model small to have fewer units than the others, got %d and %d", r.Small, r.Width)
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
	if !slices.Contains(r.Labels, r.Few) {
		return fmt.Errorf("want few, %d, among the labels %v", r.Few, r.Labels)
	}
	return r.Training.Check(r.Labels)
}

// most is the largest number of labels.
func (r Recipe) most() int { return r.Labels[len(r.Labels)-1] }

// least is the smallest number of labels.
func (r Recipe) least() int { return r.Labels[0] }
