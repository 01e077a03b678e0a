package main

import (
	"fmt"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// network is a classifier on its way from first weights to fine-tuned ones.
type network struct {
	net  *models.MLP
	dbn  *models.DBN                // for init dbn
	sdae *models.StackedAutoencoder // for init sdae
	// joint is the pretrained stack unrolled and trained as a whole, if that is wanted.
	joint *models.DeepAutoencoder
	// stages of its training; the first pretraining ones need no labels.
	stages      []pretrain.Stage
	pretraining int
}

// newNetwork builds the network of one initialisation and seed, and the stages of its
// training. Seeds share nothing; initialisations of one seed share the output layer's
// first weights and the order of the examples in fine-tuning.
func newNetwork(r Recipe, init string, seed uint64, data *datasets.Split) (*network, error) {
	if err := checkSize(data.Train.Dim(), r.Layers); err != nil {
		return nil, err
	}
	s := random.New(seed)
	first, order, noise := s.Split("init "+init), s.Split("order"), s.Split("noise "+init)
	top := s.Split("top")
	sizes := append([]int{data.Train.Dim()}, r.Layers...)
	n := &network{}
	var hidden []*blocks.Dense
	var err error
	switch init {
	case initDBN:
		if n.dbn, err = models.NewDBN(init, sizes, r.DBN.Init, first); err != nil {
			return nil, err
		}
		layers, err := pretrain.DBNLayers(n.dbn, r.DBN.CD, r.DBN.Chains, func(int) train.Recipe { return r.DBN.Train }, noise)
		if err != nil {
			return nil, err
		}
		for _, l := range layers {
			if cd, ok := l.Model.(*models.CD); ok && r.DBN.Sampled {
				cd.Sampled = true
			}
		}
		n.stages = pretrain.Greedy(layers, data.Train, order)
		hidden = n.dbn.Encoder()
	case initSDAE:
		if n.sdae, err = models.NewStackedAutoencoder(init, sizes, true, r.Activation, r.SDAE.Init, first); err != nil {
			return nil, err
		}
		n.sdae.Corrupt(r.SDAE.Corruption, noise)
		for l, k := range r.SDAE.Corruptions {
			n.sdae.Layers[l].Corruption = k
		}
		layers := pretrain.AutoencoderLayers(n.sdae, func(int) train.Recipe { return r.SDAE.Train })
		n.stages = pretrain.Greedy(layers, data.Train, order)
		hidden = n.sdae.Encoder()
	default:
		for l := range r.Layers {
			d, err := blocks.NewDense(fmt.Sprintf("%s.%d", init, l+1), sizes[l], sizes[l+1], r.Activation, randomWeights(r, init), first)
			if err != nil {
				return nil, err
			}
			hidden = append(hidden, d)
		}
	}
	if err := n.unroll(r, data, order); err != nil {
		return nil, err
	}
	n.pretraining = len(n.stages)
	if n.net, err = models.Classifier(init, hidden, sizes[len(sizes)-1], data.Train.Classes, r.Top, top); err != nil {
		return nil, err
	}
	n.net.DropInput, n.net.DropHidden, n.net.Noise = r.DropInput, r.DropHidden, s.Split("dropout")
	validation := data.Validation
	if r.AllImages {
		validation = nil // it is trained on
	}
	if r.TopEpochs > 0 {
		recipe := r.FineTune
		recipe.Epochs, recipe.NormEvery = r.TopEpochs, 0
		output := n.net.Layers[len(n.net.Layers)-1]
		n.stages = append(n.stages, pretrain.TopLayer(n.net, output.Params(), recipe, data.Train, validation, order))
	}
	n.stages = append(n.stages, pretrain.FineTune(n.net, r.FineTune, data.Train, validation, order))
	return n, nil
}

// randomWeights is the initialiser of the hidden layers without pretraining.
func randomWeights(r Recipe, init string) blocks.Initializer {
	switch {
	case init == initNormal:
		return blocks.LeCun()
	case r.Activation == blocks.Sigmoid():
		return blocks.Glorot4()
	default:
		return blocks.Glorot()
	}
}

// pretrained is the stack that was trained without labels, as the model that it is.
func (n *network) pretrained() any {
	switch {
	case n.joint != nil:
		return n.joint
	case n.dbn != nil:
		return n.dbn
	}
	return n.sdae
}

// unrolledStage is the stage in which a pretrained stack is trained as a whole.
const unrolledStage = "unrolled"

// unroll adds the stage that trains the pretrained stack as a whole, if it is wanted.
func (n *network) unroll(r Recipe, data *datasets.Split, order *random.Stream) error {
	var stack pretrain.Stack
	switch {
	case r.JointEpochs == 0:
		return nil
	case n.dbn != nil:
		stack = n.dbn
	case n.sdae != nil:
		stack = n.sdae
	default:
		return nil
	}
	recipe := r.SDAE.Train
	recipe.Epochs = r.JointEpochs
	stage, auto, err := pretrain.Unrolled(unrolledStage, stack, recipe, data.Train, order)
	if err != nil {
		return err
	}
	n.stages, n.joint = append(n.stages, stage), auto
	return nil
}

// unrolled is the pretrained stack as a deep autoencoder, nil without pretraining.
func (n *network) unrolled() (*models.DeepAutoencoder, error) {
	switch {
	case n.joint != nil:
		return n.joint, nil
	case n.dbn != nil:
		return n.dbn.Unroll("dbn")
	case n.sdae != nil:
		return n.sdae.Unroll("sdae")
	}
	return nil, nil
}

// work estimates the floating-point operations of an epoch of each stage: two for each
// weight and example in every product.
func work(r Recipe, init string, inputs, classes, examples int) map[string]int64 {
	sizes := append([]int{inputs}, r.Layers...)
	out := map[string]int64{}
	var forward, all int64
	for l := range r.Layers {
		weights := 2 * int64(sizes[l]) * int64(sizes[l+1]) * int64(examples)
		out[fmt.Sprintf("layer %d", l+1)] = 5 * weights // the products of CD-1, and of a tied autoencoder
		forward += weights
		all += 3 * weights
	}
	top := 2 * int64(sizes[len(sizes)-1]) * int64(classes) * int64(examples)
	out[unrolledStage] = 2 * all // twice the layers
	out["top layer"] = forward + 2*top
	out["fine-tuning"] = all + 3*top
	return out
}
