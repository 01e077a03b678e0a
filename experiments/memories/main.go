// Command memories measures what associative memories recall, and how much (lecture 2.3):
// Hopfield's network with digits and with random patterns, its energy, updated unit by unit
// and at once, its capacity; the modern, dense networks, whose capacity is exponential; and
// the bidirectional memory (BAM) of digits and label codes. Nothing is trained: patterns are
// stored by a formula, and recalled by what follows from the energy.
//
//	go run ./experiments/memories
//	go run ./experiments/memories -digits 10,100 -flipped 0.2
//	go run ./experiments/memories -h
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
		Name:    "memories",
		Title:   "Associative memories",
		Section: section,
		Question: "How many patterns can a network of n units hold so that it recalls them from parts or noise? " +
			"What is lost when the patterns are digits, which have much in common, and what repairs it? What does another energy bring?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": lab.MinSeeds, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
