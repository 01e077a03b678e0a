package main

import (
	"fmt"
	"math"
	"strconv"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// task is what a network is to say about an image.
type task string

const (
	classes task = "classes" // its class
	binary  task = "binary"  // whether its class is odd
	numeric task = "numeric" // its ink, in hundreds of pixels
)

// pairs are those that a task is trained with, the lecture's first.
func (t task) pairs() []pair {
	switch t {
	case binary:
		return []pair{sigmoidCE(), sigmoidSE(), linearSE()}
	case numeric:
		return []pair{linearSE(), sigmoidSE()}
	}
	return []pair{softmaxCE(), softmaxSE(), sigmoidCE(), sigmoidSE()}
}

// score is the name of the validation value by which parameters and rates are chosen.
func (t task) score() string {
	if t == numeric {
		return "loss"
	}
	return "error"
}

// outputs is the number of outputs for images of k classes.
func (t task) outputs(k int) int {
	if t == classes {
		return k
	}
	return 1
}

// ink builds the number of pixels of images x (m,n) with an intensity above ½, in
// hundreds, (m,1).
func ink(x *G.Node) (*G.Node, error) {
	var c ops.Chain
	signs := c.Do(ops.RowSum(c.Do(ops.Sign(c.Do(ops.Linear(x, 1, -0.5)))))) // those above ½ less the others
	if err := c.Err(); err != nil {
		return nil, err
	}
	m, n := x.Shape()[0], float64(x.Shape()[1])
	return c.Do(ops.Reshape(c.Do(ops.Linear(signs, 0.005, 0.005*n)), m, 1)), c.Err()
}

// spec says which network is trained.
type spec struct {
	task task
	pair pair
	rate float64
	// wrong is the confidence of a confidently wrong start, 0 for the usual one.
	wrong float64
	seed  uint64
}

// run is the name of its lines in the log; with the seed, that of its files.
func (s spec) run() string {
	name := fmt.Sprintf("%s-%s-rate-%s", s.task, s.pair.key(), number(s.rate))
	if s.wrong > 0 {
		name += "-wrong-" + number(s.wrong)
	}
	return name
}

// file is the name of its files.
func (s spec) file() string { return trial.Trial{Seed: s.seed, Name: s.run()}.File() }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// network is a classifier, or a regression of ink, with the output and the loss of a
// pair.
type network struct {
	*models.MLP
	spec
	classes int
	odd     *blocks.Param // (classes,1): 1 for the odd ones
}

var _ pretrain.Classifier = (*network)(nil)

// newNetwork returns a network with its first weights. Networks of one seed share the
// hidden layer's, and those of one task the output layer's.
func newNetwork(r Recipe, s spec, data *datasets.Set) (*network, error) {
	root := random.New(s.seed)
	hidden, err := blocks.NewDense("losses.1", data.Dim(), r.Units, r.Activation, blocks.Glorot(), root.Split("hidden"))
	if err != nil {
		return nil, err
	}
	net, err := models.Classifier("losses", []*blocks.Dense{hidden}, r.Units, s.task.outputs(data.Classes), blocks.Glorot(), root.Split("top"))
	if err != nil {
		return nil, err
	}
	net.Output = s.pair.output()
	n := &network{MLP: net, spec: s, classes: data.Classes, odd: blocks.NewParam("odd", data.Classes, 1)}
	for j := 1; j < data.Classes; j += 2 {
		n.odd.Value.Float32s()[j] = 1
	}
	if s.wrong > 0 {
		start(net.Layers[1].B.Value.Float32s(), s.pair, s.wrong)
	}
	return n, nil
}

// start sets output biases that say, sure of it, that every image is of class 0: with
// all pre-activations from weights 0, softmax gives it the probability confidence;
// sigmoids give it confidence, and 1−confidence to every other class.
func start(bias []float32, p pair, confidence float64) {
	odds := math.Log(confidence / (1 - confidence))
	if p.f == blocks.Softmax() {
		bias[0] = float32(odds + math.Log(float64(len(bias)-1)))
		return
	}
	for j := range bias {
		bias[j] = float32(-odds)
	}
	bias[0] = float32(odds)
}

// Objective is the graph of the pair's loss. Monitors: "loss" and, for classes and
// binary outputs, "error", the fraction on the wrong side.
func (n *network) Objective(m int) (*models.Objective, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, n.Inputs())
	layers, err := n.Forward(x)
	if err != nil {
		return nil, err
	}
	z := layers[len(layers)-1]
	var c ops.Chain
	if n.task == numeric {
		loss := c.Do(n.pair.loss(z, c.Do(ink(x))))
		return &models.Objective{Inputs: G.Nodes{x}, Cost: loss, Monitors: []models.Monitor{{Name: "loss", Node: loss}}}, c.Err()
	}
	labels := blocks.NewInput(g, tensor.Float32, "t", m, n.classes)
	t := labels
	if n.task == binary {
		t = c.Do(ops.MatMul(labels, c.Do(n.odd.Node(g)), false, false))
	}
	loss := c.Do(n.pair.loss(z, t))
	wrong := c.Do(blocks.Misclassified(z, t))
	if n.task == binary {
		wrong = c.Do(wrongSide(c.Do(n.pair.f.Apply(z)), t))
	}
	return &models.Objective{Inputs: G.Nodes{x, labels}, Cost: loss, Monitors: []models.Monitor{
		{Name: "loss", Node: loss}, {Name: "error", Node: wrong, Sum: true},
	}}, c.Err()
}

// Evaluation is Objective: nothing is drawn in it.
func (n *network) Evaluation(m int) (*models.Objective, error) { return n.Objective(m) }

// wrongSide builds the number of outputs y (m,1) that are on the other side of ½ than
// their targets t, which are 0 or 1; an output of ½ counts half.
func wrongSide(y, t *G.Node) (*G.Node, error) {
	var c ops.Chain
	agree := c.Do(ops.Mul(c.Do(ops.Sign(c.Do(ops.Linear(y, 1, -0.5)))), c.Do(ops.Linear(t, 2, -1)))) // 1 or −1
	return c.Do(ops.Sum(c.Do(ops.Linear(agree, -0.5, 0.5)))), c.Err()
}

// stage trains the network; it ends with the parameters of the best validation score.
func (n *network) stage(r Recipe, data, validation *datasets.Set) pretrain.Stage {
	recipe := r.Train
	recipe.Optimizer.Rate.Start = n.rate
	return pretrain.Supervised(n.task.score(), n, recipe, data, validation, random.New(n.seed).Split("order"))
}

// confidence is the smallest probability that the network gives to class 0 over the
// images of a set.
func (n *network) confidence(set *datasets.Set) (float64, error) {
	y, err := train.Map(set.X, func(x *G.Node) (*G.Node, error) {
		layers, err := n.Forward(x)
		if err != nil {
			return nil, err
		}
		return n.pair.f.Apply(layers[len(layers)-1])
	})
	if err != nil {
		return 0, fmt.Errorf("confidence: %w", err)
	}
	least, k := math.Inf(1), n.Outputs()
	for i, p := range y.Float32s() {
		if i%k == 0 {
			least = min(least, float64(p))
		}
	}
	return least, nil
}

// work estimates the floating-point operations of an epoch: two for each weight and
// example in every product.
func work(r Recipe, t task, inputs, classes, examples, validation int) int64 {
	weights := int64(r.Units) * int64(inputs+t.outputs(classes))
	return 2 * weights * int64(3*examples+validation)
}
