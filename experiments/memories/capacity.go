package main

import (
	"context"
	"fmt"
	"math"

	"capas/experiments/lab"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// curve is what a memory of random patterns recalls by load, patterns a unit: the mean share
// of wrong units at the end, and the share of patterns that were recalled.
type curve struct {
	load, wrong, recalled []float64
}

// retrieved is the share of wrong units up to which a random pattern counts as recalled: the
// states of the theory have 1.6 % of them at most, those of a BAM 3.4 %, and those of a network
// that has lost its patterns tens of percent.
const retrieved = 0.1

// breaks is the load at which half of the patterns are recalled, between two of the curve:
// the first time that it falls below. NaN if it never does, or always is.
func (c curve) breaks() float64 {
	for i, v := range c.recalled {
		if v < 0.5 {
			if i == 0 {
				return math.NaN()
			}
			a, b := c.recalled[i-1], v
			return c.load[i-1] + (a-0.5)/(a-b)*(c.load[i]-c.load[i-1])
		}
	}
	return math.NaN()
}

// at is the curve's value at the load nearest to the given one.
func (c curve) at(load float64, values []float64) (nearest, value float64) {
	best := 0
	for i, v := range c.load {
		if math.Abs(v-load) < math.Abs(c.load[best]-load) {
			best = i
		}
	}
	return c.load[best], values[best]
}

func (c *curve) add(load float64, errors []float64) {
	c.load, c.wrong = append(c.load, load), append(c.wrong, stat.Mean(errors, nil))
	c.recalled = append(c.recalled, share(errors, func(v float64) bool { return v <= retrieved }))
}

// loadLine is a line of metrics.jsonl.
type loadLine struct {
	Stage    string  `json:"stage"`
	Load     float64 `json:"load"`
	Wrong    float64 `json:"wrong"`
	Recalled float64 `json:"recalled"`
}

// capacityProbes are how many of the patterns of n units are recalled at each load, or all:
// fewer of many units, which take as much time.
func capacityProbes(n int) int { return max(48, min(mostCapacityProbes, 1<<17/n)) }

const mostCapacityProbes = 128

// noisyUnits is the number of units up to which probes with turned units are recalled too.
const noisyUnits = 1024

// capacityResult are the curves of a network of n units: from the patterns themselves, and
// from probes with turned units, if there are few enough.
type capacityResult struct{ still, noisy curve }

// capacity measures the recall of random patterns that are stored by Hebb's rule.
func (j *job) capacity(ctx context.Context, t *lab.Task, n int) (*capacityResult, error) {
	r, s := j.run.Recipe, random.New(j.seed).Split(fmt.Sprintf("capacity %d", n))
	loads := r.Loads
	all := coins(s.Split("patterns"), count(last(loads), n), n)
	h, err := models.NewHopfield("memory", n)
	if err != nil {
		return nil, err
	}
	out, stored := &capacityResult{}, 0
	for i, load := range loads {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k := count(load, n)
		t.Say("%d patterns", k)
		if k > stored {
			if err := h.StoreHebbian(matrix(all.Float32s()[stored*n:k*n:k*n], n)); err != nil {
				return nil, err
			}
			stored = k
		}
		patterns := first(all, min(k, capacityProbes(n)))
		of := s.Split(fmt.Sprint("load ", i))
		for _, c := range []struct {
			curve *curve
			start *tensor.Dense
			name  string
		}{{&out.still, patterns, "still"}, {&out.noisy, probes(patterns, r.Flipped, of.Split("noise")), "noisy"}} {
			if c.name == "noisy" && n > noisyUnits {
				break
			}
			end, err := one(j.recalled(inTurn(h, of.Split("order "+c.name)), mostSteps, c.start))
			if err != nil {
				return nil, err
			}
			c.curve.add(float64(k)/float64(n), wrong(end, patterns))
			j.run.Log(j.seed, fmt.Sprintf("capacity-%d-%s", n, c.name), loadLine{"load", last(c.curve.load), last(c.curve.wrong), last(c.curve.recalled)})
		}
		t.Add(int64(n) * int64(n) / 1000)
		if last(out.still.recalled) == 0 {
			break // nor is anything beyond
		}
	}
	return out, nil
}

// count is the number of patterns of a load.
func count(load float64, n int) int { return max(1, int(math.Round(load*float64(n)))) }

// wrongPairs are the shares of wrong units, of the worse layer, of pairs that are recalled
// from states of the first layer.
func (j *job) wrongPairs(b *models.BAM, start, vs, hs *tensor.Dense) ([]float64, error) {
	none := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(hs.Shape()...))
	ends, err := j.recalled(upFirst(b), mostSteps, start, none)
	if err != nil {
		return nil, err
	}
	errors := wrong(ends[0], vs)
	for i, e := range wrong(ends[1], hs) {
		errors[i] = max(errors[i], e)
	}
	return errors, nil
}

// pairCapacity measures the recall of random pairs by a BAM of two layers of n units, from
// the patterns of the first layer.
func (j *job) pairCapacity(ctx context.Context, t *lab.Task, n int) (*curve, error) {
	loads, s := j.run.Recipe.PairLoads, random.New(j.seed).Split(fmt.Sprintf("pairs %d", n))
	most := count(last(loads), n)
	vs, hs := coins(s.Split("v"), most, n), coins(s.Split("h"), most, n)
	b, err := models.NewBAM("memory", n, n)
	if err != nil {
		return nil, err
	}
	out, stored := &curve{}, 0
	for _, load := range loads {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k := count(load, n)
		t.Say("%d pairs", k)
		if k > stored {
			if err := b.StoreHebbian(matrix(vs.Float32s()[stored*n:k*n:k*n], n), matrix(hs.Float32s()[stored*n:k*n:k*n], n)); err != nil {
				return nil, err
			}
			stored = k
		}
		probes := min(k, capacityProbes(n))
		errors, err := j.wrongPairs(b, first(vs, probes), first(vs, probes), first(hs, probes))
		if err != nil {
			return nil, err
		}
		out.add(float64(k)/float64(n), errors)
		j.run.Log(j.seed, fmt.Sprintf("pairs-%d", n), loadLine{"load", last(out.load), last(out.wrong), last(out.recalled)})
		t.Add(int64(n) * int64(n) / 1000)
		if last(out.recalled) == 0 {
			break
		}
	}
	return out, nil
}
