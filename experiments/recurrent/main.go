// Command recurrent measures what recurrent networks remember (lecture 2.3): the adding problem and
// the copy memory over ever longer times, the gradient on its way back through time, MNIST read row by
// row, a character model of its own source, and the networks of Elman and of Jordan on a temporal
// exclusive or and on Reber's grammar.
//
//	go run ./experiments/recurrent
//	go run ./experiments/recurrent -parts adding,copy -lengths 20,200,400
//	go run ./experiments/recurrent -h
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
		Name:    "recurrent",
		Title:   "Recurrent networks",
		Section: "2.3",
		Question: "What can a network remember that reads a sequence step by step? Basic cells, LSTM and GRU are given tasks in which something must be kept " +
			"for 20 steps and for hundreds, digits row by row, and text; and feedback of hidden units (Elman) is compared with feedback of outputs (Jordan).",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
