package pretrain_test

import (
	"slices"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// An autoencoder that is watched is measured after each epoch, and ends with the last
// parameters, the same as one that is not watched.
func TestWatchedAutoencoder(t *testing.T) {
	data, watched := examples(t, 60, "data"), examples(t, 30, "watched")
	recipe := train.Recipe{Optimizer: train.SGD(0.05), Epochs: 3, Batch: 20}
	ends := map[bool][]uint32{}
	for _, watch := range []bool{true, false} {
		d := must(models.NewDBN("dbn", []int{inputs, 6, 4}, blocks.Gaussian(0.1), random.New(1)))(t)
		d.Layers[1].HiddenUnits = models.GaussianUnits()
		var stage pretrain.Stage
		var auto *models.DeepAutoencoder
		var err error
		if watch {
			stage, auto, err = pretrain.UnrolledWatched("tuning", d, recipe, data, watched, random.New(2))
		} else {
			stage, auto, err = pretrain.Unrolled("tuning", d, recipe, data, random.New(2))
		}
		if err != nil {
			t.Fatal(err)
		}
		h := run(t, pretrain.Pipeline{Stages: []pretrain.Stage{stage}})[0]
		ends[watch] = bits(auto.Params())
		if !watch {
			continue
		}
		v := must(train.NewEvaluator(auto).Run(watched))(t)
		if d := cmp.Diff(v, h.Epochs[2].Validation); d != "" || h.Best != 3 {
			t.Errorf("the last epoch's values (−by hand +recorded), epoch %d kept:\n%s", h.Best, d)
		}
	}
	if !slices.Equal(ends[true], ends[false]) {
		t.Error("watching changed the training")
	}
}
