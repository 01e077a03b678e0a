// Command reinforcement learns by acting (lecture 2.4): deep Q-learning with replay memory
// and target network and without either, and REINFORCE with a baseline and without, on a
// cart-pole and on Catch, a game seen as pixels.
//
//	go run ./experiments/reinforcement
//	go run ./experiments/reinforcement -preset paper
//	go run ./experiments/reinforcement -h
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
		Name:    "reinforcement",
		Title:   "Learning by acting",
		Section: "2.4",
		Question: "Can networks learn from rewards alone? Two ways, the values of actions (DQN) and the policy itself (REINFORCE), " +
			"on two tasks; and what replay memory, target network and baseline are good for.",
		Presets:  presets(),
		Seeds:    map[string]int{"smoke": 1, "lecture": 3, "paper": 5},
		Flags:    flags,
		Validate: validate,
		Run:      run,
	}
}
