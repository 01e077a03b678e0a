package main

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/lab/figure"
)

// pageFigure is a figure, a file beside the page.
type pageFigure struct {
	File, Title, Caption string
	data                 []byte
}

// URL is that of the figure in the page.
func (f pageFigure) URL() template.URL { return template.URL(f.File) }

// testFigure shows the test metric of what has been chosen.
const testFigure = "test.svg"

// factorFigure is the file of the figure of a factor.
func factorFigure(name string) string { return "by_" + name + ".svg" }

// maxBoxes is the largest number of a factor's values that have box plots.
const maxBoxes = 40

// draw draws the validation metric by each factor that varies, and the test metric of what
// has been chosen.
func (c *collection) draw() error {
	for i, x := range c.file.Factors {
		var err error
		switch {
		case x.drawn():
			err = c.scatter(i, x)
		case len(x.Values) > 1 && len(x.Values) <= maxBoxes:
			err = c.boxes(i, x)
		}
		if err != nil {
			return err
		}
	}
	return c.drawTest()
}

// finite tells whether there is anything to draw.
func (c *collection) finite() bool {
	return slices.ContainsFunc(c.rows, func(r row) bool { return numberText(r.values[0]) != "" })
}

// add adds a figure, if it can be drawn.
func (c *collection) add(file, title, caption string, data []byte, err error) error {
	if err != nil {
		return fmt.Errorf("figure %s: %w", file, err)
	}
	c.figures = append(c.figures, pageFigure{file, title, strings.TrimSpace(caption), data})
	return nil
}

// second is the factor by which the boxes and points of another one are coloured: the
// first that is compared, −1 for none.
func (c *collection) second(i int) int {
	for _, name := range c.file.Choose.ForEach {
		if j := c.file.factor(name); j != i && len(c.file.Factors[j].Values) > 1 {
			return j
		}
	}
	return -1
}

// name is the colour of a configuration beside the i-th factor.
func (c *collection) name(config, second int, instead string) string {
	if second < 0 {
		return instead
	}
	return c.plan.Configs[config][second]
}

// boxes draws the validation metric by the values of a factor.
func (c *collection) boxes(i int, x factor) error {
	if !c.finite() {
		return nil
	}
	metric, second := label(c.file.Choose.metric()), c.second(i)
	b := figure.Boxes{XLabel: x.Flag, YLabel: metric}
	var all []float64
	for _, v := range x.Values {
		for _, j := range c.names(second, string(v)) {
			item := figure.Item{Category: string(v), Name: j}
			for _, r := range c.rows {
				if c.plan.Configs[r.config][i] == string(v) && c.name(r.config, second, string(v)) == j {
					item.Values = append(item.Values, r.values[0])
					all = append(all, r.values[0])
				}
			}
			b.Items = append(b.Items, item)
		}
	}
	b.LogY = wide(all)
	svg, err := b.SVG()
	title := fmt.Sprintf("%s by %s", metric, x.Flag)
	if second >= 0 {
		title += " and " + c.file.Factors[second].Flag
	}
	return c.add(factorFigure(x.Flag), title, "All points that are done, over seeds and all other factors. "+spread(b.Spread(), b.LogY), svg, err)
}

// spread is the caption of box plots, here not over seeds alone.
func spread(text string, log bool) string {
	text = strings.Replace(text, " over seeds;", ";", 1)
	if log {
		text += " Logarithmic axis."
	}
	return text
}

// names are the values of a factor, by which things are coloured.
func (c *collection) names(second int, instead string) []string {
	if second < 0 {
		return []string{instead}
	}
	var names []string
	for _, v := range c.file.Factors[second].Values {
		names = append(names, string(v))
	}
	return names
}

// wide tells that values are shown better on a logarithmic axis.
func wide(values []float64) bool {
	var ok []float64
	for _, v := range values {
		if numberText(v) != "" {
			ok = append(ok, v)
		}
	}
	return len(ok) > 0 && slices.Min(ok) > 0 && slices.Max(ok) > 10*slices.Min(ok)
}

// scatter draws the validation metric over the drawn values of a factor.
func (c *collection) scatter(i int, x factor) error {
	if !c.finite() {
		return nil
	}
	metric, second := label(c.file.Choose.metric()), c.second(i)
	p := figure.Paths{XLabel: x.Flag, YLabel: metric, LogX: x.Scale == "log"}
	var all []float64
	for _, name := range c.names(second, metric) {
		for _, r := range c.rows {
			if c.name(r.config, second, metric) != name {
				continue
			}
			v, err := strconv.ParseFloat(c.plan.Configs[r.config][i], 64)
			if err != nil {
				return err
			}
			p.Paths = append(p.Paths, figure.Path{Name: name, X: []float64{v}, Y: []float64{r.values[0]}})
			all = append(all, r.values[0])
		}
	}
	p.LogY = wide(all)
	svg, err := p.SVG()
	return c.add(factorFigure(x.Flag), fmt.Sprintf("%s by %s", metric, x.Flag), "Each point that is done.", svg, err)
}

// drawTest draws the test metric of the chosen configurations, a box for each.
func (c *collection) drawTest() error {
	var all []float64
	b := figure.Boxes{YLabel: label(c.file.Choose.Test)}
	each := c.file.Choose.ForEach
	for _, x := range c.choices {
		if x.Test == nil {
			return nil
		}
		item := figure.Item{Name: "chosen", Values: x.Test.floats()}
		if len(each) > 0 { // the first that was named is the axis, the others the colours
			b.XLabel = each[0]
			item.Category = c.value(x.config, each[0])
			var others []string
			for _, name := range each[1:] {
				others = append(others, c.value(x.config, name))
			}
			if item.Name = strings.Join(others, ", "); item.Name == "" {
				item.Name = item.Category
			}
		}
		b.Items = append(b.Items, item)
		all = append(all, item.Values...)
	}
	if !slices.ContainsFunc(all, func(v float64) bool { return numberText(v) != "" }) {
		return nil
	}
	b.LogY = wide(all)
	svg, err := b.SVG()
	title := label(c.file.Choose.Test) + " of what was chosen"
	if len(each) > 0 {
		title += ", by " + strings.Join(each, " and ")
	}
	caption := b.Spread()
	if b.LogY {
		caption += " Logarithmic axis."
	}
	return c.add(testFigure, title, caption, svg, err)
}

// value is a configuration's value of a factor.
func (c *collection) value(config int, name string) string {
	return c.plan.Configs[config][c.file.factor(name)]
}
