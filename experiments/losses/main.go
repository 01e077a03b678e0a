// Command losses measures why the activation of the output and the loss belong
// together (lecture 3.3): the lecture's worked example; loss and gradient of an output
// that is confidently wrong, by cross-entropy and by squared error; and networks
// trained with each pair, from usual first weights and from confidently wrong ones.
//
//	go run ./experiments/losses
//	go run ./experiments/losses -confidence 0.9999
//	go run ./experiments/losses -h
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
		Name:    "losses",
		Title:   "Output, activation and loss",
		Section: "3.3",
		Question: "Why cross-entropy for classes and the squared error for numbers? One network is trained with matching and with other pairs " +
			"of output activation and loss; what differs is the gradient of an output that is wrong and sure of it.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
