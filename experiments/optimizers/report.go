package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"
	"capas/train"
)

// reporter turns races and networks into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	data   *datasets.Split
	images map[uint64]*datasets.Set
	races  []*race
	by     map[spec]*trained
	best   map[method]float64 // the rate of the smallest mean validation loss
	start  map[uint64]float64 // validation loss of the first weights, by seed
	colors figure.Colors
}

func report(ctx context.Context, run *lab.Run[Recipe], data *datasets.Split, images map[uint64]*datasets.Set, races []*race, networks []*trained) error {
	r := &reporter{Run: run, data: data, images: images, races: races, by: map[spec]*trained{}, best: map[method]float64{}, start: map[uint64]float64{}}
	var names []string
	for _, m := range r.Recipe.coloured() {
		names = append(names, m.name)
	}
	// No method gets the palette's yellow, the empty name's: it is too pale for lines on white.
	r.colors = figure.NewColors(append(names, "", balancedOf(r.Recipe.minibatch()).name, balancedOf(r.Recipe.smallBatch()).name,
		r.Recipe.smallBatch().name, balanced, drawn)...)
	for _, n := range networks {
		r.by[n.spec] = n
	}
	for _, part := range []func(context.Context) error{
		r.choose, r.starts, r.metrics, r.times, r.spreads, r.surfaces, r.sizesSection, r.optimizersSection, r.balanceSection,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := part(ctx); err != nil {
			return err
		}
	}
	if !r.judged() {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
	}
	return nil
}

// judged tells whether there are seeds enough for verdicts.
func (r *reporter) judged() bool { return len(r.Seeds) >= lab.MinSeeds }

// choose finds each method's best rate: the smallest mean over seeds of the smallest
// validation loss. A rate at which a seed diverges is none.
func (r *reporter) choose(context.Context) error {
	for _, m := range r.Recipe.methods() {
		least := math.Inf(1)
		for _, rate := range r.Recipe.rates(m) {
			var sum float64
			for _, seed := range r.Seeds {
				sum += r.by[spec{m, rate, seed}].Best("loss")
			}
			if sum < least {
				least, r.best[m] = sum, rate
			}
		}
		if math.IsInf(least, 1) {
			return fmt.Errorf("%s: want a rate at which no seed diverges, got %v", m.name, r.Recipe.rates(m))
		}
	}
	return nil
}

// starts measures the first weights, which all methods of a seed share.
func (r *reporter) starts(context.Context) error {
	for _, seed := range r.Seeds {
		net, err := newNetwork(r.Recipe, seed, r.images[seed])
		if err != nil {
			return err
		}
		v, err := train.NewEvaluatorWith(r.Compiler.Under("test"), net).Run(r.data.Validation)
		if err != nil {
			return fmt.Errorf("validation of the first weights: %w", err)
		}
		r.start[seed] = trial.Value(v, "loss")
	}
	return nil
}

// at is the network of a method at its best rate.
func (r *reporter) at(m method, seed uint64) *trained { return r.by[spec{m, r.best[m], seed}] }

// losses are the validation losses of a network from the first weights on.
func (r *reporter) losses(t *trained) []float64 {
	v := []float64{r.start[t.seed]}
	for _, e := range t.Last().Epochs {
		v = append(v, trial.Value(e.Validation, "loss"))
	}
	return v
}

// epochsTo is where losses, of epochs 0, 1, …, first come down to the target, by a
// straight line in their logarithms between two epochs; NaN if nowhere.
func epochsTo(target float64, losses []float64) float64 {
	for i, v := range losses {
		if v > target {
			continue
		}
		if i == 0 {
			return 0
		}
		before := losses[i-1]
		return float64(i-1) + math.Log(before/target)/math.Log(before/v)
	}
	return math.NaN()
}

// Metrics by method, of the network at its best rate: best_rate, best_loss (the smallest
// validation loss), epochs to the target, which are one more than all where it was not
// reached, updates to it, not a number then, test_error, and epoch_seconds. Optimisers
// have default_loss, default_epochs and default_test_error at the rate by default.
func (r *reporter) metrics(ctx context.Context) error {
	for _, m := range r.Recipe.methods() {
		for _, seed := range r.Seeds {
			if err := ctx.Err(); err != nil {
				return err
			}
			t := r.at(m, seed)
			epochs := epochsTo(r.Recipe.Target, r.losses(t))
			r.Metric(m.key+".best_rate", seed, t.rate)
			r.Metric(m.key+".best_loss", seed, t.Best("loss"))
			r.Metric(m.key+".epochs", seed, r.bounded(epochs))
			r.Metric(m.key+".updates", seed, math.Ceil(epochs*float64(m.stepsPerEpoch(r.Recipe, r.images[seed].Len()))))
			test, err := r.test(t)
			if err != nil {
				return err
			}
			r.Metric(m.key+".test_error", seed, test)
			if err := r.SaveModel(fmt.Sprintf("seed-%d-%s", seed, t.run()), t.net); err != nil {
				return err
			}
		}
	}
	for _, m := range r.Recipe.optimizers() {
		for _, seed := range r.Seeds {
			t := r.byDefault(m, seed)
			test, err := r.test(t)
			if err != nil {
				return err
			}
			r.Metric(m.key+".default_loss", seed, t.Best("loss"))
			r.Metric(m.key+".default_epochs", seed, r.bounded(r.reached(t)))
			r.Metric(m.key+".default_test_error", seed, test)
		}
	}
	return nil
}

