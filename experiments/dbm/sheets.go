package main

import (
	"fmt"
	"strings"

	"capas/experiments/lab/figure"
)

// The pictures are those of the first seed's machines.

// samples shows chains of all machines.
func (r *reporter) samples() error {
	names := r.present(generators())
	if len(names) == 0 {
		return nil
	}
	var steps []string
	for _, s := range r.Recipe.Shown {
		steps = append(steps, fmt.Sprint(s))
	}
	r.Section("What the machines generate", fmt.Sprintf("Chains of Gibbs sampling from fair coin flips, one in each column; the rows are the probabilities of the pixels after %s steps, from the top. "+
		"In a deep machine a step draws all layers anew; in a belief network it is one of the top RBM, and what is shown is a pass down from there. Seed %d.", strings.Join(steps, ", "), r.Seeds[0]))
	for _, name := range names {
		png, err := r.sheet(r.of(name, r.Seeds[0]).pictures.samples[name], shownChains, figure.UnitRange, figure.Grey)
		if err != nil {
			return err
		}
		r.Figure("samples_"+name+".png", "Samples, "+title(name), "", png)
	}
	return nil
}

// filters shows what units of both layers see.
func (r *reporter) filters() error {
	names := r.present(generators())
	if len(names) == 0 {
		return nil
	}
	r.Section("Filters", fmt.Sprintf("The weights of up to %d units of the first hidden layer over the image, blue negative, orange positive, each on its own scale; to the right of the gap, where there is a second layer, "+
		"what units of it see through the first: their weights times the first layer's. Seed %d.", shownFilters, r.Seeds[0]))
	for _, name := range names {
		p := r.of(name, r.Seeds[0]).pictures
		const columns = 8
		sides := [][][]float32{p.first[name]}
		if second := p.second[name]; second != nil {
			sides = append(sides, second)
		}
		var tiles [][]float32
		for row := 0; row < shownFilters; row += columns {
			for i, side := range sides {
				if i > 0 {
					tiles = append(tiles, nil) // a gap
				}
				for j := row; j < row+columns; j++ {
					if j < len(side) {
						tiles = append(tiles, side[j])
					} else {
						tiles = append(tiles, nil)
					}
				}
			}
		}
		png, err := r.sheet(tiles, len(sides)*(columns+1)-1, figure.OwnRange, figure.Diverging)
		if err != nil {
			return err
		}
		r.Figure("filters_"+name+".png", "Filters, "+title(name), "", png)
	}
	return nil
}

func (r *reporter) sheet(tiles [][]float32, columns int, span figure.Range, palette figure.Palette) ([]byte, error) {
	return figure.Sheet{Tiles: tiles, Height: r.data.train.Height, Width: r.data.train.Width, Columns: columns, Scale: 2, Range: span, Palette: palette}.PNG()
}
