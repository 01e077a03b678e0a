package models_test

import (
	"math"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
)

// generatorSpecimens are conv generators with every kind of layer.
func generatorSpecimens(t testing.TB) map[string]any {
	t.Helper()
	g := func(maps []int, image [3]int, norm bool, f blocks.Activation, o blocks.Output) *models.ConvGenerator {
		return must[*models.ConvGenerator](t)(models.NewConvGenerator("gen", 5, maps, image, norm, f, o, blocks.LeCun(), stream("init")))
	}
	odd := g([]int{3, 2}, [3]int{2, 8, 12}, true, blocks.LeakyReLU(0.25), blocks.Numeric())
	odd.Ups[0].Norm = nil
	odd.Ups[1].Conv.Conv, odd.Ups[1].Conv.Extra = ops.Conv{Stride: [2]int{3, 2}, Pad: [2]int{0, 1}}, [2]int{2, 1}
	return map[string]any{
		"conv generator":                       g([]int{4, 3}, [3]int{1, 8, 8}, true, blocks.ReLU(), blocks.Binary()),
		"conv generator without normalisation": g([]int{2}, [3]int{3, 4, 6}, false, blocks.Tanh(), blocks.Numeric()),
		"conv generator of odd sizes":          odd,
	}
}

// positiveUps makes the running variances those of something.
func positiveUps(g *models.ConvGenerator) {
	norms := []*blocks.BatchNorm{g.Norm}
	for _, l := range g.Ups {
		norms = append(norms, l.Norm)
	}
	for _, n := range norms {
		if n == nil {
			continue
		}
		for i, v := range n.Variance.Value.Float32s() {
			n.Variance.Value.Float32s()[i] = 0.1 + float32(math.Abs(float64(v)))
		}
	}
}
