package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/lab"
	"capas/models"
	"capas/train"
)

// Recipe is the experiment's.
type Recipe struct {
	Ring   Ring   `json:"ring"`
	Ahead  Ahead  `json:"ahead"`
	Digits Digits `json:"digits"`
}

// Ring is the learning of a ring of Gaussians by perceptrons with two hidden layers.
type Ring struct {
	// Variants are those of variants().
	Variants []string `json:"variants"`
	// Modes is the number of Gaussians, on a circle of radius 2, SD their standard deviation and
	// Points the number of examples.
	Modes  int     `json:"modes"`
	SD     float64 `json:"sd"`
	Points int     `json:"points"`
	// Code is the number of elements of a code, Units that of a hidden layer.
	Code  int `json:"code"`
	Units int `json:"units"`
	// Train is the training of all variants.
	Train train.Recipe `json:"train"`
	// R1 and Lipschitz are the factors of the gradient penalties, of the variants that have one.
	R1        float64 `json:"r1"`
	Lipschitz float64 `json:"lipschitz"`
	// Samples is the number of them that is judged.
	Samples int `json:"samples"`
}

// Ahead is the training of a perceptron that tells images from what another one makes, which
// stands still.
type Ahead struct {
	// Images is the number of them, an epoch of a few steps after which the generator's gradient is
	// measured.
	Images int `json:"images"`
	Epochs int `json:"epochs"`
}

// Digits is the learning of images.
type Digits struct {
	// Networks are those of networks().
	Networks []string `json:"networks"`
	// Images is how many training images are used; 0 for all.
	Images int `json:"images,omitempty"`
	// Code is the number of elements of a code.
	Code int `json:"code"`
	// Units are those of the perceptrons' hidden layers, from the code to the image; the
	// discriminator has them in the opposite order. Maps are those of the convolutional networks.
	Units []int `json:"units"`
	Maps  []int `json:"maps"`
	// Train is the training of all networks, but for the epochs: ConvEpochs are those of the
	// convolutional ones, Epochs those of the others.
	Train      train.Recipe `json:"train"`
	Epochs     int          `json:"epochs"`
	ConvEpochs int          `json:"conv_epochs"`
	// R1 and ConvR1 are the factors of the gradient penalty.
	R1     float64 `json:"r1"`
	ConvR1 float64 `json:"conv_r1"`
	// Classifier is the one that judges: a perceptron with one hidden layer of as many units.
	Classifier      train.Recipe `json:"classifier"`
	ClassifierUnits int          `json:"classifier_units"`
	// Samples is the number of them that is judged, Pairs that of pairs of codes of which ones
	// between are.
	Samples int `json:"samples"`
	Pairs   int `json:"pairs"`
}

// By which rules samples are judged. They stand in the report.
const (
	radius = 2 // of the ring
	// A sample is good if it is within so many standard deviations of a mode, and a mode is found
	// if so large a part of its fair share of the samples is good and there.
	goodWithin = 3
	foundShare = 0.25
	// The classifier is sure of an image to which it gives so large a probability, and a class is
	// covered if it is sure that so large a part of the samples is of it.
	surely  = 0.9
	covered = 0.02
)

// variants are the losses of the ring.
func variants() []string {
	return []string{"minimax", "non-saturating", "r1", "feature-matching", "wasserstein"}
}

// loss and penalty of a variant.
func (r Ring) loss(variant string) (models.GANLoss, models.GradientPenalty) {
	switch variant {
	case "minimax":
		return models.Minimax(), models.GradientPenalty{}
	case "r1":
		return models.NonSaturating(), models.GradientPenalty{R1: r.R1}
	case "feature-matching":
		return models.FeatureMatching(), models.GradientPenalty{}
	case "wasserstein":
		return models.Wasserstein(), models.GradientPenalty{Lipschitz: r.Lipschitz}
	}
	return models.NonSaturating(), models.GradientPenalty{}
}

// The networks that learn images.
const (
	perceptrons = "mlp"
	plain       = "mlp-plain" // without a gradient penalty
	dcgan       = "dcgan"
)

func networks() []string { return []string{perceptrons, plain, dcgan} }

// epochs and penalty of a network.
func (d Digits) epochs(network string) int {
	if network == dcgan {
		return d.ConvEpochs
	}
	return d.Epochs
}

