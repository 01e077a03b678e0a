package models_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// torchGAN is what scripts/torch_gan.py wrote.
type torchGAN struct {
	X        [][]float64
	Codes    [][][]float64
	Mixes    [][]float64
	Variants []struct {
		Name                     string
		Loss                     models.GANLoss
		R1, Lipschitz            float64
		Generator, Discriminator map[string]any
		DiscriminatorLoss        float64        `json:"discriminator loss"`
		GeneratorLoss            float64        `json:"generator loss"`
		Penalty                  float64        `json:"penalty"`
		DiscriminatorGradient    map[string]any `json:"discriminator gradient"`
		GeneratorGradient        map[string]any `json:"generator gradient"`
		TrainedGenerator         map[string]any `json:"trained generator"`
		TrainedDiscriminator     map[string]any `json:"trained discriminator"`
	}
}

func readTorchGAN(t *testing.T) (f torchGAN) {
	t.Helper()
	data := must[[]byte](t)(os.ReadFile(filepath.Join("testdata", "torch_gan.json")))
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// flatten reads numbers out of nested lists.
func flatten(v any) (out []float64) {
	if x, ok := v.(float64); ok {
		return []float64{x}
	}
	for _, x := range v.([]any) {
		out = append(out, flatten(x)...)
	}
	return out
}

// widenTo makes an MLP's parameters float64 tensors of the numbers given by layer, "1.W".
func widenTo(net models.Network, values map[string]any) {
	for i, d := range net.(*models.MLP).Layers {
		for name, p := range map[string]*blocks.Param{"W": d.W, "b": d.B} {
			p.Value = tensor.New(tensor.WithShape(p.Value.Shape()...), tensor.WithBacking(flatten(values[fmt.Sprintf("%d.%s", i+1, name)])))
		}
	}
}

// byLayer are numbers for each parameter, as the file names them.
func byLayer(net models.Network, of func(i int, p *blocks.Param) []float64) map[string][]float64 {
	out, i := map[string][]float64{}, 0
	for l, d := range net.(*models.MLP).Layers {
		for _, p := range d.Params() {
			out[fmt.Sprintf("%d.%s", l+1, p.Name[len(p.Name)-1:])] = of(i, p)
			i++
		}
	}
	return out
}

// Losses, penalties and gradients are PyTorch's, for every loss.
func TestGANEqualsPyTorch(t *testing.T) {
	f := readTorchGAN(t)
	x, z, mix := matrix(tensor.Float64, f.X), matrix(tensor.Float64, f.Codes[0]), tensor.New(tensor.WithShape(5), tensor.WithBacking(f.Mixes[0]))
	for _, v := range f.Variants {
		a := newGAN(t, []int{3, 6, 4}, []int{4, 7, 5})
		a.Loss, a.Penalty = v.Loss, models.GradientPenalty{R1: v.R1, Lipschitz: v.Lipschitz}
		widenTo(a.Generator, v.Generator)
		widenTo(a.Discriminator, v.Discriminator)
		g := G.NewGraph()
		in := G.Nodes{blocks.NewInput(g, tensor.Float64, "x", 5, 4), blocks.NewInput(g, tensor.Float64, "z", 5, 3), blocks.NewInput(g, tensor.Float64, "mix", 5)}
		o := must[*models.Objective](t)(a.Game(in[0], in[1], in[2]))
		var monitors G.Nodes
		for _, m := range o.Monitors {
			monitors = append(monitors, m.Node)
		}
		values := []G.Value{x, z, mix}
		got := join(compute(t, in, values, monitors...))
		near(t, v.Name+": losses", []float64{v.DiscriminatorLoss, v.GeneratorLoss}, got[:2], 1e-12)
		if v.Penalty != 0 {
			near(t, v.Name+": penalty", []float64{v.Penalty}, got[4:], 1e-10)
		}
		for i, want := range []map[string]any{v.DiscriminatorGradient, v.GeneratorGradient} {
			p := o.Players[i]
			grads := compute(t, in, values, must[G.Nodes](t)(autodiff.Grad(p.Cost, must[G.Nodes](t)(blocks.Nodes(g, p.Params))...))...)
			for name, numbers := range byLayer([]models.Network{a.Discriminator, a.Generator}[i], func(i int, _ *blocks.Param) []float64 { return grads[i] }) {
				near(t, v.Name+": gradient of "+p.Name+"'s "+name, flatten(want[name]), numbers, 1e-10)
			}
		}
	}
}

// scripted is a GAN whose noise is written down: each of its draws gives the next numbers.
type scripted struct {
	*models.GAN
	codes, mixes *int
	file         torchGAN
}

func (s scripted) Objective(m int) (*models.Objective, error) {
	x := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", m, 4)
	next := func(at *int, step int, shape tensor.Shape, of func(i int) []float64) (*G.Node, error) {
		return ops.Apply(ops.Def{Name: "written down", Shape: shape, Impure: true, F64: func(y []float64, _ [][]float64) {
			copy(y, of(*at))
			*at += step
		}}, x)
	}
	var c ops.Chain
	z := c.Do(next(s.codes, 1, tensor.Shape{m, 3}, func(i int) []float64 { return join(s.file.Codes[i]) }))
	var mix *G.Node
	if s.Penalty.Lipschitz > 0 { // the discriminator's move alone reads it
		mix = c.Do(next(s.mixes, 2, tensor.Shape{m}, func(i int) []float64 { return s.file.Mixes[i] }))
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	return s.Game(x, z, mix)
}

// Three steps, the discriminator first, by two optimisers with rates of their own end with PyTorch's
// parameters.
func TestGANTrainsAsPyTorch(t *testing.T) {
	f := readTorchGAN(t)
	adam := func(rate float64) train.Optimizer {
		return train.Optimizer{Kind: "adam", Rate: train.Constant(rate), Beta1: 0.5, Beta2: 0.9}
	}
	recipe := train.Recipe{Optimizer: adam(0.01), Players: map[string]train.Move{models.DiscriminatorName: {Optimizer: adam(0.02)}}}
	for _, v := range f.Variants {
		a := newGAN(t, []int{3, 6, 4}, []int{4, 7, 5})
		a.Loss, a.Penalty = v.Loss, models.GradientPenalty{R1: v.R1, Lipschitz: v.Lipschitz}
		widenTo(a.Generator, v.Generator)
		widenTo(a.Discriminator, v.Discriminator)
		state := must[*train.State](t)(recipe.NewState(tensor.Float64))
		s := must[*train.Stepper](t)(train.NewStepper(scripted{a, new(int), new(int), f}, state, 5))
		for range 3 {
			state.Advance(0, 1)
			if err := s.Step(batchOf(f.X)); err != nil {
				t.Fatal(err)
			}
		}
		for i, net := range []models.Network{a.Discriminator, a.Generator} {
			want := []map[string]any{v.TrainedDiscriminator, v.TrainedGenerator}[i]
			for name, got := range byLayer(net, func(_ int, p *blocks.Param) []float64 { return p.Value.Float64s() }) {
				near(t, v.Name+": "+name, flatten(want[name]), got, 1e-9)
			}
		}
	}
}

func batchOf(rows [][]float64) datasets.Batch { return datasets.Batch{X: matrix(tensor.Float64, rows)} }
