package main

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"capas/autodiff"
	"capas/blocks"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"
)

// variant is a cell with first weights whose gradients are followed through time.
type variant struct {
	cell blocks.Cell
	// open tells that the gates that keep the state begin open, see openGates; otherwise half open.
	open bool
}

// name is that of its metrics and, written out, of its curve.
func (v variant) name() string {
	switch {
	case v.cell.Gates() == 1:
		return v.cell.String()
	case v.open:
		return v.cell.String() + "-open"
	}
	return v.cell.String() + "-half"
}

func (v variant) label() string {
	switch {
	case v.cell.Gates() == 1:
		return v.cell.String()
	case v.open:
		return v.cell.String() + ", gates open"
	}
	return v.cell.String() + ", gates half open"
}

// variants are the cells, those with gates twice.
func variants(r Recipe) (out []variant) {
	for _, c := range r.Cells {
		if c.Gates() > 1 {
			out = append(out, variant{c, false})
		}
		out = append(out, variant{c, true})
	}
	return out
}

// gradientSequences are averaged over.
const gradientSequences = 10

// gradientNorms follows the error of the adding problem back through time, with first weights: the
// root of the mean over sequences of ‖∂L/∂x_t‖² for each step t, where L is the squared error after
// the last one. In float64: some become too small for float32. It also returns the spectral radius of
// the recurrent weights of a basic cell, which are scaled to the radius given unless that is 0.
func gradientNorms(r Recipe, v variant, seed uint64, radius float64) (norms []float64, found float64, err error) {
	steps := r.GradientSteps
	root := random.New(seed)
	set, err := adding("gradient", gradientSequences, steps, root.Split("gradient data"))
	if err != nil {
		return nil, 0, err
	}
	o := models.RecurrentOptions{Cell: v.cell, Inputs: 2, Outputs: 1, Units: r.Adding.Units, Steps: steps}
	weights := root.Split("adding weights").Split(v.cell.String())
	net, err := models.NewRecurrent("gradient", o, blocks.Glorot(), weights)
	if err != nil {
		return nil, 0, err
	}
	if v.open {
		openGates(net, steps, weights.Split("gates"))
	}
	net.Output = blocks.Numeric()
	for _, p := range net.Params() {
		p.Value = wide(p.Value)
	}
	if v.cell.Gates() == 1 {
		U := net.Layers[0].Forward.U.Value
		if found, err = spectralRadius(U); err != nil {
			return nil, 0, err
		}
		if radius > 0 {
			for i := range U.Float64s() {
				U.Float64s()[i] *= radius / found
			}
		}
	}
	objective, err := net.Objective(gradientSequences)
	if err != nil {
		return nil, 0, err
	}
	grads, err := autodiff.Grad(objective.Cost, objective.Inputs[0])
	if err != nil {
		return nil, 0, err
	}
	f, err := autodiff.Compile(objective.Inputs, grads, nil)
	if err != nil {
		return nil, 0, err
	}
	if err := f.Run(wide(set.X), wide(set.Targets)); err != nil {
		return nil, 0, err
	}
	norms = make([]float64, steps)
	for i, d := range f.Output(0).(*tensor.Dense).Float64s() {
		norms[i/2%steps] += d * d / gradientSequences
	}
	for t := range norms {
		norms[t] = math.Sqrt(norms[t])
	}
	return norms, found, nil
}

// least is the logarithm of what is left of a gradient that has vanished in float64; the report says it.
const least = -300

// left is log₁₀ of a step's gradient relative to the last one's. A gradient that is 0 everywhere has
// nothing left.
func left(norms []float64, step int) float64 {
	if norms[step] == 0 {
		return least
	}
	return max(least, math.Log10(norms[step]/norms[len(norms)-1]))
}

// spectralRadius is the largest absolute value of the eigenvalues of a square matrix.
func spectralRadius(U *tensor.Dense) (radius float64, err error) {
	k := U.Shape()[0]
	var e mat.Eigen
	if !e.Factorize(mat.NewDense(k, k, slices.Clone(U.Float64s())), mat.EigenNone) {
		return 0, fmt.Errorf("the eigenvalues of the recurrent weights were not found")
	}
	for _, l := range e.Values(nil) {
		radius = max(radius, cmplx.Abs(l))
	}
	return radius, nil
}

