// Command cnn measures convolutional networks (lecture 2.2 to 2.4): LeNets on MNIST beside a
// multilayer perceptron of as many parameters, what shifts of the images do to them, what
// their filters and maps look like, and whether pretraining the convolutional layers as
// autoencoders helps where labels are few.
//
//	go run ./experiments/cnn
//	go run ./experiments/cnn -nets lenet -epochs 10 -seeds 5
//	go run ./experiments/cnn -h
package main

import (
	"os"

	"capas/experiments/lab"
)

func main() {
	os.Exit(lab.Main(experiment(), os.Args[1:], os.Stdout, os.Stderr))
}

func experiment() lab.Experiment[Recipe] {
	return lab.Experiment[Recipe]{
		Name:    "cnn",
		Title:   "Convolutional networks",
		Section: "2.3",
		Question: "What do convolution and pooling bring on images? LeNets learn MNIST beside a multilayer perceptron of as many parameters, " +
			"read shifted digits, and learn from few labels with convolutional layers that were pretrained as autoencoders and with random ones.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
