package main

import (
	"context"
	"fmt"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// Methods: what is trained before the labels are used.
const (
	methodRandom = "random" // nothing: a network of random weights
	methodRBM    = "rbm"    // one hidden layer
	methodDBN    = "dbn"    // two hidden layers, each by itself
	methodDBM    = "dbm"    // two hidden layers, each by itself and then together
)

func methods() []string { return []string{methodRandom, methodRBM, methodDBN, methodDBM} }

// greedy names the deep machine as it was put together, before its joint training.
const greedy = "dbm-greedy"

// Names of the stages; those of layers are pretrain's.
const (
	jointStage  = "joint"
	tuneStage   = "fine-tuning"
	greedyStage = "greedy fine-tuning" // of the deep machine as it was put together
)

// network is one method with its stages.
type network struct {
	method string
	recipe Recipe
	data   *data
	root   *random.Stream
	stages []pretrain.Stage
	// Of the methods that have them: the deep machine, which of the RBM has one hidden layer;
	// the stack of which it is put together; the belief network.
	dbm   *models.DBM
	stack []*models.DBMLayer
	dbn   *models.DBN
	// nets are the classifiers by name: the method and, of the deep machine, greedy.
	nets map[string]*models.MLP
	// What generates is copied as soon as it is trained, by the same names.
	machines map[string]*models.DBM
	belief   *models.DBN
}

// data are what a seed's networks are trained and measured on.
type data struct {
	train, validation, test *datasets.Set // validation is nil if its images are in train
	// judged are binary test images, drawn from intensities, of which the likelihood is
	// estimated.
	judged *datasets.Set
}

// newNetwork returns a method's network with its first weights. Layers of one size begin
// with the same weights whatever the method, and see the examples in the same order.
func newNetwork(r Recipe, method string, d *data, seed uint64) (*network, error) {
	n := &network{method: method, recipe: r, data: d, root: random.New(seed), nets: map[string]*models.MLP{}, machines: map[string]*models.DBM{}}
	build := map[string]func() error{methodRandom: n.random, methodRBM: n.rbm, methodDBN: n.deepBelief, methodDBM: n.deep}[method]
	if err := build(); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	for name, net := range n.nets {
		net.DropInput, net.DropHidden, net.Noise = r.DropInput, r.DropHidden, n.root.Split("dropout "+name)
	}
	return n, nil
}

// sizes are the numbers of visible units and of those of so many hidden layers.
func (n *network) sizes(hidden int) []int {
	return append([]int{n.data.train.Dim()}, n.recipe.Hidden[:hidden]...)
}

// classes is the number of outputs.
func (n *network) classes() int { return n.data.train.Classes }

func (n *network) order() *random.Stream { return n.root.Split("order") }

// random weights are ±4√(6/(n+k)), as Glorot & Bengio 2010 give it for sigmoid units.
func (n *network) random() error {
	net, err := models.NewMLP("random", append(n.sizes(2), n.classes()), blocks.Sigmoid(), blocks.Glorot4(), blocks.Glorot(), n.root.Split("random"))
	if err != nil {
		return err
	}
	n.tune(methodRandom, net)
	return nil
}

// tune adds the supervised training of a network whose layers are its own.
func (n *network) tune(name string, net *models.MLP) {
	n.nets[name] = net
	if n.data.validation == nil {
		n.stages = append(n.stages, pretrain.Joint(tuneStage, net, n.recipe.tuning(name), n.data.train, n.order()))
		return
	}
	n.stages = append(n.stages, pretrain.FineTune(net, n.recipe.tuning(name), n.data.train, n.data.validation, n.order()))
}

// machine makes a deep machine of so many hidden layers and the stages that train its layers.
func (n *network) machine(hidden int) (err error) {
	if n.dbm, err = models.NewDBM(n.method, n.sizes(hidden), n.recipe.Init, n.root.Split("init")); err != nil {
		return err
	}
	if err := n.rates(n.dbm.B[0]); err != nil {
		return err
	}
	if n.stack, err = n.dbm.Stack(n.recipe.CD, n.root.Split("greedy")); err != nil {
		return err
	}
	n.stages = pretrain.Greedy(pretrain.DBMLayers(n.stack, n.recipe.layer), n.data.train, n.order())
	return nil
}

// rates sets the biases of the visible units to what makes each of them on as often as in the
// training images if all hidden units are off (Hinton 2010, §8). From biases of 0, contrastive
// divergence, whose chains stay near the data, never learns how unlikely grey images are, and
// other chains fall into them.
func (n *network) rates(c *blocks.Param) error {
	some, err := n.base()
	if err != nil {
		return err
	}
	base, err := models.BaseRates(some.X)
	if err != nil {
		return err
	}
	copy(c.Value.Float32s(), base.Float32s())
	return nil
}

// together adds the joint training and then the fine-tuning.
func (n *network) together() error {
	t, err := models.NewDBMTraining(n.dbm, n.recipe.Updates, n.recipe.Steps, n.recipe.Chains, n.root.Split("joint"))
	if err != nil {
		return err
	}
	n.stages = append(n.stages, pretrain.DBMJoint(t, n.stack, n.recipe.Joint, n.data.train, n.order()))
	return n.tuneMachine(n.method, tuneStage)
}

// tuneMachine adds the fine-tuning of the classifier of the machine.
func (n *network) tuneMachine(name, stage string) error {
	net, err := n.dbm.Classifier(name+".net", n.classes(), blocks.Glorot(), n.root.Split("top"))
	if err != nil {
		return err
	}
	n.nets[name] = net
	tune := pretrain.DBMFineTune(stage, n.dbm, net, n.recipe.Updates, n.recipe.tuning(name), n.data.train, n.data.validation, n.order())
	whole := tune.Train
	tune.Train = func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
		if stage == greedyStage {
			if err := n.dbm.Compose(n.stack); err != nil {
				return nil, err
			}
		}
		return whole(ctx, hooks)
	}
	n.stages = append(n.stages, tune)
	return nil
}