// wide is a float64 copy of a float32 tensor.
func wide(x *tensor.Dense) *tensor.Dense {
	out := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(x.Shape()...))
	for i, v := range x.Float32s() {
		out.Float64s()[i] = float64(v)
	}
	return out
}

// gradient follows the gradient back through time.
func (r *reporter) gradient() error {
	r.Section("The gradient through time", fmt.Sprintf("The adding problem over %d steps, with first weights. The squared error after the last step is followed back to the input of every step: the root "+
		"mean square over %d sequences of ‖∂L/∂x_t‖, relative to that of the last step. A basic cell multiplies it by Uᵀ·diag(f′) at each step (lecture 3.1); the state of an LSTM or GRU is multiplied by a gate, "+
		"which begins half open, 0.5, or open, 1 − 1/t with t from 2 to T. What is less than 10⁻³⁰⁰ of the last step's counts as that.", r.Recipe.GradientSteps, gradientSequences))
	lines := figure.Lines{XLabel: "steps before the last", YLabel: "log₁₀ of the gradient left"}
	var rows [][]string
	for _, v := range variants(r.Recipe) {
		s := figure.Series{Name: v.label()}
		for _, seed := range r.Seeds {
			norms, radius, err := gradientNorms(r.Recipe, v, seed, 0)
			if err != nil {
				return err
			}
			if v.cell.Gates() == 1 {
				r.Metric("gradient."+v.name()+".radius", seed, radius)
			}
			var row []float64
			for d := range norms {
				row = append(row, left(norms, len(norms)-1-d))
			}
			s.Y = append(s.Y, row)
			r.Metric("gradient."+v.name()+".log10", seed, left(norms, 0))
		}
		for d := range r.Recipe.GradientSteps {
			s.X = append(s.X, float64(d))
		}
		lines.Series = append(lines.Series, s)
		rows = append(rows, []string{v.label(), lab.Summary(r.Values("gradient." + v.name() + ".log10"))})
	}
	if err := r.chart("gradient.svg", "Gradient norm through time", "Relative to the last step's.", lines); err != nil {
		return err
	}
	r.Table("Orders of magnitude between the last step's gradient and the first one's (log₁₀ of their quotient)", []string{"cell", "orders"}, rows)
	if r.judged() {
		r.gradientClaims()
	}
	for _, v := range variants(r.Recipe) {
		if v.cell.Gates() == 1 {
			if err := r.radii(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// radii are those to which the recurrent weights of a basic cell are scaled.
func radii() []float64 { return []float64{0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3} }

// radii shows on what the gradient of a basic cell depends: its recurrent weights, scaled.
func (r *reporter) radii(v variant) error {
	r.Section(fmt.Sprintf("Why a basic cell's gradient differs from seed to seed: %s", v.label()), "The gradient is multiplied by the recurrent weights, and the derivatives of the units, at every step: "+
		"what is left of it after many depends on the weights' spectral radius, the largest absolute value of their eigenvalues. Of weights drawn with variance 1/n it is about 1, some above, some below. "+
		"Here the same first weights are scaled to radii around it: little changes decide whether the gradient vanishes.")
	lines := figure.Lines{XLabel: "spectral radius of the recurrent weights", YLabel: "log₁₀ of the gradient left", EachSeed: true,
		Series: []figure.Series{{Name: v.label(), X: radii()}}}
	var rows [][]string
	for i, seed := range r.Seeds {
		var row []float64
		cells := []string{fmt.Sprint(seed), fmt.Sprintf("%.3f", r.Values("gradient." + v.name() + ".radius")[i]), fmt.Sprintf("%.1f", r.Values("gradient." + v.name() + ".log10")[i])}
		for _, radius := range radii() {
			norms, _, err := gradientNorms(r.Recipe, v, seed, radius)
			if err != nil {
				return err
			}
			orders := left(norms, 0)
			row, cells = append(row, orders), append(cells, fmt.Sprintf("%.1f", orders))
		}
		lines.Series[0].Y, rows = append(lines.Series[0].Y, row), append(rows, cells)
	}
	if err := r.chart("radius_"+v.name()+".svg", "Gradient left, by the spectral radius of the recurrent weights", "The first step's, relative to the last one's.", lines); err != nil {
		return err
	}
	header := []string{"seed", "radius as drawn", "log₁₀ as drawn"}
	for _, radius := range radii() {
		header = append(header, fmt.Sprintf("radius %g", radius))
	}
	r.Table("log₁₀ of the first step's gradient relative to the last one's", header, rows)
	return nil
}
