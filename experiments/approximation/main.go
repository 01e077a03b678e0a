// Command approximation measures what one hidden layer can do and what it need not do
// (lecture 2.1: it can approximate, not necessarily learn, any function, and nothing
// guarantees generalisation): how the error of the fit falls with the width, for
// functions of one and of two variables; what training finds beside a network of the
// same width whose weights are set by hand; what the fits do outside of the data; and
// what they make of noise.
//
//	go run ./experiments/approximation
//	go run ./experiments/approximation -functions chirp,ring -activation relu
//	go run ./experiments/approximation -h
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
		Name:    "approximation",
		Title:   "What one hidden layer can do",
		Section: "2.1",
		Question: "One hidden layer can approximate any function if it is wide enough. Does training find the approximation? " +
			"And what does the network say where there were no data, or where the data are noisy?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": lab.MinSeeds, "paper": 5},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
