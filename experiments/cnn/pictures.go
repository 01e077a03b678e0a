package main

import (
	"fmt"
	"strings"

	"capas/autodiff/ops"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// most filters and maps that are drawn of a layer.
const most = 20

// filters draws the kernels of the first layer: the first weights, what all labels made of
// them, and what the autoencoders did.
func (x *runner) filters() error {
	seed := x.Seeds[0]
	x.Section("Filters", "The kernels of the first layer, of the first seed; vermillion is positive, blue negative, each kernel by its own largest weight.")
	first, err := newFew(x.Recipe, seed, x.data.Train, nil)
	if err != nil {
		return err
	}
	rows, words := []*models.ConvNet{first}, []string{"random first weights"}
	if x.Recipe.has(lenet) {
		rows, words = append(rows, x.nets[lenet][seed].net.(*models.ConvNet)), append(words, "after training with labels")
	}
	words = append(words, "after training without labels as the kernels of autoencoders", "of denoising autoencoders")
	for _, first := range []string{fromPlain, fromDenoising} {
		rows = append(rows, x.stacks[first][seed].net)
	}
	columns := min(most, x.Recipe.Maps[0])
	var tiles [][]float32
	for _, net := range rows {
		W := net.Convs[0].Conv.W.Value
		k := W.Shape()
		for f := range columns {
			tiles = append(tiles, W.Float32s()[f*k[1]*k[2]*k[3]:][:k[2]*k[3]])
		}
	}
	png, err := figure.Sheet{Tiles: tiles, Height: 5, Width: 5, Columns: columns, Scale: 5, Gap: 7, Range: figure.OwnRange, Palette: figure.Diverging}.PNG()
	if err != nil {
		return err
	}
	x.Figure("filters.png", "Kernels of the first layer", "From top to bottom: "+strings.Join(words, "; ")+".", png)
	return nil
}

// shownDigit is the class of the validation image whose maps are drawn.
const shownDigit = 4

// maps draws what the layers of lenet make of an image.
func (x *runner) maps() error {
	if !x.Recipe.has(lenet) {
		return nil
	}
	net := x.nets[lenet][x.Seeds[0]].net.(*models.ConvNet)
	set, at := x.data.Validation, 0
	for i, l := range set.Labels {
		if l == shownDigit {
			at = i
			break
		}
	}
	image := set.X.Float32s()[at*set.Dim():][:set.Dim()]
	x.Section("Feature maps", "What the layers of the first seed's LeNet make of a validation image: the maps of each layer before pooling, each from its smallest value (black) to its largest (white). The first tile of the first sheet is the image.")
	for l := range net.Convs {
		maps, h, w, err := mapsOf(net, l, image)
		if err != nil {
			return err
		}
		var tiles [][]float32
		if l == 0 && h <= set.Height && w <= set.Width {
			tiles = append(tiles, cropped(image, set.Height, set.Width, h, w))
		}
		for f := 0; f < len(maps)/(h*w) && len(tiles) < most+1; f++ {
			tiles = append(tiles, maps[f*h*w:][:h*w])
		}
		png, err := figure.Sheet{Tiles: tiles, Height: h, Width: w, Columns: 7, Scale: 72 / h, Range: figure.OwnRange, Palette: figure.Grey}.PNG()
		if err != nil {
			return err
		}
		x.Figure(fmt.Sprintf("maps_%d.png", l+1), fmt.Sprintf("Maps of layer %d", l+1), fmt.Sprintf("%d×%d pixels each.", h, w), png)
	}
	return nil
}

// mapsOf are the maps of layer l, counted from 0, of an image, and their size.
func mapsOf(net *models.ConvNet, l int, image []float32) (maps []float32, h, w int, err error) {
	y, err := train.Map(tensor.New(tensor.WithShape(1, len(image)), tensor.WithBacking(image)), func(x *G.Node) (*G.Node, error) {
		var c ops.Chain
		z := c.Do(ops.Reshape(x, 1, net.Image[0], net.Image[1], net.Image[2]))
		for _, below := range net.Convs[:l] {
			z = c.Do(below.Forward(z))
		}
		z = c.Do(net.Convs[l].Maps(z))
		if c.Err() != nil {
			return nil, c.Err()
		}
		h, w = z.Shape()[2], z.Shape()[3]
		return ops.Reshape(z, 1, z.Shape().TotalSize())
	})
	if err != nil {
		return nil, 0, 0, fmt.Errorf("maps: %w", err)
	}
	return y.Float32s(), h, w, nil
}

// cropped is the middle h×w of the first plane of an image.
func cropped(image []float32, height, width, h, w int) []float32 {
	out := make([]float32, 0, h*w)
	for i := range h {
		out = append(out, image[(i+(height-h)/2)*width+(width-w)/2:][:w]...)
	}
	return out
}

// examplesOfShifts draws one digit as it is and shifted.
func (x *runner) examplesOfShifts() error {
	n := int(random.New(x.Seeds[0]).Split("shown").Rand().IntN(x.data.Validation.Len()-8)) &^ 7
	part, err := x.data.Validation.View(n, n+8)
	if err != nil {
		return err
	}
	var tiles [][]float32
	plane := part.Height * part.Width
	for _, by := range append([]int{0}, x.Recipe.Shifts...) {
		set, err := shiftedBy(part, by)
		if err != nil {
			return err
		}
		for i := range 8 {
			tiles = append(tiles, set.X.Float32s()[i*set.Dim():][:plane])
		}
	}
	png, err := figure.Sheet{Tiles: tiles, Height: part.Height, Width: part.Width, Columns: 8, Scale: 2, Range: figure.UnitRange, Palette: figure.Grey}.PNG()
	if err != nil {
		return err
	}
	x.Figure("shifted.png", "Shifted images", fmt.Sprintf("Validation images as they are and, row by row, shifted by %s pixels.", lab.Listed(x.Recipe.Shifts)), png)
	return nil
}
