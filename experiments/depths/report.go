package main

import (
	"fmt"
	"strings"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*runner
	colors figure.Colors
}

func report(e *runner) error {
	// The colours of dbn and sdae are those of the other reports on pretraining.
	r := &reporter{runner: e, colors: figure.NewColors(initRandom, "glorot", initDBN, initSDAE)}
	r.metrics()
	parts := []func() error{r.depths, r.widths, r.losses, r.functions}
	if r.Recipe.OnlineEpochs > 0 {
		parts = append(parts, r.online)
	}
	for _, part := range parts {
		if err := part(); err != nil {
			return err
		}
	}
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return nil
	}
	for _, init := range r.pretrained() {
		r.claims(init)
	}
	return nil
}

// pretrained are the origins of weights that random ones are compared with.
func (r *reporter) pretrained() []string { return r.Recipe.Inits[1:] }

// at is the configuration of a depth.
func (r *reporter) at(init string, depth int) config { return config{init, depth, r.Recipe.Width} }

// of is the network of a configuration at the chosen rate.
func (r *reporter) of(c config, seed uint64) *outcome {
	return r.done[spec{config: c, rate: r.rates[c], seed: seed}]
}

// Metrics by configuration, such as sdae.depth3.width200.test_error: test_error,
// train_loss and train_error are of the parameters with the smallest validation error,
// validation_error; rate is the chosen one. online_test_error is of the network that saw
// no image twice. One that diverged has the errors and the loss of a guess. See distances
// for those in the space of functions.
func (r *reporter) metrics() {
	for _, c := range configs(r.Recipe) {
		for _, seed := range r.Seeds {
			o := r.of(c, seed)
			r.Metric(c.metric("rate"), seed, o.rate)
			r.Metric(c.metric("test_error"), seed, trial.Value(o.test, "error"))
			r.Metric(c.metric("train_error"), seed, trial.Value(o.train, "error"))
			r.Metric(c.metric("train_loss"), seed, trial.Value(o.train, "loss"))
			validation := o.Best("error")
			if o.Diverged {
				validation = trial.Value(o.test, "error") // that of a guess
			}
			r.Metric(c.metric("validation_error"), seed, validation)
			if r.isOnline(c) {
				online := r.done[spec{c, r.rates[c], true, seed}]
				r.Metric(c.metric("online_test_error"), seed, trial.Value(online.test, "error"))
			}
		}
	}
}

// percent are the values of a metric in percent.
func (r *reporter) percent(c config, what string) []float64 {
	return lab.Scaled(r.Values(c.metric(what)), 100)
}

// row is a configuration's row of a table.
func (r *reporter) row(first string, c config) []string {
	test := r.percent(c, "test_error")
	_, sd := lab.Summarize(test)
	return []string{first, c.init, fmt.Sprintf("%g", r.rates[c]), lab.Summary(test), fmt.Sprintf("%.2f", sd), lab.Summary(r.percent(c, "validation_error")), lab.Summary(r.Values(c.metric("train_loss")))}
}

// columns are the heads of the tables of row.
func columns(first string) []string {
	return []string{first, "first weights", "rate", "test error", "its spread", "validation error", "training loss"}
}

// depths reports the test error by depth.
func (r *reporter) depths() error {
	r.Section("Test error by depth", fmt.Sprintf("Networks of 1 to %d hidden layers of %d %s units, from random weights %s and from pretrained ones. "+
		"The pretrained ones are %s. "+
		"All take the same steps of fine-tuning on %d images; the rate, one of %v, is the one with the smallest error on %d validation images "+
		"for this depth and origin of the weights by itself (seeds to decide it: %d). "+
		"The test set is read once, with the parameters of the smallest validation error. "+
		"A seed has one stack, of which networks of all depths take the lower layers.",
		r.Recipe.Depths[len(r.Recipe.Depths)-1], r.Recipe.Width, r.Recipe.Activation, r.Recipe.Init, r.howPretrained(), r.images[r.Seeds[0]].Len(),
		r.Recipe.Rates, r.validation.Len(), len(r.tuningSeeds())))
	boxes := figure.Boxes{XLabel: "hidden layers", YLabel: "test error (%)", LogY: true, Colors: r.colors}
	gaps := figure.Dots{XLabel: "hidden layers", YLabel: "random − pretrained (points)", Connect: true, Colors: r.colors}
	var rows [][]string
	for _, depth := range r.Recipe.Depths {
		for _, init := range r.Recipe.Inits {
			c := r.at(init, depth)
			rows = append(rows, r.row(fmt.Sprint(depth), c))
			boxes.Items = append(boxes.Items, figure.Item{Category: fmt.Sprint(depth), Name: init, Values: r.percent(c, "test_error")})
			if init != initRandom && r.learned(init, depth) {
				gaps.Items = append(gaps.Items, figure.Item{Category: fmt.Sprint(depth), Name: init, Values: r.gap(init, depth)})
			}
		}
	}
	r.Table("Error in percent, training loss in nats; mean ± standard deviation over seeds", columns("hidden layers"), rows)
	svg, err := boxes.SVG()
	if err != nil {
		return err
	}
	r.Figure("test_error.svg", "Test error by depth", boxes.Spread()+" Logarithmic axis.", svg)
	if len(gaps.Items) == 0 {
		return nil
	}
	if svg, err = gaps.SVG(); err != nil {
		return err
	}
	r.Figure("gap.svg", "What pretraining takes from the test error", strings.TrimSpace(gaps.Spread()+" Points of percent, seed by seed; "+
		"depths at which a network learned nothing (test error above 50 %) are left out."), svg)
	return nil
}