func (r *reporter) byDefault(m method, seed uint64) *trained {
	return r.by[spec{m, r.Recipe.defaultRate(m), seed}]
}

// bounded are epochs, one more than all for a target that was not reached.
func (r *reporter) bounded(epochs float64) float64 {
	if math.IsNaN(epochs) {
		return float64(r.Recipe.Epochs + 1)
	}
	return epochs
}

// test is a network's test error; of one that diverged, not a number.
func (r *reporter) test(t *trained) (float64, error) {
	if t.Diverged {
		return math.NaN(), nil
	}
	e := train.NewEvaluator(t.net)
	e.Compiler = r.Compiler.Under(t.key + " test")
	v, err := e.Run(r.data.Test)
	if err != nil {
		return 0, fmt.Errorf("%s: test: %w", t.run(), err)
	}
	return trial.Value(v, "error"), nil
}

// times measures what an epoch of each method takes: all methods, one after the other, for
// one seed and then for the next, so that what slows the machine for a while does not
// strike one method alone.
func (r *reporter) times(ctx context.Context) error {
	for _, seed := range r.Seeds {
		for _, m := range r.Recipe.methods() {
			seconds, err := timed(ctx, r.Recipe, spec{m, r.best[m], seed}, r.images[seed])
			if err != nil {
				return err
			}
			r.Metric(m.key+".epoch_seconds", seed, seconds)
		}
	}
	return nil
}

// The weights at which gradients of batches are compared: the first ones, and
// those after training by mini-batches.
const (
	atStart   = "start"
	atTrained = "trained"
)

// spreads measures how far the gradients of batches are from that of all images, as
// gradient.<weights>.<batches>, relative to its norm; gradient.<weights>.between_classes is the share of its square that
// balancing takes away by theory.
func (r *reporter) spreads(ctx context.Context) error {
	for _, seed := range r.Seeds {
		first, err := newNetwork(r.Recipe, seed, r.images[seed])
		if err != nil {
			return err
		}
		for _, at := range []struct {
			state string
			net   *models.MLP
		}{{atStart, first}, {atTrained, r.at(r.Recipe.minibatch(), seed).net}} {
			between, err := betweenClasses(ctx, at.net, r.images[seed])
			if err != nil {
				return fmt.Errorf("gradients of examples: %w", err)
			}
			r.Metric("gradient."+at.state+".between_classes", seed, between)
			for _, m := range r.Recipe.balancing() {
				if err := ctx.Err(); err != nil {
					return err
				}
				d, err := deviation(at.net, r.images[seed], m.batch(r.Recipe, r.images[seed].Len()), m.balanced, random.New(seed).Split("gradients"))
				if err != nil {
					return fmt.Errorf("gradients of %s: %w", m.name, err)
				}
				r.Metric(spreadMetric(at.state, m), seed, d)
			}
		}
	}
	return nil
}

func spreadMetric(state string, m method) string { return "gradient." + state + "." + m.key }

// balancing are the methods that differ by whether batches are balanced, in pairs.
func (r Recipe) balancing() []method {
	return []method{r.smallBatch(), balancedOf(r.smallBatch()), r.minibatch(), balancedOf(r.minibatch())}
}

// values of a metric of a method.
func (r *reporter) values(m method, what string) []float64 { return r.Values(m.key + "." + what) }

// bestRates says the best rates of methods, as text.
func (r *reporter) bestRates(methods []method) string {
	text := ""
	for i, m := range methods {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s: %g", m.name, r.best[m])
	}
	return text
}

// figure draws a chart into the report.
func (r *reporter) figure(file, title, caption string, chart interface{ SVG() ([]byte, error) }) error {
	svg, err := chart.SVG()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if s, ok := chart.(interface{ Spread() string }); ok { // several seeds in one line
		caption += " " + s.Spread()
	}
	r.Figure(file, title, strings.TrimSpace(caption), svg)
	return nil
}
