package main

import (
	"fmt"
)

const (
	linearName = "linear"
	reluName   = "ReLU"
)

func kindName(c spec) string {
	if c.linear {
		return linearName
	}
	return reluName
}

// linear reports networks without activations.
func (r *reporter) linear() error {
	r.Section("Linear layers",
		fmt.Sprintf("The shapes of the first section on %s without activations, LeCun's weights, trained in the same way; no hidden layer is softmax regression. ", r.Data)+
			"The layers' matrices and biases are multiplied out in float64 into one layer, which is run on the test images in the network's place; the difference is the largest of an output, over the largest output. "+
			"The same is done to the ReLU networks, whose layers are no product.")
	svg, err := r.dots("test error (%)", "test_error", r.kinds, []string{linearName, reluName}, func(name string) []spec {
		if name == linearName {
			return linearNets(r.Recipe, r.Data)
		}
		return r.relu(r.Data)
	})
	if err != nil {
		return err
	}
	r.Figure("linear.svg", "Test error by depth, with and without activations", fmt.Sprintf("On %s. A dot a seed; mean ± one standard deviation. No hidden layer: softmax regression.", r.Data), svg)
	var rows [][]string
	for _, c := range append(linearNets(r.Recipe, r.Data), r.relu(r.Data)...) {
		rows = append(rows, []string{kindName(c), fmt.Sprint(c.depth), fmt.Sprintf("%g", r.rates[c.key()]), r.percent(c, "train_error"), r.percent(c, "test_error"),
			fmt.Sprintf("%.2g", largest(r.of(c, "collapse_error")))})
	}
	r.Table("Errors in percent, and the difference from one layer", []string{"layers are", "hidden layers", "best rate", "train", "test", "largest difference"}, rows)
	r.linearClaims()
	return nil
}
