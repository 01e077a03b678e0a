package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// collection is what the points' results say.
type collection struct {
	*sweep
	states  []state
	rows    []row
	judged  []judged
	settled bool     // no point is left to run
	choices []chosen // once settled
	figures []pageFigure
}

// collect makes the table, and of it all that follows, and returns a summary for people.
// The choice is made when no point is left to run, so that the test metric of a
// configuration that will not be chosen in the end is never read.
func (s *sweep) collect() (string, error) {
	c := &collection{sweep: s, states: s.states()}
	var err error
	if c.rows, err = s.rows(c.states); err != nil {
		return "", err
	}
	c.judged = s.judge(c.rows)
	if c.settled = s.settled(c.states); c.settled {
		if c.choices, err = s.choose(c.judged); err != nil {
			return "", err
		}
	}
	if err := c.draw(); err != nil {
		return "", err
	}
	if err := c.save(); err != nil {
		return "", err
	}
	return c.summary(), nil
}

// save writes all files.
func (c *collection) save() error {
	for _, f := range c.figures { // before the page that shows them
		if err := c.write(f.File, f.data); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name string
		make func() ([]byte, error)
	}{
		{csvName, func() ([]byte, error) { return c.csvTable(c.rows) }},
		{jsonName, func() ([]byte, error) { return c.jsonTable(c.rows) }},
		{timesName, func() ([]byte, error) { return c.timeTable(c.states) }},
		{choiceName, c.choiceFile},
		{pageName, c.page},
	} {
		data, err := part.make()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if data == nil {
			err = os.Remove(c.at(part.name))
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		} else {
			err = c.write(part.name, data)
		}
		if err != nil {
			return err
		}
	}
	return c.removeFigures()
}

// removeFigures removes those of an earlier call that did not come again.
func (c *collection) removeFigures() error {
	earlier := []string{testFigure}
	for _, name := range c.plan.Factors {
		earlier = append(earlier, factorFigure(name))
	}
	for _, name := range earlier {
		if slices.ContainsFunc(c.figures, func(f pageFigure) bool { return f.File == name }) {
			continue
		}
		if err := os.Remove(c.at(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// choiceFile is choice.json, nil as long as there is no choice.
func (c *collection) choiceFile() ([]byte, error) {
	if !c.settled {
		return nil, nil
	}
	return encode(struct {
		Rule    string   `json:"rule"`
		Choices []chosen `json:"choices"`
	}{c.file.rule(), c.choices})
}

// summary is the collection in a few lines.
func (c *collection) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", countText(c.states))
	for _, x := range c.choices {
		b.WriteString(c.choiceText(x) + "\n")
	}
	switch {
	case !c.settled:
		fmt.Fprintf(&b, "No choice yet: points are left to run.\n")
	case len(c.choices) == 0:
		fmt.Fprintf(&b, "No choice: no configuration has a result for every seed.\n")
	}
	fmt.Fprintf(&b, "Table: %s\nReport: %s\n", short(c.at(csvName)), short(c.at(pageName)))
	return b.String()
}

// choiceText is a choice in a line.
func (c *collection) choiceText(x chosen) string {
	text := "chosen: "
	if len(x.For) > 0 {
		text = "chosen for " + x.For.String() + ": "
	}
	if others := slices.DeleteFunc(slices.Clone(x.Factors), func(f field) bool { return slices.Contains(c.file.Choose.ForEach, f.name) }); len(others) > 0 {
		text += others.String() + ", "
	}
	text += fmt.Sprintf("%s %s", label(c.file.Choose.metric()), lab.Summary(x.Validation.floats()))
	if x.Test != nil {
		text += fmt.Sprintf(", %s %s", label(c.file.Choose.Test), lab.Summary(x.Test.floats()))
	}
	return text
}

// short is a path from the working directory on, if it lies there.
func short(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}
