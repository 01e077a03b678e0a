// Command regularization measures what keeps a network that is too large for its data
// from learning them by heart (lecture 3.4): dropout, penalties on the weights (L1, L2),
// early stopping and data augmentation, alone and together, on few and on many images;
// what dropout does to the hidden units; whether one network with scaled weights does
// what the average of many dropped ones does; and random RGB offsets against colours
// that were never seen.
//
//	go run ./experiments/regularization
//	go run ./experiments/regularization -images 1000 -epochs 50
//	go run ./experiments/regularization -h
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
		Name:    "regularization",
		Title:   "Regularisation",
		Section: "3.4",
		Question: "What do dropout, L1, L2, early stopping and data augmentation, alone and together, do for the error on images that were not seen in training, " +
			"and what is left of it with more images?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": lab.MinSeeds, "paper": lab.MinSeeds},
		Datasets: []string{"mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
