package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	data     *data
	outcomes map[string]map[uint64]*outcome // by method and seed
	colors   figure.Colors
}

func report(run *lab.Run[Recipe], d *data, outcomes map[string]map[uint64]*outcome) error {
	r := &reporter{Run: run, data: d, outcomes: outcomes}
	var names []string
	for _, name := range classifiers() {
		names = append(names, title(name))
	}
	r.colors = figure.NewColors(names...)
	r.metrics()
	for _, part := range []func() error{r.trainings, r.likelihoods, r.meanField, r.samples, r.filters, r.fineTuning} {
		if err := part(); err != nil {
			return err
		}
	}
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict about trained networks takes at least %d seeds.", lab.MinSeeds))
		return nil
	}
	r.claims()
	return nil
}

// title is a machine's name for people.
func title(name string) string {
	return map[string]string{
		methodRandom: "random weights", methodRBM: "RBM", methodDBN: "DBN", greedy: "DBM, layers by themselves", methodDBM: "DBM, trained together",
	}[name]
}

// methodOf is the method of which a machine or classifier is.
func methodOf(name string) string {
	if name == greedy {
		return methodDBM
	}
	return name
}

// present are those of the names whose method was trained.
func (r *reporter) present(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(r.Recipe.Methods, methodOf(name)) })
}

// of is the outcome that has a machine or classifier.
func (r *reporter) of(name string, seed uint64) *outcome { return r.outcomes[methodOf(name)][seed] }

// Metrics by machine: bound, the mean log-likelihood of binary test images in nats, of all but
// the RBM its variational lower bound; log_z with log_z_low and log_z_high, three standard
// errors away; of deep machines mean_field_change and bound_gap, of the recipe's last update, and
// above_bound, by how much the log-likelihood is above the bound on some images.
// By classifier: test_error.
func (r *reporter) metrics() {
	for _, seed := range r.Seeds {
		for _, name := range r.present(generators()) {
			o := r.of(name, seed)
			o.likelihood[name].Record(r, name, seed)
			if f := o.field[name]; f != nil {
				r.Metric(name+".mean_field_change", seed, f.change[r.Recipe.Updates-1])
				r.Metric(name+".bound_gap", seed, f.gap[r.Recipe.Updates-1])
				r.Metric(name+".above_bound", seed, o.slack[name])
			}
		}
		for _, name := range r.present(classifiers()) {
			r.Metric(name+".test_error", seed, r.of(name, seed).test[name])
		}
	}
}

// published are the numbers of Salakhutdinov & Hinton 2009, of a machine of 500 and 1000 units.
const (
	publishedError = "0.95"
	publishedBound = "−84.62"
	publishedLogZ  = "356.18"
)

