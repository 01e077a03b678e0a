package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/lab/figure"
	"capas/internal/atomicfile"
	"capas/internal/tensorfile"
)

func filtersCommand() command {
	return command{
		name: "filters", args: "FILE",
		short: "Draws the weights of units as images",
		long: `
FILE is a model, a checkpoint or any other file in the safetensors format, or a directory
of results with -model or -checkpoint. Without -tensor it is the weights of a model's first
layer, or the only weights of another file; of the classifier of a dbm beside it those over the
image alone. Each unit is a tile over its inputs on a
scale of its own: blue negative, white 0, orange positive. Of convolutional layers each kernel is
a tile, channel by channel. The units of a matrix are its
rows if its name ends in "weight", as in models and in PyTorch, and else its columns, as in
checkpoints.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			f := &filters{}
			fs.StringVar(&f.out, "o", "", "PNG `file` to write")
			fs.StringVar(&f.tensor, "tensor", "", "`name` of the weights")
			fs.IntVar(&f.units, "units", 100, "`number` of units, from the first on")
			fs.StringVar(&f.by, "by", "", "`rows|columns`: what a unit is (default: by the name)")
			fs.StringVar(&f.size, "size", "", "`HEIGHTxWIDTH` of a tile, if the inputs are no square")
			f.from.bind(fs)
			return f.run
		},
	}
}

// filters holds the flags of the command.
type filters struct {
	out, tensor, by, size string
	units                 int
	from                  source
}

func (f *filters) run(args []string, out *output) error {
	switch {
	case len(args) != 1:
		return cli.Usagef("want one FILE, got %d arguments", len(args))
	case f.out == "":
		return cli.Usagef("want -o and a PNG file to write")
	case f.units < 1:
		return cli.Usagef("-units %d: want at least 1", f.units)
	case f.by != "" && f.by != "rows" && f.by != "columns":
		return cli.Usagef("-by %q: want rows or columns", f.by)
	}
	path, err := f.from.path(args[0], out)
	if err != nil {
		return err
	}
	file, err := tensorfile.Read(path)
	if err != nil {
		return err
	}
	t, err := f.choose(path, file)
	if err != nil {
		return err
	}
	if k := t.Shape; len(k) == 4 && f.by == "" { // kernels: a tile for each channel
		t.Shape, f.by = []int{k[0] * k[1], k[2] * k[3]}, "rows"
		if f.size == "" {
			f.size = fmt.Sprintf("%dx%d", k[2], k[3])
		}
	}
	if len(t.Shape) != 2 || len(t.Data) == 0 {
		return fmt.Errorf("%s: tensor %s: want a matrix of weights, got shape %v", path, t.Name, t.Shape)
	}
	units, inputs := f.orient(t)
	seen := inputs
	if f.by == "" {
		seen = imageInputs(path, t.Name, file, inputs)
	}
	height, width, err := imageSize(f.size, seen)
	if err != nil {
		return err
	}
	shown := min(f.units, units)
	tiles := make([][]float32, shown)
	for j := range tiles {
		for i := range seen {
			at := j*inputs + i
			if !f.rows(t.Name) {
				at = i*units + j
			}
			tiles[j] = append(tiles[j], t.Data[at])
		}
	}
	png, err := figure.Sheet{Tiles: tiles, Height: height, Width: width, Range: figure.OwnRange, Palette: figure.Diverging}.PNG()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(f.out, png); err != nil {
		return err
	}
	out.printf("%s: %d of %d units of %s, %d×%d\n", f.out, shown, units, t.Name, height, width)
	return nil
}

// rows tells whether the rows of a matrix are units.
func (f *filters) rows(name string) bool {
	return f.by == "rows" || f.by == "" && (strings.HasSuffix(name, "weight") || name == "patterns")
}

// orient is the numbers of units and of inputs of a matrix.
func (f *filters) orient(t tensorfile.Tensor) (units, inputs int) {
	if f.rows(t.Name) {
		return t.Shape[0], t.Shape[1]
	}
	return t.Shape[1], t.Shape[0]
}

// weights tells that a tensor has the name of weights, in models or in checkpoints.
func weights(t tensorfile.Tensor) bool {
	return strings.HasSuffix(t.Name, "weight") || strings.HasSuffix(t.Name, ".W")
}

// secondary tells that a matrix of a model's layer is not the one by which units see their
// inputs: the weights of labels, or those of a directed layer that generates.
func secondary(name string) bool {
	return strings.HasSuffix(name, "label_weight") || strings.HasSuffix(name, "generative_weight")
}

// choose finds the weights: -tensor, or the first layer's of a model that models.Save
// wrote, whose tensors are numbered by layer from 0, so that it is the first one by name. Other files give no order
// of layers: there it is the only matrix of weights. Decoders are left aside, and where any
// tensor has the name of weights, those that have not, such as the state of an optimiser.
func (f *filters) choose(path string, file *tensorfile.File) (tensorfile.Tensor, error) {
	if f.tensor != "" {
		return tensorNamed(path, file, f.tensor)
	}
	var found []tensorfile.Tensor
	for _, t := range file.Tensors {
		if dims := len(t.Shape); (dims == 2 || dims == 4) && len(t.Data) > 0 && !strings.Contains(t.Name, "decoder") {
			found = append(found, t)
		}
	}
	_, model := file.Metadata["capas.model"]
	if model {
		found = slices.DeleteFunc(found, func(t tensorfile.Tensor) bool { return secondary(t.Name) })
	}
	if slices.ContainsFunc(found, weights) {
		found = slices.DeleteFunc(found, func(t tensorfile.Tensor) bool { return !weights(t) })
	}
	switch {
	case len(found) == 0:
		return tensorfile.Tensor{}, cli.Usagef("%s: want a matrix of weights, found none: want -tensor", path)
	case len(found) > 1 && !model:
		var names []string
		for _, t := range found {
			names = append(names, t.Name)
		}
		return tensorfile.Tensor{}, cli.Usagef("%s: want -tensor and one of %s", path, clipped(strings.Join(names, ", "), 500))
	}
	return found[0], nil
}
