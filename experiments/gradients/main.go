// Command gradients measures how far the error of a deep network reaches on its way
// back: for each activation and initialisation the sensitivity of every layer, the
// gradient of its weights and the change that a step makes, at depths from 2 to 10;
// and whether the last layers of such a network learn alone, with the first ones left
// as they were drawn (lecture 1 and 3.1; Glorot & Bengio 2010).
//
//	go run ./experiments/gradients
//	go run ./experiments/gradients -activation tanh -init gaussian,xavier -depth 2,10
//	go run ./experiments/gradients -h
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
		Name:    "gradients",
		Title:   "Vanishing and exploding gradients",
		Section: "3.1",
		Question: "How much of the error at the outputs reaches the first layers of a deep network, and what does the answer owe to " +
			"the activation and to the first weights? Do the last layers learn alone where it does not?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": lab.MinSeeds, "paper": lab.MinSeeds},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
