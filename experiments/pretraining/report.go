package main

import (
	"fmt"
	"strings"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	data     *datasets.Split
	outcomes [][]*outcome // by initialisation and seed
	colors   figure.Colors
}

func report(run *lab.Run[Recipe], data *datasets.Split, outcomes [][]*outcome) error {
	r := &reporter{Run: run, data: data, outcomes: outcomes, colors: figure.NewColors(inits()...)}
	r.metrics()
	for _, part := range []func() error{r.errors, r.curves, r.gradients, r.filters, r.reconstructions, r.samples} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// metrics by initialisation: <init>.test_error, of the parameters with the smallest
// validation error; <init>.validation_error, that error; <init>.first_validation_error,
// the one after the first epoch (both only if there is a validation set); <init>.train_loss, in the last epoch;
// <init>.gradient_ratio, the norm of the gradient of the first layer's weights over
// that of the last hidden layer's, in the first epoch.
func (r *reporter) metrics() {
	for i, init := range r.Recipe.Inits {
		for s, seed := range r.Seeds {
			o := r.outcomes[i][s]
			epochs := o.fineTune.Epochs
			r.Metric(init+".test_error", seed, trial.Value(o.test, "error"))
			r.Metric(init+".test_loss", seed, trial.Value(o.test, "loss"))
			if !r.Recipe.AllImages {
				r.Metric(init+".validation_error", seed, trial.Value(epochs[o.fineTune.Best-1].Validation, "error"))
				r.Metric(init+".first_validation_error", seed, trial.Value(epochs[0].Validation, "error"))
			}
			r.Metric(init+".train_loss", seed, trial.Value(epochs[len(epochs)-1].Train, "loss"))
			if norms := r.norms(o); len(norms) > 1 {
				r.Metric(init+".gradient_ratio", seed, norms[0]/norms[len(norms)-1])
			}
		}
	}
}

// norms are those of the gradients of the hidden layers' weights in the first epoch,
// from the first layer up.
func (r *reporter) norms(o *outcome) []float64 {
	var out []float64
	for _, v := range o.fineTune.Epochs[0].GradNorms {
		if strings.HasSuffix(v.Name, ".W") && len(out) < len(r.Recipe.Layers) {
			out = append(out, v.Value)
		}
	}
	return out
}

func (r *reporter) errors() error {
	chosen := fmt.Sprintf("that had the smallest error on %d validation images", r.data.Validation.Len())
	header := []string{"init", "first weights", "test", "validation"}
	if r.Recipe.AllImages {
		chosen, header = fmt.Sprintf("after the last epoch on %d images, the validation images among them", r.data.Train.Len()), header[:3]
	}
	r.Section("Test error", fmt.Sprintf("Each network has the hidden layers %v of %s units. The test set of %d images is read once, with the parameters %s.",
		r.Recipe.Layers, r.Recipe.Activation, r.data.Test.Len(), chosen))
	var rows [][]string
	dots := figure.Dots{YLabel: "test error (%)", FromZero: true, Bars: true, Colors: r.colors}
	for _, init := range r.Recipe.Inits {
		test := lab.Scaled(r.Values(init+".test_error"), 100)
		row := []string{init, describeInit(r.Recipe, init), lab.Summary(test)}
		if !r.Recipe.AllImages {
			row = append(row, lab.Summary(lab.Scaled(r.Values(init+".validation_error"), 100)))
		}
		rows = append(rows, row)
		dots.Items = append(dots.Items, figure.Item{Name: init, Values: test})
	}
	r.Table("Error in percent, mean ± standard deviation over seeds",
		header, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure("test_error.svg", "Test error by initialisation", "Bars: mean; dots: single seeds.", svg)
	return nil
}

// describeInit says where the first weights come from.
func describeInit(r Recipe, init string) string {
	switch init {
	case initNormal:
		return "N(0, 1/√n)"
	case initDBN:
		kind := "CD"
		if r.DBN.Chains > 0 {
			kind = fmt.Sprintf("%d persistent chains, CD", r.DBN.Chains)
		}
		return fmt.Sprintf("RBMs, %s-%d, %d epochs a layer", kind, r.DBN.CD, r.DBN.Train.Epochs) + together(r)
	case initSDAE:
		corruption := r.SDAE.Corruption.String()
		if len(r.SDAE.Corruptions) > 0 {
			corruption = strings.Trim(fmt.Sprint(r.SDAE.Corruptions), "[]")
		}
		return fmt.Sprintf("denoising autoencoders, %s, %d epochs a layer", corruption, r.SDAE.Train.Epochs) + together(r)
	}
	if randomWeights(r, init).String() == "glorot4" {
		return "U ±4√(6/(n+k))"
	}
	return "U ±√(6/(n+k))"
}

// together says how long a stack is trained as a whole, if it is.
func together(r Recipe) string {
	if r.JointEpochs == 0 {
		return ""
	}
	return fmt.Sprintf(", then %d epochs as one deep autoencoder", r.JointEpochs)
}

func (r *reporter) curves() error {
	r.Section("Learning curves", "All networks take the same steps of "+r.Recipe.FineTune.Optimizer.Kind+
		" in fine-tuning; only their first weights differ.")
	charts := []struct {
		file, title, y, name string
		scale                float64
		from                 func(train.Epoch) train.Values
	}{
		{"validation_error.svg", "Validation error in fine-tuning", "validation error (%)", "error", 100, func(e train.Epoch) train.Values { return e.Validation }},
		{"training_loss.svg", "Training loss in fine-tuning", "cross-entropy (nats)", "loss", 1, func(e train.Epoch) train.Values { return e.Train }},
	}
	if r.Recipe.AllImages {
		charts = charts[1:]
	}
	for _, c := range charts {
		chart := figure.Lines{XLabel: "epoch", YLabel: c.y, LogY: true, Colors: r.colors}
		for i, init := range r.Recipe.Inits {
			s := figure.Series{Name: init}
			for _, o := range r.outcomes[i] {
				var row []float64
				for _, e := range o.fineTune.Epochs {
					row = append(row, c.scale*trial.Value(c.from(e), c.name))
				}
				for len(s.X) < len(row) {
					s.X = append(s.X, float64(len(s.X)+1))
				}
				s.Y = append(s.Y, row)
			}
			chart.Series = append(chart.Series, s)
		}
		svg, err := chart.SVG()
		if err != nil {
			return err
		}
		r.Figure(c.file, c.title, chart.Spread(), svg)
	}
	return nil
}

func (r *reporter) gradients() error {
	if r.Recipe.FineTune.NormEvery == 0 {
		return nil
	}
	r.Section("Which layers learn", "The gradient of the loss with respect to each hidden layer's weights in the first epoch of "+
		"fine-tuning. Where it falls from right to left by orders of magnitude, the error that is propagated back is lost on its way to the input.")
	chart := figure.Dots{XLabel: "hidden layer, from the input up", YLabel: "norm of the weight gradient", LogY: true, Connect: true, Colors: r.colors}
	for i, init := range r.Recipe.Inits {
		for l := range r.Recipe.Layers {
			item := figure.Item{Category: fmt.Sprintf("layer %d", l+1), Name: init}
			for _, o := range r.outcomes[i] {
				item.Values = append(item.Values, r.norms(o)[l])
			}
			chart.Items = append(chart.Items, item)
		}
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Figure("gradient_norms.svg", "Gradient norm of each layer in the first epoch",
		strings.TrimSpace(fmt.Sprintf("Mean Euclidean norm over every %dth step. ", r.Recipe.FineTune.NormEvery)+chart.Spread()), svg)
	return nil
}
