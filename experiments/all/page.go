package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"
	"strings"

	"capas/experiments/lab"
)

//go:embed index.gohtml
var indexTemplate string

//go:embed index.css
var indexStyle string

// page is the text of index.html: no script, and nothing loaded but the experiments'
// figures beside it.
func (c *scorecard) page() ([]byte, error) {
	t, err := template.New("index").Funcs(template.FuncMap{"unbroken": lab.Unbroken}).Parse(indexTemplate)
	if err != nil {
		return nil, err
	}
	view := struct {
		*scorecard
		Style    template.CSS
		Command  string
		Machines []machine
	}{c, lab.ReportStyle() + template.CSS(indexStyle), c.command, c.machines()}
	var b bytes.Buffer
	err = t.Execute(&b, view)
	return b.Bytes(), err
}

// Running tells that the page will change.
func (c *scorecard) Running() bool {
	return slices.ContainsFunc(c.Experiments, func(e entry) bool { return e.State == running })
}

// Unreached tells that experiments are missing on the page.
func (c *scorecard) Unreached() bool { return c.finished() < len(c.Experiments) }

// Name heads a section.
func (s section) Name() string {
	if s.Section == "" {
		return "Of no section"
	}
	return strings.TrimSpace(s.Section + " " + s.Title)
}

// ID is the section's in the page.
func (s section) ID() string { return "section-" + s.Section }

// manyClaims is the largest number of claims that the page shows without folding them.
const manyClaims = 40

// Long tells that the page is to be folded.
func (c *scorecard) Long() bool { return c.Claims > manyClaims }

// Silent tells that an experiment is done and makes no claims.
func (c *scorecard) Silent() bool {
	return slices.ContainsFunc(c.Experiments, func(e entry) bool { return e.State == done && e.Claims == 0 })
}

// group is what one experiment says about a section.
type group struct {
	entry               // of which Claims and Holding count those of the section
	ID       string     // in the page
	Pictures []pictured // its claims, in their order
}

// pictured is a figure, "" for none, with the claims one after the other that it
// shows.
type pictured struct {
	Figure string
	Claims []verdict
}

// Groups are a section's claims, experiment by experiment.
func (c *scorecard) Groups(s section) []group {
	var all []group
	for _, e := range c.Experiments {
		g := group{entry: e, ID: s.ID() + "-" + e.Experiment}
		g.Claims, g.Holding = 0, 0
		for _, v := range s.Claims {
			if v.Experiment != e.Experiment {
				continue
			}
			g.Claims++
			if v.Holds {
				g.Holding++
			}
			last := len(g.Pictures) - 1
			if last < 0 || g.Pictures[last].Figure != v.Figure {
				g.Pictures = append(g.Pictures, pictured{Figure: v.Figure})
				last++
			}
			g.Pictures[last].Claims = append(g.Pictures[last].Claims, v)
		}
		if g.Claims > 0 {
			all = append(all, g)
		}
	}
	return all
}

// machine is where experiments ran, and which ones.
type machine struct {
	lab.Environment
	Experiments string
}

// machines are those of the experiments that are done, in the order of these.
func (c *scorecard) machines() []machine {
	var all []machine
	var names [][]string
	for _, e := range c.Experiments {
		if e.Environment == nil {
			continue
		}
		env := *e.Environment
		env.Seconds = 0
		i := slices.IndexFunc(all, func(m machine) bool { return m.Environment == env })
		if i < 0 {
			i = len(all)
			all = append(all, machine{Environment: env})
			names = append(names, nil)
		}
		names[i] = append(names[i], e.Experiment)
	}
	for i := range all {
		all[i].Experiments = strings.Join(names[i], ", ")
	}
	return all
}
