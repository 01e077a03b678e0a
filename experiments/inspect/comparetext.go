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
	if len(c.Claims) > 0 {
		out.printf("\nClaims of other verdicts or numbers\n")
	}
	for _, p := range c.Claims {
		out.printf("  %s\n%s", p.Claim, columns([][]string{{"A", claimText(p.A)}, {"B", claimText(p.B)}}, "    "))
	}
	rows = nil
	onlyStages := map[string][]string{} // of networks that one side lacks, one row
	for _, s := range c.Stages {
		if key := s.only(); key != "" {
			onlyStages[key] = append(onlyStages[key], s.Stage)
			continue
		}
		rows = append(rows, []string{fmt.Sprintf("seed %d %s", s.Seed, s.Run), s.Stage, s.text()})
	}
	for _, key := range sortedKeys(onlyStages) {
		rows = append(rows, []string{key, strings.Join(onlyStages[key], ", ")})
	}
	out.table("Stages that differ", rows)
	rows = nil
	onlyWeights := map[string][]string{}
	for _, p := range c.Weights {
		if p.Only != "" {
			onlyWeights[p.Only] = append(onlyWeights[p.Only], p.Name)
			continue
		}
		rows = append(rows, p.rows()...)
	}
	for _, side := range sortedKeys(onlyWeights) {
		rows = append(rows, []string{"only in " + side, strings.Join(onlyWeights[side], ", ")})
	}
	out.table("Weights", rows)
}

func claimText(c *lab.Claim) string {
	if c == nil {
		return "absent"
	}
	return verdict(*c) + ": " + c.Measured
}

// only names a network whose stage one side lacks: "only in A: seed 1 dbn".
func (s stagePair) only() string {
	side := "A"
	switch {
	case s.A != nil && s.B != nil:
		return ""
	case s.A == nil:
		side = "B"
	}
	return fmt.Sprintf("only in %s: seed %d %s", side, s.Seed, s.Run)
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

// text says how the sides differ, if both have the stage.
func (s stagePair) text() string {
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
	if len(texts) == 0 {
		return "other lines in metrics.jsonl, the same numbers in the last"
	}
	return strings.Join(texts, ", ")
}
