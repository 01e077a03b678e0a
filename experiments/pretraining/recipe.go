package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/train"
)

// Recipe is the experiment's: one network, several ways to its first weights, and one
// fine-tuning for all of them.
type Recipe struct {
	// Inits are the initialisations compared, of those in inits.
	Inits []string `json:"inits"`
	// Layers are the numbers of hidden units, from the input up.
	Layers     []int             `json:"layers"`
	Activation blocks.Activation `json:"activation"`
	// Images is how many training images are used; 0 for all 50,000.
	Images int `json:"images,omitempty"`
	// AllImages trains on the validation images too, 60,000 in all, so that nothing is left
	// to choose by: the parameters after the last epoch are the ones tested. For recipes
	// that were chosen before, on the validation set.
	AllImages bool `json:"all_images,omitempty"`
	// DBN and SDAE are the trainings of their layers.
	DBN  Stack `json:"dbn"`
	SDAE Stack `json:"sdae"`
	// JointEpochs trains each pretrained stack as a whole, unrolled into a deep
	// autoencoder, with the recipe of SDAE, before the labels are used.
	JointEpochs int `json:"joint_epochs,omitempty"`
	// DropInput and DropHidden are the probabilities of dropout in fine-tuning.
	DropInput  float64 `json:"drop_input,omitempty"`
	DropHidden float64 `json:"drop_hidden,omitempty"`
	// Top draws the first weights of the output layer.
	Top blocks.Initializer `json:"top"`
	// TopEpochs trains the output layer alone before the rest, with the recipe of
	// FineTune.
	TopEpochs int `json:"top_epochs,omitempty"`
	// FineTune is the supervised training, the same for all initialisations.
	FineTune train.Recipe `json:"fine_tune"`
	// GibbsSteps is the length of the chain behind the DBN's samples.
	GibbsSteps int `json:"gibbs_steps"`
}

// Stack is the recipe of the greedy training of a stack.
type Stack struct {
	Init  blocks.Initializer `json:"init"`
	Train train.Recipe       `json:"train"`
	// CD is the number of Gibbs steps of contrastive divergence, for RBMs.
	CD int `json:"cd,omitempty"`
	// Chains is the number of persistent chains, for RBMs; 0 for chains from the data.
	Chains int `json:"chains,omitempty"`
	// Sampled ends the chains in binary samples instead of probabilities, for RBMs.
	Sampled bool `json:"sampled,omitempty"`
	// Corruption of the inputs, for autoencoders.
	Corruption blocks.Corruption `json:"corruption,omitzero"`
	// Corruptions, if there are any, are those of the layers, from the input up, in place
	// of Corruption.
	Corruptions []blocks.Corruption `json:"corruptions,omitempty"`
}

// Names of the initialisations.
const (
	initNormal = "normal" // N(0, 1/√n)
	initGlorot = "glorot" // ±√(6/(n+k)), 4 times that for sigmoid units
	initDBN    = "dbn"    // a deep belief network, trained layer by layer
	initSDAE   = "sdae"   // a stack of denoising autoencoders, trained layer by layer
)

func inits() []string { return []string{initNormal, initGlorot, initDBN, initSDAE} }

// presets are the recipes by name. Each seed draws its own weights, order and noise.
func presets() map[string]Recipe {
	lecture := Recipe{
		Inits: inits(), Layers: equal(5, 500), Activation: blocks.Sigmoid(), GibbsSteps: 200, Top: blocks.Glorot(),
		// Contrastive divergence as in Hinton 2010: rate 0.1 on mean gradients of
		// batches of 100, weight cost 0.0002, W ~ N(0, 0.01).
		DBN: Stack{Init: blocks.Gaussian(0.01), CD: 1, Train: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5), L2: 0.0002},
			Epochs:    5, Batch: 100}},
		SDAE: Stack{Init: blocks.Glorot(), Corruption: blocks.Masking(0.25), Train: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5)},
			Epochs:    5, Batch: 100}},
		FineTune: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 5, Batch: 100, NormEvery: 10},
	}

	smoke := lecture
	smoke.Layers, smoke.Images, smoke.GibbsSteps = equal(3, 100), 5000, 50
	smoke.DBN.Train.Epochs, smoke.SDAE.Train.Epochs, smoke.FineTune.Epochs = 2, 2, 2

	// Hinton & Salakhutdinov 2006, from the documentation of their code: 50 epochs a
	// layer, momentum 0.5 and from the sixth epoch on 0.9, W ~ 0.1·N(0,1), and five
	// epochs of the output layer alone before the whole network is trained. Where they
	// fine-tune by conjugate gradients, this is gradient descent with momentum whose
	// rate falls to 0. Of the rates 0.02, 0.1 and 0.3 at momentum 0.9 the last was the
	// best on the validation set for the pretrained network (seed 1, 30 epochs: 1.22 %
	// at 0.1, 1.14 % at 0.3); the momentum rises as above since the network of random
	// weights diverges without that.
	paper := lecture
	paper.Inits, paper.Layers = []string{initGlorot, initDBN}, []int{500, 500, 2000}
	paper.DBN.Init = blocks.Gaussian(0.1)
	rising := train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 5, Value: 0.9}}}
	paper.DBN.Train.Epochs = 50
	paper.DBN.Train.Optimizer.Momentum = rising
	paper.SDAE.Train.Epochs = 15
	paper.TopEpochs = 5
	paper.FineTune = train.Recipe{
		Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Schedule{Start: 0.3, Linear: true}, Momentum: rising},
		Epochs:    30, Batch: 100, NormEvery: 50,
	}
	// They train on all 60,000 images; what was chosen above was chosen on 50,000.
	paper.AllImages, paper.GibbsSteps = true, 1000
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

