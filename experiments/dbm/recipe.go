package main

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's: one size of network, the trainings without labels, and one
// fine-tuning for all.
type Recipe struct {
	// Methods are those compared, of methods.
	Methods []string `json:"methods"`
	// Hidden are the numbers of units of the two hidden layers; the RBM has the first alone.
	Hidden []int `json:"hidden"`
	// Images is how many training images are used; 0 for all.
	Images int `json:"images,omitempty"`
	// All adds the validation images to the training images. Nothing is validated then: each
	// training ends with its last parameters.
	All bool `json:"all,omitempty"`
	// Init draws the weights of the machines.
	Init blocks.Initializer `json:"init"`
	// Greedy is the contrastive divergence, with CD Gibbs steps, by which the layers of all
	// machines are trained one after the other, layer l for GreedyEpochs[l] epochs.
	Greedy       train.Recipe `json:"greedy"`
	GreedyEpochs []int        `json:"greedy_epochs"`
	CD           int          `json:"cd"`
	// Joint is the training of the deep machine as a whole, by Updates mean-field updates and
	// Chains persistent chains that do Steps Gibbs steps a batch; and of the RBM, for which it
	// is persistent contrastive divergence.
	Joint   train.Recipe `json:"joint"`
	Updates int          `json:"updates"`
	Steps   int          `json:"steps"`
	Chains  int          `json:"chains"`
	// FineTune is the supervised training, the same for all but for its rate: that of each start
	// is its own of Rates, in the order of classifiers, or the only one there.
	FineTune train.Recipe `json:"fine_tune"`
	Rates    []float64    `json:"rates"`
	// DropInput and DropHidden are the probabilities of dropout in fine-tuning.
	DropInput  float64 `json:"drop_input,omitempty"`
	DropHidden float64 `json:"drop_hidden,omitempty"`
	// Temperatures and Runs of annealed importance sampling, and the number of test images of
	// which the likelihood is estimated; 0 for all.
	Temperatures int `json:"temperatures"`
	Runs         int `json:"runs"`
	Judged       int `json:"judged,omitempty"`
	// Shown are the numbers of Gibbs steps after which chains are shown, in rising order.
	Shown []int `json:"shown"`
}

// shownUpdates is how many times the recipe's mean-field updates are looked at.
const shownUpdates = 3

