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

// worked reports the worked example.
func (r *reporter) worked() error {
	e, err := workedExample()
	if err != nil {
		return err
	}
	r.Section("The worked example", "Three classes, the first is right. The categorical cross-entropy −Σ d log y only looks at the output of "+
		"the right class: −log 0.57, a natural logarithm. The graph computes it, and both gradients with respect to the pre-activations z, from z = log y, whose softmax is y.")
	var rows [][]string
	for j := range e.d {
		term := "0"
		if e.d[j] != 0 {
			term = fmt.Sprintf("%.4f", -e.d[j]*math.Log(e.y[j]))
		}
		rows = append(rows, []string{fmt.Sprint(j + 1), fmt.Sprint(e.d[j]), fmt.Sprintf("%.2f", e.y[j]), term,
			fmt.Sprintf("%.4f", e.byCE[j]), fmt.Sprintf("%.4f", e.bySE[j])})
	}
	rows = append(rows, []string{"all", "", "", fmt.Sprintf("%.4f", e.byHand),
		fmt.Sprintf("norm %.4f", e.normOfCE), fmt.Sprintf("norm %.4f", e.normOfSE)})
	r.Table(fmt.Sprintf("By hand; the graph gives %.4f", e.loss),
		[]string{"class", "d", "y", "−d log y", "∂/∂z of cross-entropy (y − d)", "∂/∂z of squared error"}, rows)
	r.Claim(lab.Claim{
		Section: "3.3", Claim: "The categorical cross-entropy of d = (1, 0, 0) and y = (0.57, 0.20, 0.23) is 0.56.",
		Measured: fmt.Sprintf("the graph gives %.6f, −ln 0.57 is %.6f", e.loss, e.byHand),
		Holds:    math.Abs(e.loss-0.56) < 0.005 && math.Abs(e.loss-e.byHand) < 1e-12,
		Rule:     "0.56 to two digits, and equal to −ln 0.57 to 1e-12",
	})
	return nil
}

// logits reports loss and gradient by lead.
func (r *reporter) logits() error {
	r.Section("Confidently wrong", "Loss and gradient of one example against z. For sigmoid, z is the pre-activation of an output that should be 1. "+
		fmt.Sprintf("For softmax over %d classes, the right class leads all others by z; where z is negative, a wrong class leads all others by −z. ", classesOfCurves)+
		"To the left the output is wrong, and sure of it. Gradients are symbolic, with respect to the pre-activation of the right output.")
	loss := figure.Lines{XLabel: "lead z of the right output", YLabel: "loss of the example", FromZero: true, Colors: r.colors}
	size := figure.Lines{XLabel: "lead z of the right output", YLabel: "|∂L/∂z| of the right output", LogY: true, Colors: r.colors}
	var rows [][]string
	byPair := map[pair]*curve{}
	for _, p := range classes.pairs() {
		c, err := newCurve(p)
		if err != nil {
			return err
		}
		byPair[p] = c
		loss.Series = append(loss.Series, figure.Series{Name: p.String(), X: c.lead, Y: [][]float64{c.loss}})
		size.Series = append(size.Series, figure.Series{Name: p.String(), X: c.lead, Y: [][]float64{c.size}})
		l := limitOf(p)
		rows = append(rows, []string{p.String(), l.loss, fmt.Sprintf("%.4g", c.loss[0]), l.size, fmt.Sprintf("%.4g", limitAt(p, c.lead[0])), fmt.Sprintf("%.4g", c.size[0])})
	}
	for _, f := range []struct {
		file, title, caption string
		chart                figure.Lines
	}{
		{"loss_by_logit.svg", "Loss against the lead", "Cross-entropy grows in a straight line with how wrong the output is, the same one for both outputs; the squared error levels off, at 1 for one output and 2 for two. Where the curves of softmax bend at 0, another class takes the lead.", loss},
		{"gradient_by_logit.svg", "Size of the gradient against the lead", "Where the squared error levels off its gradient vanishes, exponentially: the output is saturated. That of cross-entropy goes to 1, for both outputs.", size},
	} {
		svg, err := f.chart.SVG()
		if err != nil {
			return err
		}
		r.Figure(f.file, f.title, f.caption, svg)
	}
	r.Table(fmt.Sprintf("The limits for z → −∞, and what the graph gives at z = %d", leadFrom),
		[]string{"output and loss", "loss →", "loss there", "gradient →", "which is", "gradient there"}, rows)
	r.gradientClaims(byPair)
	return nil
}

