package guide

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func Example_derivative() {
	g := G.NewGraph()
	z := blocks.NewInput(g, tensor.Float32, "z", 1, 1)
	var c ops.Chain
	y := c.Do(ops.Sum(c.Do(blocks.Sigmoid().Apply(z))))
	if c.Err() != nil {
		log.Fatal(c.Err())
	}
	dz, err := autodiff.Grad(y, z)
	if err != nil {
		log.Fatal(err)
	}
	f, err := autodiff.Compile(G.Nodes{z}, dz, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := f.Run(tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{0}))); err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Output(0).Data())
	// Output:
	// [0.25]
}

// parabola is y = x·W with inputs 1, x, x² and three weights.
type parabola struct{ W *blocks.Param }

func (p parabola) Params() []*blocks.Param { return []*blocks.Param{p.W} }

func (p parabola) Objective(m int) (*models.Objective, error) {
	g := G.NewGraph()
	x, t := blocks.NewInput(g, tensor.Float32, "x", m, 3), blocks.NewInput(g, tensor.Float32, "t", m, 1)
	var c ops.Chain
	loss := c.Do(blocks.MSE(c.Do(ops.MatMul(x, c.Do(p.W.Node(g)), false, false)), t))
	return &models.Objective{
		Inputs:   G.Nodes{x, t},
		Cost:     loss,
		Monitors: []models.Monitor{{Name: "loss", Node: loss}},
	}, c.Err()
}

func Example_parabola() {
	var x, t []float32
	for i := range 20 {
		u := float32(i)/10 - 1
		x = append(x, 1, u, u*u)
		t = append(t, 1-2*u+u*u/2)
	}
	points, err := datasets.NewNumericSet("points", tensor.New(tensor.WithShape(20, 3), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(20, 1), tensor.WithBacking(t)), 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	model := parabola{blocks.NewParam("W", 3, 1)}
	recipe := train.Recipe{Optimizer: train.SGD(0.5), Epochs: 1000} // a batch is the whole set
	if _, err := (&train.Trainer{Model: model, Recipe: recipe, Data: points}).Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", model.W.Value.Float32s())
	// Output:
	// [1.00 -2.00 0.50]
}

func Example_pretraining() {
	ctx := context.Background()
	data, err := datasets.Load(ctx, "mnist", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	few, err := data.Train.Sample(500, nil)
	if err != nil {
		log.Fatal(err)
	}
	s := random.New(1)
	dbn, err := models.NewDBN("dbn", []int{784, 50, 50}, blocks.Gaussian(0.1), s.Split("weights"))
	if err != nil {
		log.Fatal(err)
	}
	recipe := train.Recipe{Optimizer: train.SGD(0.1), Epochs: 2, Batch: 20}
	layers, err := pretrain.DBNLayers(dbn, 1, 0, func(int) train.Recipe { return recipe }, s.Split("noise")) // CD-1
	if err != nil {
		log.Fatal(err)
	}
	net, err := models.Classifier("net", dbn.Encoder(), 50, 10, blocks.LeCun(), s.Split("top"))
	if err != nil {
		log.Fatal(err)
	}
	pipeline := pretrain.Pipeline{
		Stages: append(pretrain.Greedy(layers, few, s.Split("order")), pretrain.FineTune(net, recipe, few, nil, s.Split("fine-tuning"))),
		AfterStage: func(stage string, _ *train.History) error {
			fmt.Println(stage)
			return nil
		},
	}
	if _, err := pipeline.Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// layer 1
	// layer 2
	// fine-tuning
}

func Example_saveLoad() {
	dir, err := os.MkdirTemp("", "capas-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	net, err := models.NewMLP("net", []int{784, 100, 10}, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), random.New(1))
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "net.safetensors")
	if err := models.Save(path, net, nil); err != nil {
		log.Fatal(err)
	}
	loaded, _, err := models.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	again := loaded.(*models.MLP)
	fmt.Println(again.Inputs(), again.Outputs(), again.Layers[0].F)
	// Output:
	// 784 10 tanh
}
