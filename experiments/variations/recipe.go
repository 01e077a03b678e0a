package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/lab"
)

// Recipe is the experiment's: sets, methods, and a search that is the same for all.
type Recipe struct {
	// Sets and Methods are those compared, of setNames and methods.
	Sets    []string `json:"sets"`
	Methods []string `json:"methods"`
	// Train, Validation and Test are the most images of each part of a set; 0 for as many
	// as were published.
	Train      int `json:"train,omitempty"`
	Validation int `json:"validation,omitempty"`
	Test       int `json:"test,omitempty"`
	// Draws is how many points of Space are tried for every set and method, with 1/Short
	// of the epochs. The Keep best are trained once more, with all of them.
	Draws int   `json:"draws"`
	Keep  int   `json:"keep"`
	Short int   `json:"short"`
	Space Space `json:"space"`
	// Epochs is how often fine-tuning, and the perceptron's training, passes through the
	// images of the largest set: see largest. The parameters of the epoch with the
	// smallest validation error are kept.
	Epochs int `json:"epochs"`
	// Batch is the number of images a step, in pretraining too.
	Batch int `json:"batch"`
}

// Space is what is searched: see draw.
type Space struct {
	Depths []int `json:"depths"`
	Widths []int `json:"widths"`
	// Rates and PretrainRates are the least and the greatest rate.
	Rates          []float64 `json:"rates"`
	PretrainRates  []float64 `json:"pretrain_rates"`
	PretrainEpochs []int     `json:"pretrain_epochs"` // of the largest set, as Epochs
	Corruptions    []float64 `json:"corruptions"`
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	// The published search (Vincent et al. 2010, Table 2) is a grid: 1 to 3 layers of 1000
	// to 3000 units, 5 to 300 epochs a layer at rates of 5e-6 to 0.1, fine-tuning at
	// rates of 0.0005 to 0.2 without momentum, and masking noise of 0, 10, 25 or 40 %;
	// their table is of 3 layers. Ours differs to fit into an hour and three quarters on two
	// processors: narrower layers, batches of 20, fewer epochs, and therefore a momentum
	// of 0.9 and a rate that falls to 0 in fine-tuning; some draws of the space in place of
	// the grid, of which most are trained for a quarter of the epochs only.
	paper := Recipe{
		Sets: setNames(), Methods: methods(), Draws: 8, Keep: 2, Short: 4,
		Space: Space{
			Depths: []int{1, 2, 3}, Widths: []int{500, 1000},
			Rates: []float64{0.01, 0.3}, PretrainRates: []float64{0.01, 0.2}, PretrainEpochs: []int{10, 20, 40},
			Corruptions: []float64{0.1, 0.25, 0.4},
		},
		Epochs: 40, Batch: 20,
	}
	lecture := paper
	lecture.Train, lecture.Validation, lecture.Test = 3000, 1000, 10_000
	lecture.Draws, lecture.Keep, lecture.Short = 6, 2, 3
	lecture.Space.Widths, lecture.Space.PretrainEpochs = []int{100, 200}, []int{10, 20, 30}
	lecture.Epochs = 20
	smoke := lecture
	smoke.Sets = []string{"mnist-back-rand", "rectangles"}
	smoke.Train, smoke.Validation, smoke.Test = 500, 200, 500
	smoke.Draws, smoke.Keep, smoke.Short = 3, 1, 2
	smoke.Space.Widths, smoke.Space.PretrainEpochs, smoke.Epochs = []int{30, 50}, []int{2, 4}, 4
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	name := func(s string) (string, error) { return s, nil }
	lab.ListFlag(fs, &r.Sets, "sets", "comma-separated `list` of generated sets, those of digits made of MNIST: "+strings.Join(setNames(), ", "), name)
	lab.ListFlag(fs, &r.Methods, "methods", "comma-separated `list` of methods: "+strings.Join(methods(), ", "), name)
	fs.IntVar(&r.Train, "train", r.Train, "most training `images` of a set; 0 for as many as were published")
	fs.IntVar(&r.Validation, "validation", r.Validation, "most validation `images` of a set; 0 for as many as were published")
	fs.IntVar(&r.Test, "test", r.Test, "most test `images` of a set; 0 for as many as were published")
	fs.IntVar(&r.Draws, "draws", r.Draws, "`number` of draws of hyperparameters that are tried for every set and method")
	fs.IntVar(&r.Keep, "keep", r.Keep, "`number` of the best draws that are trained with all epochs")
	fs.IntVar(&r.Short, "short", r.Short, "`divisor` of the epochs with which all draws are tried")
	lab.ListFlag(fs, &r.Space.Depths, "depths", "comma-separated `list` of numbers of hidden layers to draw from", strconv.Atoi)
	lab.ListFlag(fs, &r.Space.Widths, "widths", "comma-separated `list` of numbers of units a layer to draw from", strconv.Atoi)
	lab.ListFlag(fs, &r.Space.Rates, "rates", "least and greatest learning `rate` of fine-tuning to draw from", lab.ParseNumber)
	lab.ListFlag(fs, &r.Space.PretrainRates, "pretrain-rates", "least and greatest learning `rate` of pretraining to draw from", lab.ParseNumber)
	lab.ListFlag(fs, &r.Space.PretrainEpochs, "pretrain-epochs", "comma-separated `list` of epochs a layer of pretraining to draw from; smaller sets than the largest have more, for as many steps", strconv.Atoi)
	lab.ListFlag(fs, &r.Space.Corruptions, "corruptions", "comma-separated `list` of shares of masked inputs of method sdae to draw from", lab.ParseNumber)
	fs.IntVar(&r.Epochs, "epochs", r.Epochs, "`epochs` of fine-tuning; smaller sets than the largest have more, for as many steps")
	fs.IntVar(&r.Batch, "batch", r.Batch, "`images` a step")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory, the
// disk or a checkpoint's record.
const (
	maxDraws  = 100
	maxDepth  = 5
	maxWidth  = 3000
	maxEpochs = 500 // ten times as many of the smallest set
	maxList   = 10  // values of a coordinate
	maxImages = publishedTest
	minImages = 20 // of a part: two of each class, about
	maxBatch  = 1000
	maxRate   = 1e38 // of the order of the largest float32
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	for _, list := range []struct {
		what        string
		given, have []string
	}{{"set", r.Sets, setNames()}, {"method", r.Methods, methods()}} {
		if len(list.given) == 0 {
			return fmt.Errorf("want at least one %s of %s", list.what, strings.Join(list.have, ", "))
		}
		for _, name := range list.given {
			if !slices.Contains(list.have, name) {
				return fmt.Errorf("%s %q is unknown, want %s", list.what, name, strings.Join(list.have, ", "))
			}
		}
		if err := lab.Unique(list.what, list.given); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name string
		n    int
	}{{"train", r.Train}, {"validation", r.Validation}, {"test", r.Test}} {
		if part.n != 0 && (part.n < minImages || part.n > maxImages) {
			return fmt.Errorf("want %s of 0 or %d to %d images, got %d", part.name, minImages, maxImages, part.n)
		}
	}
	if r.Draws < 1 || r.Draws > maxDraws || r.Keep < 1 || r.Keep > r.Draws || r.Short < 1 || r.Short > maxEpochs {
		return fmt.Errorf("want 1 to %d draws, keep of 1 to draws and short of 1 to %d, got %d, %d and %d", maxDraws, maxEpochs, r.Draws, r.Keep, r.Short)
	}
	if r.Epochs < 1 || r.Epochs > maxEpochs || r.Batch < 1 || r.Batch > maxBatch {
		return fmt.Errorf("want 1 to %d epochs and batches of 1 to %d, got %d and %d", maxEpochs, maxBatch, r.Epochs, r.Batch)
	}
	return r.Space.validate()
}

func (s Space) validate() error {
	for _, c := range []struct {
		name   string
		values []int
		most   int
	}{{"depths", s.Depths, maxDepth}, {"widths", s.Widths, maxWidth}, {"pretrain_epochs", s.PretrainEpochs, maxEpochs}} {
		if len(c.values) < 1 || len(c.values) > maxList || !lab.Rising(c.values) || c.values[0] < 1 || c.values[len(c.values)-1] > c.most {
			return fmt.Errorf("want %s of 1 to %d values in rising order, from 1 to %d, got %v", c.name, maxList, c.most, c.values)
		}
	}
	for _, c := range []struct {
		name string
		ends []float64
	}{{"rates", s.Rates}, {"pretrain_rates", s.PretrainRates}} {
		if len(c.ends) < 1 || len(c.ends) > 2 || !lab.Rising(c.ends) || !(c.ends[0] >= 1e-9 && c.ends[len(c.ends)-1] <= maxRate) {
			return fmt.Errorf("want %s of one rate or the least and the greatest, from 1e-9 to %g, got %v", c.name, float64(maxRate), c.ends)
		}
	}
	if c := s.Corruptions; len(c) < 1 || len(c) > maxList || !lab.Rising(c) || !(c[0] > 0 && c[len(c)-1] < 1) {
		return fmt.Errorf("want corruptions of 1 to %d shares in rising order, between 0 and 1, got %v", maxList, c)
	}
	return nil
}

// size is the number of images of a part: as published, or the most that the recipe
// wants.
func size(published, most int) int {
	if most == 0 {
		return published
	}
	return min(published, most)
}

// largest is the number of training images of the largest set there is, which Epochs and
// Space.PretrainEpochs count passes of. A smaller set is passed through so much oftener
// that all networks take the same number of steps.
func (r Recipe) largest() int {
	most := 0
	for _, f := range families() {
		most = max(most, size(f.train, r.Train))
	}
	return most
}
