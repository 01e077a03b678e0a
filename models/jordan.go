package models

import (
	"fmt"
	"slices"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Jordan is the network of Jordan 1986, whose outputs are fed back where a basic recurrent network,
// Elman's, feeds back its hidden units (lecture 2.3):
//
//	h_t = f(x_t·W + y_{t−1}·U + b),  z_t = h_t·V + c,  y_t = σ(z_t)
//
// with W (n,k), U (o,k), b (k), V (k,o), c (o), and y = 0 before the first step. It has outputs after
// each step; examples and targets are those of a Recurrent network with Each. What it remembers must
// go through its outputs. It is trained by backpropagation through time, with its own outputs fed
// back.
type Jordan struct {
	W, U, B, V, C *blocks.Param
	// F is the name of f: tanh, relu or sigmoid.
	F string
	// Output decides the loss: Binary, or another one, whose outputs are fed back by σ all the same.
	Output blocks.Output
	Steps  int
	Masked bool
}

// NewJordan returns a network of n inputs, k hidden units and o outputs with weights drawn by init
// and biases 0, for sequences of so many steps. Its parameters are called name.W, name.U, name.b,
// name.V, name.c.
func NewJordan(name string, n, k, o, steps int, f string, init blocks.Initializer, s *random.Stream) (*Jordan, error) {
	if steps < 1 {
		return nil, fmt.Errorf("jordan network %s: want at least one step, got %d", name, steps)
	}
	j := &Jordan{B: blocks.NewParam(name+".b", max(k, 1)), C: blocks.NewParam(name+".c", max(o, 1)), F: f, Output: blocks.Binary(), Steps: steps}
	for _, w := range []struct {
		to         **blocks.Param
		name       string
		rows, cols int
	}{{&j.W, ".W", n, k}, {&j.U, ".U", o, k}, {&j.V, ".V", k, o}} {
		var err error
		if *w.to, err = init.Weights(name+w.name, w.rows, w.cols, s); err != nil {
			return nil, fmt.Errorf("jordan network %s: %w", name, err)
		}
	}
	return j, nil
}

// Params returns W, U, b, V and c.
func (j *Jordan) Params() []*blocks.Param { return []*blocks.Param{j.W, j.U, j.B, j.V, j.C} }

// Inputs is n, the number of inputs of a step.
func (j *Jordan) Inputs() int { return inputs(j.W) }

// Outputs is o, the number of outputs of a step.
func (j *Jordan) Outputs() int { return outputs(j.V) }

// Width is the length of an example's row.
func (j *Jordan) Width() int {
	if j.Masked {
		return j.Steps * (j.Inputs() + 1)
	}
	return j.Steps * j.Inputs()
}

// Logits builds z (m·T,o), the outputs before their function, for examples x.
func (j *Jordan) Logits(x *G.Node, frozen bool) (*G.Node, error) {
	b, err := j.split(x)
	if err != nil {
		return nil, err
	}
	return j.logits(b, frozen)
}

func (j *Jordan) split(x *G.Node) (recurrentBatch, error) {
	return splitSequences("jordan network", x, j.Width(), j.Steps, j.Inputs(), j.Masked, false)
}

func (j *Jordan) logits(b recurrentBatch, frozen bool) (*G.Node, error) {
	leaves, err := blocks.Nodes(b.x.Graph(), j.Params())
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	z := c.Do(ops.Affine(b.x, leaves[0], leaves[2], false))
	return c.Do(ops.Jordan(z, leaves[1], leaves[3], leaves[4], j.F, ops.Sequence{Steps: j.Steps, Mask: b.mask, Frozen: frozen})), c.Err()
}

// Objective is the training graph for batches of m; see Recurrent.Objective.
func (j *Jordan) Objective(m int) (*Objective, error) { return j.objective(m, false) }

// Evaluation is the same graph for evaluation alone.
func (j *Jordan) Evaluation(m int) (*Objective, error) { return j.objective(m, true) }

func (j *Jordan) objective(m int, frozen bool) (*Objective, error) {
	if m < 1 || j.Steps < 1 {
		return nil, fmt.Errorf("jordan network: want batches of at least one sequence of at least one step, got %d of %d", m, j.Steps)
	}
	if slices.Contains(j.Params(), nil) {
		return nil, fmt.Errorf("jordan network: a parameter is missing")
	}
	g, dt := G.NewGraph(), dtype(j.Params())
	x := blocks.NewInput(g, dt, "x", m, j.Width())
	t := blocks.NewInput(g, dt, "t", m, j.Steps*j.Outputs())
	b, err := j.split(x)
	if err != nil {
		return nil, err
	}
	z, err := j.logits(b, frozen)
	if err != nil {
		return nil, err
	}
	o := &Objective{Inputs: G.Nodes{x, t}}
	return o, o.sequenceLoss(j.Output, z, t, b.mask)
}
