// Command dbm trains a deep Boltzmann machine (Salakhutdinov & Hinton 2009), a deep belief
// network, an RBM and a network of random weights side by side: how likely the three make
// binary test images, by annealed importance sampling, what they generate, and the test error
// of each after the same fine-tuning (lecture 2.3 and 3.2).
//
//	go run ./experiments/dbm
//	go run ./experiments/dbm -joint-epochs 30
//	go run ./experiments/dbm -h
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
		Name:    "dbm",
		Title:   "The deep Boltzmann machine",
		Section: "2.3",
		Question: "What does it bring to train all layers of an undirected network together? A deep Boltzmann machine is put together from RBMs and then trained as " +
			"a whole, by mean field and persistent chains. Is it a better model of the images than before, and than an RBM and a deep belief network? Are its weights a better start for a classifier?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 1},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
