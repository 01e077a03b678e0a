package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// table collects the measurements of programs on workloads.
type table struct {
	programs  []program
	workloads []string
	least     bool // show the least times, not the medians
	// rounds holds one measurement a round by program and workload.
	rounds map[string]map[string][]measurement
}

// round lets every program run a workload once, in every other round in reverse order:
// a machine that becomes slower or faster favours none.
func (t *table) round(ctx context.Context, r int, workload string, s settings, progress io.Writer) error {
	order := slices.Clone(t.programs)
	if r%2 == 1 {
		slices.Reverse(order)
	}
	fmt.Fprintf(progress, "round %d/%d, %s:", r+1, s.rounds, workload)
	defer fmt.Fprintln(progress)
	for _, p := range order {
		if !p.knows(workload) {
			continue
		}
		m, err := p.measure(ctx, workload, s)
		if err != nil {
			return err
		}
		fmt.Fprintf(progress, " %s %.1f µs", p.name, t.time(m))
		t.add(p.name, m)
	}
	return nil
}

func (t *table) add(program string, m measurement) {
	if t.rounds == nil {
		t.rounds = map[string]map[string][]measurement{}
	}
	if t.rounds[program] == nil {
		t.rounds[program] = map[string][]measurement{}
	}
	t.rounds[program][m.Name] = append(t.rounds[program][m.Name], m)
}

// cells is the table as text, the heads first.
func (t *table) cells() [][]string {
	capas := t.programs[0].name
	heads := []string{"workload", capas + " µs", "GFLOP/s", "allocs"}
	for _, p := range t.programs[1:] {
		heads = append(heads, p.name+" µs", p.name+"/"+capas)
	}
	out := [][]string{heads}
	for _, w := range t.workloads {
		own := t.rounds[capas][w]
		times := t.times(own)
		row := []string{w, micros(median(times)), fmt.Sprintf("%.0f", own[0].GFLOP/median(times)*1e6), fmt.Sprint(own[0].Allocs)}
		for _, p := range t.programs[1:] {
			other := t.times(t.rounds[p.name][w])
			if len(other) == 0 {
				row = append(row, "–", "–")
				continue
			}
			row = append(row, micros(median(other)), ratio(times, other))
		}
		out = append(out, row)
	}
	return out
}

// micros writes a time in µs with three digits or more.
func micros(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// time is what the table shows of a measurement.
func (t *table) time(m measurement) float64 {
	if t.least {
		return m.MinUS
	}
	return m.MedianUS
}

func (t *table) times(ms []measurement) []float64 {
	var out []float64
	for _, m := range ms {
		out = append(out, t.time(m))
	}
	return out
}

// median is the middle of x, or the mean of the two in the middle.
func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	n := len(s)
	return (s[n/2] + s[(n-1)/2]) / 2
}

// ratio is the middle of the rounds' quotients, with the least and the greatest.
func ratio(own, other []float64) string {
	var q []float64
	for i := range own {
		q = append(q, other[i]/own[i])
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", median(q), slices.Min(q), slices.Max(q))
}

func (t *table) print(w io.Writer, markdown bool) error { return printCells(w, t.cells(), markdown) }

// printCells prints a table whose first row is its heads, numbers to the right.
func printCells(w io.Writer, cells [][]string, markdown bool) error {
	widths := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for r, row := range cells {
		var line []string
		for i, c := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == 0 {
				line = append(line, c+space)
			} else {
				line = append(line, space+c)
			}
		}
		if !markdown {
			b.WriteString(strings.Join(line, "  ") + "\n")
			continue
		}
		b.WriteString("| " + strings.Join(line, " | ") + " |\n")
		if r == 0 {
			b.WriteString("|---|" + strings.Repeat("---:|", len(row)-1) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
