package main

import (
	"context"
	"fmt"
	"math"

	"capas/experiments/lab"
	"capas/random"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// denseRules are those whose capacity is measured by the number of units.
func denseRules() []rule { return []rule{hebbian, polynomial, exponential, softmax} }

const (
	// degree of the polynomial.
	degree = 3
	// denseRecalled is the share of probes that must be recalled for the patterns to count.
	denseRecalled = 0.95
	// fine is the number of steps in which the number of patterns doubles.
	fine = 4
	// near is the distance from a real pattern, as a share of its length, within which it counts
	// as recalled; binary ones are recalled exactly.
	near = 0.1
)

// dims are the numbers of units of a rule.
func (r Recipe) dims(of rule) []int {
	switch of {
	case exponential:
		return r.Dims
	case softmax:
		return r.RealDims
	}
	return r.WideDims
}

// limit is the number of patterns of n units that are tried at most: of those whose capacity grows as a
// power of n, the power.
func (r Recipe) limit(of rule, n int) int {
	switch of {
	case hebbian:
		return min(r.MostPatterns, n)
	case polynomial:
		return min(r.MostPatterns, n*n)
	}
	return r.MostPatterns
}

// denseResult is the number of patterns that are recalled, by number of units; +Inf where
// that is more than were tried.
type denseResult struct{ units, patterns []float64 }

// finite are the points with a number.
func (d denseResult) finite() (units, patterns []float64) {
	for i, v := range d.patterns {
		if !math.IsInf(v, 1) {
			units, patterns = append(units, d.units[i]), append(patterns, v)
		}
	}
	return units, patterns
}

// denseLine is a line of metrics.jsonl.
type denseLine struct {
	Stage    string  `json:"stage"`
	Units    int     `json:"units"`
	Patterns float64 `json:"patterns"`
	More     bool    `json:"or_more"`
}

// dense measures how many random patterns a rule recalls.
func (j *job) dense(ctx context.Context, t *lab.Task, of rule) (*denseResult, error) {
	out := &denseResult{}
	for _, n := range j.run.Recipe.dims(of) {
		s := random.New(j.seed).Split(fmt.Sprintf("dense %s %d", of, n))
		k, more, err := j.most(ctx, t, of, n, s)
		if err != nil {
			return nil, err
		}
		j.run.Log(j.seed, "dense-"+string(of), denseLine{"units", n, k, more})
		if more {
			k = math.Inf(1)
		}
		out.units, out.patterns = append(out.units, float64(n)), append(out.patterns, k)
		t.Add(1)
	}
	return out, nil
}

// most is the largest number of patterns that n units recall: the number is doubled until
// too few are, and then halved in between, down to the ratio 2^(1/4). more tells that it is
// beyond the recipe's limit.
func (j *job) most(ctx context.Context, t *lab.Task, of rule, n int, s *random.Stream) (patterns float64, more bool, err error) {
	limit := j.run.Recipe.limit(of, n)
	number := func(step int) int { return min(int(math.Round(math.Exp2(float64(step)/fine))), limit) }
	enough := func(step int) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		k := number(step)
		t.Say("%d units, %d patterns", n, k)
		// Of few patterns so many sets that there are enough probes.
		var got []float64
		for set := 0; len(got) < j.run.Recipe.Probes; set++ {
			stream := s.Split(fmt.Sprintf("%d patterns, set %d", k, set))
			more, err := j.recalls(of, j.patterns(of, k, n, stream), stream)
			if err != nil {
				return false, err
			}
			got = append(got, more...)
		}
		return stat.Mean(got, nil) >= denseRecalled, nil
	}
	lo, hi := 0, fine // one pattern is always recalled
	for {
		ok, err := enough(hi)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			break
		}
		if number(hi) == limit {
			return float64(limit), true, nil
		}
		lo, hi = hi, hi+fine
	}
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		ok, err := enough(mid)
		if err != nil {
			return 0, false, err
		}
		if ok {
			lo = mid
		} else {
			hi = mid
		}
	}
	return float64(number(lo)), false, nil
}

// patterns are random: units −1 or 1, or real ones on the sphere of the same radius, √n.
func (j *job) patterns(of rule, k, n int, s *random.Stream) *tensor.Dense {
	if of != softmax {
		return coins(s.Split("patterns"), k, n)
	}
	all := make([]float32, k*n)
	s.Split("patterns").Normal(all)
	for row := all; len(row) > 0; row = row[n:] {
		var square float64
		for _, v := range row[:n] {
			square += float64(v) * float64(v)
		}
		for i := range row[:n] {
			row[i] *= float32(math.Sqrt(float64(n) / square))
		}
	}
	return matrix(all, n)
}

// recalls tells of each probe whether its pattern is recalled from it, 1 or 0. A probe of real ones is
// as far from its pattern, in the mean, as turning units takes one of the others: each turned
// unit adds 4 to the square of the distance.
func (j *job) recalls(of rule, patterns *tensor.Dense, s *random.Stream) ([]float64, error) {
	n, flipped := patterns.Shape()[1], j.run.Recipe.Flipped
	targets := first(patterns, min(patterns.Shape()[0], j.run.Recipe.Probes))
	var start *tensor.Dense
	if of == softmax {
		noise := make([]float32, targets.DataSize())
		s.Split("noise").Normal(noise)
		scale := float32(2 * math.Sqrt(flipped))
		for i, v := range targets.Float32s() {
			noise[i] = v + scale*noise[i]
		}
		start = matrix(noise, n)
	} else {
		start = probes(targets, flipped, s.Split("noise"))
	}
	m, err := j.memory(of, patterns)
	if err != nil {
		return nil, err
	}
	end, err := m.recall(start, s.Split("order"))
	if err != nil {
		return nil, err
	}
	errors, most := wrong(end, targets), 0.0
	if of == softmax {
		errors, most = distances(end, targets), near*math.Sqrt(float64(n))
	}
	for i, v := range errors {
		if errors[i] = 0; v <= most {
			errors[i] = 1
		}
	}
	return errors, nil
}

// distances are those of rows.
func distances(a, b *tensor.Dense) []float64 {
	n := a.Shape()[1]
	out := make([]float64, a.Shape()[0])
	for i, v := range a.Float32s() {
		d := float64(v - b.Float32s()[i])
		out[i/n] += d * d
	}
	for i, v := range out {
		out[i] = math.Sqrt(v)
	}
	return out
}
