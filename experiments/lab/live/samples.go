package live

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Chains of Gibbs sampling of a look: so many, and so many steps.
const (
	shownSamples  = 20
	sampleColumns = 10
	sampleSteps   = 10
)

// chains are Markov chains that draw images from a machine in training. They belong to the
// page, with a stream of their own, and the training does not know of them. At each look they begin
// anew at the first training examples, where there is such a way: chains that began at an untrained machine would take
// long to forget it.
type chains struct {
	what    string
	inputs  int // visible units
	columns int
	scale   figure.Range
	noise   bool // they go on from look to look, and began at noise
	steps   int  // so far
	next    func() (*tensor.Dense, error)
}

// where says where the chains are.
func (c *chains) where() string {
	if c.noise {
		return fmt.Sprintf("%s, after %d Gibbs steps from noise", c.what, c.steps)
	}
	return fmt.Sprintf("%s, %d Gibbs steps from training examples", c.what, sampleSteps)
}

// samples runs the chains of a machine and draws where they are. That there is no machine
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
	j.picture("samples", where+": "+c.where(), fmt.Sprintf("%d images drawn from the model", len(sheet.Tiles)), png)
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
		return labelChains(labelled(below, m.Model), t.Data, s)
	case *models.UpDown:
		return labelChains(m.Model, t.Data, s)
	case *models.DBMTraining:
		return dbmChains(m.Model, t.Data, s)
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
	start := rows(t.Data, n)
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
	f, err := autodiff.Compile(G.Nodes{v}, G.Nodes{means}, nil)
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
		if err := f.Run(start); err != nil {
			return nil, err
		}
		return f.Output(0).(*tensor.Dense), nil
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
func labelChains(d *models.LabelDBN, data *datasets.Set, s *random.Stream) (*chains, error) {
	classes := d.Top.Classes()
	if classes > shownSamples {
		return nil, fmt.Errorf("samples: %d classes are too many", classes)
	}
	columns := max(sampleColumns/classes, 1) * classes
	var labels []int
	for i := range shownSamples / columns * columns {
		labels = append(labels, i%classes)
	}
	c := &chains{what: "samples, the classes by columns", inputs: d.Visible(), columns: columns, scale: figure.UnitRange}
	start, ok := examples(data, d.Visible(), labels)
	if ok {
		c.next = func() (*tensor.Dense, error) {
			run, err := d.Chains(start, labels, s)
			if err != nil {
				return nil, err
			}
			return labelledImages(run, sampleSteps-1)
		}
		return c, nil
	}
	run, err := d.Chains(coins(len(labels), d.Visible(), s), labels, s)
	if err != nil {
		return nil, err
	}
	c.noise = true
	c.next = func() (*tensor.Dense, error) {
		steps := sampleSteps
		if c.steps == 0 {
			steps-- // the look is one step more: the chains stay one behind the images
		}
		return labelledImages(run, steps)
	}
	return c, nil
}

// labelledImages runs chains on and returns the images of one step more.
func labelledImages(run *models.LabelChains, steps int) (*tensor.Dense, error) {
	if err := run.Run(steps); err != nil {
		return nil, err
	}
	x, _, err := run.Images()
	return x, err
}

// examples are different ones of a set, one of each label's class; ok is false if there are none of
// so many elements, or too few.
func examples(data *datasets.Set, dim int, labels []int) (x *tensor.Dense, ok bool) {
	if data.Dim() != dim {
		return nil, false
	}
	var chosen []float32
	next := map[int]int{} // where to look for the next one of a class
	for _, class := range labels {
		i := next[class]
		for i < len(data.Labels) && int(data.Labels[i]) != class {
			i++
		}
		if i >= len(data.Labels) {
			return nil, false
		}
		next[class] = i + 1
		chosen = append(chosen, data.X.Float32s()[i*dim:(i+1)*dim]...)
	}
	return tensor.New(tensor.WithShape(len(labels), dim), tensor.WithBacking(chosen)), true
}

// dbmChains runs through all layers of a deep machine.
func dbmChains(d *models.DBM, data *datasets.Set, s *random.Stream) (*chains, error) {
	if data.Dim() != d.Visible() {
		return nil, fmt.Errorf("samples: want examples of %d elements, got %d", d.Visible(), data.Dim())
	}
	start := rows(data, min(shownSamples, data.Len()))
	return &chains{
		what: "samples of the deep machine", inputs: d.Visible(), columns: sampleColumns, scale: figure.UnitRange,
		next: func() (*tensor.Dense, error) { return d.Sample(start, sampleSteps, s) },
	}, nil
}

// rows are the first n examples of a set.
func rows(data *datasets.Set, n int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n, data.Dim()), tensor.WithBacking(data.X.Float32s()[:n*data.Dim()]))
}

// coins are m rows of n fair coin flips.
func coins(m, n int, s *random.Stream) *tensor.Dense {
	x := make([]float32, m*n)
	s.Mask(x, 0.5, 1)
	return tensor.New(tensor.WithShape(m, n), tensor.WithBacking(x))
}
