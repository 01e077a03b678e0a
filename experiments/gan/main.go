// Command gan trains generative adversarial networks (lecture 2.3, 2.4): perceptrons on a ring of
// eight Gaussians, where it can be counted which of them are found by which loss; perceptrons and
// convolutional networks on MNIST, whose samples a classifier judges; and a discriminator that is
// trained ahead of its generator, to show what saturates.
//
//	go run ./experiments/gan
//	go run ./experiments/gan -variants minimax,r1 -networks dcgan -seeds 5
//	go run ./experiments/gan -h
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
		Name:    "gan",
		Title:   "Generative adversarial networks",
		Section: "2.3",
		Question: "Does a generator that never sees an example learn to make all kinds of them from the judgement of a discriminator alone, " +
			"and what does that depend on: the loss, a penalty on the discriminator's gradient, convolutions?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
