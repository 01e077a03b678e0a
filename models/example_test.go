package models_test

import (
	"context"
	"fmt"
	"log"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A restricted Boltzmann machine learns three patterns by contrastive divergence and
// completes one of which a pixel is missing.
func ExampleRBM() {
	patterns := tensor.New(tensor.WithShape(3, 6), tensor.WithBacking([]float32{
		1, 1, 0, 0, 0, 0,
		0, 0, 1, 1, 0, 0,
		0, 0, 0, 0, 1, 1,
	}))
	data, err := datasets.NewSet("patterns", patterns, []uint8{0, 1, 2}, 3, 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	root := random.New(1) // every draw comes from a stream split from one seed
	rbm, err := models.NewRBM("rbm", 6, 4, blocks.Gaussian(0.01), root.Split("init"))
	if err != nil {
		log.Fatal(err)
	}
	trainer := train.Trainer{
		Model:  &models.CD{Model: rbm, K: 1, Noise: root.Split("gibbs")},
		Recipe: train.Recipe{Optimizer: train.SGD(0.5), Epochs: 2000},
		Data:   data,
	}
	if _, err := trainer.Run(context.Background()); err != nil {
		log.Fatal(err)
	}

	// A model only builds a graph; a compiled function computes it.
	v := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", 1, 6)
	h, err := rbm.Up(v)
	if err != nil {
		log.Fatal(err)
	}
	p, err := rbm.Down(h)
	if err != nil {
		log.Fatal(err)
	}
	reconstruct, err := autodiff.Compile(G.Nodes{v}, G.Nodes{p}, nil)
	if err != nil {
		log.Fatal(err)
	}
	damaged := tensor.New(tensor.WithShape(1, 6), tensor.WithBacking([]float32{0, 0, 1, 0, 0, 0}))
	if err := reconstruct.Run(damaged); err != nil {
		log.Fatal(err)
	}
	for _, p := range reconstruct.Output(0).(*tensor.Dense).Float32s() {
		fmt.Printf("%.0f ", p)
	}
	// Output: 0 0 1 1 0 0
}
