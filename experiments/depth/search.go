package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// search looks for the least width at which networks of a depth learn a function: it
// trains one of each width, the smallest first, at each rate, until one has learned.
type search struct {
	kind   kind
	n      int // size of the function
	depth  int // builtDepth for the depth of the network built by hand
	seed   uint64
	recipe Functions
	set    *datasets.Set // every example once
	steps  *datasets.Set // over and over
}

// found is what a search ended with.
type found struct {
	// width that learned, +Inf if none did.
	width float64
	// least is the smallest error of all networks.
	least float64
}

// builtDepth marks the trainings that start from weights which were built by hand and
// disturbed: networks of two units a layer.
const builtDepth = 0

// name heads the search's lines in the log.
func (s *search) name() string {
	if s.depth == builtDepth {
		return fmt.Sprintf("%s-%d-built", s.kind, s.n)
	}
	return fmt.Sprintf("%s-%d-depth-%d", s.kind, s.n, s.depth)
}

// attempt is one training of a search.
type attempt struct {
	width int
	rate  float64
}

func (a attempt) stage() string { return fmt.Sprintf("width %d rate %g", a.width, a.rate) }

func (s *search) attempts() []attempt {
	var out []attempt
	widths := s.recipe.widths()
	if s.depth == builtDepth {
		widths = []int{2}
	}
	for _, w := range widths {
		for _, rate := range s.recipe.Rates {
			out = append(out, attempt{w, rate})
		}
	}
	return out
}

// newSearch makes the examples. Searches of other depths and seeds may share them.
func newSearch(f Functions, k kind, n int) (*search, error) {
	set, err := k.set(n)
	if err != nil {
		return nil, err
	}
	steps, err := repeated(set, f.Train.Batch)
	return &search{kind: k, n: n, recipe: f, set: set, steps: steps}, err
}

// of is the search by networks of a depth, with the weights and orders of a seed.
func (s *search) of(depth int, seed uint64) *search {
	c := *s
	c.depth, c.seed = depth, seed
	return &c
}

// work estimates the floating-point operations of an epoch.
func (s *search) work(a attempt) int64 {
	w := int64(a.width)
	weights := w*int64(s.kind.inputs(s.n)+2) + int64(max(s.depth, 1)-1)*w*w
	return 2*weights*int64(3*s.steps.Len()+s.set.Len()) + 100_000*stepsPerEpoch // what a step costs however small it is
}

// units is the work of all trainings, if none learns.
func (s *search) units() (total int64) {
	for _, a := range s.attempts() {
		total += int64(s.recipe.Train.Epochs) * s.work(a)
	}
	return total
}

// Both end a training or a search early, and are no failures.
var (
	errLearned = errors.New("learned")
	errFound   = errors.New("found")
)

// attemptLine is a line of metrics.jsonl, one for each training.
type attemptLine struct {
	Stage  string  `json:"stage"`
	Width  int     `json:"width"`
	Rate   float64 `json:"rate"`
	Epochs int     `json:"epochs"`
	Error  float64 `json:"error"`
}

// runSearch looks for the least width, from where an interrupted run stood. Each
// training is a stage of a pipeline; no network is kept.
func runSearch(ctx context.Context, run *lab.Run[Recipe], task *lab.Task, s *search) (found, error) {
	store, err := run.Checkpoints(fmt.Sprintf("seed-%d-%s", s.seed, s.name()), s.steps, s.set)
	if err != nil {
		return found{}, err
	}
	out := found{width: math.Inf(1), least: math.Inf(1)}
	byStage := map[string]attempt{}
	p := pretrain.Pipeline{
		Store: store, SaveEvery: run.CheckpointEvery, Compiler: run.Compiler.Under(s.name()),
		AfterEpoch: func(stage string, e train.Epoch, loaded bool) error {
			if work := s.work(byStage[stage]); loaded {
				task.Skip(work)
			} else {
				task.Say("%s, epoch %d, error %.1f %%", stage, e.Epoch, 100*trial.Value(e.Validation, "error"))
				task.Add(work)
			}
			return nil
		},
		AfterStage: func(stage string, h *train.History) error {
			a, least := byStage[stage], math.Inf(1)
			for _, e := range h.Epochs {
				least = min(least, trial.Value(e.Validation, "error"))
			}
			run.Log(s.seed, s.name(), attemptLine{stage, a.width, a.rate, len(h.Epochs), least})
			out.least = min(out.least, least)
			if least < s.recipe.Learned && math.IsInf(out.width, 1) {
				out.width = float64(a.width)
			}
			return nil
		},
	}
	for _, a := range s.attempts() {
		byStage[a.stage()] = a
		p.Stages = append(p.Stages, pretrain.Stage{Name: a.stage(), Train: func(ctx context.Context, h pretrain.Hooks) (*train.History, error) {
			if !math.IsInf(out.width, 1) {
				return nil, errFound
			}
			return s.train(ctx, a, h)
		}})
	}
	if job := task.Live(); job != nil {
		job.Pipeline(s.seed, s.name(), p.Stages, nil)
		p.Between = job.Between
	}
	if _, err := p.Run(ctx); err != nil && !errors.Is(err, errFound) {
		return found{}, err
	}
	return out, nil
}

// stream is that of all networks of a width.
func (s *search) stream(width int) *random.Stream {
	return random.New(s.seed).Split(s.name()).Split(fmt.Sprintf("width %d", width))
}

// network returns a network with its first weights.
func (s *search) network(width int) (*models.MLP, error) {
	if s.depth == builtDepth {
		return disturbed(s.kind, s.n, s.stream(width).Split("disturbance"))
	}
	return newLearner(s.kind, s.n, s.depth, width, s.stream(width))
}

// train trains one network until it has learned, its epochs are over or it diverges.
func (s *search) train(ctx context.Context, a attempt, hooks pretrain.Hooks) (*train.History, error) {
	root := s.stream(a.width) // the same at all rates
	net, err := s.network(a.width)
	if err != nil {
		return nil, err
	}
	recipe := s.recipe.Train
	recipe.Optimizer.Rate.Start = a.rate
	evaluator := train.NewEvaluator(net)
	evaluator.Compiler = hooks.Compiler
	t := hooks.Trainer(train.Trainer{
		Model: net, Recipe: recipe, Data: s.steps, Order: root.Split("order"),
		Validate: func() (train.Values, error) { return evaluator.Run(s.set) },
	})
	t.AfterEpoch = func(e train.Epoch) error {
		if err := hooks.AfterEpoch(e); err != nil {
			return err
		}
		if trial.Value(e.Validation, "error") < s.recipe.Learned {
			return errLearned
		}
		return nil
	}
	h, err := t.Run(ctx)
	if errors.Is(err, errLearned) || errors.Is(err, train.ErrDiverged) {
		err = nil
	}
	return h, err
}
