package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const home = "../../notebooks"

// TestCommitted: the notebooks are what their sources say, both languages have the same code cells and outputs, byte for byte, and
// these are those of the present code, whole and small.
func TestCommitted(t *testing.T) {
	all, err := sources(home, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(home, "*.ipynb"))
	if err != nil || len(files) != 2*len(all) || len(all) != 7 {
		t.Errorf("want 7 notebooks in two languages, got %d sources and %d files (%v)", len(all), len(files), err)
	}
	for _, s := range all {
		kept, err := readNotebook(english(home, s.name))
		if err != nil {
			t.Fatal(err)
		}
		if kept.code != s.code() {
			t.Errorf("%s: the code has changed since it was executed: go run ./scripts/notebooks run %s", s.name, s.name)
			continue
		}
		for _, fault := range kept.faults() {
			t.Errorf("%s: %s", s.name, fault)
		}
		var cells [2][]cell
		for i, spanish := range []bool{false, true} {
			path := english(home, s.name)
			if spanish {
				path = inSpanish(path)
			}
			want, err := s.notebook(spanish, kept.outputs()).encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what its source says: go run ./scripts/notebooks write", path)
			}
			if len(got) > 500_000 {
				t.Errorf("%s has %d bytes, want at most 500,000", path, len(got))
			}
			n, err := readNotebook(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range n.cells {
				if c.code {
					cells[i] = append(cells[i], c)
				}
			}
			if len(n.cells) < 15 || len(n.cells) > 30 {
				t.Errorf("%s has %d cells, want 15 to 30", path, len(n.cells))
			}
		}
		if !slices.EqualFunc(cells[0], cells[1], func(a, b cell) bool {
			return a.source == b.source && slices.EqualFunc(a.outputs, b.outputs, equalOutputs)
		}) {
			t.Errorf("%s: the two languages differ in code or outputs", s.name)
		}
	}
}

// TestLanguages: a passage has the same formulas, code, links and numbers in both languages, so that a change of one is not
// forgotten in the other.
func TestLanguages(t *testing.T) {
	all, err := sources(home, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for i, p := range s.passages {
			if p.code != "" {
				continue
			}
			for what, pattern := range map[string]*regexp.Regexp{
				"formulas": regexp.MustCompile(`(?s)\$\$.*?\$\$|\$[^$\n]+\$`), "code": regexp.MustCompile("`[^`]+`"),
				"numbers": regexp.MustCompile(`\d+([.,\x{a0}]\d+)*`), "headings": regexp.MustCompile(`(?m)^#+ `), "items": regexp.MustCompile(`(?m)^(- |\d+\. )`),
			} {
				a, b := pattern.FindAllString(p.english, -1), pattern.FindAllString(p.spanish, -1)
				for _, list := range [][]string{a, b} {
					for j, v := range list {
						list[j] = languageOnly.ReplaceAllString(v, "")
					}
					slices.Sort(list)
				}
				if !slices.Equal(a, b) {
					t.Errorf("%s: passage %d (%.40q): %s differ:\n%q\n%q", s.name, i+1, p.english, what, a, b)
				}
			}
		}
	}
}

// languageOnly is what differs within formulas and numbers: words, and the separators of digits.
var languageOnly = regexp.MustCompile(`\\text\{[^}]*\}|[.,\x{a0}]`)

// TestExperimentsNamed: notebooks point to experiments that exist.
func TestExperimentsNamed(t *testing.T) {
	all, err := sources(home, nil)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`experiments/([a-z]+)`)
	for _, s := range all {
		n := 0
		for _, p := range s.passages {
			for _, m := range named.FindAllStringSubmatch(p.english+p.spanish, -1) {
				n++
				if _, err := os.Stat(filepath.Join("../..", "experiments", m[1], "main.go")); err != nil {
					t.Errorf("%s: no experiment %s", s.name, m[1])
				}
			}
		}
		if n == 0 {
			t.Errorf("%s names no experiment", s.name)
		}
	}
}

const small = "=== en\n# One\n\nText.\n=== es\n# Uno\n\nTexto.\n=== go\nfmt.Println(1)\n=== go\n%%\nnb.Show(chart)\n"

// TestParse: what is in no order is refused, with the line.
func TestParse(t *testing.T) {
	s, err := parse("x", small)
	if err != nil || len(s.passages) != 3 || s.passages[0].spanish != "# Uno\n\nTexto." || s.passages[1].code != "fmt.Println(1)" {
		t.Fatalf("got %+v, %v", s, err)
	}
	for text, want := range map[string]string{
		"":                                  "ends too early",
		"x\n=== en\na\n=== es\nb\n":         "x:2: text before the first",
		"=== en\na\n=== go\nb\n":            `x:5: want "=== es" after each`,
		"=== es\na\n":                       `want "=== es" after each`,
		"=== en\na\n":                       "ends too early",
		"=== en\n\n=== es\nb\n":             "x:3: the part that ends here is empty",
		"=== en\na\n=== es\nb\n=== fr\nc\n": `got "=== fr"`,
		"=== go\na\n=== es\nb\n=== en\na\n": `want "=== es" after each`,
		"=== en\na\n=== en\nb\n=== es\nb\n": `want "=== es" after each`,
	} {
		if _, err := parse("x", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, got %v", text, want, err)
		}
	}
}

