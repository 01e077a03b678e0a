package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"

	"gorgonia.org/tensor"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/internal/atomicfile"
	"capas/random"
	"capas/train"
)

func samplesCommand() command {
	return command{
		name: "samples", args: "MODEL",
		short: "Draws what a saved Boltzmann machine, DBN, associative memory or autoencoder generates",
		long: `
MODEL is a model file, or a directory of results with -model. Each tile is the end of a
Markov chain of its own, after -steps of Gibbs sampling: in an rbm, in the top RBM of a dbn
or label dbn before one pass down, or through all layers of a dbm. What is drawn are the
probabilities of the visible units, of Gaussian ones the means, on a scale of each tile.
A label rbm or label dbn is asked for images of a class, whose label is held: of that of
-label, or of all, a row for each.

An associative memory (hopfield network, dense one, bam) recalls: its units are 1 where the
start is bright, otherwise −1, and a step updates each of them once, in a drawn order in a
hopfield network, at once in a dense one, and in a bam the codes and then the images.

Chains start at -start data, validation images of the data set, of all classes alike or of
the class whose label is held; or at noise, which needs no data set: fair coin flips, of
softmax units one of each group, of Gaussian units their distribution with all hidden units
off. The default is data of an rbm, dbn or associative memory, and noise of the others, which say what they
prefer themselves. Of an autoencoder, and with -reconstruct of an rbm or dbn, rows of
validation images are followed by rows of their reconstructions. Nothing is downloaded.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			s := &samples{}
			fs.StringVar(&s.out, "o", "", "PNG `file` to write")
			fs.IntVar(&s.n, "n", 100, "`number` of images; a row for each class takes as many of each, one at least")
			fs.IntVar(&s.label, "label", -1, "`class` to draw, of a label rbm or label dbn (default: all)")
			fs.IntVar(&s.steps, "steps", 200, "`steps` of Gibbs sampling")
			fs.Uint64Var(&s.seed, "seed", 1, "`seed` of the chains and of the choice of images")
			fs.StringVar(&s.start, "start", "", "`data|noise`: where chains start (default: by the kind of model)")
			fs.BoolVar(&s.reconstruct, "reconstruct", false, "draw reconstructions")
			fs.StringVar(&s.data, "data", "", "`name` of the data set (default: the run's, or mnist)")
			fs.StringVar(&s.dataDir, "data-dir", "", "`directory` to look for the data set")
			fs.StringVar(&s.size, "size", "", "`HEIGHTxWIDTH` of an image, if it is no square")
			s.from.bindModel(fs)
			s.given = func() (names []string) {
				fs.Visit(func(f *flag.Flag) { names = append(names, f.Name) })
				return names
			}
			return s.run
		},
	}
}

// samples holds the flags of the command.
type samples struct {
	out, start, data, dataDir, size string
	n, steps, label                 int
	seed                            uint64
	reconstruct                     bool
	from                            source
	given                           func() []string // the flags on the command line
}

// Bounds on what is drawn, and on the time it takes.
const (
	maxSamples = 10_000
	maxSteps   = 1_000_000
)

func (s *samples) run(args []string, out *output) error {
	switch {
	case len(args) != 1:
		return cli.Usagef("want one MODEL, got %d arguments", len(args))
	case s.out == "":
		return cli.Usagef("want -o and a PNG file to write")
	case s.n < 1 || s.n > maxSamples:
		return cli.Usagef("-n %d: want 1 to %d", s.n, maxSamples)
	case s.steps < 1 || s.steps > maxSteps:
		return cli.Usagef("-steps %d: want 1 to %d", s.steps, maxSteps)
	case s.start != "" && s.start != "data" && s.start != "noise":
		return cli.Usagef("-start %q: want data or noise", s.start)
	}
	model, path, err := loadModel(args[0], &s.from, out)
	if err != nil {
		return err
	}
	g, err := s.generator(path, model)
	if err != nil {
		return err
	}
	s.start = cmp.Or(s.start, g.start)
	if err := s.apply(path, model, g); err != nil {
		return err
	}
	if s.data == "" {
		s.data = dataOf(args[0])
	}
	sheet, what, err := s.draw(path, g)
	if err != nil {
		return err
	}
	png, err := sheet.PNG()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(s.out, png); err != nil {
		return err
	}
	out.printf("%s: %s\n", s.out, what)
	return nil
}

// apply refuses flags that make no difference, or no sense for the model.
func (s *samples) apply(path string, model any, g *generator) error {
	for _, name := range s.given() {
		switch {
		case g.auto != nil && (name == "start" || name == "steps"):
			return cli.Usagef("-%s: of autoencoders, and with -reconstruct, there are no chains", name)
		case g.auto == nil && s.start == "noise" && (name == "data" || name == "data-dir"):
			return cli.Usagef("-%s: with -start noise there is no data set", name)
		case name == "label" && g.classes == 0:
			return cli.Usagef("-label: %s is %s, which has no labels", path, kind(model))
		case name == "label" && (s.label < 0 || s.label >= g.classes):
			return cli.Usagef("-label %d: want a class of %s, 0 to %d", s.label, path, g.classes-1)
		}
	}
	return nil
}

// checkSheet refuses a number of images that would make too large a sheet.
func (s *samples) checkSheet(sheet figure.Sheet, tiles int) error {
	sheet.Tiles = make([][]float32, tiles)
	if err := sheet.Check(); err != nil {
		return cli.Usagef("-n %d: %w", s.n, err)
	}
	return nil
}

// draw makes the sheet of a generator, and says what it is.
func (s *samples) draw(path string, g *generator) (sheet figure.Sheet, what string, err error) {
	sheet = figure.Sheet{Range: figure.UnitRange, Palette: figure.Grey}
	if sheet.Height, sheet.Width, err = imageSize(s.size, g.inputs); err != nil {
		return sheet, "", err
	}
	if g.auto != nil {
		return s.reconstruction(path, g, sheet)
	}
	if g.gaussian() {
		sheet.Range = figure.OwnRange
	}
	var labels []int
	of := ""
	switch {
	case g.classes > 0 && s.label < 0:
		each := max(s.n/g.classes, 1)
		if g.classes > maxSamples {
			return sheet, "", cli.Usagef("-label: %s has %d classes, want one of them", path, g.classes)
		}
		for class := range g.classes {
			labels = append(labels, slices.Repeat([]int{class}, each)...)
		}
		s.n, sheet.Columns = len(labels), each
		of = fmt.Sprintf(" of classes 0 to %d, a row each,", g.classes-1)
	case g.classes > 0:
		labels = slices.Repeat([]int{s.label}, s.n)
		of = fmt.Sprintf(" of class %d", s.label)
	}
	if err := s.checkSheet(sheet, s.n); err != nil {
		return sheet, "", err
	}
	start, err := s.starts(g, labels)
	if err != nil {
		return sheet, "", err
	}
	y, err := g.sample(start, labels, s.steps, random.New(s.seed).Split("chains"))
	if err != nil {
		return sheet, "", fmt.Errorf("%s: %w", path, err)
	}
	sheet.Tiles = rows(y)
	return sheet, fmt.Sprintf("%s%s after %s from %s, seed %d", count(s.n, "sample"), of, count(s.steps, cmp.Or(g.step, "Gibbs step")), s.start, s.seed), nil
}

// reconstruction makes the sheet of an autoencoder.
func (s *samples) reconstruction(path string, g *generator, sheet figure.Sheet) (_ figure.Sheet, what string, err error) {
	sheet.Columns = min(s.n, reconstructionColumns)
	if err := s.checkSheet(sheet, 2*sheet.Columns*((s.n+sheet.Columns-1)/sheet.Columns)); err != nil {
		return sheet, "", err
	}
	x, err := s.images(g.inputs, nil)
	if err != nil {
		return sheet, "", err
	}
	y, err := train.Map(x, g.auto.Reconstruct)
	if err != nil {
		return sheet, "", fmt.Errorf("%s: %w", path, err)
	}
	sheet.Tiles = alternating(rows(x), rows(y), sheet.Columns)
	return sheet, fmt.Sprintf("%d images of %s, and below each row their reconstructions", s.n, s.data), nil
}

// dataOf is the data set of the run that an argument names, or mnist.
func dataOf(arg string) string {
	if info, err := os.Stat(arg); err == nil && info.IsDir() {
		if s, err := lab.Read(arg); err == nil && s.Config.Data != "" {
			return s.Config.Data
		}
	}
	return "mnist"
}

// rows are the rows of a matrix as tiles.
func rows(x *tensor.Dense) (tiles [][]float32) {
	n := x.Shape()[1]
	for v := x.Float32s(); len(v) > 0; v = v[n:] {
		tiles = append(tiles, v[:n])
	}
	return tiles
}

// reconstructionColumns is how many images are in a row, with their reconstructions below.
const reconstructionColumns = 10

// alternating puts rows of images over rows of others.
func alternating(above, below [][]float32, columns int) (tiles [][]float32) {
	pad := make([][]float32, columns)
	for lo := 0; lo < len(above); lo += columns {
		hi := min(lo+columns, len(above))
		gap := pad[:columns-(hi-lo)]
		for _, side := range [][][]float32{above, below} {
			tiles = append(append(tiles, side[lo:hi]...), gap...)
		}
	}
	return tiles
}
