package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's: one network and one training, regularised by each method.
//
// A method has levels, from mild to strong: those of dropout are the pairs of InputDrops
// and HiddenDrops, and so on; all lists are of one length, so that no method is tried more
// often than another. All levels are tried with the fewest images, and the one of the
// smallest validation error is used with more. The methods together have as many: each is
// at the level chosen for it alone, but for dropout, of which all are tried again.
type Recipe struct {
	// Hidden layers from the input up, by their units, and their activation.
	Hidden     []int             `json:"hidden"`
	Activation blocks.Activation `json:"activation"`
	// Images are the numbers of training images, balanced over the classes, in rising
	// order, and Epochs those of the training on each.
	Images []int `json:"images"`
	Epochs []int `json:"epochs"`
	// Validation is how many validation images are looked at after each epoch, by which
	// early stopping judges. Levels are chosen on all of them.
	Validation int `json:"validation"`
	// Train is the training of all networks: optimiser and batch.
	Train train.Recipe `json:"train"`
	// InputDrops and HiddenDrops are the probabilities of dropping inputs and hidden units.
	InputDrops  []float64 `json:"input_drops"`
	HiddenDrops []float64 `json:"hidden_drops"`
	// L1 and L2 are λ of the penalties λ Σ|w| and (λ/2) Σw² with the fewest images. With n
	// times as many it is λ/n: the penalty is a prior, which counts once whatever the
	// number of examples, and the loss is their mean.
	L1 []float64 `json:"l1"`
	L2 []float64 `json:"l2"`
	// Patience of early stopping, as the share of all steps that are taken at least.
	Patience []float64 `json:"patience"`
	// Augment changes the images.
	Augment []datasets.Augmentation `json:"augment"`
	// Colors are the greatest random offsets of the channels of coloured digits, on as many
	// training images as ColorImages, in ColorEpochs.
	Colors      []float64 `json:"colors"`
	ColorImages int       `json:"color_images"`
	ColorEpochs int       `json:"color_epochs"`
	// ColorTest is the number of coloured test images; 0 for as many as there are test
	// images.
	ColorTest int `json:"color_test,omitempty"`
	// Masks are the numbers of dropped networks that are averaged, in rising order, and
	// MaskImages the test images on which they are.
	Masks      []int `json:"masks"`
	MaskImages int   `json:"mask_images"`
}

