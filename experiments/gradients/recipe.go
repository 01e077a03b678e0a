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

// Recipe is the experiment's: a survey of untrained networks of every activation,
// initialisation and depth, and the training of some of them.
type Recipe struct {
	// Activations of the hidden units and Inits of all weights: the survey measures
	// every pair of them, at every one of Depths, the numbers of hidden layers.
	Activations []blocks.Activation  `json:"activations"`
	Inits       []blocks.Initializer `json:"inits"`
	Depths      []int                `json:"depths"`
	// Width is the number of units of each hidden layer.
	Width int `json:"width"`
	// Examples is how many validation images the layers are measured on, the same ones
	// for all networks and seeds; Glorot & Bengio took 300.
	Examples int `json:"examples"`
	// Networks are the pairs that are trained and drawn; those that the survey leaves
	// out are left out here too.
	Networks []Pair `json:"networks"`
	// TrainDepths are the depths at which they are trained.
	TrainDepths []int `json:"train_depths"`
	// TrainLast is how many layers, the output layer among them, are trained in the
	// network whose first layers stay as they were drawn.
	TrainLast int `json:"train_last"`
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	// Train is the training, by plain stochastic gradient descent.
	Train train.Recipe `json:"train"`
}

// Pair is an activation of the hidden units with an initialisation of the weights. In
// recipes and flags it is written as both names with a stroke, such as "tanh/xavier".
type Pair struct {
	Activation blocks.Activation
	Init       blocks.Initializer
}

// String is the pair's name.
func (p Pair) String() string { return p.Activation.String() + "/" + p.Init.String() }

// MarshalText is String.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String wrote.
func (p *Pair) UnmarshalText(text []byte) error {
	activation, init, ok := strings.Cut(string(text), "/")
	if !ok {
		return fmt.Errorf("network %q: want an activation and an initialisation, such as tanh/xavier", text)
	}
	if err := p.Activation.UnmarshalText([]byte(activation)); err != nil {
		return fmt.Errorf("network %q: %w", text, err)
	}
	if err := p.Init.UnmarshalText([]byte(init)); err != nil {
		return fmt.Errorf("network %q: %w", text, err)
	}
	return nil
}

// pairs are those of the survey.
func (r Recipe) pairs() []Pair {
	var out []Pair
	for _, f := range r.Activations {
		for _, i := range r.Inits {
			out = append(out, Pair{f, i})
		}
	}
	return out
}

// trained are the pairs that are trained.
func (r Recipe) trained() []Pair {
	var out []Pair
	for _, p := range r.Networks {
		if slices.Contains(r.pairs(), p) {
			out = append(out, p)
		}
	}
	return out
}

// drawn are the pairs in charts: those that are trained, or the first of the survey.
func (r Recipe) drawn() []Pair {
	if t := r.trained(); len(t) > 0 {
		return t[:min(len(t), maxDrawn)]
	}
	all := r.pairs()
	return all[:min(len(all), maxDrawn)]
}

func (r Recipe) deepest() int      { return slices.Max(r.Depths) }
func (r Recipe) trainDeepest() int { return slices.Max(r.TrainDepths) }

