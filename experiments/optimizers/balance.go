package main

import (
	"context"
	"fmt"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// balanceSection reports batches with equal shares of the classes and without.
func (r *reporter) balanceSection(context.Context) error {
	r.Section("Balanced batches", "A batch drawn at random has more of some classes than of others; a balanced one has the shares of the whole set. "+
		"What that can change is measured directly: how far the gradient of a batch is from that of all images, √(mean ‖g_batch − g‖²)/‖g‖ over batches of an epoch, at the first weights and at those that training by mini-batches left. "+
		"Balancing takes away the part of it that comes from differences between the classes' mean gradients; what is left is within classes.",
		fmt.Sprintf("How much that is, follows from the gradients of all single images, without drawing batches: of their variance, %s %% lies between the classes' means at the first weights, %s %% at the trained ones (mean ± standard deviation over seeds). "+
			"The last columns of the table below compare that with the batches drawn; where the share is small, which of the two kinds of batches deviates less is a matter of the draw.",
			lab.Summary(lab.Scaled(r.Values("gradient.start.between_classes"), 100)), lab.Summary(lab.Scaled(r.Values("gradient.trained.between_classes"), 100))))
	errors := figure.Dots{YLabel: "test error (%)", Colors: r.colors}
	spread := figure.Dots{YLabel: "deviation, share of the gradient's norm", LogY: true, Colors: r.colors}
	var rows [][]string
	for i, m := range r.Recipe.balancing() {
		name := drawn
		if m.balanced {
			name = balanced
		}
		size := m.batch(r.Recipe, r.images[r.Seeds[0]].Len())
		errors.Items = append(errors.Items, figure.Item{Category: fmt.Sprintf("batches of %d", size), Name: name, Values: lab.Scaled(r.values(m, "test_error"), 100)})
		if !m.balanced {
			continue
		}
		plain := r.Recipe.balancing()[i-1]
		for _, at := range []struct{ state, words string }{{atStart, "first weights"}, {atTrained, "trained"}} {
			a, b := r.Values(spreadMetric(at.state, plain)), r.Values(spreadMetric(at.state, m))
			category := fmt.Sprintf("%d, %s", size, at.words)
			spread.Items = append(spread.Items, figure.Item{Category: category, Name: drawn, Values: a}, figure.Item{Category: category, Name: balanced, Values: b})
			var share []float64
			for k := range a {
				share = append(share, 100*(1-b[k]*b[k]/(a[k]*a[k])))
			}
			rows = append(rows, []string{category, lab.Summary(a), lab.Summary(b), lab.Summary(share), lab.Summary(lab.Scaled(r.Values("gradient."+at.state+".between_classes"), 100))})
		}
	}
	if err := r.figure("balance_error.svg", "Test error with balanced batches and with random ones", "At the best rates: "+r.bestRates(r.Recipe.balancing())+".", errors); err != nil {
		return err
	}
	if err := r.figure("balance_gradient.svg", "How far the gradient of a batch is from that of all images", "By the size of the batch and the weights.", spread); err != nil {
		return err
	}
	methods := r.Recipe.balancing()
	for _, f := range []struct {
		file, title string
		chart       figure.Lines
	}{
		{"balance_epochs.svg", "Loss by epochs, balanced and random batches", r.lossBy("epoch", false, methods, r.at, byEpoch)},
		{"balance_seconds.svg", "Loss by time, balanced and random batches", r.lossBy("time (s)", true, methods, r.at, r.bySecond)},
	} {
		if err := r.figure(f.file, f.title, "The networks of the table below.", f.chart); err != nil {
			return err
		}
	}
	r.results(methods)
	r.Table("Deviation of the gradients of batches, and the share of its square, in percent, that balancing takes away", []string{"batch and weights", drawn, balanced, "share taken away", "share by theory"}, rows)
	if r.judged() {
		r.balanceClaims()
	}
	return nil
}

// The two kinds of batches.
const (
	drawn    = "random"
	balanced = "balanced"
)
