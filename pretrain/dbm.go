package pretrain

import (
	"context"
	"fmt"

	"capas/autodiff"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// DBMLayers returns the layers of the greedy initialisation of a deep Boltzmann machine, from
// the machines of its Stack; recipe gives the recipe of layer l, counted from 0.
func DBMLayers(stack []*models.DBMLayer, recipe func(l int) train.Recipe) []Layer {
	var out []Layer
	for l, t := range stack {
		out = append(out, Layer{Model: t, Code: t, Recipe: recipe(l)})
	}
	return out
}

// DBMJoint returns the stage "joint": training of all layers of a deep Boltzmann machine
// together. It begins by putting the machine together from its stack, which the stages before
// trained; a nil stack leaves the machine as it is.
func DBMJoint(t *models.DBMTraining, stack []*models.DBMLayer, recipe train.Recipe, data *datasets.Set, order *random.Stream) Stage {
	stage := Joint("joint", t, recipe, data, order)
	joint := stage.Train
	stage.Train = func(ctx context.Context, hooks Hooks) (*train.History, error) {
		if stack != nil {
			if err := t.Model.Compose(stack); err != nil {
				return nil, err
			}
		}
		return joint(ctx, hooks)
	}
	return stage
}

// DBMFineTune returns the stage that trains the classifier of a deep Boltzmann machine: it
// begins with the machine's weights as they are then, and its examples are those of the
// sets with the machine's code behind them (DBMInputs), by so many mean-field updates, which
// stays as it is. It ends with the parameters that had the smallest validation error or, where
// validation is nil, with the last ones.
func DBMFineTune(name string, d *models.DBM, net *models.MLP, updates int, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) Stage {
	return Stage{
		Name: name, Params: net.Params(),
		Train: func(ctx context.Context, hooks Hooks) (*train.History, error) {
			if err := d.CopyTo(net); err != nil {
				return nil, err
			}
			inputs, err := DBMInputs(d, updates, data, hooks.Compiler)
			if err != nil {
				return nil, err
			}
			judged := validation
			if judged != nil {
				if judged, err = DBMInputs(d, updates, validation, hooks.Compiler); err != nil {
					return nil, err
				}
			}
			return supervised(name, "error", net, net, recipe, inputs, judged, order).Train(ctx, hooks)
		},
	}
}

// DBMInputs returns the examples of a set as the machine's classifier takes them: v and, of
// a machine with a second hidden layer, q(h²|v) behind it; see models.DBM.Classifier. compiler
// makes the function that computes it.
func DBMInputs(d *models.DBM, updates int, set *datasets.Set, compiler autodiff.Compiler) (*datasets.Set, error) {
	if d.Hidden() < 2 {
		return set, nil
	}
	code := train.Mapper{Forward: func(v *G.Node) (*G.Node, error) { return d.Code(v, updates) }, Compiler: compiler}
	q, err := code.Run(set.X)
	if err != nil {
		return nil, fmt.Errorf("code of the deep Boltzmann machine: %w", err)
	}
	n, k := set.Dim(), q.Shape()[1]
	all := make([]float32, set.Len()*(n+k))
	x, y := set.X.Float32s(), q.Float32s()
	for i := range set.Len() {
		row := all[i*(n+k) : (i+1)*(n+k)]
		copy(row, x[i*n:(i+1)*n])
		copy(row[n:], y[i*k:(i+1)*k])
	}
	return set.WithX(tensor.New(tensor.WithShape(set.Len(), n+k), tensor.WithBacking(all)))
}
