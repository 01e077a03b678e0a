package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/games"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/selfplay"
	"capas/train"
)

// stage is the name of the one stage of a network.
const stage = "self-play"

// learner is a network that learns a game, and what was measured of it.
type learner struct {
	run    *lab.Run[Recipe]
	game   *games.Game
	recipe *GameRecipe
	seed   uint64
	net    *models.PolicyValue

	history *train.History
	// matches at the end by what they are called, see match; and of the network with its first weights.
	matches map[string]match
	exam    exam
}

// run trains the networks of all games and seeds, measures them, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	var learners []*learner
	var jobs []lab.Job
	for _, g := range r.Recipe.chosen() {
		for _, seed := range r.Seeds {
			l := &learner{run: r, game: g, recipe: r.Recipe.of(g), seed: seed}
			learners = append(learners, l)
			jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", seed, g.Name), Units: int64(l.recipe.SelfPlay.Iterations) * l.work(), Run: l.learn})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, learners)
}

// work is that of an iteration, in evaluations of positions by the network: a training step on
// a position is as three. A game lasts about two thirds of the cells.
func (l *learner) work() int64 {
	s := l.recipe.SelfPlay
	return int64(s.Games*l.game.Cells()*2/3*s.Search.Simulations + 3*s.Steps*s.Batch)
}

// stream is what the part of the given name draws from.
func (l *learner) stream(part string) *random.Stream {
	return random.New(l.seed).Split(l.game.Name).Split(part)
}

// file is the name of the network's checkpoints and model.
func (l *learner) file() string { return trial.Trial{Seed: l.seed, Name: l.game.Name}.File() }

// learn trains the network, from where an interrupted run stood, and measures it.
func (l *learner) learn(ctx context.Context, t *lab.Task) (err error) {
	if l.net, err = l.recipe.network(l.game, l.stream("weights")); err != nil {
		return err
	}
	l.matches = map[string]match{}
	if err := l.untrained(ctx); err != nil {
		return err
	}
	watch, err := l.watcher()
	if err != nil {
		return err
	}
	training := &selfplay.Training{Game: l.game, Net: l.net, Recipe: l.recipe.SelfPlay, Stream: l.stream("training"), Measure: watch}
	o, err := trial.Run(ctx, l.run, t, trial.Trial{
		Seed: l.seed, Name: l.game.Name, Stages: []pretrain.Stage{training.Stage(stage)},
		Epochs: map[string]int{stage: l.recipe.SelfPlay.Iterations}, Work: map[string]int64{stage: l.work()},
	})
	if err != nil {
		return err
	}
	if o.Diverged {
		return o.Err // there is nobody to play
	}
	l.history = o.Last()
	t.Say("matches at the end")
	if err := l.test(ctx); err != nil {
		return err
	}
	return l.run.SaveModel(l.file(), l.net)
}
