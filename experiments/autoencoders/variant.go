package main

import (
	"fmt"
	"strconv"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// variant is a way to a layer's first weights, by the name that metrics have.
type variant string

const (
	randomWeights variant = "random"     // no pretraining
	supervised    variant = "supervised" // under a temporary output layer, with labels
	plain         variant = "ae"
	decay         variant = "ae-decay"     // with weight decay
	masking       variant = "dae-masking"  // denoising, pixels set to 0
	gaussian      variant = "dae-gaussian" // denoising, normal noise
	sparseKL      variant = "sae-kl"       // sparse, mean activations near a target
	sparseL1      variant = "sae-l1"       // sparse, Σ|h|
	contractive   variant = "cae"
	higherOrder   variant = "cae-h" // contractive, and the Jacobian changes little nearby
	machine       variant = "rbm"
)

// variants are all, in the order of tables and figures.
func variants() []variant {
	return []variant{randomWeights, supervised, plain, decay, masking, gaussian, sparseKL, sparseL1, contractive, higherOrder, machine}
}

func variantNames() (names []string) {
	for _, v := range variants() {
		names = append(names, string(v))
	}
	return names
}

// label is the variant's name in figures and tables.
func (v variant) label() string {
	return map[variant]string{
		randomWeights: "random", supervised: "supervised", plain: "AE", decay: "AE+wd", masking: "DAE mask", gaussian: "DAE Gauss",
		sparseKL: "sparse KL", sparseL1: "sparse L1", contractive: "CAE", higherOrder: "CAE+H", machine: "RBM",
	}[v]
}

// title is its name in sentences.
func (v variant) title() string {
	return map[variant]string{
		randomWeights: "random first weights", supervised: "supervised greedy pretraining", plain: "a plain autoencoder",
		decay: "an autoencoder with weight decay", masking: "a denoising autoencoder (masking)", gaussian: "a denoising autoencoder (Gaussian noise)",
		sparseKL: "a sparse autoencoder (KL)", sparseL1: "a sparse autoencoder (L1)", contractive: "a contractive autoencoder",
		higherOrder: "a contractive autoencoder of higher order", machine: "an RBM",
	}[v]
}

// published is the test error, in percent, of Rifai et al. 2011 with one layer of 1000
// units; 0 where they have none.
func (v variant) published() float64 {
	return map[variant]float64{contractive: 1.14, gaussian: 1.18, machine: 1.30, masking: 1.57, decay: 1.68, plain: 1.78}[v]
}

// autoencoder tells whether the variant reconstructs its input.
func (v variant) autoencoder() bool {
	return v != randomWeights && v != supervised && v != machine
}

// levels are the strengths at which a variant is tried; nil where it has none.
func (r Recipe) levels(v variant) []float64 {
	return map[variant][]float64{
		decay: r.Levels.Decay, masking: r.Levels.Masking, gaussian: r.Levels.Gaussian,
		sparseKL: r.Levels.KL, sparseL1: r.Levels.L1, contractive: r.Levels.Contraction, higherOrder: r.Levels.Change,
	}[v]
}

// strength says in words what a level is; "" where there is none.
func (r Recipe) strength(v variant, level int) string {
	levels := r.levels(v)
	if levels == nil {
		return ""
	}
	number := strconv.FormatFloat(levels[level], 'g', -1, 64)
	switch v {
	case masking:
		return number + " of the pixels"
	case gaussian:
		return "σ = " + number
	case sparseKL:
		return fmt.Sprintf("β = %s, target %g", number, r.Target)
	case higherOrder:
		return fmt.Sprintf("γ = %s, λ = %g", number, r.Higher.Contraction)
	}
	return "λ = " + number
}

// layer is a hidden layer before its training.
type layer struct {
	// encoder is the layer; auto or rbm is the model of which it is a part, if there is one.
	encoder *blocks.Dense
	auto    *models.Autoencoder
	rbm     *models.RBM
	// pretraining is what trains it; nil for random weights.
	pretraining *pretrain.Layer
}

// model is what the layer belongs to: what is saved.
func (l *layer) model() any {
	switch {
	case l.auto != nil:
		return l.auto
	case l.rbm != nil:
		return l.rbm
	}
	return nil
}

// newLayer returns the layer of a variant with its first weights. Those of all autoencoders
// of one seed are the same, and so are the random ones and those of supervised pretraining.
func newLayer(r Recipe, v variant, level int, seed uint64, data *datasets.Set) (*layer, error) {
	root := random.New(seed)
	weights, noise := root.Split("weights"), root.Split("noise "+string(v))
	if v == machine {
		rbm, err := models.NewRBM(string(v), data.Dim(), r.Hidden, r.RBM.Init, weights)
		if err != nil {
			return nil, err
		}
		encoder := rbm.Encoder()
		cd := &models.CD{Model: rbm, K: r.RBM.CD, Noise: noise}
		return &layer{encoder: encoder, rbm: rbm, pretraining: &pretrain.Layer{Model: cd, Code: encoder, Recipe: r.RBM.Train}}, nil
	}
	init := r.Autoencoder.Init
	if !v.autoencoder() {
		init = r.Init
	}
	a, err := models.NewAutoencoder(string(v), data.Dim(), r.Hidden, true, blocks.Sigmoid(), init, weights)
	if err != nil {
		return nil, err
	}
	encoder := a.Encoder()
	if v == randomWeights {
		return &layer{encoder: encoder}, nil
	}
	if v == supervised {
		recipe := func(int) train.Recipe { return r.Supervised }
		layers, err := pretrain.SupervisedLayers([]*blocks.Dense{encoder}, data.Classes, blocks.Glorot(), recipe, root.Split("temporary outputs"))
		if err != nil {
			return nil, err
		}
		return &layer{encoder: encoder, pretraining: &layers[0]}, nil
	}
	recipe := r.Autoencoder.Train
	a.Noise = noise
	switch v {
	case decay:
		recipe.Optimizer.L2 = r.Levels.Decay[level]
	case masking, gaussian:
		a.Corruption = r.corruption(v, level)
	case sparseKL:
		a.Penalty = models.Penalty{KL: r.Levels.KL[level], Target: r.Target}
	case sparseL1:
		a.Penalty.L1 = r.Levels.L1[level]
	case contractive:
		a.Penalty.Contraction = r.Levels.Contraction[level]
	case higherOrder:
		a.Penalty = models.Penalty{Contraction: r.Higher.Contraction, Change: r.Levels.Change[level], ChangeNoise: r.Higher.Noise}
	}
	return &layer{encoder: encoder, auto: a, pretraining: &pretrain.Layer{Model: a, Code: encoder, Recipe: recipe}}, nil
}

// corruption of a denoising variant.
func (r Recipe) corruption(v variant, level int) blocks.Corruption {
	if v == gaussian {
		return blocks.GaussianNoise(r.Levels.Gaussian[level])
	}
	return blocks.Masking(r.Levels.Masking[level])
}
