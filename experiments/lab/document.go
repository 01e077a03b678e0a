package lab

import (
	"fmt"
	"io"
)

// document is result.json.
type document struct {
	config
	Environment environment       `json:"environment"`
	Metrics     map[string]metric `json:"metrics"` // encoding/json sorts the keys
	Claims      []Claim           `json:"claims"`
	Figures     []string          `json:"figures"`
}

// metric is one metric over all seeds. SD is the sample standard deviation,
// with n−1 in the denominator, and 0 for a single seed.
type metric struct {
	Mean   number   `json:"mean"`
	SD     number   `json:"sd"`
	Values []number `json:"values"`
}

// newMetric summarises the values of a metric.
func newMetric(values []float64) metric {
	mean, sd := Summarize(values)
	m := metric{Mean: number(mean), SD: number(sd)}
	for _, v := range values {
		m.Values = append(m.Values, number(v))
	}
	return m
}

// finish writes metrics.jsonl, the figures, report.html and, last, result.json, whose
// presence says that the run is complete; then it prints the result.
func finish[R any](set *settings[R], results *Results, doc *document, page reportPage, stdout io.Writer) error {
	data, err := marshalIndent(doc)
	if err != nil {
		return fmt.Errorf("%s: %w", resultFile, err)
	}
	html, err := page.render(doc, results.blocks)
	if err != nil {
		return fmt.Errorf("%s: %w", reportFile, err)
	}
	if err := results.writeLog(); err != nil {
		return err
	}
	if err := results.writeFigures(); err != nil {
		return err
	}
	if err := results.write(reportFile, html); err != nil {
		return err
	}
	if err := results.write(resultFile, data); err != nil {
		return err
	}
	if !set.json {
		data = []byte(summary(doc, set.Out))
	}
	if _, err := stdout.Write(data); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}
