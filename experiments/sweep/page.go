package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"capas/experiments/lab"
)

//go:embed report.gohtml
var pageTemplate string

// pageTable is a table of the page.
type pageTable struct {
	Title  string
	Header []string
	Rows   [][]string
}

// Folded tells that the table has more rows than are shown at once.
func (t pageTable) Folded() bool { return len(t.Rows) > 16 }

// maxRows bounds the rows of the page's tables: table.csv has all.
const maxRows = 400

// page is the text of report.html: no script, and nothing loaded but the figures beside it.
func (c *collection) page() ([]byte, error) {
	t, err := template.New("report").Funcs(template.FuncMap{"unbroken": lab.Unbroken}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	var choices []string
	for _, x := range c.choices {
		choices = append(choices, c.choiceText(x))
	}
	view := struct {
		Style                template.CSS
		Title, State, Rule   string
		Settled, Done        bool
		Choices              []string
		Figures              []pageFigure
		Plan                 [][2]string
		Configs, Bad         pageTable
		Machines             [][2]string
		Mixed                bool
		Command, Csv, JSON   string
		Times, Choice, Sweep string
	}{
		Style: lab.ReportStyle(), Title: "Sweep of " + c.plan.Experiment, State: countText(c.states), Rule: c.file.rule(), Settled: c.settled, Done: len(c.rows) == len(c.states),
		Choices: choices, Figures: c.figures, Plan: c.planRows(), Configs: c.configTable(), Bad: c.badTable(),
		Command: lab.CommandLine("sweep", []string{"resume", short(c.dir)}), Csv: csvName, JSON: jsonName, Times: timesName, Choice: choiceName, Sweep: fileName,
	}
	view.Machines, view.Mixed = c.machines()
	var b bytes.Buffer
	err = t.Execute(&b, view)
	return b.Bytes(), err
}

// planRows say what was run.
func (c *collection) planRows() [][2]string {
	rows := [][2]string{{"experiment", c.plan.Experiment}, {"flags", strings.Join(c.plan.Flags, " ")}}
	for _, x := range c.file.Factors {
		rows = append(rows, [2]string{x.Flag, x.describe(c.file.Samples)})
	}
	return append(rows, [2]string{"seeds", seedRange(c.plan.Seeds)},
		[2]string{"points", fmt.Sprintf("%d, %s × %s", c.plan.points(), plural(len(c.plan.Configs), "configuration"), plural(len(c.plan.Seeds), "seed"))})
}

// configTable has a row a configuration, the best first.
func (c *collection) configTable() pageTable {
	metrics := labels(c.file.metrics())
	t := pageTable{Title: "Configurations, the best first", Header: slices.Concat(c.plan.Factors, []string{"done"}, metrics)}
	byConfig := map[int][]row{}
	for _, r := range c.rows {
		byConfig[r.config] = append(byConfig[r.config], r)
	}
	order := slices.Clone(c.judged)
	slices.SortStableFunc(order, func(a, b judged) int {
		x, y := a.mean(), b.mean()
		switch {
		case math.IsNaN(x) || math.IsNaN(y): // those without a value come last
			return cmp.Compare(b2i(math.IsNaN(x)), b2i(math.IsNaN(y)))
		case c.file.Choose.Maximize != "":
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	})
	for _, j := range order[:min(len(order), maxRows)] {
		cells := slices.Concat(c.plan.Configs[j.config], []string{fmt.Sprintf("%d of %d", len(j.values), len(c.plan.Seeds))})
		for i := range metrics {
			var values []float64
			for _, r := range byConfig[j.config] {
				values = append(values, r.values[i])
			}
			cells = append(cells, lab.Summary(values))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// badTable has a row for each point that failed.
func (c *collection) badTable() pageTable {
	t := pageTable{Title: "Points that failed", Header: []string{"point", "configuration", "seed", "attempts", "error"}}
	for _, st := range c.states {
		if (st.status == isFailed || st.status == isLost) && len(t.Rows) < maxRows {
			t.Rows = append(t.Rows, []string{
				fmt.Sprint(st.point), c.plan.describe(c.plan.config(st.point)), fmt.Sprint(c.plan.Seeds[c.plan.seed(st.point)]), fmt.Sprint(len(st.attempts)), st.err,
			})
		}
	}
	return t
}

// machines are those that the points ran on, with their numbers of points. mixed tells that they
// have different families of kernels, whose results differ in the last digits.
func (c *collection) machines() (rows [][2]string, mixed bool) {
	type machine struct{ cpu, kernels, platform, revision string }
	n := map[machine]int{}
	families := map[string]bool{}
	var order []machine
	for _, st := range c.states {
		if st.result == nil {
			continue
		}
		e := st.result.Environment
		m := machine{e.CPU, e.Kernels, e.Platform, e.Revision}
		if n[m] == 0 {
			order = append(order, m)
		}
		n[m]++
		families[e.Kernels] = true
	}
	for _, m := range order {
		rows = append(rows, [2]string{plural(n[m], "point"), fmt.Sprintf("%s, kernels %s, %s, revision %s", m.cpu, m.kernels, m.platform, m.revision)})
	}
	return rows, len(families) > 1
}
