package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// faults lists what is wrong with an executed notebook by itself: code that failed, of which Jupyter says nothing, what a cell
// printed to standard error, and pictures that it calls for and does not show.
func (n *notebook) faults() []string {
	var out []string
	number := 0
	for _, c := range n.cells {
		if !c.code {
			continue
		}
		number++
		wrong := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("code cell %d: ", number)+fmt.Sprintf(format, args...))
		}
		if !c.executed {
			wrong("not executed")
			continue
		}
		shown := map[string]int{}
		for _, o := range c.outputs {
			switch {
			case o.failure != "":
				wrong("%s", o.failure)
			case o.stream == "stderr":
				wrong("standard error: %s", strings.TrimSpace(o.text))
			case exitStatus.MatchString(o.text) || strings.Contains(o.text, "panic:"):
				wrong("failed: %s", strings.TrimSpace(o.text))
			}
			for _, kind := range o.kinds() {
				if o.data[kind] == "" {
					wrong("an empty output of type %s", kind)
				}
				shown[kind]++
			}
		}
		for call, kind := range map[string]string{"nb.Show(": "image/svg+xml", "nb.Images(": "image/png", "nb.Table(": "text/markdown"} {
			if strings.Contains(mainOf(c.source), call) && shown[kind] == 0 {
				wrong("calls %s) and shows nothing of type %s", call, kind)
			}
		}
	}
	return out
}

// exitStatus is what GoNB prints of a program or a shell command that failed.
var exitStatus = regexp.MustCompile(`exit status \d`)

// mainOf is the part of a cell that runs, behind the line %%; the functions before it may be for later cells.
func mainOf(code string) string {
	_, main, _ := strings.Cut("\n"+code, "\n%%")
	return main
}

// differences lists the code cells whose outputs are not the same.
func differences(kept, now *notebook) []string {
	a, b := kept.outputs(), now.outputs()
	if len(a) != len(b) {
		return []string{fmt.Sprintf("%d code cells were kept, there are %d", len(a), len(b))}
	}
	var out []string
	for i := range a {
		if slices.EqualFunc(a[i], b[i], equalOutputs) {
			continue
		}
		out = append(out, fmt.Sprintf("code cell %d shows something else than what was kept: %s", i+1, firstDifference(a[i], b[i])))
	}
	return out
}

func equalOutputs(a, b output) bool {
	return a.stream == b.stream && strings.TrimSuffix(a.text, "\n") == strings.TrimSuffix(b.text, "\n") && a.failure == b.failure && maps.Equal(a.data, b.data)
}

// firstDifference says where two lists of outputs part.
func firstDifference(a, b []output) string {
	for i := range min(len(a), len(b)) {
		if equalOutputs(a[i], b[i]) {
			continue
		}
		if a[i].stream != "" && b[i].stream != "" {
			x, y := strings.Split(a[i].text, "\n"), strings.Split(b[i].text, "\n")
			for l := range min(len(x), len(y)) {
				if x[l] != y[l] {
					return fmt.Sprintf("line %d is %q, was %q", l+1, y[l], x[l])
				}
			}
		}
		for _, kind := range a[i].kinds() {
			x, y := strings.Split(a[i].data[kind], "\n"), strings.Split(b[i].data[kind], "\n")
			for l := range min(len(x), len(y)) {
				if x[l] != y[l] && len(x[l])+len(y[l]) < 400 {
					return fmt.Sprintf("line %d of output %d (%s) is %q, was %q", l+1, i+1, kind, y[l], x[l])
				}
			}
		}
		return fmt.Sprintf("output %d", i+1)
	}
	return fmt.Sprintf("%d outputs, were %d", len(b), len(a))
}
