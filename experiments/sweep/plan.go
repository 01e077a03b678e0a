package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"capas/random"
)

// plan is plan.json: all that the points are made of. Points are numbered from 1, seed by
// seed, so that a sweep that gets more seeds keeps the points it has.
type plan struct {
	Experiment string          `json:"experiment"`
	Flags      []string        `json:"flags"` // of all points, such as "-preset=smoke"
	Recipe     json.RawMessage `json:"recipe,omitempty"`
	Factors    []string        `json:"factors"`
	Configs    [][]string      `json:"configurations"` // a value for each factor
	Seeds      []uint64        `json:"seeds"`
}

// newPlan multiplies out the factors of a checked file.
func newPlan(f *file) (*plan, error) {
	p := &plan{Experiment: f.Experiment, Flags: []string{"-preset=" + f.Preset}, Recipe: f.Recipe, Factors: []string{}}
	for _, name := range slices.Sorted(maps.Keys(f.Flags)) {
		value := string(f.Flags[name])
		if name == dataDir { // a point may run elsewhere
			if abs, err := filepath.Abs(value); err == nil {
				value = abs
			}
		}
		p.Flags = append(p.Flags, "-"+name+"="+value)
	}
	for i := range f.Seeds.Count {
		p.Seeds = append(p.Seeds, f.Seeds.First+uint64(i))
	}
	draws, err := f.draw()
	if err != nil {
		return nil, err
	}
	p.Configs = [][]string{{}}
	for i, x := range f.Factors {
		p.Factors = append(p.Factors, x.Flag)
		var next [][]string
		for _, c := range p.Configs {
			values := x.Values
			if x.drawn() { // filled in below, the same draws in all combinations of the lists
				values = []scalar{""}
			}
			for _, v := range values {
				next = append(next, append(c[:i:i], string(v)))
			}
		}
		p.Configs = next
	}
	if len(draws) > 0 {
		var all [][]string
		for _, c := range p.Configs {
			for _, d := range draws {
				one := slices.Clone(c)
				for i, x := range f.Factors {
					if x.drawn() {
						one[i] = d[i]
					}
				}
				all = append(all, one)
			}
		}
		p.Configs = all
	}
	return p, nil
}

// draw draws the samples of the ranges, all different: for each a value by the factor's
// index, "" for lists. A factor's stream is split off by its name.
func (f *file) draw() (draws [][]string, err error) {
	root := random.New(f.SampleSeed)
	streams := map[string]*random.Stream{}
	for _, x := range f.Factors {
		streams[x.Flag] = root.Split(x.Flag)
	}
	seen := map[string]bool{}
	for range 100 * f.Samples {
		if len(draws) == f.Samples {
			break
		}
		values := make([]string, len(f.Factors))
		for i, x := range f.Factors {
			if x.drawn() {
				u := make([]float64, 1)
				streams[x.Flag].Uniform64(u)
				values[i] = x.at(u[0])
			}
		}
		if key := strings.Join(values, " "); !seen[key] {
			seen[key] = true
			draws = append(draws, values)
		}
	}
	if len(draws) < f.Samples {
		return nil, fmt.Errorf("samples: want %d different draws, the ranges give %d", f.Samples, len(draws))
	}
	return draws, nil
}

// at is the value at u in [0,1) of the range, to four digits: the same text on all
// machines.
func (x factor) at(u float64) string {
	from, to := *x.From, *x.To
	v := from + float64(u*(to-from)) // the conversion forbids one rounding for both, where there is an instruction for that
	switch {
	case x.Scale == "log":
		v = from * math.Pow(to/from, u)
	case x.Integer: // all of them equally often
		v = math.Floor(from + float64(u*(to-from+1)))
	}
	if x.Integer {
		return strconv.FormatFloat(min(math.Round(v), to), 'f', 0, 64)
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return strconv.FormatFloat(min(max(v, from), to), 'g', -1, 64)
}

// points is their number.
func (p *plan) points() int { return len(p.Configs) * len(p.Seeds) }

// config and seed are those of a point, by their indices.
func (p *plan) config(point int) int { return (point - 1) % len(p.Configs) }
func (p *plan) seed(point int) int   { return (point - 1) / len(p.Configs) }

// point is the point of a configuration and a seed, by their indices.
func (p *plan) point(config, seed int) int { return seed*len(p.Configs) + config + 1 }

// flags are the experiment's for a configuration.
func (p *plan) flags(config int) []string {
	flags := slices.Clone(p.Flags)
	for i, name := range p.Factors {
		flags = append(flags, "-"+name+"="+p.Configs[config][i])
	}
	return flags
}

// describe names a configuration, "" if there is but one.
func (p *plan) describe(config int) string {
	words := make([]string, len(p.Factors))
	for i, name := range p.Factors {
		words[i] = name + "=" + p.Configs[config][i]
	}
	return strings.Join(words, " ")
}

// name names a point for people.
func (p *plan) name(point int) string {
	seed := fmt.Sprintf("seed=%d", p.Seeds[p.seed(point)])
	return fmt.Sprintf("point %d (%s)", point, strings.TrimSpace(p.describe(p.config(point))+" "+seed))
}

// expand fills the holes of a metric's name, such as {depth}, with a configuration's
// values.
func (p *plan) expand(metric string, config int) string {
	for i, name := range p.Factors {
		metric = strings.ReplaceAll(metric, "{"+name+"}", p.Configs[config][i])
	}
	for _, flag := range p.Flags {
		name, value, _ := strings.Cut(flag[1:], "=")
		metric = strings.ReplaceAll(metric, "{"+name+"}", value)
	}
	return metric
}

// label is a metric's name without the parts that have holes, "validation_error" of
// "{init}.validation_error".
func label(metric string) string {
	parts := slices.DeleteFunc(strings.Split(metric, "."), holes.MatchString)
	if len(parts) == 0 {
		return metric
	}
	return strings.Join(parts, ".")
}

// labels are those of several metrics, or their full names if two would be the same.
func labels(metrics []string) []string {
	var out []string
	for _, m := range metrics {
		if slices.Contains(out, label(m)) {
			return metrics
		}
		out = append(out, label(m))
	}
	return out
}

// continues reports why the points of p do not go on from those of an earlier plan: all
// but the number of seeds, which may grow, must be the same.
func (p *plan) continues(old *plan) error {
	less := *p
	less.Seeds = p.Seeds[:min(len(old.Seeds), len(p.Seeds))]
	for _, part := range []struct {
		name     string
		old, new any
	}{
		{"experiment", old.Experiment, less.Experiment}, {"flags", old.Flags, less.Flags}, {"recipe", old.Recipe, less.Recipe},
		{"factors", old.Factors, less.Factors}, {"configurations", old.Configs, less.Configs}, {"seeds", old.Seeds, less.Seeds},
	} {
		there, err := json.Marshal(part.old)
		if err != nil {
			return err
		}
		here, err := json.Marshal(part.new)
		if err != nil {
			return err
		}
		if string(there) != string(here) {
			return fmt.Errorf("holds another sweep: its %s differ; choose another -out", part.name)
		}
	}
	return nil
}

// dataDir is the flag of an experiment for the directory of its data set.
const dataDir = "data-dir"

// takeData takes that directory from an earlier plan of the same file: the file's may be
// relative to the working directory of then.
func (p *plan) takeData(old *plan) {
	is := func(flag string) bool { return strings.HasPrefix(flag, "-"+dataDir+"=") }
	here, there := slices.IndexFunc(p.Flags, is), slices.IndexFunc(old.Flags, is)
	if here >= 0 && there >= 0 {
		p.Flags[here] = old.Flags[there]
	}
}