// curves reports the learning curves from usual first weights.
func (r *reporter) curves() error {
	r.Section("Learning curves", fmt.Sprintf("One network of %d %s units, first weights and order of %d images equal for all pairs of a seed, trained by %s in %s. ",
		r.Recipe.Units, r.Recipe.Activation, r.examples(), r.Recipe.Train.Optimizer.Kind, trial.Batches(r.Recipe.Train.Batch))+
		"Losses are sums over the outputs and means over the batch. The sigmoids are one output a class, each with its own yes or no; the largest one is the answer.",
		fmt.Sprintf("First all pairs at the rate %g, then each at its own best of %v, judged by the mean over seeds of the smallest validation error: %s.",
			r.same(), r.Recipe.Rates, r.bestOf(classes)))
	if err := r.draw(chart{"same_rate.svg", "Validation error at the same rate", fmt.Sprintf("Rate %g for all pairs.", r.same()),
		"validation error (%)", classes, func(pair) float64 { return r.same() }, 0, errorPercent}); err != nil {
		return err
	}
	if err := r.draw(chart{"best_rate.svg", "Validation error at each pair's best rate", "Rates: " + r.bestOf(classes) + ".",
		"validation error (%)", classes, func(p pair) float64 { return r.best[classes][p] }, 0, errorPercent}); err != nil {
		return err
	}
	r.byRate(classes, "Smallest validation error by rate, in percent", func(score float64) float64 { return 100 * score })
	var rows [][]string
	for _, p := range classes.pairs() {
		rows = append(rows, []string{p.String(), lab.Summary(lab.Scaled(r.values(classes, p, "test_error"), 100)),
			lab.Summary(lab.Scaled(r.values(classes, p, "same_rate_test_error"), 100)), lab.Summary(r.values(classes, p, "gradient"))})
	}
	r.Table("Test error in percent, and the norm of the output weights' gradient in the first epoch at the same rate",
		[]string{"output and loss", "test, best rate", "test, same rate", "gradient"}, rows)
	if r.judged() {
		r.learningClaims()
	}
	return nil
}

// byRate adds a table of the smallest validation score by rate, each converted by f.
func (r *reporter) byRate(t task, title string, f func(score float64) float64) {
	header := []string{"output and loss"}
	for _, rate := range r.Recipe.rates(t) {
		header = append(header, fmt.Sprintf("rate %g", rate))
	}
	var rows [][]string
	for _, p := range t.pairs() {
		row := []string{p.String()}
		for _, rate := range r.Recipe.rates(t) {
			var v []float64
			for _, seed := range r.Seeds {
				v = append(v, f(r.by[spec{t, p, rate, 0, seed}].best()))
			}
			row = append(row, finite(v))
		}
		rows = append(rows, row)
	}
	r.Table(title, header, rows)
}

// examples is the number of training images.
func (r *reporter) examples() int {
	if r.Recipe.Images > 0 {
		return r.Recipe.Images
	}
	return r.data.Train.Len()
}

func finite(v []float64) string {
	if slices.ContainsFunc(v, func(x float64) bool { return math.IsInf(x, 0) || math.IsNaN(x) }) {
		return "diverged"
	}
	return lab.Summary(v)
}

