// Command boltzmann trains restricted Boltzmann machines by contrastive divergence of one
// and of ten steps, by persistent contrastive divergence and by parallel tempering, under
// equal conditions, and compares them by what they are to be: a distribution of images.
// Log-likelihoods are exact where the hidden units can be enumerated, and by annealed
// importance sampling, forwards and reversed, where not.
//
//	go run ./experiments/boltzmann
//	go run ./experiments/boltzmann -hidden 200 -rates 0.03,0.1
//	go run ./experiments/boltzmann -h
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
		Name:    "boltzmann",
		Title:   "Training restricted Boltzmann machines",
		Section: "2.3",
		Question: "Which way of drawing the negative examples makes the better restricted Boltzmann machine: one Gibbs step from the data, ten of them, chains that " +
			"are never restarted, or such chains at several temperatures? The machines are judged by their log-likelihood, and it is shown what else is read in its place.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
