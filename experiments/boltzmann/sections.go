package main

import (
	"fmt"
	"math"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
)

// likelihoods reports what the machines are judged by.
func (r *reporter) likelihoods() error {
	images := r.examples[r.Seeds[0]].Len()
	m := r.Recipe.Large
	r.Section("Log-likelihood", "A restricted Boltzmann machine is a distribution of images, and its log-likelihood, the mean of log p(v) over images that it was not trained on, says how good a one it is. "+
		"Its images are binary. Here each pixel of the data is on with the probability of its intensity, drawn once: all machines of all seeds are trained, validated and tested on the same binary images. "+
		"Numbers for images that are binarised in another way are not comparable.",
		fmt.Sprintf("The machines of a seed have the same first weights and visible biases and see the same %d images in the same order, %d a step, at a rate that falls in a straight line to 0. What differs is where the negative examples of a step come from: "+
			"chains of 1 or of 10 Gibbs steps that start at the step's images (CD-1, CD-10), chains that go on from where they ended in the step before (PCD), "+
			"and such chains at %d temperatures, of which neighbours exchange their states (PT). All end in binary states. A step of CD-10 renews 10 times as many states as one of CD-1 or PCD, one of PT %d times as many.", images, m.Train.Batch, r.Recipe.Levels, r.Recipe.Levels),
		fmt.Sprintf("Machines with %d hidden units: log Z by annealed importance sampling after each epoch, with %d temperatures and %d chains; each at its best rate of %s, judged by validation log-likelihood with the first seed: %s. A best rate at an end of the list leaves open whether one beyond it is better. Epochs are measured on %d images, the final numbers on all. "+
			"With few temperatures the number errs upwards, most of all for a machine with modes far from the data, which the chains then do not find: compare the curves with the final table. Chains that are not restarted lag behind weights that change fast: compare in the tables by rate where PCD and PT stand beside CD-10 at small rates.",
			m.Hidden, r.Recipe.Curve.Steps, r.Recipe.Curve.Chains, inWords(m.Rates), r.ratesOf(large), r.Recipe.Held))
	if err := r.draw(chart{likelihoodFigure, fmt.Sprintf("Validation log-likelihood by epoch, %d hidden units", m.Hidden), "Annealed importance sampling.", "log-likelihood (nats an image)", large, likelihoodName, false}); err != nil {
		return err
	}
	if err := r.draw(chart{stepsFigure, fmt.Sprintf("The same by Gibbs steps, %d hidden units", m.Hidden), "A Gibbs step renews the state of one chain; PT's at all temperatures count.", "log-likelihood (nats an image)", large, likelihoodName, true}); err != nil {
		return err
	}
	if err := r.draw(chart{exactFigure, fmt.Sprintf("Validation log-likelihood by epoch, %d hidden units", r.Recipe.Exact.Hidden), fmt.Sprintf("Exact, by enumeration of the hidden states. Rates: %s.", r.ratesOf(exact)), "log-likelihood (nats an image)", exact, likelihoodName, false}); err != nil {
		return err
	}
	for _, s := range sizes() {
		r.table(s)
		r.byRate(s)
	}
	return nil
}

// table adds the final log-likelihoods of the machines of a size.
func (r *reporter) table(s size) {
	how := "exact"
	if s == large {
		how = fmt.Sprintf("by annealed importance sampling with %d temperatures and %d chains", r.Recipe.Final.Steps, r.Recipe.Final.Chains)
	}
	var rows [][]string
	for _, k := range kinds() {
		row := []string{string(k)}
		for _, what := range []string{"train_log_likelihood", "validation_log_likelihood", "test_log_likelihood"} {
			row = append(row, lab.Summary(r.values(s, k, what)))
		}
		if s == large {
			row = append(row, lab.Summary(r.values(s, k, "ais_bar")), lab.Summary(r.values(s, k, "bracket")))
		}
		rows = append(rows, row)
	}
	header := []string{"training", "train", "validation", "test"}
	if s == large {
		header = append(header, "3 standard errors of log Z", "reversed chains lie below by")
		rows = append(rows, []string{"independent pixels", "", "", lab.Summary(r.Values("independent.test_log_likelihood")), "", ""})
	}
	r.Table(fmt.Sprintf("Log-likelihood in nats an image, %d hidden units, %s", r.Recipe.machines(s).Hidden, how), header, rows)
}

