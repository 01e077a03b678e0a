package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
)

// ring reports the ring of Gaussians.
func (r *reporter) ring() error {
	ring := r.Recipe.Ring
	var words []string
	for _, v := range ring.Variants {
		words = append(words, r.words(v))
	}
	r.Section("A ring of Gaussians", fmt.Sprintf("%d Gaussians of standard deviation %g on a circle of radius %d. Generator and discriminator are perceptrons with two hidden layers of %d leaky rectified units, codes have %d elements; "+
		"both learn by %s at a rate of %g, the discriminator first, in batches of %d. A sample is good if it is within %d standard deviations of a Gaussian, and a Gaussian is found if %g of its fair share of %d samples is good and there.",
		ring.Modes, ring.SD, radius, ring.Units, ring.Code, ring.Train.Optimizer.Kind, ring.Train.Optimizer.Rate.Start, ring.Train.Batch, goodWithin, foundShare, ring.Samples),
		"A penalty on the gradient ∂l/∂x of the discriminator's logit is a cost that has a gradient in it; its own gradient is that of a gradient. Losses: "+strings.Join(words, "; ")+".")
	var rows [][]string
	for _, v := range ring.Variants {
		modes, good := r.Values("ring."+v+".modes"), r.Values("ring."+v+".good")
		rows = append(rows, []string{v, list(modes), lab.Summary(lab.Scaled(good, 100))})
	}
	r.Table(fmt.Sprintf("Gaussians found, of %d, by seed; good samples in percent, mean ± standard deviation over seeds", ring.Modes), []string{"loss", "found", "good"}, rows)
	if err := r.dots(modesFigure, "Gaussians found", fmt.Sprintf("Of %d.", ring.Modes), figure.Dots{YLabel: "Gaussians found", FromZero: true, Colors: r.variants,
		Items: r.items(ring.Variants, func(v string) string { return "ring." + v + ".modes" }, 1)}); err != nil {
		return err
	}
	if err := r.dots(goodFigure, "Good samples", "", figure.Dots{YLabel: "good samples (%)", FromZero: true, Colors: r.variants,
		Items: r.items(ring.Variants, func(v string) string { return "ring." + v + ".good" }, 100)}); err != nil {
		return err
	}
	if err := r.ringSheet(); err != nil {
		return err
	}
	return r.ringLosses()
}

// ringSheet shows where samples are in the course of the training.
func (r *reporter) ringSheet() error {
	const side = 56
	var tiles [][]float32
	var pages []int
	for _, g := range r.rings {
		if g.seed != r.Seeds[0] {
			continue
		}
		pages = g.Album.Steps
		for p := range pages {
			tiles = append(tiles, tile(g.Album.Page(p).Float32s(), side))
		}
		final, err := trained(g.GAN)
		if err != nil {
			return err
		}
		tiles = append(tiles, tile(final.Float32s(), side))
	}
	set, err := r.Recipe.Ring.data(r.Seeds[0])
	if err != nil {
		return err
	}
	png, err := figure.Sheet{Tiles: tiles, Height: side, Width: side, Columns: len(pages) + 1, Scale: 2, Range: figure.UnitRange}.PNG()
	if err != nil {
		return err
	}
	r.Figure(ringFigure, "Samples of the same codes in the course of the training", fmt.Sprintf("A row for each loss: %s. Columns: after %s steps and at the end, after %d. %d samples; the brighter, the more there are. Seed %d.",
		join(r.Recipe.Ring.Variants), join(texts(pages)), steps(r.Recipe.Ring.Train, set), onRing, r.Seeds[0]), png)
	return nil
}

