package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/internal/atomicfile"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func samplesCommand() command {
	return command{
		name: "samples", args: "MODEL",
		short: "Draws what a saved RBM, DBN or autoencoder generates",
		long: `
MODEL is a model file, or a directory of results with -model. Of an RBM or a DBN each tile
is the end of a Markov chain of its own: -steps of Gibbs sampling in the top RBM, then one
pass down; what is drawn are the probabilities of the visible units. Chains start at
validation images of the data set, of all classes alike, or with -start noise at fair
coin flips, which needs no data set. Of an autoencoder, and with -reconstruct of an RBM
or DBN, rows of validation images are followed by rows of their reconstructions. Nothing
is downloaded.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			s := &samples{}
			fs.StringVar(&s.out, "o", "", "PNG `file` to write")
			fs.IntVar(&s.n, "n", 100, "`number` of images")
			fs.IntVar(&s.steps, "steps", 200, "`steps` of Gibbs sampling")
			fs.Uint64Var(&s.seed, "seed", 1, "`seed` of the chains and of the choice of images")
			fs.StringVar(&s.start, "start", "data", "`data|noise`: where chains start")
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
	n, steps                        int
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
		return usagef("want one MODEL, got %d arguments", len(args))
	case s.out == "":
		return usagef("want -o and a PNG file to write")
	case s.n < 1 || s.n > maxSamples:
		return usagef("-n %d: want 1 to %d", s.n, maxSamples)
	case s.steps < 1 || s.steps > maxSteps:
		return usagef("-steps %d: want 1 to %d", s.steps, maxSteps)
	case s.start != "data" && s.start != "noise":
		return usagef("-start %q: want data or noise", s.start)
	}
	model, path, err := loadModel(args[0], &s.from, out)
	if err != nil {
		return err
	}
	dbn, auto, err := s.generator(path, model)
	if err != nil {
		return err
	}
	if err := s.apply(dbn == nil); err != nil {
		return err
	}
	if s.data == "" {
		s.data = dataOf(args[0])
	}
	sheet, what, err := s.draw(path, dbn, auto)
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

// apply refuses flags that make no difference.
func (s *samples) apply(reconstructs bool) error {
	for _, name := range s.given() {
		switch {
		case reconstructs && (name == "start" || name == "steps"):
			return usagef("-%s: of autoencoders, and with -reconstruct, there are no chains", name)
		case !reconstructs && s.start == "noise" && (name == "data" || name == "data-dir"):
			return usagef("-%s: with -start noise there is no data set", name)
		}
	}
	return nil
}

// checkSheet refuses a number of images that would make too large a sheet.
func (s *samples) checkSheet(sheet figure.Sheet, tiles int) error {
	sheet.Tiles = make([][]float32, tiles)
	if err := sheet.Check(); err != nil {
		return usagef("-n %d: %w", s.n, err)
	}
	return nil
}

// draw makes the sheet of either generator, and says what it is.
func (s *samples) draw(path string, dbn *models.DBN, auto *models.DeepAutoencoder) (sheet figure.Sheet, what string, err error) {
	sheet = figure.Sheet{Range: figure.UnitRange, Palette: figure.Grey}
	if dbn != nil {
		n := dbn.Layers[0].Visible()
		if sheet.Height, sheet.Width, err = imageSize(s.size, n); err != nil {
			return sheet, "", err
		}
		if err := s.checkSheet(sheet, s.n); err != nil {
			return sheet, "", err
		}
		start, err := s.starts(n)
		if err != nil {
			return sheet, "", err
		}
		y, err := dbn.Sample(start, s.steps, random.New(s.seed).Split("chains"))
		if err != nil {
			return sheet, "", fmt.Errorf("%s: %w", path, err)
		}
		sheet.Tiles = rows(y)
		return sheet, fmt.Sprintf("%d samples after %d Gibbs steps from %s, seed %d", s.n, s.steps, s.start, s.seed), nil
	}
	n := auto.Encoder[0].W.Value.Shape()[0]
	if sheet.Height, sheet.Width, err = imageSize(s.size, n); err != nil {
		return sheet, "", err
	}
	sheet.Columns = min(s.n, reconstructionColumns)
	if err := s.checkSheet(sheet, 2*sheet.Columns*((s.n+sheet.Columns-1)/sheet.Columns)); err != nil {
		return sheet, "", err
	}
	x, err := s.images(n)
	if err != nil {
		return sheet, "", err
	}
	y, err := reconstructions(auto, x)
	if err != nil {
		return sheet, "", fmt.Errorf("%s: %w", path, err)
	}
	sheet.Tiles = alternating(rows(x), rows(y), sheet.Columns)
	return sheet, fmt.Sprintf("%d images of %s, and below each row their reconstructions", s.n, s.data), nil
}

// generator is what is drawn from: a stack for Gibbs sampling, or an autoencoder for
// reconstructions.
func (s *samples) generator(path string, model any) (*models.DBN, *models.DeepAutoencoder, error) {
	var dbn *models.DBN
	var auto *models.DeepAutoencoder
	var err error
	switch m := model.(type) {
	case *models.RBM:
		dbn = &models.DBN{Layers: []*models.RBM{m}}
	case *models.DBN:
		dbn = m
	case *models.Autoencoder:
		auto, err = (&models.StackedAutoencoder{Layers: []*models.Autoencoder{m}}).Unroll("unrolled")
	case *models.StackedAutoencoder:
		auto, err = m.Unroll("unrolled")
	case *models.DeepAutoencoder:
		auto = m
	default:
		err = fmt.Errorf("want an rbm, a dbn or an autoencoder, got %s", kind(model))
	}
	if err == nil && dbn != nil && s.reconstruct {
		auto, err = dbn.Unroll("unrolled")
		dbn = nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return dbn, auto, nil
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

// starts are the visible states at which chains begin, (s.n, n).
func (s *samples) starts(n int) (*tensor.Dense, error) {
	if s.start == "data" {
		return s.images(n)
	}
	x := make([]float32, s.n*n)
	random.New(s.seed).Split("start").Mask(x, 0.5, 1)
	return tensor.New(tensor.WithShape(s.n, n), tensor.WithBacking(x)), nil
}

// images are validation images of the data set, (s.n, n).
func (s *samples) images(n int) (*tensor.Dense, error) {
	data, err := datasets.Load(context.Background(), s.data, datasets.Options{Dir: s.dataDir})
	if err != nil {
		return nil, err
	}
	if data.Validation.Dim() != n {
		return nil, fmt.Errorf("data set %s: want images of %d pixels, the model's inputs, got %d", s.data, n, data.Validation.Dim())
	}
	chosen, err := data.Validation.Sample(s.n, random.New(s.seed).Split("images"))
	if err != nil {
		return nil, fmt.Errorf("-n %d: %w", s.n, err)
	}
	return chosen.X, nil
}

// reconstructions passes x (m,n) up and down an autoencoder.
func reconstructions(a *models.DeepAutoencoder, x *tensor.Dense) (*tensor.Dense, error) {
	return train.Map(x, func(x *G.Node) (*G.Node, error) {
		h, err := a.Encode(x)
		if err != nil {
			return nil, err
		}
		z, err := a.Decode(h)
		if err != nil {
			return nil, err
		}
		return a.Output.Activation().Apply(z)
	})
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