// presets are the recipes by name.
func presets() map[string]Recipe {
	sgd := func(rate float64, batch, epochs int) train.Recipe {
		return train.Recipe{Optimizer: train.SGD(rate), Batch: batch, Epochs: epochs}
	}
	lecture := Recipe{
		Activations: []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign(), blocks.ReLU(), blocks.LeakyReLU(0.01)},
		Inits: []blocks.Initializer{blocks.Gaussian(1), blocks.LeCun(), blocks.Uniform(), blocks.Xavier(), blocks.Glorot(), blocks.Glorot4(),
			blocks.He(), blocks.LectureReLU()},
		Depths: []int{2, 3, 4, 5, 6, 7, 8, 9, 10}, Width: 200, Examples: 300,
		Networks: []Pair{
			{blocks.Sigmoid(), blocks.LeCun()}, {blocks.Sigmoid(), blocks.Gaussian(1)}, {blocks.Sigmoid(), blocks.Glorot4()},
			{blocks.Tanh(), blocks.Uniform()}, {blocks.Tanh(), blocks.Xavier()}, {blocks.ReLU(), blocks.He()},
		},
		TrainDepths: []int{3, 5}, TrainLast: 2, Train: sgd(0.1, 100, 5),
	}

	smoke := lecture
	smoke.Activations = []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.ReLU()}
	smoke.Inits = []blocks.Initializer{blocks.Gaussian(1), blocks.LeCun(), blocks.Xavier(), blocks.He()}
	smoke.Depths, smoke.Width, smoke.Examples = []int{2, 4}, 50, 100
	smoke.Networks = []Pair{{blocks.Sigmoid(), blocks.LeCun()}, {blocks.Tanh(), blocks.Xavier()}, {blocks.ReLU(), blocks.He()}}
	smoke.TrainDepths, smoke.Images, smoke.Train = []int{3}, 2000, sgd(0.1, 100, 2)

	// Glorot & Bengio 2010: five hidden layers of 1000, gradient descent on batches of
	// 10, no momentum, with their "standard" initialisation and the normalised one. They
	// chose the rate for each network on a validation set; here it is one for all.
	paper := lecture
	paper.Activations = []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.Softsign()}
	paper.Inits = []blocks.Initializer{blocks.Uniform(), blocks.Glorot()}
	paper.Depths, paper.Width = []int{2, 3, 4, 5}, 1000
	paper.Networks = []Pair{
		{blocks.Sigmoid(), blocks.Uniform()}, {blocks.Tanh(), blocks.Uniform()}, {blocks.Tanh(), blocks.Glorot()},
		{blocks.Softsign(), blocks.Uniform()}, {blocks.Softsign(), blocks.Glorot()},
	}
	paper.TrainDepths, paper.Train = []int{5}, sgd(0.01, 10, 10)
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Activations, "activation", "comma-separated `list` of activations of the hidden units: "+strings.Join(blocks.Activations(), ", "), blocks.ParseActivation)
	lab.ListFlag(fs, &r.Inits, "init", "comma-separated `list` of initialisations: "+strings.Join(blocks.Initializers(), ", "), blocks.ParseInitializer)
	lab.ListFlag(fs, &r.Depths, "depth", "comma-separated `list` of numbers of hidden layers in the survey", strconv.Atoi)
	fs.IntVar(&r.Width, "width", r.Width, "`units` of every hidden layer")
	fs.IntVar(&r.Examples, "examples", r.Examples, "`number` of validation images that layers are measured on")
	lab.ListFlag(fs, &r.Networks, "networks", "comma-separated `list` of the networks that are trained, such as tanh/xavier; those that -activation and -init leave out are left out here too",
		func(s string) (p Pair, err error) { return p, p.UnmarshalText([]byte(s)) })
	lab.ListFlag(fs, &r.TrainDepths, "train-depth", "comma-separated `list` of numbers of hidden layers of the networks that are trained", strconv.Atoi)
	fs.IntVar(&r.TrainLast, "train-last", r.TrainLast, "how many `layers`, with the output layer, are trained where the first ones are frozen")
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Train.Epochs, "epochs", r.Train.Epochs, "`epochs` of training")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step")
	fs.Float64Var(&r.Train.Optimizer.Rate.Start, "lr", r.Train.Optimizer.Rate.Start, "learning `rate`")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	// maxDrawn pairs in a chart, so that lines and legend can be told apart.
	maxDrawn = 6
	// maxDepth is twice as deep as the lecture preset's survey.
	maxDepth = 20
	// maxWidth: 20 layers of so many units have 75 million weights, 300 MB.
	maxWidth = 2000
	// maxExamples of a measurement: the values of a layer are 80 MB of 2000 units.
	maxExamples = 10_000
	// maxEpochs of a training: an epoch leaves a record of up to 4 kB in checkpoints,
	// whose records are bounded by 8 MiB.
	maxEpochs = 1000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Activations) == 0 || len(r.Inits) == 0 {
		return fmt.Errorf("want at least one activation and one initialisation, got %d and %d", len(r.Activations), len(r.Inits))
	}
	if slices.Contains(r.Activations, blocks.Softmax()) {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if err := lab.Unique("activation", r.Activations); err != nil {
		return err
	}
	if err := lab.Unique("initialisation", r.Inits); err != nil {
		return err
	}
	if err := lab.Unique("network", r.Networks); err != nil {
		return err
	}
	for what, depths := range map[string][]int{"depths": r.Depths, "train_depths": r.TrainDepths} {
		if len(depths) == 0 || slices.Min(depths) < 2 || slices.Max(depths) > maxDepth {
			return fmt.Errorf("want %s of 2 to %d hidden layers, got %v", what, maxDepth, depths)
		}
		if err := lab.Unique("depth", depths); err != nil {
			return err
		}
	}
	if r.Width < 1 || r.Width > maxWidth {
		return fmt.Errorf("want 1 to %d units a layer, got %d", maxWidth, r.Width)
	}
	if r.Examples < 1 || r.Examples > maxExamples {
		return fmt.Errorf("want to measure on 1 to %d examples, got %d", maxExamples, r.Examples)
	}
	if least := slices.Min(r.TrainDepths); r.TrainLast < 1 || r.TrainLast > least {
		return fmt.Errorf("want train_last of 1 to %d, so that %d hidden layers leave one to freeze, got %d", least, least, r.TrainLast)
	}
	if r.Images < 0 || r.Train.Epochs < 1 || r.Train.Epochs > maxEpochs {
		return fmt.Errorf("want images of at least 0 and 1 to %d epochs, got %d and %d", maxEpochs, r.Images, r.Train.Epochs)
	}
	if r.Train.Optimizer.Kind != "sgd" {
		return fmt.Errorf("want the optimizer sgd, whose steps are the gradient times the rate, got %q", r.Train.Optimizer.Kind)
	}
	return r.Train.Check()
}
