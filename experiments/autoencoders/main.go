// Command autoencoders compares the autoencoders of the lecture's section 2.3, plain,
// with weight decay, denoising, sparse and contractive, and an RBM: the filters and codes
// that they learn without labels, and the error of the classifier that begins with their
// weights, beside one of random first weights and one of supervised greedy pretraining.
// Its second part sets a deep autoencoder against principal components.
//
//	go run ./experiments/autoencoders
//	go run ./experiments/autoencoders -part variants -variants random,ae,dae-masking,cae
//	go run ./experiments/autoencoders -h
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
		Name:    "autoencoders",
		Title:   "Autoencoders",
		Section: "2.3 and 3.2",
		Question: "What do sparse, denoising and contractive autoencoders learn that a plain one does not, and is it of use? " +
			"One hidden layer is pretrained by each without labels, looked at, and fine-tuned as a classifier. " +
			"And what does a deep autoencoder keep of an image that principal components lose?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
