// Command depths measures what unsupervised pretraining does to networks of one to five
// hidden layers, after Erhan, Bengio, Courville, Manzagol, Vincent & Bengio, "Why does
// unsupervised pre-training help deep learning?" (JMLR 11, 2010): the test error over many
// seeds by depth, with and without it; the same with few units a layer; the training error
// that goes with the test error; the course of training in the space of functions; and
// training images that never repeat.
//
//	go run ./experiments/depths
//	go run ./experiments/depths -init random,sdae,dbn -seeds 10
//	go run ./experiments/depths -h
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
		Name:    "depths",
		Title:   "Why pretraining helps deep networks",
		Section: "3.2",
		Question: "What does unsupervised pretraining change: the mean of the test error, its spread over first weights, and how both depend on depth? " +
			"Does it find a better minimum of the training error, or one that generalises better?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 6, "paper": 10},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
