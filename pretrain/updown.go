package pretrain

import (
	"context"
	"fmt"

	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"
)

// UpDown returns a stage of the up-down algorithm, which trains all layers of a label DBN
// together (Hinton, Osindero & Teh 2006). untie is for the first such stage of a pipeline:
// when it runs, after the stages that pretrain the layers, it sets the generative weights to
// the recognition weights. The network must be untied before, so that the stage keeps them.
// The stage ends with the parameters that had the smallest error on
// the validation set.
func UpDown(name string, m *models.UpDown, untie bool, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) Stage {
	stage := supervised(name, "error", m, m.Model, recipe, data, validation, order)
	inner := stage.Train
	var tied error // generative weights that are made in the stage would not be among what it saves
	for l, layer := range m.Model.Layers {
		if layer.Tied() {
			tied = fmt.Errorf("want a network that was untied before its stages are made, got layer %d tied", l+1)
			break
		}
	}
	stage.Train = func(ctx context.Context, hooks Hooks) (*train.History, error) {
		if tied != nil {
			return nil, tied
		}
		if untie {
			if err := m.Model.Untie(); err != nil {
				return nil, err
			}
		}
		return inner(ctx, hooks)
	}
	return stage
}
