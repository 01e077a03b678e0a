package main

import (
	"fmt"
	"strconv"
	"strings"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	data     *datasets.Split
	outcomes []*outcome // by seed
	colors   figure.Colors
}

// Files of figures that claims name.
const (
	errorFigure = "test_error.svg"
	curveFigure = "up_down.svg"
	boundFigure = "bound.svg"
	mindFigure  = "mind.png"
	agreeFigure = "agreement.svg"
)

func drawnFigure(view string) string { return "drawn_" + strings.ReplaceAll(view, "-", "_") + ".png" }

func report(run *lab.Run[Recipe], data *datasets.Split, outcomes []*outcome) error {
	r := &reporter{Run: run, data: data, outcomes: outcomes, colors: figure.NewColors(views()...)}
	r.metrics()
	for _, part := range []func() error{r.errors, r.training, r.bounds, r.drawings, r.mind} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// metrics by view, such as up-down.test_error: test_error, and validation_error if images
// validate; agreement, the fraction of images drawn of a class, from noise, that the fine-tuned
// classifier takes for it, and agreement_from_images, that of chains which began at images of
// the class. By network, such as "2 layers" or up-down: bound, the mean lower bound of log p(v)
// in nats, and log_z with log_z_low and log_z_high, three standard errors away.
func (r *reporter) metrics() {
	for i, seed := range r.Seeds {
		o := r.outcomes[i]
		for _, view := range views() {
			r.Metric(view+".test_error", seed, o.test[view])
			if r.data.Validation != nil {
				r.Metric(view+".validation_error", seed, o.validation[view])
			}
			if d := o.drawn[view]; d != nil {
				r.Metric(view+".agreement", seed, d.last(fromNoise))
				r.Metric(view+".agreement_from_images", seed, d.last(fromImages))
			}
		}
		for _, e := range o.bounds {
			e.Record(r, e.name(), seed)
		}
	}
}

// name of the network in metrics and tables.
func (e estimate) name() string {
	if e.upDown {
		return upDown
	}
	if e.layers == 1 {
		return "1 layer"
	}
	return strconv.Itoa(e.layers) + " layers"
}

// percents are a metric by seed.
func (r *reporter) percents(metric string) []float64 { return lab.Scaled(r.Values(metric), 100) }

// sizes of the network in words.
func (r *reporter) sizes() string {
	s := strconv.Itoa(r.data.Train.Dim())
	for _, units := range r.Recipe.Layers {
		s += "-" + strconv.Itoa(units)
	}
	return s
}

// describe says how a view of the network came about.
func (r *reporter) describe(view string) string {
	switch view {
	case greedy:
		memory := fmt.Sprintf("CD-%d, %d epochs", r.Recipe.MemoryCD, r.Recipe.Memory.Epochs)
		if len(r.Recipe.Layers) == 1 {
			return memory
		}
		return fmt.Sprintf("CD-%d, %d epochs a layer, the memory %s", r.Recipe.CD, r.Recipe.Greedy.Epochs, memory)
	case fineTuned:
		return fmt.Sprintf("then backpropagation under an output layer, %d epochs", r.Recipe.FineTune.Epochs)
	}
	var phases []string
	for _, p := range r.Recipe.Phases {
		phases = append(phases, fmt.Sprintf("%d epochs of %d Gibbs steps", p.Epochs, p.Steps))
	}
	return "then " + strings.Join(phases, ", ")
}

// published are test errors in percent of Hinton, Osindero & Teh 2006, and of Hinton &
// Salakhutdinov 2006 for the classifier, of networks 784-500-500-2000.
func published(view string) string {
	return map[string]string{greedy: "2.49", fineTuned: "1.2", upDown: "1.25"}[view]
}

func (r *reporter) errors() error {
	kept, header := "All training images train, and the parameters of the last epoch are kept", []string{"network", "training", "test"}
	if r.data.Validation != nil {
		kept = fmt.Sprintf("The %d validation images choose the epoch whose parameters are kept", r.data.Validation.Len())
		header = append(header, "validation")
	}
	r.Section("Test error", fmt.Sprintf("The network %s, whose highest layer is joined by %d labels. After greedy training and after the up-down algorithm it tells the class of an image by a "+
		"deterministic pass up to the code below the memory, and the exact free energy there of every class. From the greedily trained layers a classifier goes on as well: "+
		"the same layers, without the labels, under an output layer, by backpropagation. %s; test images choose nothing.",
		r.sizes(), r.data.Train.Classes, kept))
	paper := r.Data == "mnist"
	if paper {
		header = append(header, "paper, 784-500-500-2000")
	}
	var rows [][]string
	dots := figure.Dots{YLabel: "test error (%)", FromZero: true, Bars: true, Colors: r.colors}
	for _, view := range views() {
		test := r.percents(view + ".test_error")
		row := []string{view, r.describe(view), lab.Summary(test)}
		if r.data.Validation != nil {
			row = append(row, lab.Summary(r.percents(view+".validation_error")))
		}
		if paper {
			row = append(row, published(view))
		}
		rows = append(rows, row)
		dots.Items = append(dots.Items, figure.Item{Name: view, Values: test})
	}
	r.Table("Error in percent, mean ± standard deviation over seeds", header, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(errorFigure, "Test error by training", "Bars: mean; dots: single seeds. Papers: Hinton, Osindero & Teh 2006, and Hinton & Salakhutdinov 2006 for fine-tuning.", svg)
	return nil
}

// training shows the validation error along the up-down training and the fine-tuning.
func (r *reporter) training() error {
	if r.data.Validation == nil {
		return nil
	}
	var stages []string
	for i := range r.Recipe.Phases {
		stages = append(stages, fmt.Sprintf("up-down %d", i+1))
	}
	chart := figure.Lines{XLabel: "epoch after the greedy training", YLabel: "validation error (%)", Colors: r.colors}
	for _, line := range []struct {
		view   string
		stages []string
	}{{fineTuned, []string{fineTuning}}, {upDown, stages}} {
		s := figure.Series{Name: line.view}
		for _, o := range r.outcomes {
			row := []float64{100 * o.validation[greedy]}
			for _, stage := range line.stages {
				for _, e := range o.histories[stage].Epochs {
					row = append(row, trial.ValidationError(e))
				}
			}
			for len(s.X) < len(row) {
				s.X = append(s.X, float64(len(s.X)))
			}
			s.Y = append(s.Y, row)
		}
		chart.Series = append(chart.Series, s)
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Section("The two ways on", "Both trainings begin with the greedily trained layers, at epoch 0. A phase of the up-down training begins with the best parameters of the one before it.")
	r.Figure(curveFigure, "Validation error after greedy training", strings.TrimSpace("Up-down: "+strings.TrimPrefix(r.describe(upDown), "then ")+". "+chart.Spread()), svg)
	return nil
}

// bounds shows how probable the networks hold images that they have not seen.
func (r *reporter) bounds() error {
	b := r.Recipe.Bound
	text := fmt.Sprintf("The mean of log p(v) of %d test images, made binary with their intensities as probabilities; of one layer itself, "+
		"of more the variational lower bound, by %d samples of the hidden units an image. log Z of the highest layer is an estimate by annealed importance sampling, with %d temperatures and %d chains; "+
		"as it tends to be too low, the bounds tend to be too high. Each network is the one before it with another layer, and the last is all of them after the up-down training.",
		b.Images, b.Samples, b.Temperatures, b.Chains*r.data.Train.Classes)
	r.Section("How probable are images that it has not seen?", append([]string{text}, r.fallen()...)...)
	var rows [][]string
	dots := figure.Dots{YLabel: "lower bound of log p(v) (nats/image)"}
	var names []string
	for _, e := range r.outcomes[0].bounds {
		name := e.name()
		values := r.Values(name + ".bound")
		rows = append(rows, []string{name, lab.Summary(values), lab.Summary(r.Values(name + ".log_z")), e.Interval()})
		dots.Items, names = append(dots.Items, figure.Item{Name: r.category(e), Values: values}), append(names, r.category(e))
	}
	dots.Colors = figure.NewColors(names...)
	r.Table(fmt.Sprintf("Mean ± standard deviation over seeds, in nats; the interval of log Z is that of seed %d, ± three standard errors of the mean weight", r.Seeds[0]),
		[]string{"network", "bound of log p(v)", "log Z", "log Z within"}, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(boundFigure, "Lower bound of the log-probability of test images", strings.TrimSpace("Higher is better. "+dots.Spread()), svg)
	return nil
}

// fallen says what a bound means that falls with another layer for every seed, if one does.
func (r *reporter) fallen() []string {
	bounds := r.outcomes[0].bounds
	for i := 1; i < len(bounds)-1; i++ {
		before, after, trained := r.Values(bounds[i-1].name()+".bound"), r.Values(bounds[i].name()+".bound"), r.Values(upDown+".bound")
		if below, _, _, err := lab.SignOverSeeds(after, before); err != nil || below < len(r.Seeds) {
			continue
		}
		text := fmt.Sprintf("The bound falls from %s to %s, for every seed. That another layer cannot lower it is proved for weights that begin as the transposed ones of the layer below and climb the likelihood itself; "+
			"these begin at random, and learn by contrastive divergence.", bounds[i-1].name(), bounds[i].name())
		if bounds[i].layers < len(r.Recipe.Layers) {
			return []string{text}
		}
		text += " The last layer also models the labels."
		if lower, _, _, err := lab.SignOverSeeds(before, trained); err == nil && lower == len(r.Seeds) {
			text += " It is not that a network of as many layers had to be the worse model: after the up-down training its bound is the higher one, for every seed."
		}
		return []string{text}
	}
	return nil
}

// category is the network's place in the chart.
func (r *reporter) category(e estimate) string {
	switch {
	case e.upDown:
		return "after up-down"
	case e.layers == len(r.Recipe.Layers):
		return e.name() + ", labels"
	}
	return e.name()
}