// TestFaults: an executed notebook as Jupyter leaves it is read, and everything that went wrong in a cell is found.
func TestFaults(t *testing.T) {
	s, err := parse("x", small)
	if err != nil {
		t.Fatal(err)
	}
	picture := output{data: map[string]string{"image/svg+xml": "<svg>\n</svg>"}}
	for _, c := range []struct {
		shown [][]output
		want  string
	}{
		{[][]output{{{stream: "stdout", text: "1\n"}}, {picture}}, ""},
		{nil, "code cell 1: not executed"},
		{[][]output{nil, nil}, "code cell 2: calls nb.Show() and shows nothing of type image/svg+xml"},
		{[][]output{{{stream: "stdout", text: "exit status 2\n"}}, {picture}}, "code cell 1: failed: exit status 2"},
		{[][]output{{{stream: "stdout", text: "panic: x\n"}}, {picture}}, "code cell 1: failed: panic: x"},
		{[][]output{{{stream: "stderr", text: "careful\n"}}, {picture}}, "code cell 1: standard error: careful"},
		{[][]output{nil, {picture, {data: map[string]string{"image/png": ""}}}}, "code cell 2: an empty output of type image/png"},
	} {
		path := filepath.Join(t.TempDir(), "x.ipynb")
		data, err := s.notebook(false, c.shown).encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		n, err := readNotebook(path)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := n.encode(); c.shown != nil && (err != nil || !bytes.Equal(again, data)) {
			t.Errorf("read and written again: %s, %v; want %s", again, err, data)
		}
		if got := strings.Join(n.faults(), "; "); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("faults: want %q, got %q", c.want, got)
		}
	}
	// Jupyter's own: an error, and a stream in pieces.
	path := filepath.Join(t.TempDir(), "x.ipynb")
	raw := `{"cells": [{"cell_type": "code", "execution_count": 1, "source": ["a\n", "b"], "outputs": [
		{"output_type": "stream", "name": "stdout", "text": "one\n"}, {"output_type": "display_data", "data": {"image/png": "x"}},
		{"output_type": "stream", "name": "stdout", "text": ["two\n", "three\n"]},
		{"output_type": "error", "ename": "ERROR", "evalue": "did not compile"}]}], "metadata": {}}`
	if err := os.WriteFile(path, []byte(raw), 0o666); err != nil {
		t.Fatal(err)
	}
	n, err := readNotebook(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := n.cells[0]; got.source != "a\nb" || got.outputs[0].text != "one\ntwo\nthree\n" {
		t.Errorf("got %+v", got)
	}
	if got := n.faults(); len(got) != 1 || got[0] != "code cell 1: ERROR: did not compile" {
		t.Errorf("got %q", got)
	}
}

// TestDifferences: other outputs are found and the first is named.
func TestDifferences(t *testing.T) {
	s, err := parse("x", small)
	if err != nil {
		t.Fatal(err)
	}
	with := func(text, svg string) *notebook {
		return s.notebook(false, [][]output{{{stream: "stdout", text: text}}, {{data: map[string]string{"image/svg+xml": svg}}}})
	}
	a := with("one\ntwo\n", "<svg>\nx\n</svg>")
	if d := differences(a, with("one\ntwo\n", "<svg>\nx\n</svg>")); d != nil {
		t.Errorf("equal ones: %q", d)
	}
	d := differences(a, with("one\n2\n", "<svg>\ny\n</svg>"))
	if len(d) != 2 || !strings.Contains(d[0], `code cell 1 shows something else than what was kept: line 2 is "2", was "two"`) ||
		!strings.Contains(d[1], `line 2 of output 1 (image/svg+xml) is "y", was "x"`) {
		t.Errorf("got %q", d)
	}
}

// TestUsage: exit statuses and messages of wrong commands.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage: notebooks"},
		{[]string{"fly"}, 2, "usage: notebooks"},
		{[]string{"run", "-h"}, 0, "usage: notebooks"},
		{[]string{"check", "-jobs", "0"}, 2, "-jobs: want at least 1, got 0"},
		{[]string{"write", "-dir", home, "9-none"}, 1, `want the beginning of a notebook's name, got "9-none"`},
		{[]string{"write", "-dir", t.TempDir()}, 1, "no notebooks in"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), c.args, &stdout, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: status %d, %q; want %d, %q", c.args, code, stderr.String(), c.code, c.want)
		}
	}
}
