// Command variations compares networks with and without pretraining on the generated sets
// of Larochelle et al. 2007 (lecture 2.3 and 3.2): digits, turned digits, digits before
// noise, rectangles and convex shapes. A multilayer perceptron from random weights, stacked
// autoencoders without and with noise, and a deep belief network each get the same search
// for their hyperparameters, on validation images, and the paper's numbers stand beside
// their test errors.
//
//	go run ./experiments/variations
//	go run ./experiments/variations -sets rectangles,convex -draws 12
//	go run ./experiments/variations -h
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
		Name:    "variations",
		Title:   "Pretraining on sets with many factors of variation",
		Section: "2.3 and 3.2",
		Question: "Which pretraining helps on which kind of image? A perceptron from random weights, stacks of autoencoders without and with noise, " +
			"and deep belief networks, all with hyperparameters from the same search, on the generated sets of Larochelle et al. 2007.",
		Presets: presets(),
		Seeds:   map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		// The sets are made, three of them of MNIST's digits: -data-dir says where these are.
		Datasets: []string{"mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
