package live

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/blocks"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Chains of Gibbs sampling that a look goes on with: so many, and so many steps.
const (
	shownSamples  = 20
	sampleColumns = 10
	sampleSteps   = 3
)

// chains are Markov chains that draw images from a machine in training. They belong to the
// page, with a stream of their own, and the training does not know of them.
type chains struct {
	what    string
	inputs  int // visible units
	columns int
	scale   figure.Range
	steps   int // so far
	next    func() (*tensor.Dense, error)
}

// samples goes on with the chains of a machine and draws where they are. That there is no machine
// is an error.
func (j *Job) samples(where string, at train.Moment) error {
	l := &j.look
	if l.chains == nil {
		c, err := newChains(j.stage.Stack, at.Trainer)
		if err != nil {
			return err
		}
		l.chains = c
	}
	c := l.chains
	height, width := l.height, l.width
	if height*width != c.inputs {
		if height = int(math.Sqrt(float64(c.inputs))); height*height != c.inputs || height < 2 {
			return fmt.Errorf("samples: %d visible units are no image", c.inputs)
		}
		width = height
	}
	x, err := c.next()
	if err != nil {
		return err
	}
	c.steps += sampleSteps
	sheet := figure.Sheet{Height: height, Width: width, Columns: c.columns, Range: c.scale, Palette: figure.Grey, Scale: 1}
	for v := x.Float32s(); len(v) >= c.inputs; v = v[c.inputs:] {
		sheet.Tiles = append(sheet.Tiles, v[:c.inputs])
	}
	png, err := sheet.PNG()
	if err != nil {
		return err
	}
	j.picture("samples", fmt.Sprintf("%s: %s, after %d Gibbs steps", where, c.what, c.steps), fmt.Sprintf("%d images drawn from the model", len(sheet.Tiles)), png)
	return nil
}

// newChains begins chains in the machine that a trainer trains, the last of a stack.
func newChains(stack []train.Model, t *train.Trainer) (*chains, error) {
	model := t.Model
	if only, ok := model.(train.Only); ok {
		model = only.Model
	}
	if len(stack) == 0 {
		stack = []train.Model{model}
	}
	below, err := machines(stack[:len(stack)-1])
	if err != nil {
		return nil, err
	}
	s := random.New(1).Split("live view")
	switch m := model.(type) {
	case *models.LabelCD:
		return labelChains(labelled(below, m.Model), s)
	case *models.UpDown:
		return labelChains(m.Model, s)
	case *models.DBMTraining:
		return dbmChains(m.Model, s)
	}
	top, err := machine(model)
	if err != nil {
		return nil, err
	}
	return stackChains(append(below, top), t, s)
}

// machine is the RBM that a model trains.
func machine(model train.Model) (*models.RBM, error) {
	switch m := model.(type) {
	case *models.CD:
		return m.Model, nil
	case *models.Tempering:
		return m.Model, nil
	}
	return nil, fmt.Errorf("samples: want a Boltzmann machine, got %T", model)
}

func machines(stack []train.Model) (all []*models.RBM, err error) {
	for _, model := range stack {
		r, err := machine(model)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// stackChains runs in the top machine of a stack, from the codes of the first training
// examples, and passes down what it draws.
func stackChains(layers []*models.RBM, t *train.Trainer, s *random.Stream) (*chains, error) {
	top, n := layers[len(layers)-1], min(shownSamples, t.Data.Len())
	for _, r := range layers {
		if _, err := elements(r.W); err != nil {
			return nil, err
		}
	}
	if t.Data.Dim() != top.Visible() {
		return nil, fmt.Errorf("samples: want examples of %d elements, got %d", top.Visible(), t.Data.Dim())
	}
	state := tensor.New(tensor.WithShape(n, top.Visible()), tensor.WithBacking(append([]float32(nil), t.Data.X.Float32s()[:n*top.Visible()]...)))
	v := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", n, top.Visible())
	states, means, err := top.Gibbs(v, sampleSteps, s)
	if err != nil {
		return nil, err
	}
	down := states
	for l := len(layers) - 2; l >= 0; l-- {
		if down, means, err = layers[l].SampleVisible(down, s); err != nil {
			return nil, err
		}
	}
	f, err := autodiff.Compile(G.Nodes{v}, G.Nodes{states, means}, nil)
	if err != nil {
		return nil, err
	}
	c := &chains{what: "samples of the machine", inputs: layers[0].Visible(), columns: sampleColumns, scale: figure.UnitRange}
	if len(layers) > 1 {
		c.what = fmt.Sprintf("samples of the stack of %d machines", len(layers))
	}
	if layers[0].VisibleUnits == models.GaussianUnits() {
		c.scale = figure.OwnRange
	}
	c.next = func() (*tensor.Dense, error) {
		if err := f.Run(state); err != nil {
			return nil, err
		}
		copy(state.Float32s(), f.Output(0).(*tensor.Dense).Float32s())
		return f.Output(1).(*tensor.Dense), nil
	}
	return c, nil
}

// labelled is the belief network of trained machines with a labelled one on top.
func labelled(below []*models.RBM, top *models.LabelRBM) *models.LabelDBN {
	d := &models.LabelDBN{Top: top}
	for _, r := range below {
		d.Layers = append(d.Layers, models.NewBeliefLayer(r))
	}
	return d
}

// labelChains draws images of every class, in columns of their own.
func labelChains(d *models.LabelDBN, s *random.Stream) (*chains, error) {
	classes := d.Top.Classes()
	if classes > shownSamples {
		return nil, fmt.Errorf("samples: %d classes are too many", classes)
	}
	columns := max(sampleColumns/classes, 1) * classes
	var labels []int
	for i := range shownSamples / columns * columns {
		labels = append(labels, i%classes)
	}
	c, err := d.Chains(coins(len(labels), d.Visible(), s), labels, s)
	if err != nil {
		return nil, err
	}
	return &chains{
		what: "samples, the classes by columns", inputs: d.Visible(), columns: columns, scale: figure.UnitRange,
		next: func() (*tensor.Dense, error) {
			if err := c.Run(sampleSteps - 1); err != nil { // the look at the images is one more
				return nil, err
			}
			images, _, err := c.Images()
			return images, err
		},
	}, nil
}

// dbmChains runs through all layers of a deep machine.
func dbmChains(d *models.DBM, s *random.Stream) (*chains, error) {
	c, err := d.Sampler(coins(shownSamples, d.Visible(), s), s)
	if err != nil {
		return nil, err
	}
	return &chains{
		what: "samples of the deep machine", inputs: d.Visible(), columns: sampleColumns, scale: figure.UnitRange,
		next: func() (*tensor.Dense, error) { return c.Run(sampleSteps) },
	}, nil
}

// coins are m rows of n fair coin flips.
func coins(m, n int, s *random.Stream) *tensor.Dense {
	x := make([]float32, m*n)
	s.Mask(x, 0.5, 1)
	return tensor.New(tensor.WithShape(m, n), tensor.WithBacking(x))
}
