package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Document is result.json, which a run writes when it is complete.
type Document struct {
	Config
	Title       string            `json:"title,omitempty"` // that of the report
	Environment Environment       `json:"environment"`
	Metrics     map[string]Metric `json:"metrics"` // encoding/json sorts the keys
	Claims      []Claim           `json:"claims"`
	Figures     []string          `json:"figures"`
	// Check holds how far the two engines were apart, the largest difference first, where
	// the run had -backend check.
	Check []Apart `json:"check,omitempty"`
}

// Metric is one metric over all seeds, its values in their order. SD is the
// sample standard deviation, with n−1 in the denominator, and 0 for a single
// seed.
type Metric struct {
	Mean   Number   `json:"mean"`
	SD     Number   `json:"sd"`
	Values []Number `json:"values"`
}

// newMetric summarises the values of a metric.
func newMetric(values []float64) Metric {
	mean, sd := Summarize(values)
	m := Metric{Mean: Number(mean), SD: Number(sd)}
	for _, v := range values {
		m.Values = append(m.Values, Number(v))
	}
	return m
}

// finish writes metrics.jsonl, the figures, report.html and, last, result.json, and
// says that the run is complete by removing .unfinished; then it prints the result.
func finish[R any](set *settings[R], results *Results, doc *Document, page reportPage, stdout io.Writer) error {
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
	results.live.Claims(doc.verdicts(), html)
	if err := os.Remove(filepath.Join(set.Out, unfinishedFile)); err != nil {
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
