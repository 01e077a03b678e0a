package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/blocks"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// reporter writes what was measured.
type reporter struct {
	*lab.Run[Recipe]
	src      sources
	specs    []spec
	outcomes []*outcome
	colors   figure.Colors
	files    map[string]bool // figures that were drawn
}

// report writes metrics, figures and claims, part by part.
func report(ctx context.Context, run *lab.Run[Recipe], src sources, specs []spec, outcomes []*outcome) error {
	r := &reporter{run, src, specs, outcomes, figure.NewColors(append(blocks.Cells(), "elman", "jordan")...), map[string]bool{}}
	for _, p := range []struct {
		part string
		add  func() error
	}{{"adding", r.adding}, {"copy", r.copying}, {"gradient", r.gradient}, {"mnist", r.mnist}, {"text", r.text}, {"xor", r.xor}, {"reber", r.reber}} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.Recipe.has(p.part) {
			continue
		}
		if err := p.add(); err != nil {
			return fmt.Errorf("%s: %w", p.part, err)
		}
	}
	return nil
}

// judged tells whether there are enough seeds for verdicts.
func (r *reporter) judged() bool { return len(r.Seeds) >= lab.MinSeeds }

// outcome of a network.
func (r *reporter) outcome(s spec) *outcome {
	for i, x := range r.specs {
		if x == s {
			return r.outcomes[i]
		}
	}
	return nil
}

// metrics records what the test set says of a kind of network.
func (r *reporter) metrics(s spec, names ...string) {
	for _, seed := range r.Seeds {
		s.seed = seed
		o := r.outcome(s)
		for _, name := range names {
			r.Metric(s.name()+"."+name, seed, trial.Value(o.values, name)) // NaN of a training that diverged
		}
	}
}

// histories are those of a kind of network, a seed each.
func (r *reporter) histories(s spec) (all []*train.History) {
	for _, seed := range r.Seeds {
		s.seed = seed
		all = append(all, r.outcome(s).Last())
	}
	return all
}

// drawn is a figure's file for a claim, "" if there was nothing to draw.
func (r *reporter) drawn(file string) string {
	if r.files[file] {
		return file
	}
	return ""
}

// chart adds a line chart, if there is a value to draw: where all trainings diverged, there is none.
func (r *reporter) chart(file, title, caption string, l figure.Lines) error {
	if !slices.ContainsFunc(l.Series, func(s figure.Series) bool {
		return slices.ContainsFunc(s.Y, func(row []float64) bool { return hasValue(row, l.LogY) })
	}) {
		return nil
	}
	r.files[file] = true
	svg, err := l.SVG()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+l.Spread()), svg)
	return nil
}

// hasValue tells whether one of the values can be drawn.
func hasValue(values []float64, log bool) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && (v > 0 || !log) })
}

// optimizer is how a task is trained, in words.
func (t Task) optimizer() string {
	o := t.Train.Optimizer
	words := map[string]string{"adam": "Adam", "rmsprop": "RMSProp", "sgd": "gradient descent"}[o.Kind]
	if words == "" {
		words = "gradient descent with " + o.Kind
	}
	if o.Clip > 0 {
		words += fmt.Sprintf(", the gradient clipped at norm %g", o.Clip)
	}
	return words
}

// memory is a task that is made longer and longer.
type memory struct {
	part, metric, what string // what was measured, with its unit
	scale              float64
	chance             float64 // what guessing gives
	solved             float64 // below which it is solved
	failed             float64 // above which it is not learned
	title, about       string
}

func (r *reporter) adding() error {
	return r.memory(memory{
		part: "adding", metric: "test_mse", what: "test mean squared error", scale: 1, chance: addingChance, solved: addingChance / 10, failed: addingChance / 2,
		title: "The adding problem",
		about: "A step has a number between 0 and 1 and a mark. Two numbers are marked, one in each half of the sequence; after the last step the network is to tell their sum. " +
			"Always to answer 1 has a mean squared error of 1/6.",
	})
}

