package autodiff

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of the table.
const (
	profileTop   = 40 // rows, besides one a function and those of the rest and of the total
	profileWidth = 72 // characters of a name; longer ones are cut
)

var _ io.WriterTo = (*Profile)(nil)

// WriteTo writes the profile as a table, the operations that took longest first: the 40
// longest and the longest of each function, the sum of the others, and the total. Columns: the function; the operation;
// its calls; their time, and its share of the total in percent; and the rates that
// follow, in 10⁹ floating-point operations and 10⁹ bytes a second ("–" where none are
// counted). Times are those of the functions, summed: functions that run side by side
// have more of it together than has passed. A nil profile is an empty one.
func (p *Profile) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.table())
	return int64(n), err
}

// namedRow is a row with the two parts of its name.
type namedRow struct {
	function, operation string
	profileRow
}

// sorted returns a copy of the rows, the longest first, ties by name, and their sum.
func (p *Profile) sorted() (rows []namedRow, total profileRow) {
	if p == nil {
		return nil, total
	}
	p.rows.mu.Lock()
	defer p.rows.mu.Unlock()
	for name, r := range p.rows.of {
		function, operation, _ := strings.Cut(name, rowSeparator)
		rows = append(rows, namedRow{function, operation, *r})
	}
	slices.SortFunc(rows, func(a, b namedRow) int {
		return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(a.function, b.function), cmp.Compare(a.operation, b.operation))
	})
	for _, r := range rows {
		total.add(r.profileRow)
	}
	return rows, total
}

func (p *Profile) table() string {
	rows, total := p.sorted()
	if len(rows) == 0 {
		return "Profile: no operation was recorded.\n"
	}
	cells := [][]string{{"function", "operation", "calls", "time", "share", "GFLOP/s", "GB/s"}}
	var rest namedRow
	others, seen := 0, map[string]bool{}
	for i, r := range rows {
		if i < profileTop || !seen[r.function] {
			cells = append(cells, r.cells(total.time))
			seen[r.function] = true
			continue
		}
		others++
		rest.add(r.profileRow)
	}
	if others > 0 {
		rest.operation = fmt.Sprintf("%d others", others)
		cells = append(cells, rest.cells(total.time))
	}
	cells = append(cells, namedRow{"total", "", total}.cells(total.time))
	return aligned(cells, 2)
}

func (r namedRow) cells(total time.Duration) []string {
	share := 100.0
	if total > 0 {
		share = 100 * float64(r.time) / float64(total)
	}
	return []string{
		shortened(r.function), shortened(r.operation), fmt.Sprint(r.calls),
		duration(r.time), fmt.Sprintf("%.1f %%", share), r.rate(r.flop), r.rate(r.bytes),
	}
}

// rate is an amount in 10⁹ a second of the row's time.
func (r namedRow) rate(amount float64) string {
	if amount == 0 || r.time <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", amount/1e9/r.time.Seconds())
}

// shortened cuts a long name before its end, where an operation has its shape.
func shortened(s string) string {
	const end = 12
	if r := []rune(s); len(r) > profileWidth {
		return string(r[:profileWidth-1-end]) + "…" + string(r[len(r)-end:])
	}
	return s
}

// duration is a time in microseconds, milliseconds or seconds, to two decimals.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f µs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// aligned sets cells in columns, two spaces apart; the first left ones are texts, the
// others numbers, aligned to the right.
func aligned(cells [][]string, left int) string {
	width := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, row := range cells {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i > 0 {
				line.WriteString("  ")
			}
			if i < left {
				line.WriteString(c + pad)
			} else {
				line.WriteString(pad + c)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
