package main

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// outputs are those of a network for rows of inputs.
func outputs(net *models.MLP, x []float32) ([]float32, error) {
	d := net.Inputs()
	y, err := train.Map(tensor.New(tensor.WithShape(len(x)/d, d), tensor.WithBacking(x)), func(x *G.Node) (*G.Node, error) {
		layers, err := net.Forward(x)
		if err != nil {
			return nil, err
		}
		return layers[len(layers)-1], nil
	})
	if err != nil {
		return nil, err
	}
	return y.Float32s(), nil
}

// wrongBy is the largest difference between a hand-built network and the function it is
// to compute: on all strings of n bits, or on 2ⁿ⁺⁴ + 1 points of [0,1], among them those
// where the tent map bends. Points and values are multiples of a power of 2 that float32
// can hold, so that nothing is rounded.
func wrongBy(net *models.MLP, k kind, n int) (float64, error) {
	var x []float32
	var want []float64
	if k == parity {
		for s := range 1 << n {
			odd := 0
			for i := range n {
				x = append(x, float32(s>>i&1))
				odd ^= s >> i & 1
			}
			want = append(want, float64(odd))
		}
	} else {
		for i := range 1<<(n+4) + 1 {
			u := float64(i) / float64(int(1)<<(n+4))
			x, want = append(x, float32(u)), append(want, iterated(n, u))
		}
	}
	y, err := outputs(net, x)
	if err != nil {
		return 0, fmt.Errorf("%s of size %d, built by hand: %w", k, n, err)
	}
	var worst float64
	for i, v := range y {
		worst = math.Max(worst, math.Abs(float64(v)-want[i]))
	}
	return worst, nil
}

// pieceRows is how many points are computed at a time.
const pieceRows = 1 << 11

// pieces counts the straight pieces of a network of one input between low and high, on
// so many cells, a multiple of pieceRows or a divisor of it. It is computed in float64: the
// function bends where second differences are not 0 but for rounding. Bends that are in one
// cell or in neighbours count once, so that there may be more, but not fewer.
func pieces(net *models.MLP, low, high float64, cells int) (int, error) {
	y, err := line(net, low, high, cells)
	if err != nil {
		return 0, fmt.Errorf("pieces: %w", err)
	}
	var largest float64
	for _, v := range y {
		largest = math.Max(largest, math.Abs(v))
	}
	count, bent := 1, false
	for i := 1; i < len(y)-1; i++ {
		was := bent
		if bent = math.Abs(y[i-1]-2*y[i]+y[i+1]) > 1e-11*largest; bent && !was {
			count++
		}
	}
	return count, nil
}

// line is a network of one input at the ends of so many cells, in float64.
func line(net *models.MLP, low, high float64, cells int) ([]float64, error) {
	double := &models.MLP{Output: net.Output}
	for _, d := range net.Layers {
		double.Layers = append(double.Layers, &blocks.Dense{W: float64Param(d.W), B: float64Param(d.B), F: d.F})
	}
	rows := min(cells, pieceRows)
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float64, "x", rows, 1)
	layers, err := double.Forward(x)
	if err != nil {
		return nil, err
	}
	f, err := autodiff.Compile(G.Nodes{x}, layers[len(layers)-1:], nil)
	if err != nil {
		return nil, err
	}
	var y []float64
	at := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(rows, 1))
	for from := 0; from < cells; from += rows {
		for i := range rows {
			at.Float64s()[i] = low + (high-low)*float64(from+i)/float64(cells)
		}
		if err := f.Run(at); err != nil {
			return nil, err
		}
		y = append(y, f.Output(0).(*tensor.Dense).Float64s()...)
	}
	return y, nil
}

func float64Param(p *blocks.Param) *blocks.Param {
	v := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(p.Value.Shape()...))
	for i, w := range p.Value.Float32s() {
		v.Float64s()[i] = float64(w)
	}
	return &blocks.Param{Name: p.Name, Value: v}
}

// randomLine is a network of one input and one output whose weights are drawn by He's
// rule, and whose first layer bends the function at points of [−1,1].
func randomLine(depth, width int, s *random.Stream) (*models.MLP, error) {
	net, err := newLearner(tent, 1, depth, width, s)
	if err != nil {
		return nil, err
	}
	hidden := net.Layers[:depth]
	for l, d := range hidden[1:] { // biases that bend it in the layers above too
		s.Split(fmt.Sprintf("biases %d", l+2)).Normal(d.B.Value.Float32s())
	}
	return models.Classifier("depth", hidden, width, 1, blocks.Xavier(), s.Split("output"))
}
