package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// passage is a part of a source: code, or text in two languages.
type passage struct {
	code             string
	english, spanish string
}

// source is what a notebook is written from.
type source struct {
	name     string
	passages []passage
}

// code is a digest of all code of a source: kept beside what the code showed, it tells when that is out of date.
func (s *source) code() string {
	h := sha256.New()
	for _, p := range s.passages {
		if p.code != "" {
			fmt.Fprintf(h, "%d\n%s", len(p.code), p.code)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// The lines that begin a part of a source.
const (
	englishLine = "=== en"
	spanishLine = "=== es"
	codeLine    = "=== go"
)

// parse reads a source: parts that begin with the line "=== en", "=== es" or "=== go", English text each followed by the same in
// Spanish. Empty lines at both ends of a part do not count.
func parse(name, text string) (*source, error) {
	s := &source{name: name}
	var kind string
	var lines []string
	open := false // an English part has no Spanish one yet
	end := func(line int) error {
		part := strings.Trim(strings.Join(lines, "\n"), "\n")
		lines = nil
		last := len(s.passages) - 1
		switch {
		case kind == "" && part != "":
			return fmt.Errorf("%s:%d: text before the first %s", name, line, englishLine)
		case kind == "":
			return nil
		case part == "":
			return fmt.Errorf("%s:%d: the part that ends here is empty", name, line)
		case open != (kind == spanishLine):
			return fmt.Errorf("%s:%d: want %q after each %q and nowhere else", name, line, spanishLine, englishLine)
		case kind == englishLine:
			s.passages, open = append(s.passages, passage{english: part}), true
		case kind == spanishLine:
			s.passages[last].spanish, open = part, false
		default:
			s.passages = append(s.passages, passage{code: part})
		}
		return nil
	}
	all := strings.Split(text, "\n")
	for i, line := range all {
		if !strings.HasPrefix(line, "===") {
			lines = append(lines, line)
			continue
		}
		if err := end(i + 1); err != nil {
			return nil, err
		}
		if kind = line; kind != englishLine && kind != spanishLine && kind != codeLine {
			return nil, fmt.Errorf("%s:%d: want %q, %q or %q, got %q", name, i+1, englishLine, spanishLine, codeLine, line)
		}
	}
	if err := end(len(all)); err != nil {
		return nil, err
	}
	if open || len(s.passages) == 0 {
		return nil, fmt.Errorf("%s:%d: the source ends too early", name, len(all))
	}
	return s, nil
}

// sources reads the sources in dir/src whose names begin with one of the given ones, all if there are none.
func sources(dir string, names []string) ([]*source, error) {
	files, err := filepath.Glob(filepath.Join(dir, "src", "*.md"))
	if err != nil {
		return nil, err
	}
	var out []*source
	found := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if len(names) > 0 {
			i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(name, n) })
			if i < 0 {
				continue
			}
			found[names[i]] = true
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := parse(name, string(text))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	for _, n := range names {
		if !found[n] {
			return nil, fmt.Errorf("want the beginning of a notebook's name, got %q", n)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no notebooks in %s: want src/*.md", dir)
	}
	return out, nil
}

// write writes the notebooks of the sources, with what their cells showed as long as no code has changed.
func write(dir string, names []string) error {
	all, err := sources(dir, names)
	if err != nil {
		return err
	}
	for _, s := range all {
		var shown [][]output
		if old, err := readNotebook(english(dir, s.name)); err == nil && old.code == s.code() {
			shown = old.outputs()
		}
		if err := s.write(dir, shown); err != nil {
			return err
		}
	}
	return nil
}

// write writes both notebooks of a source, whose code cells showed the given outputs; nil if they were not executed.
func (s *source) write(dir string, shown [][]output) error {
	for _, spanish := range []bool{false, true} {
		data, err := s.notebook(spanish, shown).encode()
		if err != nil {
			return err
		}
		path := english(dir, s.name)
		if spanish {
			path = inSpanish(path)
		}
		if err := writeFile(path, data); err != nil {
			return err
		}
	}
	return nil
}

// english is the path of the English notebook, inSpanish that of the Spanish one beside it.
func english(dir, name string) string { return filepath.Join(dir, name+".ipynb") }
func inSpanish(path string) string    { return strings.TrimSuffix(path, ".ipynb") + ".es.ipynb" }
