package main

import (
	"context"
	"fmt"
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// spec says which network is trained.
type spec struct {
	part string
	// kind is the cell or, of XOR and Reber's grammar, elman or jordan.
	kind   string
	length int     // of adding and copy
	rate   float64 // of adding and copy
	seed   uint64
}

// name is that of its metrics.
func (s spec) name() string {
	if s.length > 0 {
		return fmt.Sprintf("%s.%s.%d", s.part, s.kind, s.length)
	}
	return s.part + "." + s.kind
}

// run is the name of its lines in the log; with the seed, that of its files.
func (s spec) run() string {
	if s.length > 0 {
		return fmt.Sprintf("%s-%s-%d-rate-%g", s.part, s.kind, s.length, s.rate)
	}
	return s.part + "-" + s.kind
}

// file is the name of its files.
func (s spec) file() string { return trial.Trial{Seed: s.seed, Name: s.run()}.File() }

// network is what is trained: a recurrent or a Jordan network.
type network interface {
	train.Model
	train.Evaluable
}

// problem is a network with what it learns from.
type problem struct {
	spec
	net network
	// judged is the network as it validates and is tested: over longer pieces of a text.
	judged                  train.Evaluable
	train, validation, test *datasets.Set
	recipe                  train.Recipe
	score                   string // the validation value by which parameters are kept
	natural                 bool   // the order of the sequences matters
	work                    int64  // of an epoch
}

// sources are the data that all networks share.
type sources struct {
	images *datasets.Split
	text   *corpus
}

// newProblem makes the network of a spec, with its first weights, and its data. Networks of a seed
// and length have the same data, whatever their kind and rate.
func newProblem(r Recipe, s spec, src sources) (*problem, error) {
	root := random.New(s.seed)
	data, weights := root.Split(fmt.Sprintf("%s %d data", s.part, s.length)), root.Split(s.part+" weights")
	p := &problem{spec: s, score: "loss"}
	var err error
	switch s.part {
	case "adding", "copy":
		err = p.long(r, data, weights)
	case "mnist":
		err = p.images(r, src.images, weights)
	case "text":
		err = p.text(r, src.text, weights)
	case "xor":
		err = p.xor(r.XOR, data, weights)
	default:
		err = p.reber(r.Reber, data, weights)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.run(), err)
	}
	if p.judged == nil {
		p.judged = p.net
	}
	return p, nil
}

// recurrent makes the network of a cell.
func (p *problem) recurrent(cell string, o models.RecurrentOptions, output blocks.Output, weights *random.Stream) (*models.Recurrent, error) {
	var err error
	if o.Cell, err = blocks.ParseCell(cell); err != nil {
		return nil, err
	}
	net, err := models.NewRecurrent("recurrent", o, blocks.Glorot(), weights.Split(cell))
	if err != nil {
		return nil, err
	}
	net.Output, p.net = output, net
	return net, nil
}

// setWork sets the number of multiplications of an epoch, about.
func (p *problem) setWork(sequences, steps, inputs, units, gates int) {
	p.work = int64(sequences) * int64(steps) * int64(gates*units) * int64(inputs+units)
}

// openGates draws the biases of the gates that keep a cell's state as Tallec & Ollivier 2018 do: ln u,
// with u uniform from 1 to T−1, so that the cell remembers for about u steps; those of an LSTM's input
// gates are the opposite, that what comes in meanwhile does not add up. It leaves basic cells.
func openGates(net *models.Recurrent, steps int, s *random.Stream) {
	l := net.Layers[0].Forward
	k, b, r := l.Units(), l.B.Value.Float32s(), s.Rand()
	if l.Cell.Gates() == 1 {
		return
	}
	for i := range k {
		keep := float32(math.Log(1 + r.Float64()*float64(steps-2)))
		b[k+i] = keep // the second gate: f of an LSTM, u of a GRU
		if l.Cell == blocks.LSTM() {
			b[i] = -keep
		}
	}
}

// long are the adding problem and the copy memory.
func (p *problem) long(r Recipe, data, weights *random.Stream) error {
	t, draw := r.Adding, adding
	steps := p.length
	o := models.RecurrentOptions{Inputs: 2, Outputs: 1}
	output := blocks.Numeric()
	if p.part == "copy" {
		t, draw, steps, output = r.Copy, copying, copySteps(p.length), blocks.Classes()
		o = models.RecurrentOptions{Inputs: copyInputs, Outputs: copyAlphabet, Each: true, Last: copySymbols}
	}
	o.Units, o.Steps = t.Units, steps
	net, err := p.recurrent(p.kind, o, output, weights)
	if err != nil {
		return err
	}
	openGates(net, steps, weights.Split(p.kind).Split("gates"))
	p.recipe = t.Train
	p.recipe.Optimizer.Rate = train.Constant(p.rate)
	p.setWork(t.Sequences, steps, o.Inputs, t.Units, net.Layers[0].Forward.Cell.Gates())
	return p.draw(t, func(name string, n int) (*datasets.Set, error) { return draw(name, n, p.length, data) })
}

