package main

import (
	"fmt"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// shownChains is how many images of a class are shown, at most.
const shownChains = 10

// drawings shows what the network draws when it is asked for a class; of the first seed.
func (r *reporter) drawings() error {
	p := r.Recipe.Draw
	var steps []string
	for _, n := range p.Steps {
		steps = append(steps, fmt.Sprint(n))
	}
	last := steps[len(steps)-1]
	r.Section("Draw me a four", fmt.Sprintf("A label is held, and the memory takes Gibbs steps from noise that was passed up; then one pass down shows the image that the network has in mind, by the probabilities of the pixels. "+
		"%d chains of each class were drawn, and after %s steps the fine-tuned classifier of the same seed, which has not seen any of them, tells their classes.", p.Chains, last))
	var rows [][]string
	for _, view := range []string{greedy, upDown} {
		rows = append(rows, []string{view, lab.Summary(r.percents(view + ".agreement"))})
	}
	r.Table("Images taken for the class that was asked for, in percent, mean ± standard deviation over seeds", []string{"network", "of the class"}, rows)
	shown := min(p.Chains, shownChains)
	for _, view := range []string{greedy, upDown} {
		d := r.outcomes[0].drawn[view]
		var tiles [][]float32
		for y := range r.data.Train.Classes {
			for _, x := range d.along {
				tiles = append(tiles, row(x, y*p.Chains))
			}
			tiles = append(tiles, nil) // a gap
			for i := range shown {
				tiles = append(tiles, row(d.images.X, y*p.Chains+i))
			}
		}
		png, err := r.sheet(tiles, len(d.along)+1+shown)
		if err != nil {
			return err
		}
		r.Figure(drawnFigure(view), "Images drawn, "+view, fmt.Sprintf("A row for each class. Left: one chain, after %s steps. Right: the first chain and others after %s steps. Seed %d.",
			strings.Join(steps, ", "), last, r.Seeds[0]), png)
	}
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
