package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// Names of the networks for people, and the files of the figures.
const (
	deepPretrained = "pretrained"
	deepUntrained  = "random first weights"
	deepLinear     = "principal components"

	deepCurveFigure = "deep_squared_error.svg"
	deepSheetFigure = "deep_reconstructions.png"
	deepMapFigure   = "deep_map.svg"
	deepPCAFigure   = "deep_map_pca.svg"
)

func (x *deepRunner) report() error {
	if err := x.metrics(context.Background()); err != nil {
		return err
	}
	x.summary()
	for _, part := range []func() error{x.curves, x.sheet, x.maps} {
		if err := part(); err != nil {
			return err
		}
	}
	if len(x.Seeds) >= lab.MinSeeds {
		x.claims()
	}
	return nil
}

// metrics are squared errors per test image, deep.pretrained.test_squared_error and so on;
// for codes of two numbers, deep.plane and deep.plane_pca, also neighbour_error, the part
// of the test images whose nearest neighbour by code is of another class. No numbers where
// the training diverged. The test set is read here alone, by networks whose settings no
// longer change.
func (x *deepRunner) metrics(ctx context.Context) error {
	for i, seed := range x.Seeds {
		for _, s := range deepKinds(x.recipe, seed) {
			squared, err := math.NaN(), error(nil)
			if o := x.by[s]; !o.Diverged {
				if squared, err = o.test(ctx, x.Compiler, x.data.Test); err != nil {
					return err
				}
			}
			x.Metric("deep."+s.metric()+".test_squared_error", seed, squared)
		}
		pca := x.componentsOf(i)
		x.Metric("deep.pca.test_squared_error", seed, pca.squaredError(x.data.Test, x.recipe.Code))
		x.Metric("deep.plane_pca.test_squared_error", seed, pca.squaredError(x.data.Test, deepPlane))

		points, err := x.points(seed)
		if err != nil {
			return err
		}
		wrong := math.NaN()
		if o := x.by[deepSpec{deepPlane, true, seed}]; !o.Diverged {
			codes, err := o.codes(points)
			if err != nil {
				return err
			}
			wrong = deepNeighbours(codes, points.Labels)
		}
		x.Metric("deep.plane.neighbour_error", seed, wrong)
		x.Metric("deep.plane_pca.neighbour_error", seed, deepNeighbours(pca.points(points), points.Labels))
	}
	return nil
}

// metric is the name of the network in metrics.
func (s deepSpec) metric() string {
	switch {
	case s.code == deepPlane:
		return "plane"
	case s.pretrained:
		return "pretrained"
	}
	return "random"
}

// summary is the table of the test errors.
func (x *deepRunner) summary() {
	d := x.recipe
	images := fmt.Sprintf("%d training images", x.images[0].Len())
	if d.AllImages {
		images += ", those of the validation set among them"
	}
	x.Section("Deep autoencoder against principal components",
		fmt.Sprintf("An encoder of %s sigmoid units and %d linear ones, the code, and a decoder that mirrors it (Hinton & Salakhutdinov 2006), on %s. ", deepText(d.Layers), d.Code, images)+
			"It is pretrained as a stack of RBMs, each on the code of the one below, unrolled, and trained as a whole by cross-entropy; beside it the same network from random first weights, "+
			"trained as a whole for as many epochs: what pretraining takes comes on top. "+
			"Principal components are the best that a linear map to as many numbers and back can do. The squared error is the sum over an image's pixels, in [0,1].")
	row := func(name, metric string, numbers int, published string) []string {
		return []string{name, fmt.Sprint(numbers), lab.Summary(x.Values("deep." + metric + ".test_squared_error")), published}
	}
	x.Table("Squared error per test image", []string{"", "numbers", "test images", "Hinton & Salakhutdinov 2006, MNIST"}, [][]string{
		row("autoencoder, "+deepPretrained, "pretrained", d.Code, "3.00 (1000-500-250-30)"),
		row("autoencoder, "+deepUntrained, "random", d.Code, ""),
		row(deepLinear, "pca", d.Code, "13.87 (30)"),
		row("autoencoder, "+deepPretrained, "plane", deepPlane, ""),
		row(deepLinear, "plane_pca", deepPlane, ""),
	})
}

