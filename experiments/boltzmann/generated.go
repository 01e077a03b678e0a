package main

import (
	"fmt"
	"reflect"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// generated reports what the machines generate. The pictures are those of the first seed.
func (r *reporter) generated() error {
	at := snapshots(r.Recipe.Steps)
	r.Section("What the machines generate", fmt.Sprintf("Gibbs chains of the machines with %d hidden units, seed %d, after training. Images show the probabilities of the pixels. Chains from coin flips show what a machine itself prefers; those that start at images may stay near to them for long, whatever it prefers.", r.Recipe.Large.Hidden, r.Seeds[0]))
	var chains, particles, filters [][]float32
	var names []string
	var rows [][]string
	for _, k := range kinds() {
		f := r.final[r.chosen(large, k, r.Seeds[0])]
		for _, images := range f.shown.noise[1:] {
			chains = append(chains, row(images)...)
		}
		chains = append(append(chains, row(f.shown.digits)...), row(nil)...)
		filters = append(filters, row(f.shown.filters)...)
		if f.shown.particles != nil {
			particles = append(particles, row(f.shown.particles)...)
			names = append(names, string(k))
		}
		var noise, digits, data []float64
		for _, seed := range r.Seeds {
			f := r.final[r.chosen(large, k, seed)]
			noise, digits, data = append(noise, f.noise-f.data), append(digits, f.digits-f.data), append(data, f.data)
		}
		rows = append(rows, []string{string(k), lab.Summary(data), lab.Summary(noise), lab.Summary(digits)})
	}
	png, err := r.sheet(chains[:len(chains)-shownImages], figure.UnitRange, figure.Grey)
	if err != nil {
		return err
	}
	r.Figure(chainsFigure, "Chains from coin flips, and from digits", fmt.Sprintf("From the top, in blocks of %d rows: CD-1, CD-10, PCD, PT. A column of a block is one chain from coin flips after %s Gibbs steps; the block's last row are other chains, that began at validation digits, after %d steps.",
		len(at), inWords(at[1:]), r.Recipe.Steps), png)
	if png, err = r.sheet(particles, figure.UnitRange, figure.Grey); err != nil {
		return err
	}
	r.Figure(particlesFigure, "The persistent chains at the end of training", fmt.Sprintf("States of the chains that the last step of training left, at β = 1. From the top: %s, %s. They began at coin flips and have never seen an image.", names[0], names[1]), png)
	if png, err = r.sheet(filters, figure.OwnRange, figure.Diverging); err != nil {
		return err
	}
	r.Figure(filtersFigure, "Filters", "Weights of hidden units over the image, blue negative, orange positive, each on its own scale. From the top: CD-1, CD-10, PCD, PT.", png)
	r.Table(fmt.Sprintf("Mean free energy F of validation images, and how much that of chains after %d steps differs from it; if a chain draws from the machine, and the machine were the data's distribution, by 0. Lower is more probable.", r.Recipe.Steps),
		[]string{"training", "F of validation images", "chains from coin flips", "chains from validation images"}, rows)
	return nil
}

// inWords lists numbers: 1, 10 and 100.
func inWords[T int | float64](n []T) string {
	text := fmt.Sprint(n[0])
	for i, x := range n[1:] {
		between := ", "
		if i == len(n)-2 {
			between = " and "
		}
		text += between + fmt.Sprint(x)
	}
	return text
}

// The tutorials report their estimate after the first and after the last epoch.
const (
	publishedFirst, publishedLast = -90.65, -62.76
	tutorialGoal                  = -65
)

// asPublished tells whether the tutorials' machine is trained by their recipe.
func (r *reporter) asPublished() bool { return reflect.DeepEqual(r.Recipe.Tutorial, published()) }

// tutorialSection reports the machine of the Deep Learning Tutorials.
func (r *reporter) tutorialSection() error {
	t := r.Recipe.Tutorial
	r.Section("The Deep Learning Tutorials' machine", fmt.Sprintf("%d hidden units, persistent contrastive divergence with %d steps and %d chains, a constant rate of %g, %d images a step, intensities as they are. "+
		"The pseudo-likelihood is theirs: the batch is rounded, one pixel is flipped in all its images, the next one in the next batch; the mean over the batches of an epoch, before their steps. "+
		"It estimates the same quantity as one random pixel of each image.", t.Hidden, t.K, t.Train.Batch, t.Train.Optimizer.Rate.Start, t.Train.Batch),
		fmt.Sprintf("They report %g in the first epoch and %g in the last of 15, with 500 hidden units, 15 steps and 50,000 images.", publishedFirst, publishedLast))
	var histories []*train.History
	for _, seed := range r.Seeds {
		histories = append(histories, r.tutorials[seed].Last())
	}
	lines := figure.Lines{XLabel: "epoch", YLabel: "pseudo-likelihood (nats an image)", Series: []figure.Series{
		trial.Curve("our run", histories, func(e train.Epoch) float64 { return trial.Value(e.Train, "pseudo-likelihood") }),
	}}
	if r.asPublished() {
		lines.Series = append(lines.Series, figure.Series{Name: "published", X: []float64{1, float64(t.Train.Epochs)}, Y: [][]float64{{publishedFirst, publishedLast}}})
		lines.Marked = []string{"published"}
	}
	if err := r.lines(tutorialFigure, "Pseudo-likelihood of the training images, by the tutorials' estimator", "", lines); err != nil {
		return err
	}
	r.Table("Pseudo-likelihood in nats an image", []string{"", "first epoch", "last epoch", "epochs", "images"}, [][]string{
		{"measured", lab.Summary(r.Values("tutorial.first_pseudo_likelihood")), lab.Summary(r.Values("tutorial.pseudo_likelihood")), fmt.Sprint(t.Train.Epochs), imagesOf(t)},
		{"published", fmt.Sprint(publishedFirst), fmt.Sprint(publishedLast), "15", "50000"},
	})
	return nil
}

func imagesOf(t Tutorial) string {
	if t.Images == 0 {
		return "all"
	}
	return fmt.Sprint(t.Images)
}
