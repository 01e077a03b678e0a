package main

import (
	"fmt"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// training shows what the whole networks learned, and which of their layers moved.
func (r *reporter) training() error {
	if len(r.Recipe.trained()) == 0 {
		return nil
	}
	t := r.Recipe.Train
	r.Section("Training", fmt.Sprintf("Some of the networks, trained by gradient descent: rate %g, %s, %d epochs. "+
		"How far a layer moved is the norm of all that its weights changed by, over the norm of what they were at first.", t.Optimizer.Rate.Start, trial.Batches(t.Batch), t.Epochs))
	for _, depth := range r.Recipe.TrainDepths {
		curves := figure.Lines{XLabel: "epoch", YLabel: "validation error (%)", LogY: true, Colors: r.colors}
		moved := figure.Lines{XLabel: "layer, from the input up", YLabel: "|W − W⁰| / |W⁰|", LogY: true, Colors: r.colors}
		for _, p := range r.Recipe.drawn() {
			curve, move := figure.Series{Name: p.String()}, figure.Series{Name: p.String()}
			for s := range r.Seeds {
				o := r.trained[s][training{p, depth, whole}]
				var row []float64
				for _, e := range o.history.Epochs {
					v, _ := e.Validation.Get("error")
					row = append(row, 100*v)
				}
				curve.Y, move.Y = append(curve.Y, row), append(move.Y, o.moved)
			}
			curve.X, move.X = count(t.Epochs), count(depth+1)
			curves.Series, moved.Series = append(curves.Series, curve), append(moved.Series, move)
		}
		if err := r.lines(fmt.Sprintf("validation_error_depth%d.svg", depth), fmt.Sprintf("Validation error, %d hidden layers", depth), "", curves); err != nil {
			return err
		}
		if err := r.lines(fmt.Sprintf("moved_depth%d.svg", depth), fmt.Sprintf("How far each layer moved, %d hidden layers", depth),
			fmt.Sprintf("After the last epoch; layer %d is the output layer.", depth+1), moved); err != nil {
			return err
		}
	}
	return nil
}

// count is 1, 2, …, n.
func count(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i + 1)
	}
	return out
}

// alone compares whole networks with those whose first layers are frozen.
func (r *reporter) alone() error {
	if len(r.Recipe.trained()) == 0 {
		return nil
	}
	r.Section("Last layers alone", fmt.Sprintf("In the frozen networks the last %d layers, the output layer among them, learn on what the first ones, left as they were drawn, make of the image. "+
		"All else is as in the whole networks: first weights, order of the examples, rate. "+
		"Standardised networks learn on the same, with each unit of the last frozen layer brought to mean 0 and standard deviation 1: "+
		"where they learn and the frozen ones do not, the image is still there, as a small signal on a large constant. The signal is that of the last frozen layer (see Activations).", r.Recipe.TrainLast))
	var rows [][]string
	for _, depth := range r.Recipe.TrainDepths {
		dots := figure.Dots{YLabel: "test error (%)", LogY: true, Connect: true, Colors: r.colors}
		for _, p := range r.Recipe.trained() {
			row := []string{p.String(), fmt.Sprint(depth)}
			for _, part := range []part{whole, frozen, standardised} {
				row = append(row, lab.Summary(lab.Scaled(r.errors(p, depth, part), 100)))
			}
			rows = append(rows, append(row, lab.Summary(r.signals(p, depth))))
		}
		for _, p := range r.Recipe.drawn() {
			for _, part := range []part{whole, frozen, standardised} {
				dots.Items = append(dots.Items, figure.Item{Category: string(part), Name: p.String(), Values: lab.Scaled(r.errors(p, depth, part), 100)})
			}
		}
		svg, err := dots.SVG()
		if err != nil {
			return err
		}
		file := fmt.Sprintf("frozen_depth%d.svg", depth)
		r.Figure(file, fmt.Sprintf("Test error of the whole network and of its last layers alone, %d hidden layers", depth),
			dots.Spread(), svg)
		r.drawn = append(r.drawn, file)
	}
	r.Table("Test error in percent, mean ± standard deviation over seeds", []string{"network", "hidden layers", "whole", "frozen", "standardised", "signal below"}, rows)
	return nil
}

// errors are the test errors of one kind of network.
func (r *reporter) errors(p Pair, depth int, part part) []float64 {
	return r.Values(training{p, depth, part}.metric() + ".test_error")
}

// signals are those of the last frozen layer.
func (r *reporter) signals(p Pair, depth int) []float64 {
	return r.perSeed(func(s int) float64 {
		return r.trained[s][training{p, depth, frozen}].before[depth-r.Recipe.TrainLast].Signal
	})
}

// statistics are Glorot & Bengio's: each layer's activations, sensitivities and weight
// gradients before and after the training.
func (r *reporter) statistics() {
	if len(r.Recipe.trained()) == 0 {
		return
	}
	depth := r.Recipe.trainDeepest()
	r.Section("Statistics of the layers", fmt.Sprintf("Glorot & Bengio (2010) look at the mean, the standard deviation and the 98th percentile of each layer's activations and of the gradients "+
		"that are propagated back to it. Here on %d validation images, in whole networks of %d hidden layers, before training and after the last epoch; means over seeds.", r.Recipe.Examples, depth))
	header := []string{"network", "layer", "", "activation: mean", "sd", "98 %", "δ: mean", "sd", "98 %", "weight gradient: sd"}
	var rows [][]string
	for _, p := range r.Recipe.trained() {
		for l := range depth {
			for when, at := range []func(*outcome) []layer{func(o *outcome) []layer { return o.before }, (*outcome).lastLayers} {
				row := []string{p.String(), fmt.Sprint(l + 1), []string{"before", "after"}[when]}
				for _, of := range []func(layer) float64{
					func(x layer) float64 { return x.Mean }, func(x layer) float64 { return x.SD }, func(x layer) float64 { return x.P98 },
					func(x layer) float64 { return x.DeltaMean }, func(x layer) float64 { return x.DeltaSD }, func(x layer) float64 { return x.DeltaP98 },
					func(x layer) float64 { return x.GradSD },
				} {
					mean, _ := lab.Summarize(r.perSeed(func(s int) float64 { return of(at(r.trained[s][training{p, depth, whole}])[l]) }))
					row = append(row, fmt.Sprintf("%.2g", mean))
				}
				rows = append(rows, row)
			}
		}
	}
	r.Table("Layers before and after training", header, rows)
}
