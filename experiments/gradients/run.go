package main

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab"
)

// measured is what the survey finds of one untrained network.
type measured struct {
	layers []layer // the last one is the output layer
	// norms are ‖W‖ of each layer but the first, whose weights no sensitivity passes,
	// and the output layer: norms[0] is of the second hidden layer.
	norms []float64
	width int // of a hidden layer
}

// ratio is the norm of the first hidden layer's sensitivity over that of the last
// hidden layer's.
func (m measured) ratio() float64 {
	return m.layers[0].Delta / m.layers[len(m.layers)-2].Delta
}

// expected is the factor a layer that the ratio would have if δ knew nothing of the
// weights and derivatives that it passes: the square of each unit's δ is on average that
// of the units above, times their number and the mean squares of weight and derivative.
func (m measured) expected() float64 {
	log := 0.0
	for l, s := range m.layers[:len(m.layers)-2] {
		log += math.Log(s.Slope * m.layers[l+1].Weight / math.Sqrt(float64(m.width)))
	}
	return math.Exp(log / float64(len(m.layers)-2))
}

// results are what all jobs found, by seed.
type results struct {
	survey  []map[Pair]map[int]measured // by pair and depth
	trained []map[training]*outcome
}

// run surveys every initialisation and trains the networks, as many at a time as there
// are cores, and reports. The survey takes seconds; a run that is resumed makes it again.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	fixed, err := data.Validation.Take(min(r.Recipe.Examples, data.Validation.Len()))
	if err != nil {
		return err
	}
	out := results{make([]map[Pair]map[int]measured, len(r.Seeds)), make([]map[training]*outcome, len(r.Seeds))}
	surveys := make([][]map[Pair]map[int]measured, len(r.Seeds)) // by seed and initialisation
	outcomes := make([][]*outcome, len(r.Seeds))                 // by seed and training
	var jobs []lab.Job
	for s, seed := range r.Seeds {
		surveys[s] = make([]map[Pair]map[int]measured, len(r.Recipe.Inits))
		for i, init := range r.Recipe.Inits {
			jobs = append(jobs, lab.Job{
				Name: fmt.Sprintf("seed %d survey %s", seed, init), Units: surveyWork(r.Recipe, data.Train.Dim(), data.Train.Classes),
				Run: func(ctx context.Context, t *lab.Task) (err error) {
					surveys[s][i], err = survey(ctx, r, init, seed, fixed, t)
					return err
				},
			})
		}
		trainings := r.Recipe.trainings()
		outcomes[s] = make([]*outcome, len(trainings))
		for i, what := range trainings {
			j := &job{run: r, data: data, fixed: fixed, seed: seed, training: what}
			jobs = append(jobs, lab.Job{
				Name: fmt.Sprintf("seed %d %s", seed, what), Units: j.epochWork() * int64(r.Recipe.Train.Epochs),
				Run: func(ctx context.Context, t *lab.Task) (err error) {
					outcomes[s][i], err = j.train(ctx, t)
					return err
				},
			})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for s := range r.Seeds {
		out.survey[s], out.trained[s] = map[Pair]map[int]measured{}, map[training]*outcome{}
		for _, part := range surveys[s] {
			for p, byDepth := range part {
				out.survey[s][p] = byDepth
			}
		}
		for i, what := range r.Recipe.trainings() {
			out.trained[s][what] = outcomes[s][i]
		}
	}
	return report(r, data, &out)
}

// surveyLine is a line of metrics.jsonl for a surveyed network; its lists have a value
// a layer, the last for the output layer.
type surveyLine struct {
	Stage      string    `json:"stage"`
	Activation string    `json:"activation"`
	Depth      int       `json:"depth"`
	Delta      []float64 `json:"delta_norms"`
	Grad       []float64 `json:"grad_norms"`
	Weight     []float64 `json:"weight_norms"`
	SD         []float64 `json:"activation_sds"`
	Signal     []float64 `json:"signals"`
	Flat       []float64 `json:"flat_shares"`
}

// survey measures the untrained networks of one initialisation and seed.
func survey(ctx context.Context, r *lab.Run[Recipe], init blocks.Initializer, seed uint64, fixed *datasets.Set, t *lab.Task) (map[Pair]map[int]measured, error) {
	w, err := newWeights(r.Recipe, init, seed, fixed.Dim(), fixed.Classes, r.Recipe.deepest())
	if err != nil {
		return nil, err
	}
	var norms []float64
	for _, d := range w.hidden[1:] {
		n, err := spectralNorm(d.W)
		if err != nil {
			return nil, err
		}
		norms = append(norms, n)
	}
	out := map[Pair]map[int]measured{}
	for _, f := range r.Recipe.Activations {
		byDepth := map[int]measured{}
		for _, depth := range r.Recipe.Depths {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			p, err := newProbe(w.network(f, depth), fixed)
			if err != nil {
				return nil, fmt.Errorf("%s, depth %d: %w", f, depth, err)
			}
			layers, err := p.run(false)
			if err != nil {
				return nil, fmt.Errorf("%s, depth %d: %w", f, depth, err)
			}
			byDepth[depth] = measured{layers, norms[:depth-1], r.Recipe.Width}
			line := surveyLine{Stage: "survey", Activation: f.String(), Depth: depth}
			for _, s := range layers {
				line.Delta, line.Grad, line.Weight = append(line.Delta, s.Delta), append(line.Grad, s.Grad), append(line.Weight, s.Weight)
				line.SD, line.Signal, line.Flat = append(line.SD, s.SD), append(line.Signal, s.Signal), append(line.Flat, s.Flat)
			}
			r.Log(seed, "survey "+init.String(), line)
		}
		out[Pair{f, init}] = byDepth
	}
	return out, nil
}
