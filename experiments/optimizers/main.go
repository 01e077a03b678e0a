// Command optimizers compares the ways to go downhill of the lecture (3.3): batch
// gradient descent, mini-batches, balanced over the classes or not, stochastic gradient
// descent on one example at a time, momentum, Nesterov's, RMSProp and Adam: their paths
// on two functions of two variables, and the training of one network by the number of
// epochs, of steps, and of seconds.
//
//	go run ./experiments/optimizers
//	go run ./experiments/optimizers -momentum 0.7 -condition 1000
//	go run ./experiments/optimizers -h
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
		Name:    "optimizers",
		Title:   "Ways downhill",
		Section: "3.3",
		Question: "How often should the weights be changed in a pass through the data, and by what? Batch gradient descent, mini-batches, SGD, momentum, " +
			"RMSProp and Adam, each at the best of equally many learning rates.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
