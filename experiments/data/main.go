// Command data measures what labelled data are worth (lecture 2.4 and 3.1): the error of
// weak and strong models against the number of labels, how many times more labels the
// weaker needs to draw level, what pretraining on images without labels adds when labels
// are few, and which pretrained layers it needs.
//
//	go run ./experiments/data
//	go run ./experiments/data -labels 100,1000,10000 -models softmax,deep
//	go run ./experiments/data -h
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
		Name:    "data",
		Title:   "More data or a better model",
		Section: "2.4 and 3.1",
		Question: "Does a bad model with much data beat a good one with little, and what do images without labels help? " +
			"Models from weak to strong learn from 100 to all labels; some begin with layers that were pretrained on all images without labels.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
