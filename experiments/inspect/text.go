package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// columns aligns the cells of rows, each row behind indent. The last cell of a row is
// as long as it is.
func columns(rows [][]string, indent string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:max(len(row)-1, 0)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// listed is a list whose JSON is an array also if it is empty.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// short is a number in four digits.
func short(x float64) string {
	if math.IsNaN(x) {
		return "not finite"
	}
	return fmt.Sprintf("%.4g", x)
}

// shape is a shape, such as "784×20".
func shape(sizes []int) string {
	if len(sizes) == 0 {
		return "scalar"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(sizes), " ", "×"), "[]")
}

// count is "1 epoch" or "3 epochs".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// before is a text and what parts it from the next one, if there is a text.
func before(text, separator string) string {
	if text == "" {
		return ""
	}
	return text + separator
}

// clipped is a text of at most n characters.
func clipped(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
