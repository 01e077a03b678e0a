package main

import (
	"fmt"

	"capas/experiments/lab/figure"
)

// The pictures are those of the first seed's networks.

// filters shows the first layer's weights before and after fine-tuning.
func (r *reporter) filters() error {
	r.Section("First-layer filters", fmt.Sprintf("The weights of %d units of the first hidden layer over the image, blue negative, orange positive, "+
		"each unit on its own scale: before fine-tuning on the left, after it on the right. Seed %d.", min(shownFilters, r.Recipe.Layers[0]), r.Seeds[0]))
	for i, init := range r.Recipe.Inits {
		p := r.outcomes[i][0].pictures
		if len(p.first) == 0 {
			continue
		}
		const columns = 8
		var tiles [][]float32
		for row := 0; row < len(p.first); row += columns {
			for _, side := range [][][]float32{p.first, p.after} {
				for j := row; j < row+columns; j++ {
					if j < len(side) {
						tiles = append(tiles, side[j])
					} else {
						tiles = append(tiles, nil)
					}
				}
				if &side[0] == &p.first[0] {
					tiles = append(tiles, nil) // a gap between the two halves
				}
			}
		}
		png, err := r.sheet(tiles, 2*columns+1, figure.OwnRange, figure.Diverging)
		if err != nil {
			return err
		}
		r.Figure("filters_"+init+".png", "Filters, "+init, "Left: "+describeInit(r.Recipe, init)+". Right: the same units after fine-tuning.", png)
	}
	return nil
}

// reconstructions shows what the pretrained stacks make of digits that they were not
// trained on.
func (r *reporter) reconstructions() error {
	var tiles [][]float32
	names := ""
	for i, init := range r.Recipe.Inits {
		p := r.outcomes[i][0].pictures
		if p.reconstructions == nil {
			continue
		}
		if tiles == nil {
			tiles, names = append(tiles, p.inputs...), "First row: validation images. Below, from the top: "+init
		} else {
			names += ", " + init
		}
		tiles = append(tiles, p.reconstructions...)
	}
	if tiles == nil {
		return nil
	}
	r.Section("Reconstructions", fmt.Sprintf("A digit passed up through all %d pretrained layers and down again, before fine-tuning: "+
		"what the highest code still knows of the image.", len(r.Recipe.Layers)))
	png, err := r.sheet(tiles, shownDigits, figure.UnitRange, figure.Grey)
	if err != nil {
		return err
	}
	r.Figure("reconstructions.png", "Reconstructions by the pretrained stacks", names+".", png)
	return nil
}

// samples shows what the DBN generates.
func (r *reporter) samples() error {
	for i, init := range r.Recipe.Inits {
		p := r.outcomes[i][0].pictures
		if p.samples == nil {
			continue
		}
		r.Section("Samples", fmt.Sprintf("Each image is the end of a Markov chain of its own: a validation digit, passed up, then %d steps of Gibbs "+
			"sampling in the top RBM, then one pass down. The network has seen no label.", r.Recipe.GibbsSteps))
		png, err := r.sheet(p.samples, 20, figure.UnitRange, figure.Grey)
		if err != nil {
			return err
		}
		r.Figure("samples_"+init+".png", "Samples from the deep belief network", "Probabilities of the visible units.", png)
	}
	return nil
}

func (r *reporter) sheet(tiles [][]float32, columns int, span figure.Range, palette figure.Palette) ([]byte, error) {
	return figure.Sheet{Tiles: tiles, Height: r.data.Train.Height, Width: r.data.Train.Width, Columns: columns, Scale: 2, Range: span, Palette: palette}.PNG()
}
