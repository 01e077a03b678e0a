// Command labels measures the gain of pretraining by the number of labels (lecture 3.2):
// networks that begin as restricted Boltzmann machines or deep belief networks, pretrained
// on all images without labels, against the same networks from random weights, with 100 to
// all labels. Both are tuned alike.
//
//	go run ./experiments/labels
//	go run ./experiments/labels -labels 100,1000 -pairs rbm -seeds 5
//	go run ./experiments/labels -h
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
		Name:    "labels",
		Title:   "Gain of pretraining by number of labels",
		Section: "3.2",
		Question: "How much does pretraining on images without labels gain, and is it the more the fewer labels there are? " +
			"Boltzmann machines that were pretrained on all images, and random weights, learn from 100 to all labels by one recipe that is tuned alike for both.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
