// Package nb is what the notebooks share besides their subject: pictures and tables as
// outputs of a cell, images of MNIST, and models that one cell hands to the next.
//
// A cell is no place for error handling: what fails here panics, and so does Must. The
// notebook then shows the message, and the check of the notebooks fails.
package nb

import (
	"fmt"
	"strings"

	"capas/experiments/lab/figure"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// Must returns v, or panics with the error.
func Must[T any](v T, err error) T {
	Check(err)
	return v
}

// Check panics with the error, if there is one.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

// Chart is a chart of package figure.
type Chart interface{ SVG() ([]byte, error) }

// Show shows charts, one below the other.
func Show(charts ...Chart) {
	for _, c := range charts {
		// As a picture, not as HTML, which gonbui.DisplaySvg makes of it and others strip of it.
		gonbui.SendData(&protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMEImageSVG: string(Must(c.SVG()))}})
	}
	sync()
}

// Images shows a sheet of images.
func Images(sheet figure.Sheet) {
	gonbui.DisplayPng(Must(sheet.PNG()))
	sync()
}

// Table shows a table of text and numbers, whose first column is aligned to the left and
// the others to the right. Numbers of type float64 are printed to four significant digits.
func Table(header []string, rows ...[]any) {
	gonbui.DisplayMarkdown(markdown(header, rows))
	sync()
}

// markdown is a table in Markdown.
func markdown(header []string, rows [][]any) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	aligned := []string{":--"}
	for range header[1:] {
		aligned = append(aligned, "--:")
	}
	line(aligned)
	for _, row := range rows {
		if len(row) != len(header) {
			panic(fmt.Errorf("table: want %d cells in a row, got %d: %v", len(header), len(row), row))
		}
		cells := make([]string, len(row))
		for i, v := range row {
			if f, ok := v.(float64); ok {
				v = fmt.Sprintf("%.4g", f)
			}
			cells[i] = fmt.Sprint(v)
		}
		line(cells)
	}
	return b.String()
}

// sync waits until the notebook has what was shown: the program may end at once.
func sync() {
	Check(gonbui.Error())
	gonbui.Sync()
}
