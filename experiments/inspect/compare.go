package main

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
)

func compareCommand() command {
	return command{
		name: "compare", args: "RUN RUN", failed: exitTrouble,
		short: "Compares two runs: configuration, metrics, stages and weights",
		long: `
Configurations are compared field by field. Of metrics there are both sides' means and
standard deviations and the second mean minus the first; where both sides have several
seeds, also Welch's t and the probability p of a difference as large if the means were
equal. Stages are those of which metrics.jsonl says anything else but times. Weights are
those of checkpoints and models of the same name: equal to the bit, or the largest
difference of two elements. Environments and times are not compared.

Exit status: 0 no difference, 1 differences, 2 trouble, such as a file of weights that
cannot be read, or wrong usage.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			asJSON := fs.Bool("json", false, "print a JSON document")
			return func(args []string, out *output) error {
				if len(args) != 2 {
					return cli.Usagef("want two RUNs, got %d arguments", len(args))
				}
				c, err := compareRuns(args[0], args[1])
				if err != nil {
					return err
				}
				if *asJSON {
					err = out.json(c)
				} else {
					c.print(out)
				}
				if err == nil {
					err = c.verdict()
				}
				return err
			}
		},
	}
}

// comparison is what compare finds, and its JSON. A and B are the two runs.
type comparison struct {
	A string `json:"a"`
	B string `json:"b"`
	// Equal tells that nothing of what follows differs.
	Equal         bool             `json:"equal"`
	Complete      [2]bool          `json:"complete"`
	Configuration []lab.Difference `json:"configuration"` // the fields that differ
	Metrics       []metricPair     `json:"metrics"`       // all
	Claims        []claimPair      `json:"claims"`        // those of other verdicts or numbers
	Stages        []stagePair      `json:"stages"`        // those that differ
	Weights       []weightsPair    `json:"weights"`       // all
}

// metricPair is a metric of two runs. A side that lacks it is null.
type metricPair struct {
	Name  string      `json:"name"`
	A     *lab.Metric `json:"a"`
	B     *lab.Metric `json:"b"`
	Equal bool        `json:"equal"`
	// Difference is the mean of B minus that of A; null where there is none.
	Difference lab.Number `json:"difference"`
	Welch      *welch     `json:"welch,omitempty"`
}

// welch is Welch's t of B against A.
type welch struct {
	T lab.Number `json:"t"`
	P lab.Number `json:"p"`
}

// stagePair is a stage of two runs. A side that lacks it is null.
type stagePair struct {
	Seed  uint64     `json:"seed"`
	Run   string     `json:"run"`
	Stage string     `json:"stage"`
	A     *lab.Stage `json:"a"`
	B     *lab.Stage `json:"b"`
}

// verdict is nil, errDifferent, or the first problem.
func (c *comparison) verdict() error {
	for _, p := range c.Weights {
		if p.Problem != "" {
			return fmt.Errorf("%s cannot be compared: %s", p.Name, p.Problem)
		}
	}
	if !c.Equal {
		return errDifferent
	}
	return nil
}

func compareRuns(dirA, dirB string) (*comparison, error) {
	a, err := lab.Read(dirA)
	if err != nil {
		return nil, err
	}
	b, err := lab.Read(dirB)
	if err != nil {
		return nil, err
	}
	c := &comparison{A: dirA, B: dirB, Complete: [2]bool{a.Result != nil && !a.Again, b.Result != nil && !b.Again}}
	differences, err := a.Config.Differences(b.Config)
	if err != nil {
		return nil, err
	}
	weights, err := compareWeights(a, b)
	if err != nil {
		return nil, err
	}
	c.Configuration = listed(differences)
	c.Metrics = listed(compareMetrics(metrics(a), metrics(b)))
	c.Claims = listed(compareClaims(a, b))
	c.Stages = listed(compareStages(a.Stages, b.Stages))
	c.Weights = listed(weights)
	c.Equal = c.Complete[0] == c.Complete[1] && len(c.Configuration)+len(c.Claims)+len(c.Stages) == 0 &&
		!slices.ContainsFunc(c.Metrics, func(m metricPair) bool { return !m.Equal }) &&
		!slices.ContainsFunc(c.Weights, func(p weightsPair) bool { return !p.Equal })
	return c, nil
}

func metrics(s *lab.Saved) map[string]lab.Metric {
	if s.Result == nil {
		return nil
	}
	return s.Result.Metrics
}

// timing tells that a metric or a value is a time, which no two runs share.
func timing(name string) bool { return strings.HasSuffix(name, "seconds") }

// union is the sorted union of the keys of two maps.
func union[V any](a, b map[string]V) []string {
	names := slices.Concat(sortedKeys(a), sortedKeys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

func compareMetrics(a, b map[string]lab.Metric) (pairs []metricPair) {
	for _, name := range union(a, b) {
		p := metricPair{Name: name, Difference: lab.Number(math.NaN())}
		if m, ok := a[name]; ok {
			p.A = &m
		}
		if m, ok := b[name]; ok {
			p.B = &m
		}
		if p.A != nil && p.B != nil {
			x, y := p.A.Floats(), p.B.Floats()
			p.Equal = slices.EqualFunc(x, y, same)
			p.Difference = p.B.Mean - p.A.Mean
			if t, prob, err := lab.Welch(y, x); err == nil {
				p.Welch = &welch{lab.Number(t), lab.Number(prob)}
			}
		}
		p.Equal = p.Equal || timing(name) && p.A != nil && p.B != nil
		pairs = append(pairs, p)
	}
	return pairs
}

// same tells that two numbers are equal, or both not finite.
func same(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }

// claimPair is a claim of two runs. A side that lacks it is null.
type claimPair struct {
	Claim string     `json:"claim"`
	A     *lab.Claim `json:"a"`
	B     *lab.Claim `json:"b"`
}

// compareClaims returns the claims that are not the same on both sides, of complete
// runs.
func compareClaims(a, b *lab.Saved) (pairs []claimPair) {
	if a.Result == nil || b.Result == nil {
		return nil
	}
	find := func(list []lab.Claim, text string) *lab.Claim {
		for i := range list {
			if list[i].Claim == text {
				return &list[i]
			}
		}
		return nil
	}
	for _, c := range a.Result.Claims {
		if other := find(b.Result.Claims, c.Claim); other == nil || *other != c {
			pairs = append(pairs, claimPair{c.Claim, &c, other})
		}
	}
	for _, c := range b.Result.Claims {
		if find(a.Result.Claims, c.Claim) == nil {
			pairs = append(pairs, claimPair{c.Claim, nil, &c})
		}
	}
	return pairs
}

// compareStages returns the stages that are not the same on both sides.
func compareStages(a, b []lab.Stage) (pairs []stagePair) {
	type key struct {
		seed      uint64
		run, name string
	}
	keyOf := func(s lab.Stage) key { return key{s.Seed, s.Run, s.Name} }
	others := map[key]*lab.Stage{}
	for i := range b {
		others[keyOf(b[i])] = &b[i]
	}
	for i := range a {
		k := keyOf(a[i])
		other := others[k]
		delete(others, k)
		if other == nil || !sameStage(a[i], *other) {
			pairs = append(pairs, stagePair{k.seed, k.run, k.name, &a[i], other})
		}
	}
	for i := range b { // in their order
		if k := keyOf(b[i]); others[k] != nil {
			pairs = append(pairs, stagePair{k.seed, k.run, k.name, nil, &b[i]})
		}
	}
	return pairs
}

func sameStage(a, b lab.Stage) bool {
	return a.Lines == b.Lines && a.Digest == b.Digest
}

// differing are the names of the values that are not the same on both sides, times
// aside.
func differing(a, b lab.Fields) (names []string) {
	for _, x := range a {
		if y, ok := b.Get(x.Name); !timing(x.Name) && (!ok || !same(x.Value, y)) {
			names = append(names, x.Name)
		}
	}
	for _, y := range b {
		if _, ok := a.Get(y.Name); !timing(y.Name) && !ok {
			names = append(names, y.Name)
		}
	}
	return names
}