// wrong reports the recovery from confidently wrong starts.
func (r *reporter) wrong() error {
	least := math.Inf(1)
	for _, p := range classes.pairs() {
		least = min(least, slices.Min(r.values(classes, p, "wrong_confidence")))
	}
	r.Section("A confidently wrong start", fmt.Sprintf("The same networks, but their output biases say at the start that every image is of class 0: with probability %g if the weights were 0, and "+
		"with at least %.4f for each of the validation images with the weights that they have. Nine of ten images are not. Recovered is a network whose validation error is below %g %%.",
		r.Recipe.Confidence, least, 100*r.Recipe.Recovered),
		"A large gradient is no advantage at every rate. Where cross-entropy recovers at once at a small rate and later at a large one, its steps are too long: "+
			"the gradient in the first epoch is then several times that of a usual start, in the last columns of the table. That of the squared error is small at first, and bears a larger rate.")
	for _, c := range []chart{
		{file: "wrong_same_rate.svg", title: "Confidently wrong, at the same rate", caption: fmt.Sprintf("Rate %g for all pairs.", r.same()), rate: func(pair) float64 { return r.same() }},
		{file: "wrong_best_rate.svg", title: "Confidently wrong, at each pair's best rate", caption: "Rates: " + r.bestOf(classes) + ".", rate: func(p pair) float64 { return r.best[classes][p] }},
	} {
		c.y, c.task, c.wrong, c.of = "validation error (%)", classes, r.Recipe.Confidence, errorPercent
		if err := r.draw(c); err != nil {
			return err
		}
	}
	if err := r.recoveries(); err != nil {
		return err
	}
	if r.judged() {
		r.recoveryClaims()
	}
	return nil
}

// recoveries reports the epochs to recovery, by confidence and by rate.
func (r *reporter) recoveries() error {
	all := r.Recipe.Train.Epochs
	caption := fmt.Sprintf("%d stands for none in %d epochs. ", all+1, all)
	byConfidence := figure.Lines{XLabel: "1 − probability of the wrong class at the start", YLabel: "epochs to recovery", LogX: true, LogY: true, Colors: r.colors}
	byRate := figure.Lines{XLabel: "learning rate", YLabel: "epochs to recovery", LogX: true, LogY: true, Colors: r.colors}
	var rows [][]string
	for _, p := range classes.pairs() {
		doubt := figure.Series{Name: p.String()}
		for _, c := range r.Recipe.Confidences {
			doubt.X = append(doubt.X, 1-c)
		}
		rates := figure.Series{Name: p.String(), X: r.Recipe.Rates}
		best := r.best[classes][p]
		var usual, usualGradient, wrongGradient []float64 // at the best rate
		for _, seed := range r.Seeds {
			var atConfidence, atRate []float64
			for _, c := range r.Recipe.Confidences {
				atConfidence = append(atConfidence, r.recovery(spec{classes, p, r.same(), c, seed}))
			}
			for _, rate := range r.Recipe.Rates {
				atRate = append(atRate, r.recovery(spec{classes, p, rate, r.Recipe.Confidence, seed}))
			}
			doubt.Y, rates.Y = append(doubt.Y, atConfidence), append(rates.Y, atRate)
			usual = append(usual, r.recovery(spec{classes, p, best, 0, seed}))
			usualGradient = append(usualGradient, r.first(spec{classes, p, best, 0, seed}).gradient)
			wrongGradient = append(wrongGradient, r.first(spec{classes, p, best, r.Recipe.Confidence, seed}).gradient)
		}
		byConfidence.Series, byRate.Series = append(byConfidence.Series, doubt), append(byRate.Series, rates)
		rows = append(rows, []string{p.String(), r.epochs(r.values(classes, p, "wrong_same_rate_epochs")), r.epochs(r.values(classes, p, "wrong_epochs")), r.epochs(usual),
			lab.Summary(r.values(classes, p, "wrong_gradient")), lab.Summary(r.values(classes, p, "gradient")), lab.Summary(wrongGradient), lab.Summary(usualGradient)})
	}
	for _, f := range []struct {
		file, title, caption string
		chart                figure.Lines
	}{
		{"recovery_by_confidence.svg", "Epochs to recovery by confidence", fmt.Sprintf("Rate %g; the surest start is on the left. ", r.same()) + caption, byConfidence},
		{"recovery_by_rate.svg", "Epochs to recovery by rate", fmt.Sprintf("Confidence %g. ", r.Recipe.Confidence) + caption, byRate},
	} {
		svg, err := f.chart.SVG()
		if err != nil {
			return err
		}
		r.Figure(f.file, f.title, strings.TrimSpace(f.caption+f.chart.Spread()), svg)
	}
	r.Table(fmt.Sprintf("Epochs until the validation error is below %g %%, by seed, and the norm g of the output weights' gradient in the first epoch; “usual” is a usual start", 100*r.Recipe.Recovered),
		[]string{"output and loss", "epochs, same rate", "epochs, best rate", "… usual", "g, same rate", "… usual", "g, best rate", "… usual"}, rows)
	return nil
}

