package main

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// outputs are a network's probabilities for the images x (n,d), in float64 and without a
// graph.
func outputs(net *models.MLP, x []float32, n int) []float64 {
	var out []float64
	d := len(x) / n
	for i := range n {
		var h []float64
		for _, v := range x[i*d : (i+1)*d] {
			h = append(h, float64(v))
		}
		for l, layer := range net.Layers {
			w, b := layer.W.Value.Float32s(), layer.B.Value.Float32s()
			next := make([]float64, len(b))
			for k := range next {
				next[k] = float64(b[k])
				for j, v := range h {
					next[k] += v * float64(w[j*len(b)+k])
				}
				if l < len(net.Layers)-1 {
					next[k] = 1 / (1 + math.Exp(-next[k]))
				}
			}
			h = next
		}
		sum := 0.0
		for _, z := range h {
			sum += math.Exp(z)
		}
		for _, z := range h {
			out = append(out, math.Exp(z)/sum)
		}
	}
	return out
}

// TestTrajectory: the first row holds the outputs of the first weights, the last one those
// of the last epoch, whichever parameters the training ends with, and the rows are part of
// what the stage leaves.
func TestTrajectory(t *testing.T) {
	s := random.New(5)
	n := 40
	x := make([]float32, n*6)
	labels := make([]uint8, n)
	for i := range x {
		x[i] = float32(math.Sin(float64(i * i)))
		labels[i/6] = uint8(i / 6 % 3)
	}
	set, err := datasets.NewSet("sines", tensor.New(tensor.WithShape(n, 6), tensor.WithBacking(x)), labels, 3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	net, err := models.NewMLP("net", []int{6, 5, 4, 3}, blocks.Sigmoid(), blocks.Glorot4(), blocks.LeCun(), s)
	if err != nil {
		t.Fatal(err)
	}
	path := newTrajectory(net, set.X, 3)
	compare := func(row int) {
		t.Helper()
		for i, want := range outputs(net, x, n) {
			if got := float64(path.row(row)[i]); math.Abs(got-want) > 1e-6 {
				t.Fatalf("row %d, output %d: got %v, want %v", row, i, got, want)
			}
		}
	}
	stage := path.follow(pretrain.FineTune(net, train.Recipe{Optimizer: train.SGD(0.5), Epochs: 3, Batch: 10}, set, set, s.Split("order")))
	if last := stage.Params[len(stage.Params)-1]; last != path.rows {
		t.Errorf("the stage's last parameter is %s", last.Name)
	}
	first := outputs(net, x, n)
	pipeline := pretrain.Pipeline{Stages: []pretrain.Stage{stage}, AfterEpoch: func(_ string, e train.Epoch, _ bool) error {
		compare(e.Epoch)
		return nil
	}}
	if _, err := pipeline.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range first {
		if got := float64(path.row(0)[i]); math.Abs(got-want) > 1e-6 {
			t.Fatalf("row 0, output %d: got %v, want %v", i, got, want)
		}
	}
	if d := distance(path.row(0), path.row(3)); !(d > 1e-3) {
		t.Errorf("the function moved by %v only", d)
	}
}
