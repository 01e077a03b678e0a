package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// GAN is a generative adversarial network (Goodfellow et al. 2014; lecture 2.3). The generator
// turns codes z ~ N(0, 1) into examples x̃ = f(g(z)), where f is the activation of Output; the
// discriminator gives the logit l(x) of an example being one of the data, with probability D(x) =
// sigmoid(l(x)). Each is trained against the other: they are the players "discriminator" and
// "generator" of one objective, and move in this order (see train.Recipe.Players).
//
// For densities p of the data and q of what is generated, the best discriminator is D* = p/(p+q),
// and its cost log 4 − 2·JS(p, q): log 4 where it cannot tell them apart.
type GAN struct {
	// Generator has as many inputs as a code has elements, and as many outputs as an example.
	// Discriminator has one output.
	Generator, Discriminator Network
	// Output is what the generator's last layer is made into.
	Output blocks.Output
	// Loss is what both are trained by, the zero value without saturation, and Penalty what the
	// discriminator costs besides.
	Loss    GANLoss
	Penalty GradientPenalty
	// Noise draws the codes, and points between examples for a penalty.
	Noise *random.Stream
	// Trace, if not nil, keeps the losses of the training by step, and Album what the generator makes
	// of the same codes.
	Trace *Trace
	Album *Album
}

// The names of a GAN's players.
const (
	GeneratorName     = "generator"
	DiscriminatorName = "discriminator"
)

// NewGAN returns a GAN of two perceptrons with hidden leaky rectified units, slope 0.2 below 0
// (Radford et al. 2016). generator are the sizes from the code to the example, discriminator those
// from the example to the last hidden layer. Weights are drawn by init; the parameters are called
// name.generator.1.W, …, name.discriminator.1.W, …
func NewGAN(name string, generator, discriminator []int, output blocks.Output, init blocks.Initializer, s *random.Stream) (*GAN, error) {
	if len(generator) < 2 || len(discriminator) < 1 || discriminator[0] != generator[len(generator)-1] {
		return nil, fmt.Errorf("gan %s: want sizes from a code to an example, and from an example on, got %v and %v", name, generator, discriminator)
	}
	f := blocks.LeakyReLU(0.2)
	g, err := NewMLP(name+"."+GeneratorName, generator, f, init, init, s)
	if err != nil {
		return nil, err
	}
	d, err := NewMLP(name+"."+DiscriminatorName, append(discriminator[:len(discriminator):len(discriminator)], 1), f, init, init, s)
	if err != nil {
		return nil, err
	}
	g.Output, d.Output = output, blocks.Binary()
	return &GAN{Generator: g, Discriminator: d, Output: output}, nil
}

// Params returns the discriminator's parameters and the generator's.
func (a *GAN) Params() []*blocks.Param {
	ps := a.Discriminator.Params()
	return append(ps[:len(ps):len(ps)], a.Generator.Params()...)
}

// State returns what steps change besides the parameters: trace and album, if there are any.
func (a *GAN) State() (ps []*blocks.Param) {
	if a.Trace != nil {
		ps = append(ps, a.Trace.Values, a.Trace.Step)
	}
	if a.Album != nil {
		ps = append(ps, a.Album.Pages, a.Album.Step)
	}
	return ps
}

// Generate is the examples (m,n) of codes z (m,k), as after training.
func (a *GAN) Generate(z *G.Node) (*G.Node, error) {
	layers, err := a.Generator.Forward(z)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return a.Output.Activation().Apply(last(layers))
}

// Discriminate is the logits (m,1) of examples x (m,n), as after training.
func (a *GAN) Discriminate(x *G.Node) (*G.Node, error) {
	layers, err := a.Discriminator.Forward(x)
	if err != nil {
		return nil, fmt.Errorf("discriminator: %w", err)
	}
	return last(layers), nil
}