// deepText is 1000-500-250.
func deepText(layers []int) string {
	var parts []string
	for _, units := range layers {
		parts = append(parts, fmt.Sprint(units))
	}
	return strings.Join(parts, "-")
}

// curves shows the squared error against the epochs of the joint training.
func (x *deepRunner) curves() error {
	of, what := "validation", "validation images after each epoch"
	if x.recipe.AllImages {
		of, what = "training", "training images during each epoch"
	}
	lines := figure.Lines{XLabel: "epoch of the whole network", YLabel: of + " squared error per image", LogY: true, Colors: deepColors()}
	var levels [][]float64
	for _, k := range []struct {
		name       string
		pretrained bool
	}{{deepPretrained, true}, {deepUntrained, false}} {
		var histories []*train.History
		for _, o := range x.kind(x.recipe.Code, k.pretrained) {
			histories = append(histories, o.Last())
		}
		if len(histories) == 0 {
			continue // all diverged
		}
		lines.Series = append(lines.Series, trial.Curve(k.name, histories, func(e train.Epoch) float64 {
			if x.recipe.AllImages {
				return trial.Value(e.Train, "reconstruction")
			}
			return trial.Value(e.Validation, "reconstruction")
		}))
	}
	measured := x.data.Validation
	for i := range x.Seeds {
		if x.recipe.AllImages {
			measured = x.of(i)
		}
		level := x.componentsOf(i).squaredError(measured, x.recipe.Code)
		levels = append(levels, []float64{level, level})
	}
	lines.Series = append(lines.Series, figure.Series{Name: deepLinear, X: []float64{1, float64(max(2, x.recipe.FineTune.Epochs))}, Y: levels})
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	x.Figure(deepCurveFigure, "Deep autoencoder: squared error by epoch", strings.TrimSpace(fmt.Sprintf(
		"Squared error of the %s, with codes of %d numbers. %s", what, x.recipe.Code, lines.Spread())), svg)
	return nil
}

func deepColors() figure.Colors { return figure.NewColors(deepPretrained, deepUntrained, deepLinear) }

// claims judges the test errors.
func (x *deepRunner) claims() {
	paper, maps := "Hinton & Salakhutdinov 2006: ", deepMapFigure
	if x.by[deepSpec{deepPlane, true, x.Seeds[0]}].Diverged {
		maps = "" // there is nothing to draw
	}
	x.Compare(lab.Comparison{
		Section: "2.3", Claim: paper + fmt.Sprintf("a deep autoencoder with a code of %d numbers reconstructs digits better than %d principal components.", x.recipe.Code, x.recipe.Code),
		What: "squared error per test image", Figure: deepSheetFigure,
		A: "deep autoencoder", MetricA: "deep.pretrained.test_squared_error", B: deepLinear, MetricB: "deep.pca.test_squared_error",
	})
	x.Compare(lab.Comparison{
		Section: "3.2", Claim: paper + "pretrained layer by layer, a deep autoencoder ends with a smaller error than from random first weights, trained as a whole for as many epochs.",
		What: "squared error per test image", Figure: deepCurveFigure,
		A: deepPretrained, MetricA: "deep.pretrained.test_squared_error", B: deepUntrained, MetricB: "deep.random.test_squared_error",
	})
	x.Compare(lab.Comparison{
		Section: "2.3", Claim: paper + "codes of two numbers tell the classes apart better than two principal components.",
		What: fmt.Sprintf("of %d test images, those whose nearest neighbour is of another class (%%)", x.recipe.Points), Scale: 100, Figure: maps,
		A: "deep autoencoder", MetricA: "deep.plane.neighbour_error", B: deepLinear, MetricB: "deep.plane_pca.neighbour_error",
	})
}
