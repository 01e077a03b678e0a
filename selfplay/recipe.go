package selfplay

import (
	"fmt"

	"capas/search"
	"capas/train"
)

// Recipe is how a network is trained by self-play.
type Recipe struct {
	// Iterations is how often games are played and then trained on.
	Iterations int `json:"iterations"`
	// Games is the number of games of an iteration.
	Games int `json:"games"`
	// Search chooses the moves.
	Search search.Options `json:"search"`
	// Chance is the number of moves at the beginning of a game that are drawn, with the
	// shares of the visits as probabilities (temperature 1); later ones are those with most
	// visits.
	Chance int `json:"chance"`
	// Buffer is the number of examples kept, positions of the last games.
	Buffer int `json:"buffer"`
	// Steps of an iteration, each on a Batch of examples that are drawn from the buffer.
	Steps int `json:"steps"`
	Batch int `json:"batch"`
	// Optimizer of the steps. Its schedule counts iterations, and its L2 is 2c.
	Optimizer train.Optimizer `json:"optimizer"`
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	maxIterations = 5000
	maxGames      = 100_000
	maxBuffer     = 2_000_000
	maxBatch      = 65_536
	maxSteps      = 100_000
)

// Check reports a recipe that makes no sense.
func (r Recipe) Check() error {
	for _, f := range []struct {
		what            string
		got, least, max int
	}{
		{"iterations", r.Iterations, 1, maxIterations}, {"games", r.Games, 1, maxGames}, {"chance moves", r.Chance, 0, 64},
		{"examples in the buffer", r.Buffer, 1, maxBuffer}, {"steps", r.Steps, 1, maxSteps}, {"examples a batch", r.Batch, 1, maxBatch},
	} {
		if f.got < f.least || f.got > f.max {
			return fmt.Errorf("self-play: want %d to %d %s, got %d", f.least, f.max, f.what, f.got)
		}
	}
	if r.Search.Rule != search.PUCT {
		return fmt.Errorf("self-play: want the rule %s, which knows priors, got %.40q", search.PUCT, r.Search.Rule)
	}
	if err := r.Search.Check(); err != nil {
		return err
	}
	return r.Optimizer.Check()
}
