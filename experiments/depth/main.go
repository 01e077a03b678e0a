// Command depth measures what several hidden layers are good for (lecture 2.1): deep and
// shallow networks of equal numbers of parameters, how they generalise and overfit;
// functions for which one hidden layer needs exponentially many units, built by hand and
// learned; and deep networks without nonlinearities, which are one linear map.
//
//	go run ./experiments/depth
//	go run ./experiments/depth -parameters 100000 -images 0
//	go run ./experiments/depth -h
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
		Name:    "depth",
		Title:   "What depth is good for",
		Section: "2.1",
		Question: "Are several hidden layers better than one? Deep and shallow networks of equally many parameters learn the same images; " +
			"functions that fold the input again and again are built by hand, and learned by networks that grow until they succeed; " +
			"and linear layers are multiplied into one.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