// presets are the recipes by name. The lecture's network has enough weights to learn
// 50,000 images by heart; the paper's is that of Hinton et al. 2012, "Improving neural
// networks by preventing co-adaptation of feature detectors", by today's optimiser.
func presets() map[string]Recipe {
	lecture := Recipe{
		Hidden: []int{200, 200}, Activation: blocks.ReLU(),
		Images: []int{1000, 10_000, 50_000}, Epochs: []int{60, 8, 4}, Validation: 1000,
		Train:      train.Recipe{Optimizer: train.Optimizer{Kind: "adam", Rate: train.Constant(0.001)}, Batch: 50},
		InputDrops: []float64{0, 0.1, 0.2}, HiddenDrops: []float64{0.25, 0.4, 0.5},
		L1: []float64{3e-6, 1e-5, 3e-5}, L2: []float64{1e-4, 3e-4, 1e-3},
		Patience: []float64{0.4, 0.2, 0.1},
		Augment:  []datasets.Augmentation{{Shift: 1, Rotation: 5, Elastic: 10}, {Shift: 1, Rotation: 10, Elastic: 20}, {Shift: 2, Rotation: 15, Elastic: 34}},
		Colors:   []float64{0.2, 0.4, 0.8}, ColorImages: 1000, ColorEpochs: 30,
		Masks: []int{1, 2, 5, 10, 20, 50, 100}, MaskImages: 10_000,
	}
	smoke := lecture
	smoke.Hidden, smoke.Images, smoke.Epochs, smoke.Validation = []int{40, 40}, []int{200, 1000}, []int{10, 4}, 200
	for _, list := range []*[]float64{&smoke.InputDrops, &smoke.HiddenDrops, &smoke.L1, &smoke.L2, &smoke.Patience, &smoke.Colors} {
		*list = (*list)[:2]
	}
	smoke.Augment = smoke.Augment[:2]
	smoke.ColorImages, smoke.ColorEpochs, smoke.ColorTest = 200, 5, 1000
	smoke.Masks, smoke.MaskImages = []int{1, 2, 5}, 500
	paper := lecture
	paper.Hidden, paper.Train.Batch = []int{800, 800}, 100
	paper.Epochs, paper.ColorEpochs, paper.Validation = []int{1000, 300, 100}, 300, 10_000
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	whole := func(to *[]int, name, usage string) { lab.ListFlag(fs, to, name, usage, strconv.Atoi) }
	numbers := func(to *[]float64, name, usage string) {
		lab.ListFlag(fs, to, name, usage, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	}
	whole(&r.Hidden, "layers", "comma-separated `list` of the hidden layers' units")
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	whole(&r.Images, "images", "comma-separated `list` of numbers of training images, balanced over the classes")
	whole(&r.Epochs, "epochs", "comma-separated `list` of epochs, one for each of -images")
	fs.IntVar(&r.Validation, "validation", r.Validation, "`number` of validation images that are looked at after each epoch")
	fs.IntVar(&r.Train.Batch, "batch", r.Train.Batch, "`examples` a step")
	fs.StringVar(&r.Train.Optimizer.Kind, "optimizer", r.Train.Optimizer.Kind, "optimiser, by `name`: "+strings.Join(train.Optimizers(), ", "))
	fs.Float64Var(&r.Train.Optimizer.Rate.Start, "lr", r.Train.Optimizer.Rate.Start, "learning `rate`")
	numbers(&r.InputDrops, "dropout-input", "comma-separated `list` of probabilities of dropping an input, a level each")
	numbers(&r.HiddenDrops, "dropout", "comma-separated `list` of probabilities of dropping a hidden unit, a level each")
	numbers(&r.L1, "l1", "comma-separated `list` of λ of L1 with the fewest images, a level each")
	numbers(&r.L2, "l2", "comma-separated `list` of λ of L2 with the fewest images, a level each")
	numbers(&r.Patience, "patience", "comma-separated `list` of the least shares of all steps before early stopping, a level each")
	lab.ListFlag(fs, &r.Augment, "augment", "comma-separated `list` of shift:rotation:elastic, in pixels, degrees and α, a level each", parseAugmentation)
	numbers(&r.Colors, "color", "comma-separated `list` of the greatest random RGB offsets, a level each")
	fs.IntVar(&r.ColorImages, "color-images", r.ColorImages, "`number` of coloured training images")
	fs.IntVar(&r.ColorEpochs, "color-epochs", r.ColorEpochs, "`epochs` on coloured images")
	fs.IntVar(&r.ColorTest, "color-test", r.ColorTest, "`number` of coloured test images; 0 for as many as there are test images")
	whole(&r.Masks, "masks", "comma-separated `list` of numbers of dropped networks that are averaged")
	fs.IntVar(&r.MaskImages, "mask-images", r.MaskImages, "`number` of test images on which they are")
}

func parseAugmentation(s string) (a datasets.Augmentation, err error) {
	parts := strings.Split(s, ":")
	if len(parts) == 3 {
		if a.Shift, err = strconv.Atoi(parts[0]); err == nil {
			if a.Rotation, err = strconv.ParseFloat(parts[1], 64); err == nil {
				a.Elastic, err = strconv.ParseFloat(parts[2], 64)
			}
		}
	}
	if err != nil || len(parts) != 3 {
		return a, fmt.Errorf("want shift:rotation:elastic such as 2:15:34, got %q", s)
	}
	return a, nil
}
