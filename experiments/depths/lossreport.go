package main

import (
	"fmt"
	"math"

	"capas/experiments/internal/trial"
	"capas/experiments/lab/figure"
	"capas/train"
)

// losses reports what the training loss says of the test error.
func (r *reporter) losses() error {
	r.Section("Optimiser or regulariser?", "If pretraining only led to better minima of the training loss, networks of equal training loss would have equal test errors. "+
		"If it guides to minima that generalise better, the pretrained ones are below the others where the training loss is the same.")
	scatter := figure.Paths{XLabel: "training loss (nats)", YLabel: "test error (%)", LogX: true, LogY: true, Colors: r.colors}
	courses := figure.Paths{XLabel: "training loss of the epoch (nats)", YLabel: "validation loss (nats)", LogX: true, LogY: true, Colors: r.colors}
	for _, init := range r.Recipe.Inits {
		for _, seed := range r.Seeds {
			for _, depth := range r.Recipe.Depths {
				o := r.of(r.at(init, depth), seed)
				scatter.Paths = append(scatter.Paths, figure.Path{Name: init, X: []float64{trial.Value(o.train, "loss")}, Y: []float64{100 * trial.Value(o.test, "error")}})
			}
			path := figure.Path{Name: init}
			path.X, path.Y = course(r.of(r.at(init, r.Recipe.PointsDepth), seed).Last())
			courses.Paths = append(courses.Paths, path)
		}
	}
	svg, err := scatter.SVG()
	if err != nil {
		return err
	}
	r.Figure("train_and_test.svg", "Test error against training loss, all depths", "A marker for each network, with the parameters of the smallest validation error.", svg)
	if svg, err = courses.SVG(); err != nil {
		return err
	}
	r.Figure("train_and_validation.svg", fmt.Sprintf("Validation against training loss as training proceeds, %s", layers(r.Recipe.PointsDepth)),
		"A line for each seed, a dot for each epoch, from the ring on. The training loss is the mean over an epoch, as the parameters change; "+
			"so the validation loss is that half way through the epoch: the mean of before and after it.", svg)
	return nil
}

// course is the training and the validation loss of every epoch but the first. The training
// loss is the mean over an epoch, which lies behind the parameters at its end the more, the
// faster a network learns. So the validation loss beside it is that half way through the
// epoch: the mean of before and after it. Of one epoch alone, it is that after it.
func course(h *train.History) (trained, validation []float64) {
	for i, e := range h.Epochs {
		v := trial.Value(e.Validation, "loss")
		if i > 0 {
			v = (v + trial.Value(h.Epochs[i-1].Validation, "loss")) / 2
		} else if len(h.Epochs) > 1 {
			continue
		}
		trained, validation = append(trained, trial.TrainingLoss(e)), append(validation, v)
	}
	return trained, validation
}

// equalLoss compares two courses where both have the same training loss: the smallest that
// both reach. It returns this loss and the validation losses of either there, interpolated
// between epochs in the logarithm of the training loss; NaN for a training that diverged
// before the end of an epoch, or whose losses are all below.
func equalLoss(a, b *train.History) (loss, va, vb float64) {
	ta, ya := course(a)
	tb, yb := course(b)
	if len(ta) == 0 || len(tb) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	loss = max(least(ta), least(tb))
	return loss, valueAt(ta, ya, loss), valueAt(tb, yb, loss)
}

func least(v []float64) float64 {
	out := math.Inf(1)
	for _, x := range v {
		out = min(out, x)
	}
	return out
}

// valueAt is the value of y where t first falls to a level; NaN if it begins below or ends
// above.
func valueAt(t, y []float64, level float64) float64 {
	for i := range t {
		if t[i] > level {
			continue
		}
		if i == 0 {
			if t[0] < level {
				break
			}
			return y[0]
		}
		part := math.Log(t[i-1]/level) / math.Log(t[i-1]/t[i])
		return y[i-1] + part*(y[i]-y[i-1])
	}
	return math.NaN()
}
