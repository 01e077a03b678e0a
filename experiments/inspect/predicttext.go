package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// shownClasses is how many classes a line shows.
const shownClasses = 3

// print is the text form.
func (p predictions) print(out *output) {
	several := map[string]bool{} // the files with more than one image
	for _, x := range p.Predictions {
		several[x.File] = several[x.File] || x.Index > 0
	}
	rows := [][]string{}
	for _, x := range p.Predictions {
		name := x.File
		if several[name] {
			name = fmt.Sprintf("%s %d", name, x.Index)
		}
		rows = append(rows, []string{name, x.text()})
	}
	out.printf("%s", columns(rows, ""))
	if p.Evaluation != nil {
		p.Evaluation.print(out)
	}
}

// text is the most probable classes with their probabilities.
func (p prediction) text() string {
	order := make([]int, len(p.Probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.Probabilities[b], p.Probabilities[a]) })
	var texts []string
	for _, class := range order[:min(shownClasses, len(order))] {
		texts = append(texts, fmt.Sprintf("%d (%.2f %%)", class, 100*p.Probabilities[class]))
	}
	return strings.Join(texts, ", ")
}

// print is the text form.
func (e *evaluation) print(out *output) {
	out.printf("%s: %d of %d wrong, error %.2f %%\n\nTrue classes in rows, predicted ones in columns:\n", e.File, e.Wrong, e.Examples, 100*e.Error)
	header := []string{""}
	for j := range e.Confusion {
		header = append(header, fmt.Sprint(j))
	}
	rows := [][]string{header}
	for i, counts := range e.Confusion {
		row := []string{fmt.Sprint(i)}
		for _, n := range counts {
			row = append(row, fmt.Sprint(n))
		}
		rows = append(rows, row)
	}
	out.printf("%s", columns(rightAligned(rows), "  "))
}

// rightAligned pads the cells of each column of ASCII text on the left.
func rightAligned(rows [][]string) [][]string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for j, cell := range row {
			widths[j] = max(widths[j], len(cell))
		}
	}
	out := make([][]string, len(rows))
	for i, row := range rows {
		for j, cell := range row {
			out[i] = append(out[i], fmt.Sprintf("%*s", widths[j], cell))
		}
	}
	return out
}
