package lab

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"path/filepath"
	"strings"
	"time"
)

//go:embed report.gohtml
var reportTemplate string

//go:embed report.css
var reportStyle string

// reportPage is what the report shows beside the result document.
type reportPage struct {
	Title, Question, Section, Command string
}

// block is a piece of the report's body: a section's heading and paragraphs, a
// table or a figure.
type block struct {
	Title      string
	Paragraphs []string
	Table      *table
	Figure     *figureBlock
}

// table is a table of text cells.
type table struct {
	Title  string
	Header []string
	Rows   [][]string
}

// figureBlock is an image inside the page.
type figureBlock struct {
	Title, Caption string
	Data           template.URL
	Chart          bool // SVG, which may grow
	Times          bool // drawn from times, so that no two runs have the same
}

// dataURI is an image as a data URI. The file's extension must be that of the
// content, svg or png.
func dataURI(file string, data []byte) (template.URL, error) {
	if file != filepath.Base(file) || strings.ContainsAny(file, `/\`) {
		return "", errors.New("want a bare file name")
	}
	kind := ""
	switch {
	case filepath.Ext(file) == ".svg" && bytes.Contains(data, []byte("<svg")):
		kind = "image/svg+xml"
	case filepath.Ext(file) == ".png" && bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		kind = "image/png"
	default:
		return "", errors.New("want an SVG image in a .svg file or a PNG image in a .png file")
	}
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)), nil
}

// render makes the self-contained page: no script, nothing loaded.
func (p reportPage) render(doc *Document, blocks []block) ([]byte, error) {
	t, err := template.New("report").Parse(reportTemplate)
	if err != nil {
		return nil, err
	}
	recipe, err := recipeRows(doc.Recipe)
	if err != nil {
		return nil, err
	}
	view := struct {
		reportPage
		Style   template.CSS
		Verdict string
		Run     [][2]string
		Claims  []Claim
		Blocks  []block
		Metrics table
		Recipe  [][2]string
	}{
		reportPage: p,
		Style:      template.CSS(reportStyle),
		Verdict:    verdictSummary(doc.Claims),
		Run:        runRows(doc),
		Claims:     doc.Claims,
		Blocks:     blocks,
		Metrics:    metricsTable(doc),
		Recipe:     recipe,
	}
	var b bytes.Buffer
	err = t.Execute(&b, view)
	return b.Bytes(), err
}

// verdictSummary counts the claims that hold.
func verdictSummary(claims []Claim) string {
	holding := 0
	for _, c := range claims {
		if c.Holds {
			holding++
		}
	}
	switch len(claims) {
	case 0:
		return "This experiment makes no claims."
	case 1:
		return fmt.Sprintf("The claim %s.", verdict(claims[0].Holds))
	}
	return fmt.Sprintf("%d of %d claims hold.", holding, len(claims))
}

// metricsTable has a row a metric: its mean and spread and every seed's value.
func metricsTable(doc *Document) table {
	t := table{Header: []string{"metric", "mean ± sd"}}
	for _, seed := range doc.Seeds {
		t.Header = append(t.Header, fmt.Sprintf("seed %d", seed))
	}
	for _, name := range sortedKeys(doc.Metrics) {
		values := doc.Metrics[name].Floats()
		row := []string{name, Summary(values)}
		for _, v := range values {
			row = append(row, fmt.Sprintf("%.4g", v))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// runRows says what ran where.
func runRows(doc *Document) [][2]string {
	rows := [][2]string{
		{"preset", doc.Preset},
		{"seeds", strings.TrimPrefix(strings.TrimPrefix(seedsText(doc.Seeds), "seeds "), "seed ")},
	}
	if doc.Data != "" {
		rows = append(rows, [2]string{"data", doc.Data})
	}
	e := doc.Environment
	return append(rows, [][2]string{
		{"time", time.Duration(e.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String()},
		{"processor", e.CPU},
		{"kernels", e.Kernels},
		{"platform", e.Platform},
		{"Go", e.Go},
		{"revision", e.Revision},
	}...)
}

// recipeRows lists the top-level fields of the recipe in their order.
func recipeRows(recipe json.RawMessage) ([][2]string, error) {
	dec := json.NewDecoder(bytes.NewReader(recipe))
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, err
	}
	var rows [][2]string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		text := strings.NewReplacer(",", ", ", `":`, `": `).Replace(string(value))
		var s string
		if json.Unmarshal(value, &s) == nil {
			text = s
		}
		rows = append(rows, [2]string{fmt.Sprint(key), text})
	}
	return rows, nil
}
