package main

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// response is an activation's answer to normal pre-activations N(0, √q), by a sum over
// points of the normal density.
type response struct {
	f        *autodiff.Function // f and f′ at the points
	z        *tensor.Dense
	weights  []float64
	steepest float64 // the greatest f′
}

// The density is cut off at 8 standard deviations, beyond which 1e-15 of it lie. The
// points are in the middle of 8000 intervals, none at 0, where ReLU has its kink; the sum
// over them is exact to many digits as long as a transition of f takes several of them; of
// softsign, whose slope has a kink, it is to 0.3 % with q up to 1000.
const (
	cutOff = 8
	points = 8000
)

func newResponse(a blocks.Activation) (*response, error) {
	g := G.NewGraph()
	z := blocks.NewInput(g, tensor.Float64, "z", 1, points)
	h, err := a.Apply(z)
	if err != nil {
		return nil, fmt.Errorf("expectation: %w", err)
	}
	slope, err := slopeOf(h, z)
	if err != nil {
		return nil, fmt.Errorf("expectation: %w", err)
	}
	r := &response{z: tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(1, points))}
	if r.f, err = autodiff.Compile(G.Nodes{z}, G.Nodes{h, slope}, nil); err != nil {
		return nil, fmt.Errorf("expectation: %w", err)
	}
	var sum float64
	for i := range points {
		x := point(i)
		r.weights = append(r.weights, math.Exp(-x*x/2))
		sum += r.weights[i]
	}
	for i := range r.weights {
		r.weights[i] /= sum
	}
	_, slopes, err := r.values(1)
	if err != nil {
		return nil, err
	}
	for _, s := range slopes {
		r.steepest = max(r.steepest, s)
	}
	return r, nil
}

func point(i int) float64 { return cutOff * (2*(float64(i)+0.5)/points - 1) }

// values are f and f′ at the points times sd.
func (r *response) values(sd float64) (h, slope []float64, err error) {
	z := r.z.Float64s()
	for i := range z {
		z[i] = sd * point(i)
	}
	if err := r.f.Run(r.z); err != nil {
		return nil, nil, fmt.Errorf("expectation: %w", err)
	}
	if h, err = ops.Elements[float64](r.f.Output(0)); err != nil {
		return nil, nil, fmt.Errorf("expectation: %w", err)
	}
	if slope, err = ops.Elements[float64](r.f.Output(1)); err != nil {
		return nil, nil, fmt.Errorf("expectation: %w", err)
	}
	return h, slope, nil
}

// at returns the means of f, f² and f′² for pre-activations of variance q.
func (r *response) at(q float64) (mean, square, slope float64, err error) {
	h, d, err := r.values(math.Sqrt(q))
	if err != nil {
		return 0, 0, 0, err
	}
	for i, w := range r.weights {
		mean += w * h[i]
		square += w * h[i] * h[i]
		slope += w * d[i] * d[i]
	}
	return mean, square, slope, nil
}

// expectation is what wide layers of n units with independent weights of mean 0 and
// standard deviation sd do to variances:
//
//	Var z¹ = n⁰ sd² ⟨x²⟩     Var zˡ⁺¹ = n sd² ⟨f(zˡ)²⟩     Var δˡ = n sd² ⟨f′(zˡ)²⟩ Var δˡ⁺¹
//
// where zˡ is normal. Of ReLU both means are half of what they are of linear units, and
// each layer multiplies both variances by n sd²/2 (He et al. 2015); of units of another kind
// the factor depends on the variance itself.
type expectation struct {
	layers []layer // Z and H; Delta relative to the last one's
}

// expect computes it for hidden layers of a survey; meanSquare is ⟨x²⟩.
func expect(r *response, init blocks.Initializer, inputs, width, depth int, meanSquare float64) (*expectation, error) {
	first, err := init.SD(inputs, width)
	if err != nil {
		return nil, err
	}
	sd, err := init.SD(width, width)
	if err != nil {
		return nil, err
	}
	gain := float64(width) * sd * sd
	e := &expectation{make([]layer, depth)}
	slopes := make([]float64, depth)
	q := float64(inputs) * first * first * meanSquare
	for l := range e.layers {
		mean, square, slope, err := r.at(q)
		if err != nil {
			return nil, err
		}
		e.layers[l].Z, e.layers[l].H, slopes[l] = q, square-mean*mean, slope
		q = gain * square
	}
	e.layers[depth-1].Delta = 1
	for l := depth - 2; l >= 0; l-- {
		e.layers[l].Delta = gain * slopes[l] * e.layers[l+1].Delta
	}
	return e, nil
}

// up is the factor by which a layer multiplies the variance of the activations, the
// geometric mean of all layers but the first.
func up(layers []layer) float64 { return perLayer(layers[len(layers)-1].H/layers[0].H, layers) }

// down is the same of δ on its way down.
func down(layers []layer) float64 {
	return perLayer(layers[0].Delta/layers[len(layers)-1].Delta, layers)
}

func perLayer(ratio float64, layers []layer) float64 {
	return math.Pow(ratio, 1/float64(len(layers)-1))
}
