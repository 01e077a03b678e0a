package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns results into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	*results
	sets, depths, kinds figure.Colors
	nets                map[string][]*trained // at the best rate, by key, in the order of seeds
	judged              bool                  // there are seeds enough for verdicts
}

func report(ctx context.Context, run *lab.Run[Recipe], res *results) error {
	r := &reporter{
		Run: run, results: res, judged: len(run.Seeds) >= lab.MinSeeds, nets: map[string][]*trained{},
		sets: figure.NewColors(setNames(run.Data)...), kinds: figure.NewColors(linearName, reluName),
	}
	names := []string{handShallow, handDeep}
	for _, d := range run.Recipe.Functions.Depths {
		names = append(names, layers(d))
	}
	r.depths = figure.NewColors(names...)
	for _, part := range []func() error{
		func() error { return r.metrics(ctx) },
		r.equal, r.overfitted, r.byHand,
		func() error { return r.learned(ctx) }, r.linear,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	if !r.judged {
		r.Section("Verdicts", fmt.Sprintf("Only of what was built by hand: others take at least %d seeds.", lab.MinSeeds))
	}
	return nil
}

// layers are d hidden layers in words.
func layers(d int) string {
	if d == 1 {
		return "1 hidden layer"
	}
	return fmt.Sprintf("%d hidden layers", d)
}

// Metrics of the networks on images, by key, such as mnist-relu-depth-3.test_error: of
// the parameters with the smallest validation error at the best rate, best_rate itself,
// validation_error, train_error and test_error; of the training that went on to the end,
// end_train_loss, end_train_error, end_test_error, and gap, the difference of the errors.
// The networks on -data have collapse_error too, how far the outputs on the test images
// are from those of the product of the layers, over the largest output.
func (r *reporter) metrics(ctx context.Context) error {
	for _, c := range comparison(r.Recipe, r.Data) {
		for _, seed := range r.Seeds {
			s := r.best(c, seed)
			t, test := r.trained[s], r.results.sets[s.set].Test
			metric := func(name string, v float64) { r.Metric(c.key()+"."+name, seed, v) }
			metric("best_rate", s.rate)
			metric("validation_error", t.best())
			r.nets[c.key()] = append(r.nets[c.key()], t)
			trainError, err := errorOf(ctx, r.Compiler.Under("test"), t.net, r.images[s.set][seed])
			if err != nil {
				return err
			}
			metric("train_error", trainError)
			testError, err := errorOf(ctx, r.Compiler.Under("test"), t.net, test)
			if err != nil {
				return err
			}
			metric("test_error", testError)
			if err := r.SaveModel(fmt.Sprintf("seed-%d-%s", seed, c.key()), t.net); err != nil {
				return err
			}
			if s.set == r.Data {
				e, err := collapseError(t.net, test)
				if err != nil {
					return err
				}
				metric("collapse_error", e)
			}
			if !c.linear {
				if err := r.endMetrics(ctx, s, metric); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// endMetrics are those of a training that went on to the end. Where it diverged they are
// no numbers.
func (r *reporter) endMetrics(ctx context.Context, s spec, metric func(string, float64)) error {
	t := r.overfit[s]
	loss, trainError, testError := math.NaN(), math.NaN(), math.NaN()
	if !t.outcome.Diverged {
		epochs := t.outcome.Last().Epochs
		loss = trial.Value(epochs[len(epochs)-1].Train, "loss")
		var err error
		if trainError, err = errorOf(ctx, r.Compiler.Under("test"), t.net, r.images[s.set][s.seed]); err != nil {
			return err
		}
		if testError, err = errorOf(ctx, r.Compiler.Under("test"), t.net, r.results.sets[s.set].Test); err != nil {
			return err
		}
	}
	metric("end_train_loss", loss)
	metric("end_train_error", trainError)
	metric("end_test_error", testError)
	metric("gap", testError-trainError)
	return nil
}

// of are the values of a network's metric.
func (r *reporter) of(c spec, metric string) []float64 { return r.Values(c.key() + "." + metric) }

// percent is the summary of a network's metric in percent.
func (r *reporter) percent(c spec, metric string) string {
	return lab.Summary(lab.Scaled(r.of(c, metric), 100))
}

// relu are the networks with activations on a set.
func (r *reporter) relu(set string) []spec {
	var out []spec
	for _, d := range r.Recipe.Depths {
		out = append(out, spec{set: set, depth: d})
	}
	return out
}

// dots draws a metric, in percent, against the number of hidden layers.
func (r *reporter) dots(y, metric string, colors figure.Colors, names []string, nets func(name string) []spec) ([]byte, error) {
	d := figure.Dots{XLabel: "hidden layers", YLabel: y, FromZero: true, Connect: true, Colors: colors}
	for _, name := range names {
		for _, c := range nets(name) {
			d.Items = append(d.Items, figure.Item{Category: fmt.Sprint(c.depth), Name: name, Values: lab.Scaled(r.of(c, metric), 100)})
		}
	}
	return d.SVG()
}

// equal reports deep and shallow networks of equal numbers of parameters.
func (r *reporter) equal() error {
	r.Section("Deep and shallow at equal numbers of parameters",
		fmt.Sprintf("ReLU layers of equal width with He's weights, as many units a layer as bring the network nearest to %d parameters. ", r.Recipe.Parameters)+
			fmt.Sprintf("Training by %s on batches of %d, the rate falling in a straight line to 0, as many steps on each set. ", r.Recipe.Train.Optimizer.Kind, r.Recipe.Train.Batch)+
			fmt.Sprintf("Each network has its best rate of %v, by the mean over seeds of the smallest validation error, and is tested with the parameters of that epoch.", r.Recipe.Rates),
		fmt.Sprintf("Of an image with many pixels the first layer takes most of the parameters (the table has its share), so that at equal numbers layers are nearly as wide, however many there are. "+
			"The lecture names no size of network or of training set: the verdicts are about these, trained on %d images of %s (epochs: %d), and the next section asks again after a longer training.",
			r.images[r.Data][r.Seeds[0]].Len(), r.Data, r.Recipe.Train.Epochs),
		"Rectangles are to be called tall or wide, sets of white pixels convex or not: questions about the whole image, on which no single pixel has a say.")
	svg, err := r.dots("test error (%)", "test_error", r.sets, setNames(r.Data), r.relu)
	if err != nil {
		return err
	}
	r.Figure("equal_parameters.svg", "Test error by depth, at equal numbers of parameters", "A dot a seed; mean ± one standard deviation.", svg)
	var rows [][]string
	for _, set := range setNames(r.Data) {
		for _, c := range r.relu(set) {
			net := r.nets[c.key()][0].net
			n := 0
			for _, p := range net.Params() {
				n += p.Value.Shape().TotalSize()
			}
			first := net.Layers[0].W.Value.Shape().TotalSize()
			rows = append(rows, []string{set, fmt.Sprint(c.depth), fmt.Sprint(widest(net)), fmt.Sprintf("%d (%+.1f %%)", n, 100*(float64(n)/float64(r.Recipe.Parameters)-1)),
				fmt.Sprintf("%.0f %%", 100*float64(first)/float64(n)),
				fmt.Sprintf("%g", r.rates[c.key()]), r.percent(c, "train_error"), r.percent(c, "test_error")})
		}
	}
	r.Table("Errors in percent, and how much of a network its first layer's weights are", []string{"set", "hidden layers", "units a layer", "parameters", "first layer", "best rate", "train", "test"}, rows)
	rows = nil
	for _, c := range comparison(r.Recipe, r.Data) {
		row := []string{c.set, kindName(c), fmt.Sprint(c.depth)}
		for _, rate := range r.Recipe.Rates {
			if e := r.score(r.Run, c, rate); math.IsInf(e, 1) {
				row = append(row, "diverged")
			} else {
				row = append(row, fmt.Sprintf("%.2f", 100*e))
			}
		}
		rows = append(rows, row)
	}
	header := []string{"set", "layers are", "hidden layers"}
	for _, rate := range r.Recipe.Rates {
		header = append(header, fmt.Sprintf("rate %g", rate))
	}
	r.Table("Smallest validation error by rate, in percent, mean over seeds", header, rows)
	r.equalClaims()
	return nil
}

// fits says whether the networks of all depths come to fit their training sets, which
// tells a difference in generalisation from one in training.
func (r *reporter) fits() string {
	var sentences []string
	for _, set := range setNames(r.Data) {
		worst, at := -1.0, 0
		for _, c := range r.relu(set) {
			if e := largest(r.of(c, "end_train_error")); !(e <= worst) { // no number is the worst of all
				worst, at = e, c.depth
			}
		}
		if math.IsNaN(worst) {
			sentences = append(sentences, fmt.Sprintf("On %s the longer training diverged with %s.", set, layers(at)))
		} else if worst < fitted {
			sentences = append(sentences, fmt.Sprintf("On %s every depth and seed ends with a training error below %g %%: where one depth has a larger test error than another, it is not for want of training.", set, 100*fitted))
		} else {
			sentences = append(sentences, fmt.Sprintf("On %s a network of %s ends with a training error of %.2g %%: not all are trained to the end there, and a gap may be small for that.", set, layers(at), 100*worst))
		}
	}
	return strings.Join(sentences, " ")
}

// longer says whether the comparison of the first section is the same after the longer
// training.
func (r *reporter) longer() string {
	var sentences, differ []string
	for _, set := range setNames(r.Data) {
		one, three := spec{set: set, depth: shallow}, spec{set: set, depth: deep}
		before, _, _, err := lab.SignOverSeeds(r.of(three, "test_error"), r.of(one, "test_error"))
		after, _, _, err2 := lab.SignOverSeeds(r.of(three, "end_test_error"), r.of(one, "end_test_error"))
		if err != nil || err2 != nil {
			continue
		}
		sentences = append(sentences, fmt.Sprintf("on %s with %d of %d seeds (%s and %s %%), after the training of the first section with %d",
			set, after, len(r.Seeds), r.percent(three, "end_test_error"), r.percent(one, "end_test_error"), before))
		if after != before {
			differ = append(differ, set)
		}
	}
	end := "The longer training does not change that on any set."
	if len(differ) > 0 {
		end = fmt.Sprintf("On %s it depends on how long one trains which of the two generalises better, with some seeds at least.", strings.Join(differ, " and "))
	}
	return fmt.Sprintf("At the end of the longer training three hidden layers have a smaller test error than one %s. %s", strings.Join(sentences, "; "), end)
}

// overfitted reports the training that goes on to the end.
func (r *reporter) overfitted() error {
	r.Section("Overfitting",
		fmt.Sprintf("The same networks once more, at the same rates, for %d epochs on %s instead of %d and as many steps on the other sets, without a look at the validation set: "+
			"they end with their last parameters. The gap is the test error less the training error then.", r.Recipe.OverfitEpochs, r.Data, r.Recipe.Train.Epochs), r.fits(), r.longer())
	svg, err := r.dots("test error − training error (points)", "gap", r.sets, setNames(r.Data), r.relu)
	if err != nil {
		return err
	}
	r.Figure("gap.svg", "Gap between test and training error at the end of training", "A dot a seed; mean ± one standard deviation.", svg)
	var rows [][]string
	for _, set := range setNames(r.Data) {
		for _, c := range r.relu(set) {
			rows = append(rows, []string{set, fmt.Sprint(c.depth), lab.Summary(r.of(c, "end_train_loss")), r.percent(c, "end_train_error"), r.percent(c, "end_test_error"),
				r.percent(c, "test_error"), r.percent(c, "gap")})
		}
	}
	r.Table("At the end of training: loss in nats, errors in percent", []string{"set", "hidden layers", "training loss", "train", "test", "test at the best epoch", "gap"}, rows)
	r.gapClaims()
	return nil
}

func largest(v []float64) float64 {
	most := math.Inf(-1)
	for _, x := range v {
		most = math.Max(most, x)
	}
	return most
}

// list writes numbers with commas.
func list[T any](v []T) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(v)), ", "), "[]")
}
