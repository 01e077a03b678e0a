package main

import (
	"fmt"
	"math"

	"capas/experiments/lab"
)

// tuningSeeds are those by which rates are chosen.
func (e *runner) tuningSeeds() []uint64 { return e.Seeds[:min(e.Recipe.TuneSeeds, len(e.Seeds))] }

// tuningJobs train at every rate the networks of the seeds by which rates are chosen.
func (e *runner) tuningJobs() []lab.Job {
	var specs []spec
	for _, seed := range e.tuningSeeds() {
		for _, c := range configs(e.Recipe) {
			for _, rate := range e.Recipe.Rates {
				specs = append(specs, spec{config: c, rate: rate, seed: seed})
			}
		}
	}
	return e.jobs(specs)
}

// choose sets the rate of each configuration, as soon as the networks that decide it have
// been trained, and lets go of the networks at other rates.
func (e *runner) choose() error {
	for _, c := range configs(e.Recipe) {
		if _, ok := e.rates[c]; ok || e.done[spec{config: c, rate: e.Recipe.Rates[0], seed: e.Seeds[0]}] == nil {
			continue
		}
		least := math.Inf(1)
		for _, rate := range e.Recipe.Rates {
			if score := e.score(c, rate); score < least {
				least, e.rates[c] = score, rate
			}
		}
		if math.IsInf(least, 1) {
			return fmt.Errorf("%s, %d layers of %d units: want a rate at which no seed diverges, got %v", c.init, c.depth, c.width, e.Recipe.Rates)
		}
		for _, seed := range e.tuningSeeds() {
			for _, rate := range e.Recipe.Rates {
				if o := e.done[spec{config: c, rate: rate, seed: seed}]; rate != e.rates[c] {
					o.net, o.path = nil, nil
				}
			}
		}
	}
	return nil
}

// score is the mean over the deciding seeds of the smallest validation error; +Inf if one
// diverged.
func (e *runner) score(c config, rate float64) float64 {
	var sum float64
	for _, seed := range e.tuningSeeds() {
		sum += e.done[spec{config: c, rate: rate, seed: seed}].Best("error")
	}
	return sum / float64(len(e.tuningSeeds()))
}