// draw makes the three sets.
func (p *problem) draw(t Task, set func(name string, n int) (*datasets.Set, error)) (err error) {
	if p.train, err = set("training", t.Sequences); err != nil {
		return err
	}
	if p.validation, err = set("validation", t.held()); err != nil {
		return err
	}
	p.test, err = set("test", t.held())
	return err
}

// images reads digits row by row, from the top.
func (p *problem) images(r Recipe, data *datasets.Split, weights *random.Stream) (err error) {
	p.recipe, p.score = r.MNIST.Train, "error"
	p.validation, p.test = data.Validation, data.Test
	if p.train, err = trial.Images(data.Train, r.MNIST.Sequences, p.seed); err != nil {
		return err
	}
	rows, columns := data.Train.Height, data.Train.Width
	net, err := p.recurrent(p.kind, models.RecurrentOptions{
		Inputs: columns, Units: r.MNIST.Units, Outputs: data.Train.Classes, Steps: rows, Forget: 1,
	}, blocks.Classes(), weights)
	if err == nil {
		p.setWork(p.train.Len(), rows, columns, r.MNIST.Units, net.Layers[0].Forward.Cell.Gates())
	}
	return err
}

// text predicts the next character, by truncated backpropagation through time.
func (p *problem) text(r Recipe, c *corpus, weights *random.Stream) (err error) {
	t := r.Text
	p.recipe, p.natural = t.Train, true
	k := len(c.letters)
	net, err := p.recurrent(p.kind, models.RecurrentOptions{Inputs: k, Units: t.Units, Outputs: k, Steps: t.Steps, Each: true, Forget: 1}, blocks.Classes(), weights)
	if err != nil {
		return err
	}
	p.setWork(len(c.train), 1, k, t.Units, net.Layers[0].Forward.Cell.Gates())
	if p.train, err = c.streams("training text", c.train, t.Train.Batch, t.Steps); err != nil {
		return err
	}
	if err := net.Carry(t.Train.Batch); err != nil {
		return err
	}
	steps := c.pieceSteps()
	p.judged = net.Over(steps)
	if p.validation, err = c.pieces("validation text", c.validation, steps); err != nil {
		return err
	}
	p.test, err = c.pieces("test text", c.test, steps)
	return err
}

// xor predicts the next bit of a temporal exclusive or.
func (p *problem) xor(t Task, data, weights *random.Stream) error {
	p.recipe = t.Train
	if err := p.feedback(t, 1, 1, false, weights); err != nil {
		return err
	}
	return p.draw(t, func(name string, n int) (*datasets.Set, error) { return temporalXOR(name, n, t.Steps, data) })
}

// reber predicts the next symbol of strings of Reber's grammar, and is tested by all that may follow.
func (p *problem) reber(t Task, data, weights *random.Stream) error {
	p.recipe = t.Train
	k := len(reberSymbols)
	if err := p.feedback(t, k, k, true, weights); err != nil {
		return err
	}
	return p.draw(t, func(name string, n int) (*datasets.Set, error) { return reber(name, n, t.Steps, name == "test", data) })
}

// feedback makes an Elman network, which feeds back its hidden units, or a Jordan network, which
// feeds back its outputs, of equally many units, tanh, with binary outputs after each step.
func (p *problem) feedback(t Task, inputs, outputs int, masked bool, weights *random.Stream) error {
	p.setWork(t.Sequences, t.Steps, inputs+outputs, t.Units, 1)
	if p.kind == "jordan" {
		net, err := models.NewJordan("jordan", inputs, t.Units, outputs, t.Steps, "tanh", blocks.Glorot(), weights.Split(p.kind))
		if err == nil {
			net.Masked, p.net = masked, net
		}
		return err
	}
	_, err := p.recurrent("rnn", models.RecurrentOptions{Inputs: inputs, Units: t.Units, Outputs: outputs, Steps: t.Steps, Each: true, Masked: masked}, blocks.Binary(), weights)
	return err
}

// stage trains the network; it ends with the parameters that validated best.
func (p *problem) stage() pretrain.Stage {
	return pretrain.Stage{
		Name: "training", Params: p.net.Params(),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			judge := train.NewEvaluator(p.judged)
			judge.Compiler = hooks.Compiler
			t := train.Trainer{Model: p.net, Recipe: p.recipe, Data: p.train, Score: p.score,
				Validate: func() (train.Values, error) { return judge.Run(p.validation) }}
			if !p.natural {
				t.Order = random.New(p.seed).Split("order")
			}
			return hooks.Trainer(t).Run(ctx)
		},
	}
}
