// Command selfplay trains networks that learn tic-tac-toe and Connect Four from games against
// themselves, AlphaZero in small (lecture 2.4): how strong they become, iteration by iteration,
// against players from random to perfect. A trained network also plays against a person.
//
//	go run ./experiments/selfplay
//	go run ./experiments/selfplay -games tictactoe
//	go run ./experiments/selfplay -play connect4
//	go run ./experiments/selfplay -h
package main

import (
	"os"

	"capas/experiments/lab"
)

func main() {
	if wantsToPlay(os.Args[1:]) {
		os.Exit(playMain(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(lab.Main(experiment(), os.Args[1:], os.Stdout, os.Stderr))
}

func experiment() lab.Experiment[Recipe] {
	return lab.Experiment[Recipe]{
		Name:    "selfplay",
		Title:   "Learning a game from itself",
		Section: "2.4",
		Question: "AlphaGo Zero and AlphaZero had no games to learn from but their own. How strong does a small network become that knows the rules alone, " +
			"and how much of that is the network, how much the search?",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