func (d Digits) penalty(network string) models.GradientPenalty {
	return models.GradientPenalty{R1: map[string]float64{perceptrons: d.R1, dcgan: d.ConvR1}[network]}
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	// Momentum makes a game circle: β₁ is smaller than for a descent (Radford et al. 2016).
	adam := func(rate float64) train.Optimizer {
		return train.Optimizer{Kind: "adam", Rate: train.Constant(rate), Beta1: 0.5, Beta2: 0.99}
	}
	lecture := Recipe{
		Ring: Ring{
			Variants: variants(), Modes: 8, SD: 0.1, Points: 25_600, Code: 8, Units: 64,
			Train: train.Recipe{Optimizer: adam(2e-3), Epochs: 20, Batch: 128}, R1: 0.3, Lipschitz: 0.1, Samples: 2500,
		},
		Ahead: Ahead{Images: 640, Epochs: 40},
		Digits: Digits{
			Networks: networks(), Images: 25_600, Code: 32, Units: []int{128, 256}, Maps: []int{32, 16},
			Train: train.Recipe{Optimizer: adam(2e-3), Batch: 64}, Epochs: 6, ConvEpochs: 4, R1: 2, ConvR1: 0.2,
			Classifier:      train.Recipe{Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 2e-3, Linear: true}}, Epochs: 4, Batch: 100},
			ClassifierUnits: 256, Samples: 5000, Pairs: 500,
		},
	}
	smoke := lecture
	smoke.Ring.Points, smoke.Ring.Units, smoke.Ring.Train.Epochs, smoke.Ring.Samples = 640, 8, 2, 200
	smoke.Ahead = Ahead{Images: 130, Epochs: 3}
	smoke.Digits.Images, smoke.Digits.Code, smoke.Digits.Units, smoke.Digits.Maps = 256, 4, []int{8, 10}, []int{4, 2}
	smoke.Digits.Epochs, smoke.Digits.ConvEpochs = 2, 1
	smoke.Digits.Classifier.Epochs, smoke.Digits.ClassifierUnits, smoke.Digits.Samples, smoke.Digits.Pairs = 1, 10, 200, 20

	// Radford et al. 2016: batches of 128, Adam at 2·10⁻⁴, codes of 100 elements. Their networks are
	// for images of 64×64; these have two transposed convolutions, for images of 28×28.
	paper := lecture
	paper.Ring.Units, paper.Ring.Train.Epochs = 128, 100
	paper.Digits.Images, paper.Digits.Code, paper.Digits.Units, paper.Digits.Maps = 0, 100, []int{256, 512}, []int{64, 32}
	paper.Digits.Train = train.Recipe{Optimizer: adam(2e-4), Batch: 128}
	paper.Digits.Epochs, paper.Digits.ConvEpochs = 40, 15
	paper.Digits.Classifier.Epochs, paper.Digits.ClassifierUnits, paper.Digits.Samples, paper.Digits.Pairs = 10, 500, 10_000, 1000
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	word := func(s string) (string, error) { return s, nil }
	lab.ListFlag(fs, &r.Ring.Variants, "variants", "comma-separated `list` of the ring's losses: "+strings.Join(variants(), ", "), word)
	fs.IntVar(&r.Ring.Points, "points", r.Ring.Points, "`number` of examples on the ring")
	fs.IntVar(&r.Ring.Units, "ring-width", r.Ring.Units, "`units` of a hidden layer, of the ring's networks")
	fs.IntVar(&r.Ring.Train.Epochs, "ring-epochs", r.Ring.Train.Epochs, "`epochs` on the ring")
	fs.Float64Var(&r.Ring.Train.Optimizer.Rate.Start, "ring-lr", r.Ring.Train.Optimizer.Rate.Start, "learning `rate` on the ring")
	fs.Float64Var(&r.Ring.R1, "ring-r1", r.Ring.R1, "`factor` of the penalty r1 on the ring")
	fs.Float64Var(&r.Ring.Lipschitz, "lipschitz", r.Ring.Lipschitz, "`factor` of the penalty of the wasserstein loss")
	fs.IntVar(&r.Ahead.Epochs, "ahead-epochs", r.Ahead.Epochs, "`epochs` of the discriminator that is trained ahead")
	lab.ListFlag(fs, &r.Digits.Networks, "networks", "comma-separated `list` of the networks that learn images: "+strings.Join(networks(), ", "), word)
	fs.IntVar(&r.Digits.Images, "images", r.Digits.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.IntVar(&r.Digits.Code, "code", r.Digits.Code, "`elements` of a code")
	lab.ListFlag(fs, &r.Digits.Units, "layers", "comma-separated `list` of the perceptrons' hidden units, from the code to the image", strconv.Atoi)
	lab.ListFlag(fs, &r.Digits.Maps, "maps", "comma-separated `list` of the convolutional networks' maps, from the code to the image", strconv.Atoi)
	fs.IntVar(&r.Digits.Epochs, "epochs", r.Digits.Epochs, "`epochs` of the perceptrons")
	fs.IntVar(&r.Digits.ConvEpochs, "conv-epochs", r.Digits.ConvEpochs, "`epochs` of the convolutional networks")
	fs.IntVar(&r.Digits.Train.Batch, "batch", r.Digits.Train.Batch, "`images` a step")
	fs.Float64Var(&r.Digits.Train.Optimizer.Rate.Start, "lr", r.Digits.Train.Optimizer.Rate.Start, "learning `rate` of generators and discriminators of images")
	fs.Float64Var(&r.Digits.R1, "r1", r.Digits.R1, "`factor` of the perceptrons' gradient penalty")
	fs.Float64Var(&r.Digits.ConvR1, "conv-r1", r.Digits.ConvR1, "`factor` of the convolutional networks' gradient penalty")
	fs.IntVar(&r.Digits.Samples, "samples", r.Digits.Samples, "`number` of samples that are judged")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory or a
// checkpoint's record.
const (
	maxPoints  = 1 << 20
	maxUnits   = 4096
	maxMaps    = 512
	maxEpochs  = 1000
	maxSamples = 100_000
	maxPairs   = maxSamples / codesPerPair
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, x := range []struct {
		what         string
		values, from []string
	}{{"variant", r.Ring.Variants, variants()}, {"network", r.Digits.Networks, networks()}} {
		for _, v := range x.values {
			if !slices.Contains(x.from, v) {
				return fmt.Errorf("%s %q is unknown, want some of %s", x.what, v, strings.Join(x.from, ", "))
			}
		}
		if len(x.values) == 0 {
			return fmt.Errorf("want at least one %s of %s", x.what, strings.Join(x.from, ", "))
		}
		if err := lab.Unique(x.what, x.values); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		what            string
		value, min, max int
	}{
		{"modes on the ring", r.Ring.Modes, 2, 64}, {"points on the ring", r.Ring.Points, r.Ring.Modes, maxPoints},
		{"elements of the ring's codes", r.Ring.Code, 1, maxUnits}, {"ring_width", r.Ring.Units, 1, maxUnits},
		{"ring_epochs", r.Ring.Train.Epochs, 1, maxEpochs}, {"examples a step on the ring", r.Ring.Train.Batch, 2, r.Ring.Points},
		{"samples of the ring", r.Ring.Samples, 1, maxSamples},
		{"images ahead", r.Ahead.Images, 2, 10_000}, {"ahead_epochs", r.Ahead.Epochs, 1, maxEpochs},
		{"images (0 for all)", r.Digits.Images, 0, maxPoints}, {"elements of a code", r.Digits.Code, 1, maxUnits},
		{"hidden layers", len(r.Digits.Units), 1, 5}, {"numbers of maps", len(r.Digits.Maps), 1, 2},
		{"epochs", r.Digits.Epochs, 1, maxEpochs}, {"conv_epochs", r.Digits.ConvEpochs, 1, maxEpochs},
		{"images a step", r.Digits.Train.Batch, 2, 10_000}, {"classifier_units", r.Digits.ClassifierUnits, 1, maxUnits},
		{"epochs of the classifier", r.Digits.Classifier.Epochs, 1, maxEpochs}, {"samples", r.Digits.Samples, 2, maxSamples}, {"pairs", r.Digits.Pairs, 1, maxPairs},
	} {
		if x.value < x.min || x.value > x.max {
			return fmt.Errorf("want %s from %d to %d, got %d", x.what, x.min, x.max, x.value)
		}
	}
	for _, x := range []struct {
		what  string
		sizes []int
		max   int
	}{{"units", r.Digits.Units, maxUnits}, {"maps", r.Digits.Maps, maxMaps}} {
		if slices.Min(x.sizes) < 1 || slices.Max(x.sizes) > x.max {
			return fmt.Errorf("want layers of 1 to %d %s, got %v", x.max, x.what, x.sizes)
		}
	}
	if !(r.Ring.SD > 0 && r.Ring.SD <= 1) {
		return fmt.Errorf("want a standard deviation on the ring in (0,1], got %g", r.Ring.SD)
	}
	for _, p := range []models.GradientPenalty{{R1: r.Ring.R1, Lipschitz: r.Ring.Lipschitz}, {R1: r.Digits.R1}, {R1: r.Digits.ConvR1}} {
		if err := p.Check(); err != nil {
			return err
		}
	}
	for _, t := range []train.Recipe{r.Ring.Train, r.Digits.Train, r.Digits.Classifier} {
		if err := t.Check(); err != nil {
			return err
		}
	}
	return nil
}
