// Command dbn trains the deep belief network of Hinton, Osindero & Teh 2006 on MNIST: layers
// of RBMs, trained one after the other, under an associative memory that joins the highest
// code with the labels; then all of it by the up-down algorithm. It shows how well the network
// tells digits, what it takes for digits when it is asked to draw some, and how probable it
// holds images that it has not seen.
//
//	go run ./experiments/dbn
//	go run ./experiments/dbn -preset paper
//	go run ./experiments/dbn -h
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
		Name:    "dbn",
		Title:   "A deep belief network that reads and draws digits",
		Section: "2.3 and 3.2",
		Question: "How far does a network come whose layers learn one after the other to model what is below them, and does the whole improve when all layers are then trained together? " +
			"One model tells the digits' classes, draws digits of a class, and says how probable an image is.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 1},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
