package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/random"
	"capas/train"
)

// errorsFigure draws training and test errors of all methods with n images.
func (x *experimenter) errorsFigure(n int) error {
	chart := figure.Dots{YLabel: "error (%)", FromZero: true, Colors: figure.NewColors("test images", "training images")}
	for _, m := range methods() {
		for _, set := range []struct{ name, metric string }{{"training images", "train_error"}, {"test images", "test_error"}} {
			item := figure.Item{Category: m.label(), Name: set.name}
			for _, v := range x.values(m, n, set.metric) {
				item.Values = append(item.Values, 100*v)
			}
			chart.Items = append(chart.Items, item)
		}
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	x.Figure(fmt.Sprintf("errors_%d.svg", n), "Training and test error, "+thousands(n)+" training images", "A dot for each seed, mean and standard deviation.", svg)
	return nil
}

// byImages draws a metric against the number of training images.
func (x *experimenter) byImages(file, title, y, what string, log bool) error {
	chart := figure.Lines{XLabel: "training images", YLabel: y, LogX: true, LogY: log, FromZero: !log, Colors: colors()}
	for _, m := range methods() {
		s := figure.Series{Name: m.label()}
		for _, n := range x.Recipe.Images {
			s.X = append(s.X, float64(n))
		}
		for i := range x.Seeds {
			var row []float64
			for _, n := range x.Recipe.Images {
				row = append(row, 100*x.values(m, n, what)[i])
			}
			s.Y = append(s.Y, row)
		}
		chart.Series = append(chart.Series, s)
	}
	return x.lines(file, title, "", chart)
}

func (x *experimenter) lines(file, title, caption string, chart figure.Lines) error {
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	x.Figure(file, title, strings.TrimSpace(caption+" "+chart.Spread()), svg)
	return nil
}

// curves draws what validation gave after each epoch.
func (x *experimenter) curves(file, title, y string, images int, of func(train.Epoch) float64) error {
	chart := figure.Lines{XLabel: "epoch", YLabel: y, LogY: true, Colors: colors()}
	for _, m := range methods() {
		var histories []*train.History
		for _, seed := range x.Seeds {
			histories = append(histories, x.of(m, images, seed).history)
		}
		chart.Series = append(chart.Series, trial.Curve(m.label(), histories, of))
	}
	return x.lines(file, title, "Early stopping's curve ends with the first seed that stops.", chart)
}

// shownFilters are those of a sheet.
const shownFilters = 60

// dropoutSection shows what dropout does to the hidden units.
func (x *experimenter) dropoutSection() error {
	n := x.Recipe.middle()
	x.Section("Dropout and co-adaptation", "Dropout should keep units from relying on each other. Measured: the mean absolute correlation between the activations of two units "+
		fmt.Sprintf("of the first hidden layer over %s test images.", thousands(min(correlated, x.data.Test.Len()))))
	chart := figure.Dots{XLabel: "training images", YLabel: "mean |correlation| of hidden units", FromZero: true, Colors: colors()}
	for _, images := range x.Recipe.Images {
		for _, m := range []method{none, dropout} {
			chart.Items = append(chart.Items, figure.Item{Category: thousands(images), Name: m.label(), Values: x.values(m, images, "correlation")})
		}
	}
	if x.correlated() {
		svg, err := chart.SVG()
		if err != nil {
			return err
		}
		x.Figure("correlation.svg", "Correlation of hidden units with and without dropout", "A dot for each seed, mean and standard deviation.", svg)
	}
	for _, m := range []method{none, dropout} {
		net := x.of(m, n, x.Seeds[0]).net
		w := net.Layers[0].W.Value.Float32s()
		k := net.Layers[0].W.Value.Shape()[1]
		var tiles [][]float32
		for j := range min(shownFilters, k) {
			tile := make([]float32, 0, len(w)/k)
			for i := j; i < len(w); i += k {
				tile = append(tile, w[i])
			}
			tiles = append(tiles, tile)
		}
		sheet := figure.Sheet{Tiles: tiles, Height: x.data.Train.Height, Width: x.data.Train.Width, Columns: 10, Scale: 2, Palette: figure.Diverging}
		png, err := sheet.PNG()
		if err != nil {
			return err
		}
		x.Figure("filters_"+string(m)+".png", "First-layer weights, "+map[method]string{none: "without dropout", dropout: "with dropout"}[m],
			fmt.Sprintf("Seed %d, %s training images; orange positive, blue negative, each unit by its own largest weight.", x.Seeds[0], thousands(n)), png)
	}
	return nil
}

// correlated tells whether there is a correlation to draw: there is none where fewer than
// two units of every network ever change.
func (x *experimenter) correlated() bool {
	for _, n := range x.Recipe.Images {
		for _, m := range []method{none, dropout} {
			if slices.ContainsFunc(x.values(m, n, "correlation"), func(v float64) bool { return !math.IsNaN(v) }) {
				return true
			}
		}
	}
	return false
}

// masksSection compares scaled weights with averages over dropped networks.
func (x *experimenter) masksSection() error {
	r := x.Recipe
	x.Section("Scaled weights against an average of networks", fmt.Sprintf("Dropout trains as many networks as there are masks, which share weights. "+
		"After training one network with scaled weights stands for all of them. Compared with it is the average of the predictive distributions of k dropped networks, drawn anew for each of %s test images "+
		"(as in Srivastava et al. 2014, section 7.5); %s training images. Of k below %d, the mean over the groups into which %d networks are divided.",
		thousands(min(r.MaskImages, x.data.Test.Len())), thousands(r.middle()), r.Masks[len(r.Masks)-1], r.Masks[len(r.Masks)-1]),
		"The average is an arithmetic mean. What scaled weights stand for is the normalised geometric mean: in a network without hidden units they are exactly that of all masks (Hinton et al. 2012), in others nearly. "+
			"Where the arithmetic mean lies elsewhere, as the distributions of dropped networks differ much, the geometric one of the same draws tells whether that is the reason.")
	var rows [][]string
	for _, c := range []struct{ name, metric string }{
		{"scaled weights", "scaled"}, {fmt.Sprintf("geometric mean of %d", r.Masks[len(r.Masks)-1]), "geometric"}, {fmt.Sprintf("average of %d", r.Masks[len(r.Masks)-1]), fmt.Sprint(r.Masks[len(r.Masks)-1])},
	} {
		rows = append(rows, []string{c.name, percent(x.Values("masks." + c.metric + ".test_error")), lab.Summary(x.Values("masks." + c.metric + ".test_loss"))})
	}
	x.Table("One network for many", []string{"what predicts", "test error (%)", "test loss (nats)"}, rows)
	for _, c := range []struct {
		file, title, y, metric string
		scale                  float64
	}{
		{"masks_error.svg", "Test error of averages of dropped networks", "test error (%)", "test_error", 100},
		{"masks_loss.svg", "Test loss of averages of dropped networks", "test loss (nats)", "test_loss", 1},
	} {
		average, scaled := figure.Series{Name: "average of k dropped networks"}, figure.Series{Name: "scaled weights"}
		for i := range x.Seeds {
			var row, flat []float64
			for _, k := range r.Masks {
				if i == 0 {
					average.X = append(average.X, float64(k))
				}
				row = append(row, c.scale*x.Values(fmt.Sprintf("masks.%d.%s", k, c.metric))[i])
				flat = append(flat, c.scale*x.Values("masks.scaled." + c.metric)[i])
			}
			average.Y, scaled.Y = append(average.Y, row), append(scaled.Y, flat)
		}
		scaled.X = average.X
		chart := figure.Lines{XLabel: "networks averaged, k", YLabel: c.y, LogX: true, Series: []figure.Series{average, scaled}}
		if err := x.lines(c.file, c.title, "", chart); err != nil {
			return err
		}
	}
	return nil
}

// colorSection shows random RGB offsets.
func (x *experimenter) colorSection() error {
	r := x.Recipe
	x.Section("Random RGB values", fmt.Sprintf("Digits in a colour on a ground of another. In the %s training images both are red, green or blue, in the others of any hue. "+
		"The augmentation adds to each channel of a training image a random offset, another one in every epoch. Levels were chosen on %s validation images.",
		thousands(r.ColorImages), thousands(r.Validation)))
	chart := figure.Dots{YLabel: "error (%)", FromZero: true, Colors: figure.NewColors("unseen colours (test)", "training images")}
	for _, m := range []method{none, offsets} {
		for _, set := range []struct{ name, metric string }{{"training images", "train_error"}, {"unseen colours (test)", "test_error"}} {
			item := figure.Item{Category: m.label(), Name: set.name}
			for _, v := range x.Values("color." + string(m) + "." + set.metric) {
				item.Values = append(item.Values, 100*v)
			}
			chart.Items = append(chart.Items, item)
		}
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	x.Figure("color_errors.svg", "Error on coloured digits with and without random RGB offsets", "A dot for each seed, mean and standard deviation.", svg)
	png, err := x.colorSheet()
	if err != nil {
		return err
	}
	x.Figure("color_digits.png", "Coloured digits", "Rows: training images; the same, as the augmentation shows them; test images.", png)
	return nil
}

// colorSheet is a row of training images, of these with offsets, and of test images.
func (x *experimenter) colorSheet() ([]byte, error) {
	const columns = 10
	split := x.sets[x.Seeds[0]].color
	some, err := split.Train.Sample(min(columns, split.Train.Len()), nil)
	if err != nil {
		return nil, err
	}
	a := datasets.Augmentation{Color: x.Recipe.Colors[x.chosen[offsets]]}
	batches, err := datasets.NewBatches(some, some.Len(), datasets.BatchOptions{Order: random.New(x.Seeds[0]).Split("sheet"), Augment: &a})
	if err != nil {
		return nil, err
	}
	batches.Epoch()
	batch, _ := batches.Next()
	tiles, d := make([][]float32, 3*columns), some.Dim()
	for i, from := range batch.Index {
		tiles[from] = some.X.Float32s()[from*d : (from+1)*d]
		tiles[columns+from] = batch.X.Float32s()[i*d : (i+1)*d]
	}
	test, err := split.Test.Sample(min(columns, split.Test.Len()), nil)
	if err != nil {
		return nil, err
	}
	for i := range test.Len() {
		tiles[2*columns+i] = test.X.Float32s()[i*d : (i+1)*d]
	}
	return figure.Sheet{Tiles: tiles, Height: some.Height, Width: some.Width, Columns: columns, Color: true}.PNG()
}