// howPretrained says how the pretrained weights came about.
func (r *reporter) howPretrained() string {
	var parts []string
	for _, init := range r.pretrained() {
		how := fmt.Sprintf("with corruption %s, for %d epochs a layer", r.Recipe.SDAE.Corruption, r.Recipe.SDAE.Train.Epochs)
		if init == initDBN {
			how = fmt.Sprintf("by CD-%d, for %d epochs a layer", r.Recipe.DBN.CD, r.Recipe.DBN.Train.Epochs)
		}
		parts = append(parts, fmt.Sprintf("those of %s (%s), trained layer by layer %s", stackName(init), init, how))
	}
	return strings.Join(parts, ", or ")
}

// learned tells whether networks of both origins learned something at every seed of a
// depth.
func (r *reporter) learned(init string, depth int) bool {
	for _, c := range []config{r.at(initRandom, depth), r.at(init, depth)} {
		for _, v := range r.Values(c.metric("test_error")) {
			if !(v <= learnedBelow) {
				return false
			}
		}
	}
	return true
}

// learnedBelow is the test error above which a network has learned next to nothing.
const learnedBelow = 0.5

// gap is by how many points of percent the test error is smaller with pretraining, by seed.
func (r *reporter) gap(init string, depth int) []float64 {
	return difference(r.percent(r.at(initRandom, depth), "test_error"), r.percent(r.at(init, depth), "test_error"))
}

func difference(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// widths reports the test error by the units of a layer.
func (r *reporter) widths() error {
	r.Section("Few units", fmt.Sprintf("Networks of %s with different numbers of units in each, pretrained and fine-tuned as above.", layers(r.Recipe.WidthDepth)))
	boxes := figure.Boxes{XLabel: "units of each hidden layer", YLabel: "test error (%)", LogY: true, Colors: r.colors}
	var rows [][]string
	for _, width := range r.Recipe.Widths {
		for _, init := range r.Recipe.Inits {
			c := config{init, r.Recipe.WidthDepth, width}
			rows = append(rows, r.row(fmt.Sprint(width), c))
			boxes.Items = append(boxes.Items, figure.Item{Category: fmt.Sprint(width), Name: init, Values: r.percent(c, "test_error")})
		}
	}
	r.Table("Error in percent, training loss in nats; mean ± standard deviation over seeds", columns("units"), rows)
	svg, err := boxes.SVG()
	if err != nil {
		return err
	}
	r.Figure("widths.svg", fmt.Sprintf("Test error of %s by their units", layers(r.Recipe.WidthDepth)), boxes.Spread()+" Logarithmic axis.", svg)
	return nil
}

func layers(n int) string {
	if n == 1 {
		return "1 hidden layer"
	}
	return fmt.Sprintf("%d hidden layers", n)
}

// online reports the networks that saw no image twice.
func (r *reporter) online() error {
	depth := r.Recipe.OnlineDepth
	r.Section("Images that never repeat", fmt.Sprintf("Networks of %s at the rates of above, trained for %d epochs on %d images, each of which is changed anew in every epoch (%s). "+
		"A training loss on new images is a test error: without overfitting there is nothing left for a regulariser to do.",
		layers(depth), r.Recipe.OnlineEpochs, r.changed[r.Seeds[0]].Len(), describe(r.Recipe.Augment)))
	boxes := figure.Boxes{YLabel: "test error (%)", LogY: true, Colors: r.colors}
	var rows [][]string
	for _, kind := range []struct{ category, metric string }{
		{fmt.Sprintf("%d images, %d epochs", r.images[r.Seeds[0]].Len(), r.Recipe.FineTune.Epochs), "test_error"},
		{fmt.Sprintf("%d new images", r.changed[r.Seeds[0]].Len()*r.Recipe.OnlineEpochs), "online_test_error"},
	} {
		for _, init := range r.Recipe.Inits {
			values := r.percent(r.at(init, depth), kind.metric)
			rows = append(rows, []string{kind.category, init, lab.Summary(values)})
			boxes.Items = append(boxes.Items, figure.Item{Category: kind.category, Name: init, Values: values})
		}
	}
	r.Table("Test error in percent, mean ± standard deviation over seeds", []string{"training", "first weights", "test error"}, rows)
	svg, err := boxes.SVG()
	if err != nil {
		return err
	}
	r.Figure("online.svg", fmt.Sprintf("Test error of %s after images that repeat and that do not", layers(depth)), boxes.Spread()+" Logarithmic axis.", svg)
	return nil
}

// describe says what an augmentation does.
func describe(a datasets.Augmentation) string {
	var parts []string
	if a.Shift > 0 {
		parts = append(parts, fmt.Sprintf("shifts of up to %d pixels", a.Shift))
	}
	if a.Rotation > 0 {
		parts = append(parts, fmt.Sprintf("turns of up to %g°", a.Rotation))
	}
	if a.Elastic > 0 {
		parts = append(parts, fmt.Sprintf("elastic distortions, α = %g", a.Elastic))
	}
	if a.Color > 0 {
		parts = append(parts, fmt.Sprintf("brightness by up to %g", a.Color))
	}
	return strings.Join(parts, ", ")
}
