package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// codes shows what the codes are like before fine-tuning.
func (x *experimenter) codes() error {
	x.Section("Codes", fmt.Sprintf("The hidden layer's code of the %d validation images after pretraining. ‖J‖ is the Frobenius norm of its Jacobian, how far the code moves when the image does; "+
		"saturated activations are within 0.05 of 0 or 1, where they hardly move; the sparseness is Hoyer's, 1 for one active unit, 0 for all alike.", x.data.Validation.Len()))
	var rows [][]string
	for _, v := range x.Recipe.Variants {
		row := []string{v.label(), lab.Summary(x.values(v, "contraction")), percent(x.values(v, "saturated"))}
		for _, what := range []string{"activation", "sparseness"} {
			row = append(row, lab.Summary(x.values(v, what)))
		}
		restored := ""
		if v.autoencoder() {
			restored = lab.Summary(x.values(v, "restored"))
		}
		rows = append(rows, append(row, restored))
	}
	x.Table("Codes before fine-tuning, mean ± standard deviation over seeds",
		[]string{"variant", "mean ‖J‖", "saturated (%)", "mean activation", "sparseness", "squared error restored"}, rows)
	for _, c := range []struct {
		file, title, y, what string
		scale                float64
	}{
		{contractionFigure, "How far the code moves with the image", "mean ‖J‖", "contraction", 1},
		{saturationFigure, "Saturated activations", "share of activations (%)", "saturated", 100},
		{sparsityFigure, "Sparseness of the codes", "Hoyer's sparseness", "sparseness", 1},
	} {
		if err := x.bars(c.file, c.title, c.y, c.what, c.scale, x.Recipe.Variants); err != nil {
			return err
		}
	}
	return nil
}

// shownFilters are as many units as are shown.
const shownFilters = 64

// filters shows the weights of units over the image.
func (x *experimenter) filters() error {
	train := x.data.Train
	shown := min(shownFilters, x.Recipe.Hidden)
	x.Section("Filters", fmt.Sprintf("The weights of %d units over the image after pretraining, blue negative, orange positive, each unit on its own scale. Seed %d.", shown, x.Seeds[0]))
	for _, v := range x.Recipe.Variants {
		W := x.chosen[v][0].encoder.W.Value
		tiles := figure.Columns(W.Float32s(), W.Shape()[1], shown)
		sheet := figure.Sheet{Tiles: tiles, Height: train.Height, Width: train.Width, Columns: 16, Scale: 2, Range: figure.OwnRange, Palette: figure.Diverging}
		png, err := sheet.PNG()
		if err != nil {
			return err
		}
		caption := v.title()
		if s := x.Recipe.strength(v, x.choice[v].level); s != "" {
			caption += ", " + s
		}
		x.Figure("filters_"+string(v)+".png", "Filters, "+v.label(), strings.ToUpper(caption[:1])+caption[1:]+".", png)
	}
	return nil
}

// shownDigits are as many images as are restored to be looked at, one of each class.
const shownDigits = 10

// restored are the variants whose restored images are shown.
func (x *experimenter) restored() (all []variant) {
	for _, v := range x.Recipe.Variants {
		if v.autoencoder() {
			all = append(all, v)
		}
	}
	return all
}

// restoration shows what autoencoders make of corrupted digits.
func (x *experimenter) restoration() error {
	all := x.restored()
	if len(all) == 0 {
		return nil
	}
	seed := x.Seeds[0]
	validation, err := x.intact()
	if err != nil {
		return err
	}
	corrupted, err := x.corrupt(seed)
	if err != nil {
		return err
	}
	rows := digits(validation.Labels, validation.Classes)
	n := validation.Dim()
	pick := func(all []float32) (tiles [][]float32) {
		for _, i := range rows {
			tiles = append(tiles, slices.Clone(all[i*n:(i+1)*n]))
		}
		return tiles
	}
	tiles := append(pick(validation.X.Float32s()), pick(corrupted.Float32s())...)
	var names []string
	for _, v := range all {
		y, err := reconstruct(x.chosen[v][0].layer, corrupted)
		if err != nil {
			return err
		}
		tiles, names = append(tiles, pick(y.Float32s())...), append(names, v.label())
	}
	x.Section("Restoring", fmt.Sprintf("In %d validation images %g of the pixels are set to 0, chosen at random; what the autoencoders reconstruct is compared with the image as it was.", validation.Len(), x.Recipe.Levels.Masking[x.choice[masking].level]))
	png, err := figure.Sheet{Tiles: tiles, Height: validation.Height, Width: validation.Width, Columns: shownDigits, Scale: 2, Range: figure.UnitRange, Palette: figure.Grey}.PNG()
	if err != nil {
		return err
	}
	x.Figure("restored_digits.png", "Corrupted digits, restored", "From the top: validation images, corrupted, as restored by "+strings.Join(names, ", ")+fmt.Sprintf(". Seed %d.", seed), png)
	return x.bars(restoredFigure, "Error of what is restored", "squared error per image", "restored", 1, all)
}

// digits are the first examples of classes 0, 1, …, as many as are shown.
func digits(labels []uint8, classes int) (rows []int) {
	for c := range min(classes, shownDigits) {
		if i := slices.Index(labels, uint8(c)); i >= 0 {
			rows = append(rows, i)
		}
	}
	return rows
}

// reading says what as many seeds show of a variant whose test error is lower than that of
// random first weights with won of them, and whose training error is at most as high with
// fitted and higher with worse. Trainings that diverged count nowhere.
func reading(seeds, won, fitted, worse int) string {
	switch {
	case worse == seeds:
		return "fits the training images less well"
	case fitted == seeds && won == 0:
		return "fits the training images at least as well, and test images no better"
	case fitted == seeds:
		return "fits the training images at least as well; which is better on test images, the seeds disagree"
	}
	return "the seeds do not agree about the training images"
}

// withoutGain tells of the variants whose test error is not below that of random first
// weights with every seed how they fit the training images, since a variant whose
// fine-tuning is slower fits them less well.
func (x *experimenter) withoutGain() {
	if !x.has(randomWeights) {
		return
	}
	random, randomFit := x.values(randomWeights, "test_error"), x.values(randomWeights, "train_error")
	var rows [][]string
	for _, v := range x.Recipe.Variants {
		test, fit := x.values(v, "test_error"), x.values(v, "train_error")
		won, _, _, err := lab.SignOverSeeds(test, random)
		if err != nil || v == randomWeights || won == len(x.Seeds) {
			continue
		}
		better, alike, worse, err := lab.SignOverSeeds(fit, randomFit)
		if err != nil {
			continue
		}
		reading := reading(len(x.Seeds), won, better+alike, worse)
		rows = append(rows, []string{v.label(), fmt.Sprintf("%d of %d", won, len(x.Seeds)), percent(fit), percent(randomFit), lab.Summary(x.values(v, "contraction")), reading})
	}
	if len(rows) > 0 {
		x.Table("Variants whose test error is not below that of random first weights with every seed",
			[]string{"variant", "seeds lower", "training error (%)", "of random", "mean ‖J‖", "what every seed shows"}, rows)
	}
}
