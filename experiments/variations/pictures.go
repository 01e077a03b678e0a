package main

import (
	"fmt"
	"slices"

	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/models"
)

const (
	shownFilters = 60 // of a layer
	shownImages  = 20 // of a set
)

// filters are copies of the weights of the first units of a network's first layer over
// the image.
func filters(net *models.MLP, set *datasets.Set) [][]float32 {
	W := net.Layers[0].W.Value
	if set.Height*set.Width != W.Shape()[0] {
		return nil
	}
	return figure.Columns(W.Float32s(), W.Shape()[1], shownFilters)
}

// images are what the report shows and says of the set.
func (x *runner) images() images {
	d := x.data
	out := images{set: x.set, train: d.Train.Len(), validation: d.Validation.Len(), test: d.Test.Len(), height: d.Train.Height, width: d.Train.Width}
	values, n := d.Train.X.Float32s(), d.Train.Dim()
	for i := range min(d.Train.Len(), shownImages) {
		out.examples = append(out.examples, slices.Clone(values[i*n:(i+1)*n]))
	}
	return out
}

// examples shows training images of all sets.
func (r *reporter) examples() error {
	var rows [][]string
	for _, s := range r.sets {
		f := familyOf(s.set)
		rows = append(rows, []string{f.title, fmt.Sprint(s.train), fmt.Sprint(s.validation), fmt.Sprint(s.test),
			fmt.Sprintf("%d, %d, %d", f.train, f.validation, f.test)})
	}
	r.Section("The sets", fmt.Sprintf("Drawn anew by the published rules, with seed %d, the same for all networks. Those of digits use MNIST's, each digit once. "+
		"Training images are all that pretraining and fine-tuning see.", r.Seeds[0]))
	r.Table("Images", []string{"set", "training", "validation", "test", "published"}, rows)
	for _, s := range r.sets {
		sheet := figure.Sheet{Tiles: s.examples, Height: s.height, Width: s.width, Columns: shownImages / 2, Scale: 2, Range: figure.UnitRange}
		if err := sheet.Check(); err != nil { // -data-dir may have images of any size
			return err
		}
		png, err := sheet.PNG()
		if err != nil {
			return err
		}
		title := familyOf(s.set).title
		r.Figure("examples_"+s.set+".png", "Training images of "+title, "The first of the training set.", png)
	}
	return nil
}

// filters shows what pretraining learned in the first layer, before fine-tuning.
func (r *reporter) filters() error {
	set := r.Recipe.Sets[0]
	if slices.Contains(r.Recipe.Sets, "mnist-back-rand") {
		set = "mnist-back-rand"
	}
	size := r.sets[slices.Index(r.Recipe.Sets, set)]
	headed := false
	for _, m := range r.Recipe.Methods {
		x := r.of(set, m)
		if x == nil || len(x.filters) == 0 {
			continue
		}
		if !headed {
			r.Section("First-layer filters on "+familyOf(set).title, fmt.Sprintf("The weights of units of the first layer over the image after pretraining, before fine-tuning: "+
				"blue negative, orange positive, each unit on its own scale. The chosen networks, seed %d.", r.Seeds[0]))
			headed = true
		}
		png, err := figure.Sheet{Tiles: x.filters, Height: size.height, Width: size.width, Columns: 12, Scale: 2, Palette: figure.Diverging}.PNG()
		if err != nil {
			return err
		}
		r.Figure("filters_"+m+".png", "Filters, "+methodTitle(m), fmt.Sprintf("%d of %d units; pretraining: %s.", len(x.filters), x.chosen.width, x.chosen.pretraining(m)), png)
	}
	return nil
}