func (r *reporter) copying() error {
	return r.memory(memory{
		part: "copy", metric: "test_error", what: "symbols told wrong (%)", scale: 100, chance: copyChance, solved: 0.01, failed: copyChance / 2,
		title: "Copy memory",
		about: fmt.Sprintf("%d symbols of %d, each at inputs of its place, then a delay of empty steps, then marks that ask for them one after the other. Guessing is wrong in %.1f %% of cases.",
			copySymbols, copyAlphabet, 100*copyChance),
	})
}

// memory reports the errors of all cells by length, and judges them at the greatest.
func (r *reporter) memory(m memory) error {
	task, rates := r.Recipe.task(m.part), fmt.Sprintf("All learn at the rate %g.", r.Recipe.Rates[0])
	if len(r.Recipe.Rates) > 1 {
		rates = fmt.Sprintf("Of the rates %s each cell has, for each length, the one with the smallest mean validation loss.", lab.Listed(r.Recipe.Rates))
	}
	r.Section(m.title, m.about, fmt.Sprintf("Networks of %d cells learn from %d sequences of every length for %d epochs by %s. The gates that keep a state begin open, "+
		"so that the times for which cells remember are spread up to the length (Tallec & Ollivier 2018); a basic cell has none. %s Solved means %s below %.3g, not learned above %.3g.",
		task.Units, task.Sequences, task.Train.Epochs, task.optimizer(), rates, m.what, m.scale*m.solved, m.scale*m.failed))
	lines := figure.Lines{XLabel: "length or delay (steps)", YLabel: m.what, LogX: true, LogY: true, Colors: r.colors}
	header := []string{"cell"}
	for _, n := range r.Recipe.Lengths {
		header = append(header, fmt.Sprintf("%d steps", n))
	}
	var rows [][]string
	chance := figure.Series{Name: "guessing", Y: [][]float64{nil}}
	for _, c := range r.Recipe.Cells {
		s := figure.Series{Name: c.String(), Y: make([][]float64, len(r.Seeds))}
		row := []string{c.String()}
		for _, n := range r.Recipe.Lengths {
			at := spec{part: m.part, kind: c.String(), length: n}
			at.rate = best(r.Recipe, r.specs, r.outcomes, m.part, at.kind, n)
			r.metrics(at, m.metric)
			values := lab.Scaled(r.Values(at.name()+"."+m.metric), m.scale)
			s.X = append(s.X, float64(n))
			for i, v := range values {
				s.Y[i] = append(s.Y[i], max(v, m.scale*m.solved/100)) // no error at all has no logarithm
			}
			row = append(row, fmt.Sprintf("%s (rate %g)", lab.Summary(values), at.rate))
		}
		lines.Series = append(lines.Series, s)
		rows = append(rows, row)
	}
	for _, n := range r.Recipe.Lengths {
		chance.X, chance.Y[0] = append(chance.X, float64(n)), append(chance.Y[0], m.scale*m.chance)
	}
	lines.Series = append(lines.Series, chance)
	file := m.part + ".svg"
	if err := r.chart(file, m.title+" by length", fmt.Sprintf("Errors below %.2g stand at it, where curves may cover each other.", m.scale*m.solved/100), lines); err != nil {
		return err
	}
	r.Table(m.title+": "+m.what, header, rows)
	if err := r.learning(m); err != nil {
		return err
	}
	if r.judged() {
		r.memoryClaims(m, file)
	}
	return nil
}

// learning draws the validation loss against epochs at the greatest length.
func (r *reporter) learning(m memory) error {
	n := r.Recipe.Lengths[len(r.Recipe.Lengths)-1]
	lines := figure.Lines{XLabel: "epoch", YLabel: "validation loss", LogY: true, Colors: r.colors}
	for _, c := range r.Recipe.Cells {
		s := spec{part: m.part, kind: c.String(), length: n}
		s.rate = best(r.Recipe, r.specs, r.outcomes, m.part, s.kind, n)
		lines.Series = append(lines.Series, trial.Curve(c.String(), r.histories(s), validationLoss))
	}
	return r.chart(m.part+"_learning.svg", fmt.Sprintf("%s: learning at %d steps", m.title, n), "", lines)
}

func validationLoss(e train.Epoch) float64 { return trial.Value(e.Validation, "loss") }