// ringLosses shows the discriminator's losses, but those of critics, which are of another kind.
func (r *reporter) ringLosses() error {
	chart := figure.Lines{XLabel: "step", YLabel: "loss of the discriminator (nats)", FromZero: true, Colors: r.variants}
	caption := "Where the samples cannot be told from the data it is log 4 = 1.386, the value of the game's equilibrium."
	for _, v := range r.Recipe.Ring.Variants {
		if v == "wasserstein" {
			caption += " A critic's loss (wasserstein) is no such number, and is left out."
			continue
		}
		s := figure.Series{Name: v}
		for _, g := range r.rings {
			if g.name == v {
				addTrace(&s, g.GAN, 0)
			}
		}
		chart.Series = append(chart.Series, s)
	}
	return r.lines(ringLossFigure, "The discriminator's loss by step", caption, chart)
}

// addTrace adds a column of a GAN's trace to a series.
func addTrace(s *figure.Series, a *models.GAN, column int) {
	var values []float64
	for i, x := range a.Trace.Rows() {
		if values = append(values, x[column]); len(s.X) < len(values) {
			s.X = append(s.X, float64((i+1)*a.Trace.Every))
		}
	}
	s.Y = append(s.Y, values)
}

// images reports the networks that learned images.
func (r *reporter) images() error {
	d := r.Recipe.Digits
	var words []string
	for _, n := range d.Networks {
		words = append(words, r.words(n))
	}
	r.Section("Images", fmt.Sprintf("The same game for %d images of %s, without labels: codes of %d elements, batches of %d, %s at a rate of %g for both. Networks: %s.", r.runner.images[r.Seeds[0]].Len(), r.Data, d.Code, d.Train.Batch, d.Train.Optimizer.Kind, d.Train.Optimizer.Rate.Start, strings.Join(words, "; ")),
		fmt.Sprintf("A classifier that was trained on the same images with their labels, a perceptron of %d hidden units, judges %d samples: it is sure of an image with a probability of at least %g, and a class is covered if it is sure that %g %% of the samples are of it. "+
			"Its test error is %s %%; of the validation images it is sure of %s %%, and gives them a score of %s. The score is exp of the mean of KL(p(y|x)‖p(y)), %d where all classes are equally frequent and certain, 1 where all samples are alike to it (Salimans et al. 2016, with this classifier).",
			d.ClassifierUnits, d.Samples, surely, 100*covered, r.percent("classifier.test_error"), r.percent("classifier.sure"), lab.Summary(r.Values("classifier.score")), r.data.Train.Classes))
	var rows [][]string
	for _, n := range d.Networks {
		rows = append(rows, []string{n, list(r.Values(n + ".classes")), r.percent(n + ".sure"), r.percent(n + ".least"), lab.Summary(r.Values(n + ".score"))})
	}
	r.Table("Classes covered, by seed; samples that the classifier is sure of, and of the rarest class, in percent; score. Mean ± standard deviation over seeds", []string{"network", "classes", "sure", "rarest class", "score"}, rows)
	if err := r.dots(coverFigure, "Classes covered", "", figure.Dots{YLabel: "classes covered", FromZero: true, Colors: r.networks,
		Items: r.items(d.Networks, func(n string) string { return n + ".classes" }, 1)}); err != nil {
		return err
	}
	if err := r.shares(); err != nil {
		return err
	}
	for _, n := range d.Networks {
		if err := r.network(n); err != nil {
			return err
		}
	}
	return r.halfway()
}

func (r *reporter) percent(metric string) string {
	return lab.Summary(lab.Scaled(r.Values(metric), 100))
}

// shares shows how often each class is generated.
func (r *reporter) shares() error {
	var items []figure.Item
	for c := range r.data.Train.Classes {
		for _, n := range r.Recipe.Digits.Networks {
			i := figure.Item{Category: fmt.Sprint(c), Name: n}
			for _, d := range r.digits {
				if d.name == n {
					i.Values = append(i.Values, 100*d.ifTrained(d.shares[c]))
				}
			}
			items = append(items, i)
		}
	}
	return r.dots(sharesFigure, "Samples of each class", fmt.Sprintf("Of which the classifier is sure. A class is covered from %g %% on.", 100*covered),
		figure.Dots{XLabel: "class", YLabel: "samples (%)", FromZero: true, Items: items, Colors: r.networks})
}

