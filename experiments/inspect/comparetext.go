package main

import (
	"fmt"
	"math"
	"strings"

	"capas/experiments/lab"
)

// print is the text form.
func (c *comparison) print(out *output) {
	state := map[bool]string{true: "complete", false: "not complete"}
	out.printf("A  %s (%s)\nB  %s (%s)\n", c.A, state[c.Complete[0]], c.B, state[c.Complete[1]])
	if c.Equal {
		out.printf("No difference.\n")
	}
	rows := [][]string{}
	for _, d := range c.Configuration {
		rows = append(rows, []string{d.Field, clipped(d.There, 40), clipped(d.Here, 40)})
	}
	out.table("Configuration: field, A, B", rows)
	rows = nil
	for _, m := range c.Metrics {
		rows = append(rows, m.row())
	}
	out.table("Metrics: A, B, B − A, Welch's t", rows)
	rows = nil
	for _, claim := range c.Claims {
		rows = append(rows, []string{claim})
	}
	out.table("Claims of different verdicts or numbers", rows)
	rows = nil
	for _, s := range c.Stages {
		rows = append(rows, []string{fmt.Sprintf("seed %d", s.Seed), s.Run, s.Stage, s.text()})
	}
	out.table("Stages that differ", rows)
	rows = nil
	for _, f := range c.Files {
		rows = append(rows, f.rows()...)
	}
	out.table("Weights", rows)
}

func (m metricPair) row() []string {
	side := func(m *lab.Metric) string {
		if m == nil {
			return "absent"
		}
		return lab.Summary(m.Floats())
	}
	row := []string{m.Name, side(m.A), side(m.B)}
	switch {
	case m.A == nil || m.B == nil:
		return row
	case m.Difference == 0 && m.Equal:
		return append(row, "equal")
	}
	row = append(row, fmt.Sprintf("%+.4g", float64(m.Difference)))
	if math.IsNaN(float64(m.Difference)) {
		row[3] = "not finite"
	}
	if m.Welch != nil {
		row = append(row, fmt.Sprintf("t = %.3g, p = %.2g", float64(m.Welch.T), float64(m.Welch.P)))
	}
	return row
}

// text says how the sides differ.
func (s stagePair) text() string {
	switch {
	case s.A == nil:
		return "only in B"
	case s.B == nil:
		return "only in A"
	}
	a, b := s.A.Last, s.B.Last
	if s.A.Lines != s.B.Lines || a.Epoch != b.Epoch {
		return fmt.Sprintf("%s in A, %d in B", count(max(s.A.Lines, a.Epoch), "epoch"), max(s.B.Lines, b.Epoch))
	}
	var texts []string
	for i, name := range differing(a.Values, b.Values) {
		if i == shownValues {
			texts = append(texts, "…")
			break
		}
		x, y := math.NaN(), math.NaN()
		if v, ok := a.Values.Get(name); ok {
			x = v
		}
		if v, ok := b.Values.Get(name); ok {
			y = v
		}
		texts = append(texts, fmt.Sprintf("%s %s and %s", name, short(x), short(y)))
	}
	return strings.Join(texts, ", ")
}
