package models_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func newDCGAN(t testing.TB, maps ...int) *models.GAN {
	t.Helper()
	a := must[*models.GAN](t)(models.NewDCGAN("gan", 3, maps, [3]int{1, 4, 8}, blocks.Binary(), blocks.LeCun(), stream("init")))
	a.Noise = stream("noise")
	return a
}

// The gradients of convolutional players, and of the gradient penalty through them, are what central
// differences say; the generator's flows through the statistics of the batch.
func TestDCGANGradient(t *testing.T) {
	const m = 3
	x := matrix(tensor.Float64, uniform(stream("x"), m, 32))
	for _, c := range []struct {
		loss    models.GANLoss
		penalty models.GradientPenalty
	}{{models.NonSaturating(), models.GradientPenalty{R1: 0.7}}, {models.FeatureMatching(), models.GradientPenalty{}}, {models.Minimax(), models.GradientPenalty{Lipschitz: 2}}} {
		a := newDCGAN(t, 2)
		a.Loss, a.Penalty = c.loss, c.penalty
		a.Generator.(*models.ConvGenerator).F = blocks.Tanh()
		a.Discriminator.(*models.ConvNet).Convs[0].Conv.F = blocks.Tanh()
		widen(0.6, a.Params()...)
		o := must[*models.Objective](t)(a.Objective(m))
		for _, p := range o.Players {
			var params []*blocks.Param
			for _, x := range p.Params {
				// Nothing depends on a bias before a normalisation, and running values are no matter of
				// gradients.
				switch filepath.Ext(x.Name) {
				case ".mean", ".variance":
					continue
				case ".b":
					if x.Name == "gan.generator.1.b" {
						continue
					}
				}
				params = append(params, x)
			}
			t.Run(fmt.Sprintf("%s %+v %s", c.loss, c.penalty, p.Name), func(t *testing.T) {
				checkGradient(t, params, &models.Objective{Inputs: o.Inputs, Cost: p.Cost}, a.Noise, x)
			})
		}
	}
}

// After training, a batch of one is generated and judged as a row of a larger batch is; in training
// the first maps have mean 0 and variance 1, and the running values move towards those of the batch.
func TestDCGANRows(t *testing.T) {
	const m = 6
	a := newDCGAN(t, 5, 4)
	g := a.Generator.(*models.ConvGenerator)
	positiveUps(g)
	if g.Image() != [3]int{1, 4, 8} || g.Outputs() != 32 || g.Inputs() != 3 || g.First != [3]int{5, 1, 2} {
		t.Errorf("image %v of %d elements, codes of %d, first maps %v", g.Image(), g.Outputs(), g.Inputs(), g.First)
	}
	codes := uniform(stream("z"), m, 3)
	judged := func(z *G.Node) (*G.Node, error) {
		x, err := a.Generate(z)
		if err != nil {
			return nil, err
		}
		return a.Discriminate(x)
	}
	for what, f := range map[string]func(*G.Node) (*G.Node, error){"generated": a.Generate, "judged": judged} {
		all := forward(t, matrix(tensor.Float32, codes), f)
		k := len(all) / m
		for i := range codes {
			near(t, what, all[i*k:(i+1)*k], forward(t, matrix(tensor.Float32, codes[i:i+1]), f), roundoff)
		}
	}
	// Each move of the generator sees codes of its own, but the statistics are those of the first.
	for _, p := range []*blocks.Param{g.Norm.Mean, g.Norm.Variance} {
		clear(p.Value.Float32s())
	}
	z := blocks.NewInput(G.NewGraph(), tensor.Float32, "z", m, 3)
	flat := must[*G.Node](t)(g.Code.Logits(z))
	values := compute(t, G.Nodes{z}, []G.Value{matrix(tensor.Float32, codes)}, flat)[0]
	layers, updates, err := g.Train(z)
	if err != nil {
		t.Fatal(err)
	}
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{z}, layers, updates))
	if err := f.Run(matrix(tensor.Float32, codes)); err != nil {
		t.Fatal(err)
	}
	for c := range 5 {
		var sum, squares float64
		for i := range m {
			for _, v := range values[i*10+c*2 : i*10+c*2+2] {
				sum, squares = sum+v, squares+v*v
			}
		}
		mean := sum / (2 * m)
		near(t, "running mean", []float64{0.1 * mean}, []float64{float64(g.Norm.Mean.Value.Float32s()[c])}, 1e-6)
		near(t, "running variance", []float64{0.1 * (squares - 2*m*mean*mean) / (2*m - 1)}, []float64{float64(g.Norm.Variance.Value.Float32s()[c])}, 1e-5)
	}
}

// Players of a DCGAN move, each by its own cost; the running statistics are nobody's to optimise.
func TestDCGANTrains(t *testing.T) {
	a := newDCGAN(t, 4)
	before := map[string][]float32{}
	for _, p := range a.Params() {
		before[p.Name] = append([]float32(nil), p.Value.Float32s()...)
	}
	data := set(t, uniform(stream("x"), 40, 32), nil, 1)
	recipe := train.Recipe{Optimizer: train.SGD(0.5), Epochs: 2, Batch: 10}
	must[*train.History](t)((&train.Trainer{Model: a, Data: data, Recipe: recipe, Order: random.New(1)}).Run(t.Context()))
	for _, p := range a.Params() {
		var moved float64
		for i, v := range p.Value.Float32s() {
			moved = max(moved, math.Abs(float64(v-before[p.Name][i])))
		}
		if !(moved > 1e-5) && p.Name != "gan.generator.1.b" { // nothing depends on it
			t.Errorf("%s has moved by at most %g", p.Name, moved)
		}
	}
}

func TestDCGANErrors(t *testing.T) {
	build := func(k int, maps []int, image [3]int) error {
		_, err := models.NewDCGAN("gan", k, maps, image, blocks.Binary(), blocks.LeCun(), stream("init"))
		return err
	}
	refused(t, "odd sides", build(3, []int{4, 2}, [3]int{1, 6, 8}), "halved 2 times", "[1 6 8]")
	refused(t, "no maps", build(3, nil, [3]int{1, 8, 8}), "halved 0 times")
	refused(t, "no channel", build(3, []int{4, 0}, [3]int{1, 8, 8}), "at least one channel")
	refused(t, "no code", build(0, []int{4, 2}, [3]int{1, 8, 8}), "at least one input")
	refused(t, "no colour", build(3, []int{4, 2}, [3]int{0, 8, 8}), "halved 2 times")
	refused(t, "sides beyond all measure", build(3, make([]int, 1000), [3]int{1, 8, 8}), "halved 1000 times")
	a := newDCGAN(t, 4)
	_, err := models.NewConvGenerator("gen", 3, []int{4}, [3]int{1, 8, 8}, true, blocks.Softmax(), blocks.Binary(), blocks.LeCun(), stream("init"))
	refused(t, "softmax", err, "an activation of single elements")
	a.Penalty.R1 = 1
	norm := must[*blocks.BatchNorm](t)(blocks.NewBatchNorm("norm", 4))
	a.Discriminator.(*models.ConvNet).Convs[0].Norm = norm
	_, err = a.Objective(5)
	refused(t, "a penalty through a normalisation", err, "without batch normalisation for a gradient penalty")
	a.Penalty.R1 = 0
	must[*models.Objective](t)(a.Objective(5))
	_, err = newDCGAN(t, 4).Generate(blocks.NewInput(G.NewGraph(), tensor.Float32, "z", 2, 7))
	refused(t, "codes of another size", err, "generator", "(2, 7)")
}