// byRate adds the validation log-likelihoods of the first seed at all rates.
func (r *reporter) byRate(s size) {
	header := []string{"training"}
	for _, rate := range r.Recipe.machines(s).Rates {
		header = append(header, fmt.Sprintf("rate %g", rate))
	}
	var rows [][]string
	for _, k := range kinds() {
		row := []string{string(k)}
		for _, rate := range r.Recipe.machines(s).Rates {
			score := r.outcomes[spec{s, k, rate, r.Seeds[0]}].score()
			if math.IsInf(score, 1) {
				row = append(row, "diverged")
			} else {
				row = append(row, fmt.Sprintf("%.2f", -score))
			}
		}
		rows = append(rows, row)
	}
	r.Table(fmt.Sprintf("Validation log-likelihood by rate, %d hidden units, seed %d, after the last epoch", r.Recipe.machines(s).Hidden, r.Seeds[0]), header, rows)
}

// checks reports annealed importance sampling against enumeration.
func (r *reporter) checks() error {
	r.Section("Is the estimate right?", fmt.Sprintf("log Z of %d hidden units is a sum over 2^%d states. Annealed importance sampling (%d temperatures, %d chains) must agree with it: its forward chains, from independent pixels to the machine, give a stochastic lower bound of log Z, "+
		"reversed ones, from exact samples of the machine, a stochastic upper bound. The brackets in the table are three standard errors of the mean weight to either side.", r.Recipe.Exact.Hidden, r.Recipe.Exact.Hidden, r.Recipe.Check.Steps, r.Recipe.Check.Chains),
		"Of a large machine there are no exact samples. Reversed chains that begin at test images bound the log-likelihood of another distribution from below, without assumption: that of the states to which the forward chains lead, the annealed model, which comes near to the machine as the temperatures grow more. "+
			"The last column of the table of log-likelihoods says how far that conservative number lies below the one from forward chains, which errs upwards (RAISE, Burda, Grosse & Salakhutdinov 2015).")
	dots := figure.Dots{XLabel: "training", YLabel: "estimate of log Z less the exact one (nats)"}
	var rows [][]string
	for _, k := range kinds() {
		for _, way := range []struct{ name, metric string }{{"forward", "ais_error"}, {"reversed", "reversed_ais_error"}} {
			dots.Items = append(dots.Items, figure.Item{Category: string(k), Name: way.name, Values: r.values(exact, k, way.metric)})
		}
		for _, seed := range r.Seeds {
			f := r.final[r.chosen(exact, k, seed)]
			rows = append(rows, []string{string(k), fmt.Sprint(seed), fmt.Sprintf("%.3f", f.logZ),
				fmt.Sprintf("%.3f [%.3f, %.3f]", f.forward.LogZ, f.forward.Low, f.forward.High), fmt.Sprintf("%.3f [%.3f, %.3f]", f.reverse.LogZ, f.reverse.Low, f.reverse.High)})
		}
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(checkFigure, "Annealed importance sampling against enumeration", strings.TrimSpace("0 is exact. "+dots.Spread()), svg)
	r.Table(fmt.Sprintf("log Z of the machines with %d hidden units", r.Recipe.Exact.Hidden), []string{"training", "seed", "exact", "forward", "reversed"}, rows)
	return nil
}

// otherMeasures reports what is read in place of the likelihood.
func (r *reporter) otherMeasures() error {
	r.Section("What else is read", "The reconstruction error, the squared error of the image after one Gibbs step, is what contrastive divergence shows for free. It is small where chains hardly move, whatever the machine would generate if they did: "+
		"it tells that something is learned, and need not rank machines. The pseudo-likelihood, Σ log p(pixel | all others), needs no log Z, but looks one pixel around the data. "+
		"The free-energy gap between validation and training images is the difference of their log-likelihoods, for which log Z is not needed: it shows overfitting, and not how good a machine is.")
	scatter := figure.Lines{XLabel: "reconstruction error (squared, an image)", YLabel: "log-likelihood (nats an image)", Colors: r.colors}
	var rows [][]string
	for _, k := range kinds() {
		s := figure.Series{Name: string(k), Y: [][]float64{nil}}
		for _, seed := range r.Seeds {
			for _, rate := range r.Recipe.Large.Rates {
				o := r.outcomes[spec{large, k, rate, seed}]
				if o == nil || o.Diverged {
					continue
				}
				s.X, s.Y[0] = append(s.X, o.Best(reconstructionName)), append(s.Y[0], o.Best(likelihoodName))
			}
		}
		scatter.Series, scatter.Marked = append(scatter.Series, s), append(scatter.Marked, s.Name)
		rows = append(rows, []string{string(k), lab.Summary(r.values(large, k, "test_log_likelihood")), lab.Summary(r.values(large, k, "pseudo_likelihood")),
			lab.Summary(r.values(large, k, "free_energy_gap")), lab.Summary(r.values(large, k, "reconstruction"))})
	}
	if err := r.lines(reconstructionFigure, "Reconstruction error and log-likelihood of validation images",
		fmt.Sprintf("Every machine with %d hidden units, of all rates and seeds, after its last epoch. If the error ranked the machines, all would lie along one line from the upper left to the lower right.", r.Recipe.Large.Hidden), scatter); err != nil {
		return err
	}
	if err := r.draw(chart{pseudoFigure, "Pseudo-likelihood of validation images", fmt.Sprintf("%d hidden units; one random pixel of each of %d images is flipped, other ones for each seed, so that chance moves all curves of a seed together.", r.Recipe.Large.Hidden, r.Recipe.Held), "pseudo-likelihood (nats an image)", large, pseudoName, false}); err != nil {
		return err
	}
	if err := r.draw(chart{gapFigure, "Free-energy gap between validation and training images", fmt.Sprintf("%d hidden units, %d images of each.", r.Recipe.Large.Hidden, r.Recipe.Held), "gap (nats an image)", large, gapName, false}); err != nil {
		return err
	}
	r.Table(fmt.Sprintf("Machines with %d hidden units at their best rates", r.Recipe.Large.Hidden),
		[]string{"training", "test log-likelihood", "pseudo-likelihood", "free-energy gap", "reconstruction error"}, rows)
	return nil
}

// tempering reports the exchanges of parallel tempering.
func (r *reporter) tempering() error {
	r.Section("Exchanges of parallel tempering", fmt.Sprintf("%d inverse temperatures β, evenly spaced from 1 to %g; towards 0 the distribution becomes that of independent pixels, as often on as in the data. The rates at which neighbours exchanged their states at the end of training, over about 100 steps. "+
		"Where they are near 0 the ladder is broken: states from above do not come down.", r.Recipe.Levels, r.Recipe.Hottest))
	dots := figure.Dots{XLabel: "β of a pair's colder chain", YLabel: "exchange rate", FromZero: true}
	betas := models.Ladder(r.Recipe.Levels, r.Recipe.Hottest)
	for i := range r.Recipe.Levels - 1 {
		dots.Items = append(dots.Items, figure.Item{Category: fmt.Sprintf("%.2f", betas[i]), Name: string(pt), Values: r.Values(swapMetric(i))})
	}
	dots.Colors = r.colors
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(swapsFigure, "Exchange rates by pair of temperatures", strings.TrimSpace(fmt.Sprintf("%d hidden units. ", r.Recipe.Large.Hidden)+dots.Spread()), svg)
	return nil
}
