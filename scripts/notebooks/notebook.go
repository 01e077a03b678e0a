package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"capas/internal/atomicfile"
)

// notebook is a file of Jupyter's format 4.5, as far as it is used here.
type notebook struct {
	cells []cell
	code  string // digest of the code whose outputs are kept; see source.code
	lang  string
}

// cell is text or code with what it showed.
type cell struct {
	code     bool
	executed bool
	source   string
	outputs  []output
}

// output is text that a cell printed (of stream "stdout" or "stderr"), a picture or table that it showed (data by its media type)
// or an error.
type output struct {
	stream, text string
	data         map[string]string
	failure      string
}

// notebook puts a notebook together.
func (s *source) notebook(spanish bool, shown [][]output) *notebook {
	n := &notebook{lang: "en"}
	if spanish {
		n.lang = "es"
	}
	if shown != nil {
		n.code = s.code()
	}
	for _, p := range s.passages {
		switch {
		case p.code != "":
			c := cell{code: true, source: p.code}
			if shown != nil {
				c.executed, c.outputs, shown = true, shown[0], shown[1:]
			}
			n.cells = append(n.cells, c)
		case spanish:
			n.cells = append(n.cells, cell{source: p.spanish})
		default:
			n.cells = append(n.cells, cell{source: p.english})
		}
	}
	return n
}

// outputs are those of the code cells.
func (n *notebook) outputs() [][]output {
	var out [][]output
	for _, c := range n.cells {
		if c.code {
			out = append(out, c.outputs)
		}
	}
	return out
}

// encode is the notebook as a file: equal notebooks give equal bytes.
func (n *notebook) encode() ([]byte, error) {
	type object = map[string]any
	var cells []object
	executed := 0
	for i, c := range n.cells {
		o := object{"cell_type": "markdown", "id": fmt.Sprintf("cell-%d", i+1), "metadata": object{}, "source": splitLines(c.source)}
		if c.code {
			o["cell_type"], o["execution_count"] = "code", nil
			if c.executed {
				executed++
				o["execution_count"] = executed
			}
			outputs := []object{}
			for _, x := range c.outputs {
				if x.stream != "" {
					outputs = append(outputs, object{"name": x.stream, "output_type": "stream", "text": splitLines(x.text)})
					continue
				}
				data := object{}
				for kind, v := range x.data {
					data[kind] = splitLines(v)
					if kind == "image/png" {
						data[kind] = v
					}
				}
				outputs = append(outputs, object{"data": data, "metadata": object{}, "output_type": "display_data"})
			}
			o["outputs"] = outputs
		}
		cells = append(cells, o)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(object{
		"cells": cells,
		"metadata": object{
			"capas":         object{"code": n.code, "language": n.lang},
			"kernelspec":    object{"display_name": "Go (gonb)", "language": "go", "name": "gonb"},
			"language_info": object{"file_extension": ".go", "mimetype": "text/x-go", "name": "go"},
		},
		"nbformat": 4, "nbformat_minor": 5,
	})
	return b.Bytes(), err
}

// splitLines are the lines of a text, with their ends, as the format has them. The last one has none.
func splitLines(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.SplitAfter(strings.TrimSuffix(s, "\n"), "\n")
}

// text is a string or a list of strings.
type text string

// UnmarshalJSON reads either of the two forms that the notebook format allows; lines of a list are
// joined as they are, since each holds its own end.
func (t *text) UnmarshalJSON(data []byte) error {
	var lines []string
	if err := json.Unmarshal(data, &lines); err == nil {
		*t = text(strings.Join(lines, ""))
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// readNotebook reads a notebook, also one that Jupyter wrote. What a cell printed is put together before what it showed: where a
// stream is cut, and which of the two comes first, is a matter of time.
func readNotebook(path string) (*notebook, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Cells []struct {
			Type    string `json:"cell_type"`
			Count   *int   `json:"execution_count"`
			Source  text
			Outputs []struct {
				Type        string `json:"output_type"`
				Name        string
				Text        text
				Data        map[string]text
				Name2       string `json:"ename"`
				Explanation string `json:"evalue"`
			}
		}
		Metadata struct {
			Capas struct{ Code, Language string }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: want a notebook: %w", path, err)
	}
	n := &notebook{code: file.Metadata.Capas.Code, lang: file.Metadata.Capas.Language}
	for _, c := range file.Cells {
		k := cell{code: c.Type == "code", executed: c.Count != nil, source: string(c.Source)}
		var streams []output
		for _, o := range c.Outputs {
			x := output{stream: o.Name, text: string(o.Text)}
			switch o.Type {
			case "stream":
			case "error":
				x = output{failure: o.Name2 + ": " + o.Explanation}
			default:
				x = output{data: map[string]string{}}
				for kind, v := range o.Data {
					x.data[kind] = strings.TrimSuffix(string(v), "\n")
				}
			}
			if x.stream != "" {
				if i := slices.IndexFunc(streams, func(o output) bool { return o.stream == x.stream }); i >= 0 {
					streams[i].text += x.text
				} else {
					streams = append(streams, x)
				}
				continue
			}
			k.outputs = append(k.outputs, x)
		}
		slices.SortFunc(streams, func(a, b output) int { return strings.Compare(b.stream, a.stream) }) // stdout first
		k.outputs = append(streams, k.outputs...)
		n.cells = append(n.cells, k)
	}
	return n, nil
}

// kinds are the media types of an output.
func (o output) kinds() []string {
	var out []string
	for kind := range o.data {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

func writeFile(path string, data []byte) error { return atomicfile.Write(path, data) }
