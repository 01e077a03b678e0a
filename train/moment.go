package train

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Moment is where a training stands between two steps, for those who watch it.
type Moment struct {
	// Epoch is the number of epochs that are complete, Epochs that of the recipe.
	Epoch, Epochs int
	// Batch is the number of batches of the epoch under way that have been trained on,
	// Batches that of all of them.
	Batch, Batches int
	// Trainer has the model, the data and the recipe, to be read alone; nil of trainings of
	// other kinds.
	Trainer *Trainer
}

// probeExamples is the largest number of examples on which a probe measures.
const probeExamples = 100

// Probe measures the gradient of a training on one batch, the first examples of its set, beside the
// steps. It changes nothing: what a measurement draws from the model's streams, the next
// step draws again.
type Probe struct {
	norms   *autodiff.Function
	params  []string
	inputs  int
	batch   datasets.Batch
	streams []*random.Stream
}

// NewProbe compiles the gradients of a trainer's cost on a batch of its size, 100 examples at
// most. Of an objective of several players it measures for each the gradient of its own cost.
func NewProbe(t *Trainer) (*Probe, error) {
	m := t.Data.Len()
	if t.Recipe.Batch > 0 {
		m = min(m, t.Recipe.Batch)
	}
	m = min(m, probeExamples)
	p, err := newProbe(t.Model, m)
	if err != nil {
		return nil, fmt.Errorf("gradient norms on %d examples: %w", m, err)
	}
	batches, err := datasets.NewBatches(t.Data, m, datasets.BatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("gradient norms on %d examples: %w", m, err)
	}
	batches.Epoch()
	p.batch, _ = batches.Next()
	return p, nil
}

func newProbe(model Model, m int) (*Probe, error) {
	o, err := model.Objective(m)
	if err != nil {
		return nil, err
	}
	if _, err := monitored(o); err != nil {
		return nil, err
	}
	trained := optimised(model.Params(), o)
	players := o.Players
	if len(players) == 0 {
		players = []models.Player{{Cost: o.Cost, Params: trained}}
	}
	p := &Probe{inputs: len(o.Inputs)}
	var outputs G.Nodes
	for _, x := range players {
		own := ownOf(x, trained)
		if len(own) == 0 {
			continue
		}
		if x.Cost == nil {
			return nil, fmt.Errorf("%swant a cost, got none", heading(x.Name))
		}
		leaves, err := blocks.Nodes(x.Cost.Graph(), own)
		if err != nil {
			return nil, err
		}
		grads, err := autodiff.Grad(x.Cost, leaves...)
		if err != nil {
			return nil, err
		}
		for i, g := range grads {
			n, err := ops.SumSquares(g)
			if err != nil {
				return nil, err
			}
			outputs, p.params = append(outputs, n), append(p.params, own[i].Name)
		}
	}
	if p.norms, err = autodiff.Compile(o.Inputs, outputs, nil); err != nil {
		return nil, err
	}
	p.streams = p.norms.State().Streams
	return p, nil
}

// Norms are the Euclidean norms of the gradients of the parameters as they are now, by
// their names. It must not be called while a step runs.
func (p *Probe) Norms() (Values, error) {
	states := make([]random.Stream, len(p.streams))
	for i, s := range p.streams {
		states[i] = *s
	}
	defer func() {
		for i, s := range p.streams {
			*s = states[i]
		}
	}()
	if err := runBatch(p.norms, p.inputs, p.batch); err != nil {
		return nil, err
	}
	var out Values
	for i, name := range p.params {
		square, err := p.norms.Scalar(i)
		if err != nil {
			return nil, err
		}
		out = append(out, Value{name, math.Sqrt(square)})
	}
	return out, nil
}

// Examples is the number of examples of the batch.
func (p *Probe) Examples() int { return p.batch.Len() }