// rbm is a deep machine of one hidden layer: its greedy training is contrastive divergence,
// its joint training persistent contrastive divergence.
func (n *network) rbm() error {
	if err := n.machine(1); err != nil {
		return err
	}
	return n.together()
}

func (n *network) deep() error {
	if err := n.machine(2); err != nil {
		return err
	}
	if err := n.tuneMachine(greedy, greedyStage); err != nil {
		return err
	}
	return n.together()
}

// deepBelief trains the belief network as the deep machine's stack, but with every input taken
// once.
func (n *network) deepBelief() (err error) {
	if n.dbn, err = models.NewDBN(methodDBN, n.sizes(2), n.recipe.Init, n.root.Split("init")); err != nil {
		return err
	}
	if err := n.rates(n.dbn.Layers[0].C); err != nil {
		return err
	}
	for l, r := range n.dbn.Layers {
		n.stack = append(n.stack, &models.DBMLayer{Model: r, Up: 1, Down: 1, K: n.recipe.CD, Noise: n.root.Split("greedy").Split(fmt.Sprint(l + 1))})
	}
	n.stages = pretrain.Greedy(pretrain.DBMLayers(n.stack, n.recipe.layer), n.data.train, n.order())
	net, err := models.Classifier("dbn.net", n.dbn.Encoder(), n.recipe.Hidden[1], n.classes(), blocks.Glorot(), n.root.Split("top"))
	if err != nil {
		return err
	}
	n.tune(methodDBN, net)
	return nil
}

// after copies what a stage has trained, before the next one changes it.
func (n *network) after(stage string, _ *train.History) error {
	switch {
	case stage == jointStage:
		n.machines[n.method] = n.dbm.Clone()
	case n.method == methodDBM && stage == "layer 2":
		if err := n.dbm.Compose(n.stack); err != nil {
			return err
		}
		n.machines[greedy] = n.dbm.Clone()
	case n.method == methodDBN && stage == "layer 2":
		n.belief = &models.DBN{}
		for _, r := range n.dbn.Layers {
			n.belief.Layers = append(n.belief.Layers, &models.RBM{W: r.W.Clone(r.W.Name), B: r.B.Clone(r.B.Name), C: r.C.Clone(r.C.Name)})
		}
	}
	return nil
}

// trial is the training of all stages.
func (n *network) trial(seed uint64) trial.Trial {
	sets := []*datasets.Set{n.data.train}
	if n.data.validation != nil {
		sets = append(sets, n.data.validation)
	}
	r := n.recipe
	return trial.Trial{
		Seed: seed, Name: n.method, Data: sets, Stages: n.stages, AfterStage: n.after, Work: n.work(), Epochs: n.only(map[string]int{
			"layer 1": r.GreedyEpochs[0], "layer 2": r.GreedyEpochs[1], jointStage: r.Joint.Epochs, tuneStage: r.FineTune.Epochs, greedyStage: r.FineTune.Epochs,
		}),
	}
}

// only leaves out stages that the network does not have.
func (n *network) only(epochs map[string]int) map[string]int {
	out := map[string]int{}
	for _, s := range n.stages {
		out[s.Name] = epochs[s.Name]
	}
	return out
}

// work estimates the floating-point operations of an epoch of each stage: two for each
// weight and example in every product.
func (n *network) work() map[string]int64 {
	r, examples := n.recipe, 2*int64(n.data.train.Len())
	first, second := int64(n.data.train.Dim())*int64(r.Hidden[0]), int64(r.Hidden[0])*int64(r.Hidden[1])
	if n.method == methodRBM {
		second = 0
	}
	top := int64(r.Hidden[len(r.Hidden)-1]) * int64(n.classes())
	tune := 3 * (first + second + top)
	if n.method == methodDBM {
		tune += 2 * second
	}
	cd := 3 + 2*int64(r.CD)
	gibbs := 2 * int64(r.Steps) * (first + second) * int64(r.Chains) / int64(max(r.Joint.Batch, 1))
	return map[string]int64{
		"layer 1": examples * cd * first, "layer 2": examples * cd * second,
		jointStage: examples * (2*int64(r.Updates)*second + gibbs + 5*(first+second)),
		tuneStage:  examples * tune, greedyStage: examples * tune,
	}
}
