package main

import (
	"context"
	"fmt"
	"slices"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// trajectory is the way of a network through the space of functions: row e holds its
// outputs, the probabilities of all classes on all of some images, after epoch e, row 0
// those of its first weights.
type trajectory struct {
	rows *blocks.Param // (epochs+1, images·classes)
	x    *tensor.Dense // the images
	net  train.Mapper
}

func newTrajectory(net *models.MLP, x *tensor.Dense, epochs int) *trajectory {
	return &trajectory{
		rows: blocks.NewParam("trajectory.outputs", epochs+1, x.Shape()[0]*net.Outputs()),
		x:    x,
		net: train.Mapper{Forward: func(x *G.Node) (*G.Node, error) {
			layers, err := net.Forward(x)
			if err != nil {
				return nil, err
			}
			return blocks.Softmax().Apply(layers[len(layers)-1])
		}},
	}
}

// row is the network after an epoch.
func (t *trajectory) row(epoch int) []float32 {
	n := t.rows.Value.Shape()[1]
	return t.rows.Value.Float32s()[epoch*n : (epoch+1)*n]
}

// measure fills in the row of the network as it is.
func (t *trajectory) measure(epoch int) error {
	y, err := t.net.Run(t.x)
	if err != nil {
		return fmt.Errorf("trajectory: %w", err)
	}
	values, err := ops.Elements[float32](y)
	if err != nil {
		return fmt.Errorf("trajectory: %w", err)
	}
	copy(t.row(epoch), values)
	return nil
}

// follow returns the stage that also fills in the rows. They are stored with the stage's
// parameters and are a tensor of its snapshots, so that a resumed run has those of the
// epochs before.
func (t *trajectory) follow(stage pretrain.Stage) pretrain.Stage {
	inner := stage.Train
	stage.Params = append(slices.Clone(stage.Params), t.rows)
	stage.Train = func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
		t.net.Compiler = hooks.Compiler
		if err := t.begin(&hooks); err != nil {
			return nil, err
		}
		afterEpoch, save := hooks.AfterEpoch, hooks.Save
		hooks.AfterEpoch = func(e train.Epoch) error {
			if err := t.measure(e.Epoch); err != nil {
				return err
			}
			return afterEpoch(e)
		}
		if save != nil {
			hooks.Save = func(s *train.Snapshot) error {
				with := *s
				with.Tensors = append(slices.Clone(s.Tensors), t.rows)
				return save(&with)
			}
		}
		return inner(ctx, hooks)
	}
	return stage
}

// begin fills in what there is when the stage begins: the row of the first weights, or
// what a snapshot has, which the training itself is not to be shown.
func (t *trajectory) begin(hooks *pretrain.Hooks) error {
	if hooks.From == nil || hooks.From.Steps == 0 {
		return t.measure(0)
	}
	from := *hooks.From
	i := slices.IndexFunc(from.Tensors, func(p *blocks.Param) bool { return p.Name == t.rows.Name })
	if i < 0 {
		return fmt.Errorf("going on from a snapshot: has no tensor %s", t.rows.Name)
	}
	if err := blocks.Assign([]*blocks.Param{t.rows}, from.Tensors[i:i+1]); err != nil {
		return fmt.Errorf("going on from a snapshot: %w", err)
	}
	from.Tensors = slices.Delete(slices.Clone(from.Tensors), i, i+1)
	hooks.From = &from
	return nil
}