// Objective is the training graph for batches of m: input x (m,n), and the game for codes that are
// drawn.
func (a *GAN) Objective(m int) (*Objective, error) {
	if err := a.check(m); err != nil {
		return nil, fmt.Errorf("gan: %w", err)
	}
	x := blocks.NewInput(G.NewGraph(), dtype(a.Params()), "x", m, a.Discriminator.Inputs())
	var c ops.Chain
	zero := c.Do(ops.Constant(x, 0))
	z := c.Do(ops.Normal(c.Do(ops.Fill(zero, tensor.Shape{m, a.Generator.Inputs()})), 1, a.Noise))
	var mix *G.Node
	if a.Penalty.Lipschitz > 0 {
		mix = c.Do(ops.Uniform(c.Do(ops.Fill(zero, tensor.Shape{m})), a.Noise))
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	return a.Game(x, z, mix)
}

// Game is the objective for examples x (m,n) and codes z (m,k). mix (m) are the shares of the
// examples in the points between them and what is generated; nil where Penalty.Lipschitz is 0.
// Monitors are "discriminator loss" and "generator loss", of the same codes and before the step;
// "real" and "fake", the mean of D (by the Wasserstein loss of the critic l) over the examples and
// over what is generated; and "penalty", if there is one.
func (a *GAN) Game(x, z, mix *G.Node) (*Objective, error) {
	made, updates, err := a.Generator.Train(z)
	if err != nil {
		return nil, fmt.Errorf("gan: generator: %w", err)
	}
	var c ops.Chain
	generated := c.Do(a.Output.Activation().Apply(last(made)))
	if c.Err() != nil {
		return nil, fmt.Errorf("gan: generator: %w", c.Err())
	}
	// A discriminator's running statistics are those of the examples.
	real, more, err := a.Discriminator.Train(x)
	if err != nil {
		return nil, fmt.Errorf("gan: discriminator: %w", err)
	}
	fake, _, err := a.Discriminator.Train(generated)
	if err != nil {
		return nil, fmt.Errorf("gan: discriminator: %w", err)
	}
	loss := c.Do(a.Loss.discriminator(last(real), last(fake)))
	answer := c.Do(a.Loss.generator(real, fake))
	penalty, err := a.penalty(x, generated, mix, last(real))
	if err != nil {
		return nil, fmt.Errorf("gan: gradient penalty: %w", err)
	}
	o := &Objective{
		Inputs:  G.Nodes{x},
		Updates: append(updates, more...),
		Monitors: []Monitor{
			{Name: "discriminator loss", Node: loss}, {Name: "generator loss", Node: answer},
			{Name: "real", Node: a.opinion(&c, last(real))}, {Name: "fake", Node: a.opinion(&c, last(fake))},
		},
	}
	cost := loss
	if penalty != nil {
		cost = c.Do(ops.Add(loss, penalty))
		o.Monitors = append(o.Monitors, Monitor{Name: "penalty", Node: penalty})
	}
	o.Players = []Player{
		{Name: DiscriminatorName, Cost: cost, Params: a.Discriminator.Params()}, {Name: GeneratorName, Cost: answer, Params: a.Generator.Params()},
	}
	if c.Err() != nil {
		return nil, fmt.Errorf("gan: %w", c.Err())
	}
	if a.Trace != nil {
		if err := a.Trace.add(o); err != nil {
			return nil, fmt.Errorf("gan: %w", err)
		}
	}
	if a.Album != nil {
		if err := a.Album.add(o, x.Graph(), a.Generate); err != nil {
			return nil, fmt.Errorf("gan: %w", err)
		}
	}
	return o, nil
}

// last is the top one of a network's layers.
func last(layers G.Nodes) *G.Node { return layers[len(layers)-1] }

func (a *GAN) check(m int) error {
	switch {
	case m < 1:
		return fmt.Errorf("want batches of at least one example, got %d", m)
	case a.Generator == nil || a.Discriminator == nil:
		return fmt.Errorf("want a generator and a discriminator")
	case a.Generator.Outputs() != a.Discriminator.Inputs() || a.Discriminator.Outputs() != 1:
		return fmt.Errorf("want a discriminator of the generator's %d outputs with one output, got one of %d with %d",
			a.Generator.Outputs(), a.Discriminator.Inputs(), a.Discriminator.Outputs())
	case a.Penalty != GradientPenalty{} && norms(a.Discriminator):
		return fmt.Errorf("want a discriminator without batch normalisation for a gradient penalty")
	case a.Noise == nil:
		return fmt.Errorf("want a stream of random numbers for the codes")
	}
	return a.Penalty.Check()
}

// opinion is the mean of D, or of the critic, over logits.
func (a *GAN) opinion(c *ops.Chain, logits *G.Node) *G.Node {
	if a.Loss != Wasserstein() {
		logits = c.Do(blocks.Sigmoid().Apply(logits))
	}
	return c.Do(ops.Mean(logits))
}

// penalty is that of the discriminator's gradients.
func (a *GAN) penalty(x, generated, mix, real *G.Node) (*G.Node, error) {
	var total *G.Node
	var c ops.Chain
	if a.Penalty.R1 > 0 {
		squares, err := squaredGradients(x, real)
		if err != nil {
			return nil, err
		}
		total = c.Do(ops.Scale(c.Do(ops.Mean(squares)), a.Penalty.R1/2))
	}
	if a.Penalty.Lipschitz > 0 {
		if mix == nil {
			return nil, fmt.Errorf("want shares of the points between examples and what is generated")
		}
		// ε·x + (1−ε)·x̃ = x̃ + ε·(x − x̃)
		shares := c.Do(ops.RepeatCols(mix, x.Shape()[1]))
		between := c.Do(ops.Add(generated, c.Do(ops.Mul(shares, c.Do(ops.Sub(x, generated))))))
		if c.Err() != nil {
			return nil, c.Err()
		}
		layers, _, err := a.Discriminator.Train(between)
		if err != nil {
			return nil, err
		}
		squares, err := squaredGradients(between, last(layers))
		if err != nil {
			return nil, err
		}
		// The root's derivative is infinite at 0, which float32 reaches where all units are off.
		norms := c.Do(ops.Sqrt(c.Do(ops.Linear(squares, 1, 1e-12))))
		excess := c.Do(ops.Mean(c.Do(ops.Square(c.Do(ops.Linear(norms, 1, -1))))))
		total = sum(&c, total, c.Do(ops.Scale(excess, a.Penalty.Lipschitz)))
	}
	return total, c.Err()
}

// squaredGradients is ‖∂l_i/∂x_i‖² of each row i of x (m,n), a vector (m), for logits l (m,1) of
// which each depends on its own row alone.
func squaredGradients(x, logits *G.Node) (*G.Node, error) {
	var c ops.Chain
	all := c.Do(ops.Sum(logits))
	if c.Err() != nil {
		return nil, c.Err()
	}
	by, err := autodiff.Grad(all, x)
	if err != nil {
		return nil, err
	}
	return c.Do(ops.RowSum(c.Do(ops.Square(by[0])))), c.Err()
}
