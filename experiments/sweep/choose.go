package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// judged is a configuration with its validation values by seed. One that lacks a seed, or
// has a value that is not finite, is no candidate.
type judged struct {
	config    int
	values    []float64
	candidate bool
}

func (j judged) mean() float64 {
	mean, _ := lab.Summarize(j.values)
	return mean
}

// measure is a metric of a choice, by seed.
type measure struct {
	Metric string       `json:"metric"`
	Mean   lab.Number   `json:"mean"`
	SD     lab.Number   `json:"sd"`
	Values []lab.Number `json:"values"`
}

func newMeasure(metric string, values []float64) *measure {
	mean, sd := lab.Summarize(values)
	m := &measure{Metric: metric, Mean: lab.Number(mean), SD: lab.Number(sd)}
	for _, v := range values {
		m.Values = append(m.Values, lab.Number(v))
	}
	return m
}

func (m *measure) floats() []float64 { return lab.Metric{Values: m.Values}.Floats() }

// chosen is the best configuration of those that share the values of choose.for_each.
type chosen struct {
	For        fields   `json:"for"`
	Factors    fields   `json:"factors"`
	Candidates int      `json:"candidates"`
	Points     []int    `json:"points"`
	Validation *measure `json:"validation"`
	Test       *measure `json:"test,omitempty"`
	config     int
}

// judge gathers the configurations' validation values.
func (s *sweep) judge(rows []row) []judged {
	all := make([]judged, len(s.plan.Configs))
	for i := range all {
		all[i].config = i
	}
	for _, r := range rows {
		all[r.config].values = append(all[r.config].values, r.values[0])
	}
	for i := range all {
		mean := all[i].mean()
		all[i].candidate = len(all[i].values) == len(s.plan.Seeds) && !math.IsNaN(mean) && !math.IsInf(mean, 0)
	}
	return all
}

// better tells whether a configuration is chosen before another; the earlier one is, of
// two that are equally good.
func (c choice) better(a, b judged) bool {
	if c.Maximize != "" {
		return a.mean() > b.mean()
	}
	return a.mean() < b.mean()
}

// choose chooses, and then reads the test metric of what has been chosen. Groups without
// a candidate are left out.
func (s *sweep) choose(all []judged) ([]chosen, error) {
	best := map[string]judged{}
	candidates := map[string]int{}
	var order []string
	for _, j := range all {
		key := s.group(j.config)
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
		if !j.candidate {
			continue
		}
		candidates[key]++
		if old, ok := best[key]; !ok || s.file.Choose.better(j, old) {
			best[key] = j
		}
	}
	choices := []chosen{}
	for _, key := range order {
		j, ok := best[key]
		if !ok {
			continue
		}
		c, err := s.evaluate(j)
		if err != nil {
			return nil, err
		}
		c.Candidates = candidates[key]
		choices = append(choices, c)
	}
	return choices, nil
}

// group names the values of choose.for_each of a configuration.
func (s *sweep) group(config int) string {
	var words []string
	for _, x := range s.settings(config, s.file.Choose.ForEach) {
		words = append(words, fmt.Sprintf("%s=%s", x.name, text(x.value)))
	}
	return strings.Join(words, " ")
}

// evaluate reads the test metric of a chosen configuration: the only place where that is
// done.
func (s *sweep) evaluate(j judged) (chosen, error) {
	metric := s.file.Choose.metric()
	c := chosen{
		config: j.config, For: s.settings(j.config, s.file.Choose.ForEach), Factors: s.settings(j.config, s.plan.Factors),
		Validation: newMeasure(s.plan.expand(metric, j.config), j.values),
	}
	var test []float64
	for i := range s.plan.Seeds {
		point := s.plan.point(j.config, i)
		c.Points = append(c.Points, point)
		if s.file.Choose.Test == "" {
			continue
		}
		values, err := s.metricsOf(point, s.result(point), []string{s.file.Choose.Test})
		if err != nil {
			return c, err
		}
		test = append(test, values[0])
	}
	if s.file.Choose.Test != "" {
		c.Test = newMeasure(s.plan.expand(s.file.Choose.Test, j.config), test)
	}
	return c, nil
}

// text is a field's value for people.
func text(value any) string {
	if raw, ok := value.(fmt.Stringer); ok {
		return raw.String()
	}
	return fmt.Sprintf("%s", value)
}

// String is such as "depth=3 lr=0.1".
func (f fields) String() string {
	words := make([]string, len(f))
	for i, x := range f {
		words[i] = x.name + "=" + text(x.value)
	}
	return strings.Join(words, " ")
}
