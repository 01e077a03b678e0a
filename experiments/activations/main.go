// Command activations compares the activations of hidden units (lecture 3.3): their
// curves and derivatives; networks that differ in nothing but them and the size of the
// first weights that each needs, trained at the best rate of each; and the units that
// saturate or die in training.
//
//	go run ./experiments/activations
//	go run ./experiments/activations -activation relu,tanh,sigmoid -depth 2,8
//	go run ./experiments/activations -init xavier
//	go run ./experiments/activations -h
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
		Name:    "activations",
		Title:   "Activations of hidden units",
		Section: "3.3",
		Question: "Which activation should hidden units have? The lecture prefers LeakyReLU to ReLU to tanh to sigmoid, since the first two do not saturate " +
			"and tanh converges faster than the sigmoid. Networks that differ in nothing else, but for first weights of the size that each needs, are trained at several depths, each at its own best rate.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
