package main

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/reinforce"
)

// task is an environment.
type task string

const (
	cartpole task = "cartpole"
	catch    task = "catch"
)

func tasks() []task { return []task{cartpole, catch} }

// method is a way to learn.
type method string

const (
	dqn        method = "dqn"
	noReplay   method = "dqn-no-replay"
	noTarget   method = "dqn-no-target"
	neither    method = "dqn-neither"
	withBase   method = "reinforce"
	noBaseline method = "reinforce-no-baseline"
)

func qMethods() []method      { return []method{dqn, noReplay, noTarget, neither} }
func policyMethods() []method { return []method{withBase, noBaseline} }
func methods() []method       { return append(qMethods(), policyMethods()...) }

// title is the method's name in figures and tables. What is left out stands for the rest of it.
func (m method) title() string {
	return map[method]string{
		dqn: "DQN", noReplay: "no replay memory", noTarget: "no target network", neither: "neither",
		withBase: "REINFORCE", noBaseline: "no baseline",
	}[m]
}

func (m method) ofPolicy() bool { return m == withBase || m == noBaseline }

// spec says who learns what.
type spec struct {
	task   task
	method method
	seed   uint64
}

// run is the name of its lines in the log; with the seed, that of its files.
func (s spec) run() string { return fmt.Sprintf("%s-%s", s.task, s.method) }

func (s spec) file() string { return trial.Trial{Seed: s.seed, Name: s.run()}.File() }

// learner is an agent that learns: its network and the stage that trains it.
type learner struct {
	spec
	env   reinforce.Environment
	net   *models.MLP
	stage pretrain.Stage
	root  *random.Stream
}

// newLearner returns a learner with its first weights. Of one seed and task, the hidden layers
// begin alike in all methods, and so do the environments; validation and test episodes are
// the same for all, and others than those of training.
func newLearner(r *Recipe, s spec) (*learner, error) {
	l := &learner{spec: s, env: r.environment(s.task), root: random.New(s.seed).Split(string(s.task))}
	shape := l.env.Shape()
	// A policy begins near uniform, and a baseline near 0. Values begin as they may.
	top := blocks.Glorot()
	if s.method.ofPolicy() {
		top = blocks.Gaussian(0.01)
	}
	network := func(name string, outputs int) (*models.MLP, error) {
		sizes := append(append([]int{shape.Inputs}, r.Hidden...), outputs)
		return models.NewMLP(name, sizes, r.Activation, blocks.Glorot(), top, l.root.Split("weights "+name))
	}
	var err error
	if l.net, err = network("agent", shape.Actions); err != nil {
		return nil, err
	}
	t, draws := r.trainings(s.task), l.root.Split("training")
	if s.method.ofPolicy() {
		var baseline *models.MLP
		if s.method == withBase {
			if baseline, err = network("baseline", 1); err != nil {
				return nil, err
			}
		}
		l.stage = reinforce.PolicyStage(l.env, l.net, baseline, t.Policy, draws)
		return l, nil
	}
	l.net.Output = blocks.Numeric()
	recipe := t.Q
	recipe.Latest = s.method == noReplay || s.method == neither
	if s.method == noTarget || s.method == neither {
		recipe.TargetEvery = 0
	}
	l.stage = reinforce.QStage(l.env, l.net, recipe, draws)
	return l, nil
}

// epochs of the training.
func (l *learner) epochs(r *Recipe) int {
	if l.method.ofPolicy() {
		return r.trainings(l.task).Policy.Epochs
	}
	return r.trainings(l.task).Q.Epochs
}

// work of an epoch, in weights that are multiplied: forward, and backward twice.
func (l *learner) work(r *Recipe) int64 {
	var weights, rows int
	for _, d := range l.net.Layers {
		weights += d.W.Value.Shape().TotalSize()
	}
	t, limit := r.trainings(l.task), r.limit(l.task)
	if l.method.ofPolicy() {
		rows = t.Policy.Rounds*t.Policy.Episodes*limit*4 + t.Policy.Measure*limit*5
	} else {
		rows = t.Q.Rounds * (t.Q.Copies + 4*t.Q.Batch)
	}
	rows += r.Validation * limit
	return int64(min(float64(weights)*float64(rows), math.MaxInt64/1e6))
}

// perEpoch is how much experience an epoch is: steps in the environments of Q-learning,
// episodes of REINFORCE.
func (r *Recipe) perEpoch(t task, m method) float64 {
	own := r.trainings(t)
	if m.ofPolicy() {
		return float64(own.Policy.Rounds * own.Policy.Episodes)
	}
	return float64(own.Q.Rounds * own.Q.Copies)
}
