package main

import (
	"fmt"

	"capas/experiments/lab/figure"
)

// testFile is the figure of test errors.
const testFile = "test_error.svg"

// tests reports the test errors.
func (r *reporter) tests() error {
	r.Section("Test error", "The test set is read once, by the networks with each activation's best rate.")
	chart := figure.Dots{YLabel: "test error (%)", LogY: true, Colors: r.colors}
	var rows [][]string
	for _, depth := range r.Recipe.Depths {
		for _, c := range r.cells(depth) {
			test := r.of(c, "test_error")
			values := make([]float64, len(test))
			for i, e := range test {
				values[i] = 100 * e
			}
			chart.Items = append(chart.Items, figure.Item{Category: layers(depth), Name: c.f.String(), Values: values})
			rows = append(rows, []string{fmt.Sprint(depth), c.f.String(), fmt.Sprint(r.best[c]), percents(test), percents(r.of(c, "training_error")), finite(r.of(c, "gradient_ratio"))})
		}
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Figure(testFile, "Test error by activation and depth", "Each seed, mean and standard deviation, each activation at its best rate.", svg)
	r.Table("Test error and training error of the last epoch, in percent; and the norm of the gradient of the first layer's weights over that of the output layer's, in the first epoch",
		[]string{"depth", "activation", "rate", "test", "training", "gradient, first/output"}, rows)
	return nil
}
