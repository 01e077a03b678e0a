package pretrain_test

import (
	"context"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// A few hundred digits, end to end: pretraining lowers the reconstruction error of
// every layer, and fine-tuning takes the network far below the 90 % of guessing.
func TestDigits(t *testing.T) {
	split := must(datasets.Load(context.Background(), "mnist", datasets.Options{}))(t)
	s := random.New(1)
	data, validation := must(split.Train.Sample(600, s))(t), must(split.Validation.Take(500))(t)
	sizes := []int{784, 64, 32}
	recipe := func(int) train.Recipe {
		return train.Recipe{Epochs: 6, Batch: 20, Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5)}}
	}
	dbn := must(models.NewDBN("dbn", sizes, blocks.Gaussian(0.01), s.Split("dbn")))(t)
	sdae := must(models.NewStackedAutoencoder("sdae", sizes, true, blocks.Sigmoid(), blocks.Glorot4(), s.Split("sdae")))(t)
	sdae.Corrupt(blocks.Masking(0.25), s.Split("noise"))
	for name, c := range map[string]struct {
		layers  []pretrain.Layer
		encoder []*blocks.Dense
	}{
		"dbn":  {must(pretrain.DBNLayers(dbn, 1, 0, recipe, s.Split("noise")))(t), dbn.Encoder()},
		"sdae": {pretrain.AutoencoderLayers(sdae, recipe), sdae.Encoder()},
	} {
		net := must(models.Classifier(name, c.encoder, 32, 10, blocks.Glorot(), s.Split("top")))(t)
		fine := train.Recipe{Epochs: 10, Batch: 10, Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.05), Momentum: train.Constant(0.9)}}
		stages := append(pretrain.Greedy(c.layers, data, s.Split("order")), pretrain.FineTune(net, fine, data, validation, s.Split("order")))
		h := run(t, pretrain.Pipeline{Stages: stages})
		for l := range c.layers {
			first, _ := h[l].Epochs[0].Train.Get("reconstruction")
			last, _ := h[l].Epochs[5].Train.Get("reconstruction")
			t.Logf("%s, layer %d: reconstruction error %.3f, then %.3f", name, l+1, first, last)
			if !(last < 0.9*first) {
				t.Errorf("%s, layer %d: reconstruction error %g after the first epoch, %g after the last", name, l+1, first, last)
			}
		}
		v := must(train.NewEvaluator(net).Run(validation))(t)
		got, _ := v.Get("error")
		best, _ := h[2].Epochs[h[2].Best-1].Validation.Get("error")
		t.Logf("%s: validation error %.3f", name, got)
		if got > 0.25 || got != best {
			t.Errorf("%s: validation error %g after fine-tuning, of the best epoch %g; want at most 0.25", name, got, best)
		}
	}
}