func equal(depth, width int) []int {
	layers := make([]int, depth)
	for i := range layers {
		layers[i] = width
	}
	return layers
}

// flags binds the command line to the recipe. -depth and -width replace the layers.
func flags(fs *flag.FlagSet, r *Recipe) {
	fs.Func("init", "comma-separated `list` of initialisations: "+strings.Join(inits(), ", "), func(s string) error {
		r.Inits = strings.Split(s, ",")
		for _, name := range r.Inits {
			if !slices.Contains(inits(), name) {
				return fmt.Errorf("initialisation %q is unknown, want %s", name, strings.Join(inits(), ", "))
			}
		}
		return nil
	})
	fs.Func("depth", "number of hidden `layers`, 1 to 7, all as wide as the first", func(s string) error {
		depth, err := strconv.Atoi(s)
		if err != nil || depth < 1 || depth > maxDepth {
			return fmt.Errorf("want 1 to %d hidden layers, got %q", maxDepth, s)
		}
		width := 0 // an empty recipe is refused later, by validate
		if len(r.Layers) > 0 {
			width = r.Layers[0]
		}
		r.Layers = equal(depth, width)
		return nil
	})
	fs.Func("width", "`units` of every hidden layer", func(s string) error {
		width, err := strconv.Atoi(s)
		if err != nil || width < 1 {
			return fmt.Errorf("want at least one unit, got %q", s)
		}
		r.Layers = equal(len(r.Layers), width)
		return nil
	})
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Images, "images", r.Images, "`number` of training images, balanced over the classes; 0 for all")
	fs.BoolVar(&r.AllImages, "all-images", r.AllImages, "train on the validation images too, and test the parameters after the last epoch")
	fs.IntVar(&r.FineTune.Epochs, "epochs", r.FineTune.Epochs, "`epochs` of fine-tuning")
	fs.IntVar(&r.FineTune.Batch, "batch", r.FineTune.Batch, "`examples` a step of fine-tuning")
	fs.Float64Var(&r.FineTune.Optimizer.Rate.Start, "lr", r.FineTune.Optimizer.Rate.Start, "learning `rate` of fine-tuning")
	fs.StringVar(&r.FineTune.Optimizer.Kind, "optimizer", r.FineTune.Optimizer.Kind, "optimizer of fine-tuning, by `name`: "+strings.Join(train.Optimizers(), ", "))
	fs.Float64Var(&r.FineTune.Optimizer.Momentum.Start, "momentum", r.FineTune.Optimizer.Momentum.Start, "`factor` of the optimizers momentum and nesterov")
	fs.IntVar(&r.TopEpochs, "top-epochs", r.TopEpochs, "`epochs` of the output layer alone before fine-tuning")
	fs.Func("pretrain-epochs", "`epochs` a layer of pretraining", func(s string) error {
		n, err := strconv.Atoi(s)
		r.DBN.Train.Epochs, r.SDAE.Train.Epochs = n, n
		return err
	})
	fs.IntVar(&r.DBN.CD, "cd", r.DBN.CD, "Gibbs `steps` of contrastive divergence")
	fs.IntVar(&r.DBN.Chains, "chains", r.DBN.Chains, "persistent `chains` of contrastive divergence; 0 for chains from the data")
	fs.IntVar(&r.JointEpochs, "joint-epochs", r.JointEpochs, "`epochs` of the pretrained stack as a whole, unrolled into a deep autoencoder")
	fs.Float64Var(&r.DropInput, "drop-input", r.DropInput, "`probability` of dropping an input in fine-tuning")
	fs.Float64Var(&r.DropHidden, "drop-hidden", r.DropHidden, "`probability` of dropping a hidden unit in fine-tuning")
	fs.TextVar(&r.SDAE.Corruption, "corruption", r.SDAE.Corruption, "corruption of the denoising autoencoders, by `name`: "+strings.Join(blocks.Corruptions(), ", "))
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	// maxDepth is as deep as the lecture's networks go.
	maxDepth = 7
	// maxUnits of a layer: its codes of MNIST's 50,000 training images are 2 GB then.
	maxUnits = 10_000
	// maxWeights of a network, 256 MiB; training holds three to five times that. The
	// paper preset's has 1.6 million.
	maxWeights = 1 << 26
	// maxCD steps: each is a part of the graph.
	maxCD = 100
	// maxChains of a layer: the states of its visible units, 400 MB of 10,000 units.
	maxChains = 10_000
	// maxEpochs of a stage: an epoch leaves a record of up to 400 bytes in checkpoints,
	// whose records are bounded by 8 MiB.
	maxEpochs = 5_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Inits) == 0 {
		return fmt.Errorf("want at least one initialisation of %s", strings.Join(inits(), ", "))
	}
	for i, name := range r.Inits {
		if !slices.Contains(inits(), name) {
			return fmt.Errorf("initialisation %q is unknown, want %s", name, strings.Join(inits(), ", "))
		}
		if slices.Contains(r.Inits[:i], name) {
			return fmt.Errorf("initialisation %s is given twice", name)
		}
		if name == initDBN && r.Activation != blocks.Sigmoid() {
			return fmt.Errorf("initialisation dbn has sigmoid units, got activation %s: leave dbn out of -init", r.Activation)
		}
	}
	if len(r.Layers) < 1 || len(r.Layers) > maxDepth || slices.Min(r.Layers) < 1 {
		return fmt.Errorf("want 1 to %d hidden layers of at least one unit, got %v", maxDepth, r.Layers)
	}
	if err := checkSize(28*28, r.Layers); err != nil { // newNetwork looks at the images there are
		return err
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if r.Images < 0 || r.TopEpochs < 0 || r.GibbsSteps < 1 || r.DBN.CD < 1 {
		return fmt.Errorf("want images and top_epochs of at least 0, gibbs_steps and cd of at least 1, got %d, %d, %d and %d", r.Images, r.TopEpochs, r.GibbsSteps, r.DBN.CD)
	}
	if r.DBN.Chains < 0 || r.DBN.Chains > maxChains || r.JointEpochs < 0 {
		return fmt.Errorf("want chains of 0 to %d and joint_epochs of at least 0, got %d and %d", maxChains, r.DBN.Chains, r.JointEpochs)
	}
	for name, p := range map[string]float64{"drop_input": r.DropInput, "drop_hidden": r.DropHidden} {
		if !(p >= 0 && p < 1) {
			return fmt.Errorf("want %s in [0,1), got %g", name, p)
		}
	}
	if r.AllImages && (r.Images > 0 || r.FineTune.Patience != nil) {
		return fmt.Errorf("all_images trains on all images to the last epoch: want no images and no patience beside it")
	}
	if n := len(r.SDAE.Corruptions); n != 0 && n != len(r.Layers) {
		return fmt.Errorf("want a corruption for each of the layers %v, got %d: %v", r.Layers, n, r.SDAE.Corruptions)
	}
	if r.DBN.CD > maxCD {
		return fmt.Errorf("want cd of at most %d, got %d", maxCD, r.DBN.CD)
	}
	if most := max(r.TopEpochs, r.FineTune.Epochs, r.DBN.Train.Epochs, r.SDAE.Train.Epochs, r.JointEpochs); most > maxEpochs {
		return fmt.Errorf("want at most %d epochs a stage, got %d", maxEpochs, most)
	}
	if r.FineTune.Epochs < 1 {
		return fmt.Errorf("want at least one epoch of fine-tuning, got %d", r.FineTune.Epochs)
	}
	for name, t := range map[string]train.Recipe{"dbn": r.DBN.Train, "sdae": r.SDAE.Train, "fine-tuning": r.FineTune} {
		if err := t.Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkSize reports layers that are too large for the memory of a usual machine.
func checkSize(inputs int, layers []int) error {
	below, weights := int64(inputs), int64(0)
	for _, units := range layers {
		if units > maxUnits {
			return fmt.Errorf("want at most %d units a layer, got %v", maxUnits, layers)
		}
		weights += below * int64(units)
		below = int64(units)
	}
	if weights > maxWeights {
		return fmt.Errorf("want at most %d weights in a network, got %d of %d inputs and layers %v", maxWeights, weights, inputs, layers)
	}
	return nil
}