func (r *reporter) likelihoods() error {
	names := r.present(generators())
	if len(names) == 0 {
		return nil
	}
	rec := r.Recipe
	r.Section("How likely the test images are", fmt.Sprintf("The mean log-probability that each machine gives to %d test images, made binary by a draw from their intensities. For the RBM it is exact but for log Z; of the others it is "+
		"a lower bound, −E(v,q) + H(q) − log Z with the mean field q of %d updates, or of a belief network with %d samples of its pass up. Higher is better; it is %.0f if all images are equally likely.", r.data.judged.Len(), rec.Updates, boundSamples, -float64(r.data.train.Dim())*math.Ln2),
		fmt.Sprintf("log Z is estimated by annealed importance sampling over %d temperatures with %d chains. A deep machine of two hidden layers is an RBM between the visible units and the second of them on one side and, on the other, the first; "+
			"of a belief network it is that of the top RBM. The estimate is too low on average, and the likelihood too high, where chains miss what has much probability: the interval of three standard errors cannot tell.", rec.Temperatures, rec.Runs),
		fmt.Sprintf("By how much a deep machine's log-likelihood is above its bound, whatever log Z is, was estimated on %d of the images, by annealed importance sampling of its hidden layers with the image held, over a tenth of the temperatures. Too few of them show in a number below 0, which no true one is.", slackCount(r.data.judged.Len())))
	dots := figure.Dots{YLabel: "log-likelihood or bound (nats/image)", Colors: r.colors}
	var rows [][]string
	for _, name := range names {
		dots.Items = append(dots.Items, figure.Item{Name: title(name), Values: r.Values(name + ".bound")})
		above := "0, it is no bound"
		switch name {
		case methodDBN:
			above = "not estimated"
		case greedy, methodDBM:
			above = lab.Summary(r.Values(name + ".above_bound"))
		}
		row := []string{title(name), lab.Summary(r.Values(name + ".bound")), above, lab.Summary(r.Values(name + ".log_z")), r.errorBar(name)}
		rows = append(rows, r.beside(row, name, publishedBound+", log Z "+publishedLogZ))
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure("likelihood.svg", "Log-likelihood of the test images", strings.TrimSpace("The RBM's own, lower bounds of the others. "+dots.Spread()), svg)
	r.Table("Nats an image; "+r.scales(), r.beside([]string{"machine", "log-likelihood or bound", "log-likelihood above it", "log Z", "its interval, widest of the seeds"}, methodDBM, "published"), rows)
	return nil
}

// errorBar is the widest interval of log Z, relative to it.
func (r *reporter) errorBar(name string) string {
	logZ, low, high := r.Values(name+".log_z"), r.Values(name+".log_z_low"), r.Values(name+".log_z_high")
	below, above := 0.0, 0.0
	for i, z := range logZ {
		below, above = max(below, z-low[i]), max(above, high[i]-z)
	}
	if math.IsInf(below, 0) || math.IsNaN(below) {
		return fmt.Sprintf("−∞ to +%.2g", above)
	}
	return fmt.Sprintf("−%.2g to +%.2g", below, above)
}

func (r *reporter) meanField() error {
	var names []string
	for _, name := range []string{greedy, methodDBM} {
		if len(r.present([]string{name})) > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	r.Section("Mean field", fmt.Sprintf("What the hidden units of a deep machine do for an image cannot be computed exactly. Mean field starts from a pass up with doubled input and then updates the layers in turn, given their neighbours; "+
		"training uses %d such updates. Below, there are more updates, on %d test images.", r.Recipe.Updates, min(r.data.judged.Len(), fieldImages)))
	for _, f := range []struct {
		file, title, caption, y string
		least                   float64 // what is smaller is drawn there
		of                      func(*convergence) []float64
	}{
		{"mean_field_change.svg", "Change by each update of mean field", "Mean absolute change of the probability of a hidden unit.", "change of a probability", 1e-9, func(c *convergence) []float64 { return c.change }},
		{"mean_field_gap.svg", "How far the bound is from its end", fmt.Sprintf("By how much the bound is below that after %d updates; at the lower edge it is not, but for rounding.", shownUpdates*r.Recipe.Updates), "bound still missing (nats/image)", 1e-4, func(c *convergence) []float64 { return c.gap }},
	} {
		lines := figure.Lines{XLabel: "update", YLabel: f.y, LogY: true, Colors: r.colors}
		for _, name := range names {
			s := figure.Series{Name: title(name)}
			for _, seed := range r.Seeds {
				var row []float64
				for _, y := range f.of(r.of(name, seed).field[name]) {
					row = append(row, max(y, f.least))
				}
				s.Y = append(s.Y, row)
			}
			for t := range s.Y[0] {
				s.X = append(s.X, float64(t+1))
			}
			lines.Series = append(lines.Series, s)
		}
		svg, err := lines.SVG()
		if err != nil {
			return err
		}
		r.Figure(f.file, f.title, strings.TrimSpace(f.caption+" "+lines.Spread()), svg)
	}
	return nil
}

func (r *reporter) fineTuning() error {
	names := r.present(classifiers())
	r.Section("Fine-tuning", "Each stack of weights is the start of a network with an output layer, trained with labels by one recipe, at a rate that suits the start. From a deep machine, the first hidden layer has a second input: q(h²|v), the mean-field "+
		"probabilities of the second layer, by weights that start as those of the machine, so that the network's first pass up is an update of mean field. The RBM's network has one hidden layer, the others two.")
	dots := figure.Dots{YLabel: "test error (%)", Colors: r.colors}
	var rows [][]string
	for _, name := range names {
		test := lab.Scaled(r.Values(name+".test_error"), 100)
		dots.Items = append(dots.Items, figure.Item{Name: title(name), Values: test})
		rate := fmt.Sprintf("%g", r.Recipe.tuning(name).Optimizer.Rate.Start)
		rows = append(rows, r.beside([]string{title(name), rate, r.validation(name), lab.Summary(test)}, name, publishedError))
	}
	if r.data.validation != nil {
		lines := figure.Lines{XLabel: "epoch of fine-tuning", YLabel: "validation error (%)", Colors: r.colors}
		for _, name := range names {
			var histories []*train.History
			for _, seed := range r.Seeds {
				histories = append(histories, r.of(name, seed).tuning(name))
			}
			lines.Series = append(lines.Series, trial.Curve(title(name), histories, trial.ValidationError))
		}
		svg, err := lines.SVG()
		if err != nil {
			return err
		}
		r.Figure("validation.svg", "Validation error in fine-tuning", lines.Spread(), svg)
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure("test_error.svg", "Test error after fine-tuning", dots.Spread(), svg)
	r.Table("Errors in percent; "+r.scales(), r.beside([]string{"start", "rate", "validation", "test"}, methodDBM, "published"), rows)
	return nil
}

// tuning is the history of the fine-tuning of a classifier.
func (o *outcome) tuning(name string) *train.History {
	stage := tuneStage
	if name == greedy {
		stage = greedyStage
	}
	for i, s := range o.net.stages {
		if s.Name == stage {
			return o.Histories[i]
		}
	}
	return nil
}

// validation is the validation error with the parameters that were kept, as text.
func (r *reporter) validation(name string) string {
	var v []float64
	for _, seed := range r.Seeds {
		h := r.of(name, seed).tuning(name)
		if h.Best < 1 {
			return "none"
		}
		v = append(v, 100*trial.Value(h.Epochs[h.Best-1].Validation, "error"))
	}
	return lab.Summary(v)
}
