package main

import (
	"fmt"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// shownChains is how many images of a class are shown, at most.
const shownChains = 10

// drawings shows what the network draws when it is asked for a class.
func (r *reporter) drawings() error {
	p := r.Recipe.Draw
	var steps []string
	for _, n := range p.Steps {
		steps = append(steps, fmt.Sprint(n))
	}
	last, begin := steps[len(steps)-1], "validation"
	if r.data.Validation == nil {
		begin = "training"
	}
	r.Section("Draw me a four", fmt.Sprintf("A label is held, and the memory takes Gibbs steps; then one pass down shows the image that the network has in mind, by the probabilities of the pixels. "+
		"%d chains of each class begin at noise that was passed up, and as many at %s images of the class. The fine-tuned classifier of the same seed, which has not seen any of the drawings, tells their classes. "+
		"Chains from noise that do worse than those from images have not found their way yet; where both end at the same level, more steps would not help: the memory holds such images for that class, whether they are of another class or only drawn so badly that the classifier takes them for one.", p.Chains, begin))
	var rows [][]string
	for _, view := range []string{greedy, upDown} {
		rows = append(rows, []string{view, lab.Summary(r.percents(view + ".agreement")), lab.Summary(r.percents(view + ".agreement_from_images"))})
	}
	r.Table("Images after "+last+" steps that are taken for the class asked for, in percent, mean ± standard deviation over seeds", []string{"network", fromNoise, fromImages}, rows)
	if err := r.agreement(); err != nil {
		return err
	}
	shown := min(p.Chains, shownChains)
	for _, view := range []string{greedy, upDown} {
		along := r.outcomes[0].drawn[view].along[fromNoise]
		var tiles [][]float32
		for y := range r.data.Train.Classes {
			for _, x := range along {
				tiles = append(tiles, row(x, y*p.Chains))
			}
			tiles = append(tiles, nil) // a gap
			for i := range shown {
				tiles = append(tiles, row(along[len(along)-1], y*p.Chains+i))
			}
		}
		png, err := r.sheet(tiles, len(along)+1+shown)
		if err != nil {
			return err
		}
		r.Figure(drawnFigure(view), "Images drawn, "+view, fmt.Sprintf("A row for each class. Left: one chain from noise, after %s steps. Right: the first chain and others after %s steps. Seed %d.",
			strings.Join(steps, ", "), last, r.Seeds[0]), png)
	}
	return nil
}

// agreement shows how the chains come to images of their class.
func (r *reporter) agreement() error {
	var names []string
	chart := figure.Lines{XLabel: "Gibbs steps", YLabel: "taken for the class (%)", LogX: true, FromZero: true}
	for _, view := range []string{greedy, upDown} {
		for _, start := range starts() {
			s := figure.Series{Name: view + ", " + start}
			for _, n := range r.Recipe.Draw.Steps {
				s.X = append(s.X, float64(n))
			}
			for _, o := range r.outcomes {
				s.Y = append(s.Y, lab.Scaled(o.drawn[view].agreement[start], 100))
			}
			names, chart.Series = append(names, s.Name), append(chart.Series, s)
		}
	}
	chart.Colors = figure.NewColors(names...)
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Figure(agreeFigure, "Drawings of the class that was asked for", strings.TrimSpace("By the number of Gibbs steps with the label held. "+chart.Spread()), svg)
	return nil
}

// mind shows where the network's thoughts go from test images.
func (r *reporter) mind() error {
	m := r.outcomes[0].mind
	var tiles [][]float32
	for i := range m.images.Shape()[0] {
		tiles = append(tiles, row(m.images, i), nil)
		for _, x := range m.along {
			tiles = append(tiles, row(x, i))
		}
	}
	png, err := r.sheet(tiles, len(m.along)+2)
	if err != nil {
		return err
	}
	var steps []string
	var rows [][]string
	for _, n := range m.steps {
		steps = append(steps, fmt.Sprint(n))
	}
	for i := range m.images.Shape()[0] {
		cells := []string{fmt.Sprint(i + 1)}
		for k := range m.steps {
			cells = append(cells, fmt.Sprint(m.labels[k][i]))
		}
		rows = append(rows, cells)
	}
	r.Section("What it has in mind", "The network after the up-down training looks at a test image, which is passed up, and is left to itself: the memory takes Gibbs steps, of images and labels. "+
		"What it has in mind then is passed down again.")
	r.Figure(mindFigure, "From test images to what they remind of", fmt.Sprintf("Left: test images. Right: what comes to mind after %s steps. Seed %d.", strings.Join(steps, ", "), r.Seeds[0]), png)
	r.Table("The label in mind, by row of the figure and number of steps", append([]string{"row"}, steps...), rows)
	return nil
}

func (r *reporter) sheet(tiles [][]float32, columns int) ([]byte, error) {
	return figure.Sheet{Tiles: tiles, Height: r.data.Test.Height, Width: r.data.Test.Width, Columns: columns, Scale: 2, Range: figure.UnitRange, Palette: figure.Grey}.PNG()
}