// presets are the recipes by name.
func presets() map[string]Recipe {
	rising := train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 5, Value: 0.9}}}
	// The layers' rate, momentum and weight cost are those of the paper's program. The joint rate
	// is the middle one of 0.01, 0.03 and 0.1, of which no one was the best for both machines on
	// binary validation images (seed 1: the deep machine's bound −104.9, −104.1 and −103.3 nats, the
	// RBM's likelihood −101.8, −102.3 and −103.0). The rates of fine-tuning are the best of 0.1, 0.3,
	// 0.5, 1 and, but for random weights, 2 for each start (seed 1, validation errors in the README).
	lecture := Recipe{
		Methods: methods(),
		Hidden:  []int{200, 400}, Images: 10_000, Init: blocks.Gaussian(0.01), CD: 1,
		Greedy: train.Recipe{Batch: 100, Optimizer: train.Optimizer{
			Kind: "momentum", Rate: train.Constant(0.05), Momentum: rising, L2: 0.001}},
		GreedyEpochs: []int{12, 12},
		Joint: train.Recipe{Batch: 100, Epochs: 12, Optimizer: train.Optimizer{
			Kind: "momentum", Rate: train.Schedule{Start: 0.03, Linear: true}, Momentum: train.Constant(0.5), L2: 0.0002}},
		Updates: 10, Steps: 5, Chains: 100,
		FineTune: train.Recipe{Batch: 100, Epochs: 15, Optimizer: train.Optimizer{
			Kind: "momentum", Rate: train.Schedule{Linear: true}, Momentum: train.Constant(0.9)}},
		Rates:        []float64{0.3, 1, 1, 1, 1},
		Temperatures: 3000, Runs: 100, Judged: 2000, Shown: []int{1, 10, 100, 1000},
	}
	smoke := lecture
	smoke.Hidden, smoke.Images, smoke.GreedyEpochs = []int{30, 40}, 1000, []int{2, 2}
	smoke.Joint.Epochs, smoke.FineTune.Epochs, smoke.Updates, smoke.Steps, smoke.Chains = 2, 2, 5, 2, 20
	smoke.Temperatures, smoke.Runs, smoke.Judged, smoke.Shown = 100, 20, 200, []int{1, 10}

	// Salakhutdinov & Hinton 2009, from their program: CD with 100 and 200 epochs for the layers,
	// 300 to 500 for the joint training at a rate of 0.001 that falls to a tenth, momentum 0.5 and
	// then 0.9, and 100 of conjugate gradients for the classifier. Here it is a third of these
	// epochs, at larger rates that fall to 0, so that the run takes an hour or so on two
	// processors; the visible biases start at the pixels' rates in place of 0; the labels, which
	// the program's machine also models, are left out; so is its sparsity; and the classifier is trained by gradient
	// descent with momentum. All 60,000 images are trained on, as in the paper.
	paper := lecture
	paper.Hidden, paper.Images, paper.All = []int{500, 1000}, 0, true
	paper.GreedyEpochs = []int{50, 50}
	paper.Joint.Epochs, paper.Joint.Optimizer.Rate.Start = 100, 0.02
	// Rate and dropout are those with the smallest validation error of nine tried for the deep machine
	// trained together (see the README), and are used for the other starts too, for which nothing was
	// tried at this size: a comparison with them is in its favour. The paper's classifier has no dropout.
	paper.FineTune.Epochs = 50
	paper.Rates, paper.FineTune.Optimizer.Momentum = []float64{0.5}, rising
	paper.DropInput, paper.DropHidden = 0.1, 0.2
	paper.Temperatures, paper.Judged = 20_000, 0
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Methods, "methods", "comma-separated `list` of what is trained: "+strings.Join(methods(), ", "), func(s string) (string, error) { return s, nil })
	lab.ListFlag(fs, &r.Hidden, "hidden", "comma-separated `units` of the two hidden layers", strconv.Atoi)
	lab.ListFlag(fs, &r.GreedyEpochs, "greedy-epochs", "comma-separated `epochs` of the two layers by themselves", strconv.Atoi)
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.BoolVar(&r.All, "all", r.All, "train on the validation images too, and validate nothing")
	fs.Float64Var(&r.Greedy.Optimizer.Rate.Start, "greedy-lr", r.Greedy.Optimizer.Rate.Start, "learning `rate` of the layers by themselves")
	fs.IntVar(&r.CD, "cd", r.CD, "Gibbs `steps` of contrastive divergence")
	fs.IntVar(&r.Joint.Epochs, "joint-epochs", r.Joint.Epochs, "`epochs` of the training of all layers together")
	fs.Float64Var(&r.Joint.Optimizer.Rate.Start, "joint-lr", r.Joint.Optimizer.Rate.Start, "learning `rate` of that training")
	fs.IntVar(&r.Updates, "updates", r.Updates, "mean-field `updates`")
	fs.IntVar(&r.Steps, "steps", r.Steps, "Gibbs `steps` of the persistent chains a batch")
	fs.IntVar(&r.Chains, "chains", r.Chains, "persistent `chains`")
	fs.IntVar(&r.FineTune.Epochs, "epochs", r.FineTune.Epochs, "`epochs` of fine-tuning")
	fs.IntVar(&r.FineTune.Batch, "batch", r.FineTune.Batch, "`examples` a step of fine-tuning")
	lab.ListFlag(fs, &r.Rates, "lr", "learning `rate` of fine-tuning, or comma-separated rates from each start: "+strings.Join(classifiers(), ", "), lab.ParseNumber)
	fs.Float64Var(&r.DropInput, "drop-input", r.DropInput, "`probability` of dropping an input in fine-tuning")
	fs.Float64Var(&r.DropHidden, "drop-hidden", r.DropHidden, "`probability` of dropping a hidden unit in fine-tuning")
	fs.IntVar(&r.Temperatures, "temperatures", r.Temperatures, "`steps` of annealed importance sampling")
	fs.IntVar(&r.Runs, "runs", r.Runs, "`chains` of annealed importance sampling")
	lab.ListFlag(fs, &r.Shown, "shown", "comma-separated `list` of the Gibbs steps after which chains are shown", strconv.Atoi)
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or a
// checkpoint's record.
const (
	maxUnits        = 10_000
	maxEpochs       = 5_000
	maxSteps        = 100 // of Gibbs sampling or mean field: each is a part of the graph
	maxChains       = 10_000
	maxTemperatures = 1_000_000
	maxShownSteps   = 1_000_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Methods) == 0 {
		return fmt.Errorf("want at least one method of %s", strings.Join(methods(), ", "))
	}
	for _, m := range r.Methods {
		if !slices.Contains(methods(), m) {
			return fmt.Errorf("method %q is unknown, want %s", m, strings.Join(methods(), ", "))
		}
	}
	if err := lab.Unique("method", r.Methods); err != nil {
		return err
	}
	if len(r.Hidden) != 2 || slices.Min(r.Hidden) < 1 || slices.Max(r.Hidden) > maxUnits {
		return fmt.Errorf("want two hidden layers of 1 to %d units, got %v", maxUnits, r.Hidden)
	}
	if r.Images < 0 || r.Judged < 0 {
		return fmt.Errorf("want images and judged of at least 0, got %d and %d", r.Images, r.Judged)
	}
	if len(r.GreedyEpochs) != 2 {
		return fmt.Errorf("want greedy_epochs of two layers, got %v", r.GreedyEpochs)
	}
	if epochs := append(slices.Clone(r.GreedyEpochs), r.Joint.Epochs, r.FineTune.Epochs); slices.Min(epochs) < 1 || slices.Max(epochs) > maxEpochs {
		return fmt.Errorf("want 1 to %d epochs of every stage, got %v", maxEpochs, epochs)
	}
	for _, x := range []struct {
		name      string
		got, most int
	}{
		{"cd", r.CD, maxSteps}, {"updates", r.Updates, maxSteps / shownUpdates}, {"steps", r.Steps, maxSteps},
		{"chains", r.Chains, maxChains}, {"temperatures", r.Temperatures, maxTemperatures}, {"runs", r.Runs, maxChains},
	} {
		if x.got < 1 || x.got > x.most {
			return fmt.Errorf("want %s of 1 to %d, got %d", x.name, x.most, x.got)
		}
	}
	if !(r.DropInput >= 0 && r.DropInput < 1 && r.DropHidden >= 0 && r.DropHidden < 1) {
		return fmt.Errorf("want drop_input and drop_hidden in [0,1), got %g and %g", r.DropInput, r.DropHidden)
	}
	if len(r.Shown) < 1 || len(r.Shown) > 10 || r.Shown[0] < 1 || !lab.Rising(r.Shown) || r.Shown[len(r.Shown)-1] > maxShownSteps {
		return fmt.Errorf("want 1 to 10 numbers of shown steps, in rising order, of 1 to %d, got %v", maxShownSteps, r.Shown)
	}
	if len(r.Rates) != 1 && len(r.Rates) != len(classifiers()) {
		return fmt.Errorf("want one rate of fine-tuning or %d, of %s, got %v", len(classifiers()), strings.Join(classifiers(), ", "), r.Rates)
	}
	trainings := map[string]train.Recipe{"greedy": r.layer(0), "joint": r.Joint}
	for _, name := range classifiers() {
		trainings["fine-tuning of "+name] = r.tuning(name)
	}
	for _, name := range slices.Sorted(maps.Keys(trainings)) {
		if err := trainings[name].Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// tuning is the fine-tuning from a start of classifiers.
func (r Recipe) tuning(start string) train.Recipe {
	t := r.FineTune
	t.Optimizer.Rate.Start = r.Rates[min(slices.Index(classifiers(), start), len(r.Rates)-1)]
	return t
}

// layer is the training of layer l by itself.
func (r Recipe) layer(l int) train.Recipe {
	t := r.Greedy
	t.Epochs = r.GreedyEpochs[l]
	return t
}
