package pretrain

import (
	"fmt"

	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"
)

// SupervisedLayers returns the layers of supervised greedy pretraining (Bengio et al.
// 2007): each hidden layer is trained, by Greedy, as the only one of a classifier of the
// codes below it, whose output layer of so many classes is thrown away afterwards. hidden
// are the layers from the input up; recipe gives the recipe of layer l, counted from 0;
// top draws the weights of the output layers from s, which is split into a stream for
// each.
func SupervisedLayers(hidden []*blocks.Dense, classes int, top blocks.Initializer, recipe func(l int) train.Recipe, s *random.Stream) ([]Layer, error) {
	var out []Layer
	for l, d := range hidden {
		if d == nil || d.W == nil || d.W.Value == nil || d.W.Value.Dims() != 2 {
			return nil, fmt.Errorf("supervised layer %d: want a hidden layer with a matrix of weights", l+1)
		}
		net, err := models.Classifier(fmt.Sprintf("supervised.%d", l+1), []*blocks.Dense{d}, d.W.Value.Shape()[1], classes, top, split(s, fmt.Sprint(l+1)))
		if err != nil {
			return nil, fmt.Errorf("supervised layer %d: %w", l+1, err)
		}
		out = append(out, Layer{Model: net, Code: d, Recipe: recipe(l)})
	}
	return out, nil
}
