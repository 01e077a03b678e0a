// Command initialization measures what the first weights do to a deep network (lecture
// 3.3): the variance of activations and of back-propagated gradients, layer by layer, and
// the share of saturated units, by initialisation and activation, beside what the size of
// the weights lets expect; how networks learn from each initialisation at their best
// rate; and why weights must not be equal.
//
//	go run ./experiments/initialization
//	go run ./experiments/initialization -activation softsign,leaky-relu -init xavier,he
//	go run ./experiments/initialization -h
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
		Name:    "initialization",
		Title:   "First weights",
		Section: "3.3",
		Question: "How large should first weights be? What becomes of the variance of activations, on the way up, and of gradients, on the way down, " +
			"with the initialisations of the lecture, and what does it do to learning?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
