package main

import (
	"context"
	"fmt"
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// pair is an activation of the hidden units with an initialisation of the weights.
type pair struct {
	f    blocks.Activation
	init blocks.Initializer
}

// String is its name, such as "tanh/xavier".
func (p pair) String() string { return p.f.String() + "/" + p.init.String() }

// pairs are those of the survey.
func (r Recipe) pairs() []pair {
	var out []pair
	for _, f := range r.Activations {
		for _, i := range r.Inits {
			out = append(out, pair{f, i})
		}
	}
	return out
}

// scaling says how pixels are given to the network.
type scaling string

const (
	// standardised pixels have mean 0 and standard deviation 1 over all of the training
	// images, as the rules for first weights suppose.
	standardised scaling = "standardised"
	raw          scaling = "raw pixels" // in [0, 1]
)

// measured is what the survey finds of one untrained network.
type measured struct {
	layers []layer // the hidden ones
	sure   float64 // share of the examples for which the output is sure of a class
}

// surveyed are the networks of one seed.
type surveyed map[scaling]map[pair]measured

// images are the examples that the survey measures on.
type images struct {
	set *datasets.Set // raw
	x   map[scaling]*tensor.Dense
	// meanSquare is that of all pixels.
	meanSquare map[scaling]float64
}

func newImages(validation *datasets.Set, n int, s standard) (*images, error) {
	set, err := validation.Take(min(n, validation.Len()))
	if err != nil {
		return nil, err
	}
	scaled, err := s.apply(set)
	if err != nil {
		return nil, err
	}
	out := &images{set, map[scaling]*tensor.Dense{standardised: scaled.X, raw: set.X}, map[scaling]float64{}}
	for k, x := range out.x {
		for _, v := range x.Float32s() {
			out.meanSquare[k] += float64(v) * float64(v) / float64(len(x.Float32s()))
		}
	}
	return out, nil
}

// standard are the mean and the standard deviation of the training images' pixels.
type standard struct{ mean, sd float64 }

func newStandard(set *datasets.Set) standard {
	x := set.X.Float32s()
	var s standard
	for _, v := range x {
		s.mean += float64(v) / float64(len(x))
	}
	s.sd = math.Sqrt(variance(x))
	return s
}

// apply returns the set with standardised pixels, in memory of its own.
func (s standard) apply(set *datasets.Set) (*datasets.Set, error) {
	if !(s.sd > 0) {
		return nil, fmt.Errorf("%s: want pixels that differ, got a standard deviation of %g", set.Name, s.sd)
	}
	x := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(set.Len(), set.Dim()))
	to := x.Float32s()
	for i, v := range set.X.Float32s() {
		to[i] = float32((float64(v) - s.mean) / s.sd)
	}
	return set.WithX(x)
}

// surveyLine is a line of metrics.jsonl for a surveyed network; its lists have a value a
// hidden layer.
type surveyLine struct {
	Stage      string    `json:"stage"`
	Activation string    `json:"activation"`
	Inputs     scaling   `json:"inputs"`
	Z          []float64 `json:"z_variances"`
	H          []float64 `json:"activation_variances"`
	Delta      []float64 `json:"delta_variances"`
	Saturated  []float64 `json:"saturated_shares"`
	Sure       float64   `json:"sure_outputs"`
}

// survey measures the untrained networks of one initialisation and seed. Those of one
// seed have the same draws, but for their size, where these are of one distribution.
func survey(ctx context.Context, r *lab.Run[Recipe], init blocks.Initializer, seed uint64, at *images, steepest map[blocks.Activation]float64) (surveyed, error) {
	net, err := mlp(r.Recipe.Depth, r.Recipe.Width, blocks.Linear(), init, seed, at.set)
	if err != nil {
		return nil, err
	}
	out := surveyed{standardised: {}, raw: {}}
	for _, f := range r.Recipe.Activations {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, d := range net.Layers[:r.Recipe.Depth] {
			d.F = f
		}
		p, err := newProbe(net, at.set.Len(), steepest[f])
		if err != nil {
			return nil, err
		}
		for _, inputs := range []scaling{standardised, raw} {
			layers, sure, err := p.run(at.x[inputs], at.set.OneHot())
			if err != nil {
				return nil, err
			}
			out[inputs][pair{f, init}] = measured{layers, sure}
			line := surveyLine{Stage: "survey", Activation: f.String(), Inputs: inputs, Sure: sure}
			for _, s := range layers {
				line.Z, line.H = append(line.Z, s.Z), append(line.H, s.H)
				line.Delta, line.Saturated = append(line.Delta, s.Delta), append(line.Saturated, s.Saturated)
			}
			r.Log(seed, "survey "+init.String(), line)
		}
	}
	return out, nil
}

// mlp returns a network with first weights of the seed. The output layer's are drawn by
// init too.
func mlp(depth, width int, f blocks.Activation, init blocks.Initializer, seed uint64, data *datasets.Set) (*models.MLP, error) {
	sizes := []int{data.Dim()}
	for range depth {
		sizes = append(sizes, width)
	}
	return models.NewMLP("mlp", append(sizes, data.Classes), f, init, init, random.New(seed).Split("weights"))
}

// work estimates the floating-point operations of products passes through a network, two
// for each weight and example.
func work(products, depth, width, inputs, classes, examples int) int64 {
	weights := inputs*width + (depth-1)*width*width + width*classes
	return 2 * int64(products) * int64(weights) * int64(examples)
}