// network shows one network's samples and losses.
func (r *reporter) network(name string) error {
	chart := figure.Lines{XLabel: "step", YLabel: "loss (nats)", FromZero: true, Colors: figure.NewColors(models.DiscriminatorName, models.GeneratorName)}
	for column, player := range []string{models.DiscriminatorName, models.GeneratorName} {
		s := figure.Series{Name: player}
		for _, d := range r.digits {
			if d.name == name {
				addTrace(&s, d.GAN, column)
			}
		}
		chart.Series = append(chart.Series, s)
	}
	first := r.digits[slices.IndexFunc(r.digits, func(d *drawn) bool { return d.name == name && d.seed == r.Seeds[0] })]
	var tiles [][]float32
	for p := range first.Album.Steps {
		for i := range shown {
			tiles = append(tiles, row(first.Album.Page(p), i))
		}
	}
	for i := range shown {
		tiles = append(tiles, row(first.final, i))
	}
	png, err := r.sheet(tiles, shown)
	if err != nil {
		return err
	}
	r.Figure(fmt.Sprintf(samplesFigure, name), "Samples of the same codes in the course of the training, "+name,
		fmt.Sprintf("A column for each code. Rows: after %s steps, and at the end. Seed %d.", join(texts(first.Album.Steps)), r.Seeds[0]), png)
	if err := r.lines(fmt.Sprintf(lossFigure, name), "Losses by step, "+name, "In equilibrium the discriminator's is log 4 = 1.386, the generator's log 2 = 0.693.", chart); err != nil {
		return err
	}
	const lines, along = 6, 11
	walk, err := first.between.walk(first.GAN, lines, along)
	if err != nil || walk == nil {
		return err
	}
	tiles = nil
	for i := range walk.Shape()[0] {
		tiles = append(tiles, row(walk, i))
	}
	if png, err = r.sheet(tiles, along); err != nil {
		return err
	}
	r.Figure(fmt.Sprintf(interpolateFile, name), "From one code to another, "+name, fmt.Sprintf("Each row is a straight line between two codes whose samples the classifier takes, surely, for two classes. Seed %d.", r.Seeds[0]), png)
	return nil
}

// halfway compares the middle of two codes with the mean of two images.
func (r *reporter) halfway() error {
	var items []figure.Item
	var rows [][]string
	for _, n := range r.Recipe.Digits.Networks {
		for _, x := range []struct{ what, metric string }{{"middle of the codes", n + ".halfway"}, {"mean of the images", n + ".pixels"}} {
			items = append(items, figure.Item{Category: n, Name: x.what, Values: lab.Scaled(r.Values(x.metric), 100)})
		}
		rows = append(rows, []string{n, r.percent(n + ".halfway"), r.percent(n + ".pixels")})
	}
	r.Section("Between two codes", fmt.Sprintf("Up to %d pairs of samples that the classifier takes, surely, for two different classes. Halfway lies what is generated of the code in the middle, and the mean of the two images. "+
		"Where codes are a map of images, the one is an image again, and the other two at once. A network that makes one class alone has no such pairs.", r.Recipe.Digits.Pairs))
	r.Table("Images halfway of which the classifier is sure, in percent", []string{"network", "middle of the codes", "mean of the images"}, rows)
	return r.dots(halfwayFigure, "Halfway between two samples", "", figure.Dots{YLabel: "the classifier is sure (%)", FromZero: true, Items: items})
}

func (r *reporter) sheet(tiles [][]float32, columns int) ([]byte, error) {
	set := r.data.Test
	return figure.Sheet{Tiles: tiles, Height: set.Height, Width: set.Width, Columns: columns, Scale: 2, Range: figure.UnitRange}.PNG()
}
