// Command pretraining trains deep networks on MNIST from random first weights and
// after greedy layer-wise pretraining, under one fine-tuning recipe, and shows what
// the lecture's section 3 claims: that deep networks of sigmoid units hardly train
// from random weights, and that pretraining makes them trainable.
//
//	go run ./experiments/pretraining
//	go run ./experiments/pretraining -preset paper -seeds 1
//	go run ./experiments/pretraining -h
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
		Name:    "pretraining",
		Title:   "Pretrained against random initialisation",
		Section: "3",
		Question: "Does a deep network learn better when its layers are first trained one after the other without labels? " +
			"Each network starts from other first weights; the supervised training that follows is the same for all.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