// epochs to recovery of all seeds, as text.
func (r *reporter) epochs(v []float64) string {
	var words []string
	for _, x := range v {
		if int(x) > r.Recipe.Train.Epochs {
			words = append(words, fmt.Sprintf("over %d", r.Recipe.Train.Epochs))
		} else {
			words = append(words, fmt.Sprint(x))
		}
	}
	return strings.Join(words, ", ")
}

// rows reports the three rows of the lecture's table.
func (r *reporter) rows() error {
	r.Section("The three rows", "The network with the pair that the lecture names for each kind of output, and with others, each at its best rate. "+
		"Classes: the ten digits. Binary: is the digit odd? Numeric: how many of the image's pixels are brighter than ½, in hundreds.",
		"From a usual start no output is sure and wrong. What is left of the advantage of cross-entropy is its larger gradient, and a larger rate can make up for that: "+
			"compare the pairs in the columns of small rates and of large ones. A sigmoid never exceeds 1; of the MNIST test images 54 % have more ink than 100 pixels.",
		"Best rates for binary outputs: "+r.bestOf(binary)+". For numbers: "+r.bestOf(numeric)+".")
	if err := r.draw(chart{"binary.svg", "Validation error of binary outputs", "Rates: " + r.bestOf(binary) + ".",
		"validation error (%)", binary, func(p pair) float64 { return r.best[binary][p] }, 0, errorPercent}); err != nil {
		return err
	}
	if err := r.draw(chart{"numeric.svg", "Validation error of numeric outputs", "Rates: " + r.bestOf(numeric) + ".",
		"root mean squared error (pixels)", numeric, func(p pair) float64 { return r.best[numeric][p] }, 0,
		func(v train.Values) float64 { return 100 * math.Sqrt(trial.Value(v, "loss")) }}); err != nil {
		return err
	}
	r.byRate(binary, "Smallest validation error of binary outputs by rate, in percent", func(score float64) float64 { return 100 * score })
	r.byRate(numeric, "Smallest root mean squared validation error of numbers by rate, in pixels", func(score float64) float64 { return 100 * math.Sqrt(score) })
	var rows [][]string
	for _, t := range []task{classes, binary, numeric} {
		for i, p := range t.pairs() {
			whose := "other"
			if i == 0 {
				whose = "the lecture's"
			}
			var result string
			if t == numeric {
				result = fmt.Sprintf("%s pixels, R² %s", lab.Summary(r.values(t, p, "test_rmse")), lab.Summary(r.values(t, p, "test_r2")))
			} else {
				result = lab.Summary(lab.Scaled(r.values(t, p, "test_error"), 100)) + " %"
			}
			rows = append(rows, []string{string(t), p.String(), whose, fmt.Sprint(r.best[t][p]), result})
		}
	}
	r.Table("Test error, for numbers root mean squared error, mean ± standard deviation over seeds", []string{"output", "activation and loss", "pair", "rate", "test"}, rows)
	if r.judged() {
		r.rowClaims()
	}
	return nil
}
