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
	"unicode/utf8"
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
	ID, Title  string // of a section
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

// Folded tells that the table has more rows than are shown at once.
func (t table) Folded() bool { return t.Title != "" && len(t.Rows) > manyRows }

// figureBlock is an image inside the page.
type figureBlock struct {
	ID, Title, Caption string
	Data               template.URL
	Chart              bool // SVG, which may grow
	Times              bool // drawn from times, so that no two runs have the same
}

// ClaimAnchor is the id of a run's claim with the given index in its report.html, for
// links to it.
func ClaimAnchor(index int) string { return fmt.Sprintf("claim-%d", index+1) }

// figureID is the id of a figure in the page.
func figureID(file string) string { return "figure-" + file }

// ReportStyle is the style sheet of the reports, for other pages that go with them: it
// has light and dark colours and rules for print and phones.
func ReportStyle() template.CSS { return template.CSS(reportStyle) }

// reportClaim is a claim with its own id and that of its figure, "" for none.
type reportClaim struct {
	Claim
	ID, FigureID string
}

// heading is an entry of the table of contents.
type heading struct{ ID, Title string }

// fewSections is the largest number of sections for which the page has no table of
// contents, manyRows that of rows of a table which are shown at once, wholeHead and wholeCell
// those of characters at the head of a row and in other cells which are kept in one line.
const (
	fewSections = 2
	manyRows    = 16
	wholeHead   = 18
	wholeCell   = 36
)

// reportFuncs are the template's functions.
func reportFuncs() template.FuncMap {
	return template.FuncMap{
		"unbroken": Unbroken,
		"whole":    func(head string) bool { return utf8.RuneCountInString(head) <= wholeHead },
		"long":     func(cell string) bool { return utf8.RuneCountInString(cell) > wholeCell },
	}
}

// Unbroken is text for a page, in which no line ends between a number and its spread or
// unit.
func Unbroken(text string) string {
	return strings.NewReplacer(" ± ", "\u00a0±\u00a0", " %", "\u00a0%", " = ", "\u00a0=\u00a0").Replace(text)
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
	t, err := template.New("report").Funcs(reportFuncs()).Parse(reportTemplate)
	if err != nil {
		return nil, err
	}
	recipe, err := recipeRows(doc.Recipe)
	if err != nil {
		return nil, err
	}
	view := struct {
		reportPage
		Style    template.CSS
		Verdict  string
		Run      [][2]string
		Claims   []reportClaim
		Contents []heading
		Blocks   []block
		Metrics  table
		Recipe   [][2]string
	}{
		reportPage: p,
		Style:      ReportStyle(),
		Verdict:    verdictSummary(doc.Claims),
		Run:        runRows(doc),
		Claims:     reportClaims(doc.Claims),
		Metrics:    metricsTable(doc),
		Recipe:     recipe,
	}
	view.Blocks, view.Contents = withContents(blocks)
	var b bytes.Buffer
	err = t.Execute(&b, view)
	return b.Bytes(), err
}

// reportClaims gives the claims their ids.
func reportClaims(claims []Claim) []reportClaim {
	var all []reportClaim
	for i, c := range claims {
		r := reportClaim{Claim: c, ID: ClaimAnchor(i)}
		if c.Figure != "" {
			r.FigureID = figureID(c.Figure)
		}
		all = append(all, r)
	}
	return all
}

// withContents gives the sections among blocks their ids; contents lists them if they
// are more than a few.
func withContents(blocks []block) (all []block, contents []heading) {
	for _, b := range blocks {
		if b.Title != "" {
			b.ID = fmt.Sprintf("section-%d", len(contents)+1)
			contents = append(contents, heading{b.ID, b.Title})
		}
		all = append(all, b)
	}
	if len(contents) <= fewSections {
		contents = nil
	}
	return all, contents
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
		return "This run gives no verdicts."
	case 1:
		return fmt.Sprintf("The claim %s.", verdict(claims[0].Holds))
	}
	return fmt.Sprintf("%d of %d claims hold.", holding, len(claims))
}

// metricsTable has a row a metric: its mean and spread and every seed's value.
func metricsTable(doc *Document) table {
	t := table{Title: "All metrics", Header: []string{"metric", "mean ± sd"}}
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
	if e.Engine != "" {
		rows = append(rows, [2]string{"engine", e.Engine})
	}
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
