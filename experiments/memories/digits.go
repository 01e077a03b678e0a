package main

import (
	"context"
	"fmt"
	"math"

	"capas/experiments/lab"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// rule is how patterns are stored and recalled.
type rule string

const (
	hebbian     rule = "hebbian"
	centered    rule = "centered"
	inverse     rule = "pseudo-inverse"
	polynomial  rule = "polynomial"
	exponential rule = "exponential"
	softmax     rule = "softmax"
	soft        rule = "softmax-soft"
	// perceptron is that of a BAM.
	perceptron rule = "perceptron"
	// control is Hebb's rule for random patterns.
	control rule = "hebbian-random"
)

// words are the rule for people.
func (r rule) words() string {
	return map[rule]string{
		hebbian: "Hebb's rule", centered: "Hebb's rule, centred", inverse: "pseudo-inverse", polynomial: "dense, cubic",
		exponential: "dense, exponential", softmax: "dense, softmax", soft: "dense, softmax, small β", perceptron: "perceptron's rule", control: "Hebb's rule, random patterns",
	}[r]
}

// digitRules are those that store digits, in the order of their colours; those of a weight
// matrix come first.
func digitRules() []rule { return []rule{hebbian, centered, inverse, exponential, softmax, control} }

// pictured are the rules whose recalls are shown as images.
func pictured() []rule { return []rule{hebbian, inverse, softmax, soft} }

// dense tells whether a network keeps the patterns, instead of weights.
func (r rule) dense() bool { return r == polynomial || r == exponential || r == softmax || r == soft }

// recallBound is the share of wrong units up to which a digit counts as recalled.
const recallBound = 0.01

// memory is one of both kinds of networks, with patterns.
type memory struct {
	*job
	hopfield *models.Hopfield
	dense    *models.DenseHopfield
}

// beta is β of all dense networks, but for the one of the pictures that is soft: 1/√n, as in
// transformers.
const beta = 1

func (j *job) memory(r rule, patterns *tensor.Dense) (*memory, error) {
	n := patterns.Shape()[1]
	if r.dense() {
		f := models.PolynomialInteraction(degree)
		switch r {
		case exponential:
			f = models.ExponentialInteraction(beta)
		case softmax:
			f = models.SoftmaxInteraction(beta)
		case soft:
			f = models.SoftmaxInteraction(1 / math.Sqrt(float64(n)))
		}
		d, err := models.NewDenseHopfield("memory", patterns, f)
		return &memory{job: j, dense: d}, err
	}
	h, err := models.NewHopfield("memory", n)
	if err != nil {
		return nil, err
	}
	store := h.StoreHebbian
	switch r {
	case centered:
		store = h.StoreCentered
	case inverse:
		store = h.StorePseudoInverse
	}
	return &memory{job: j, hopfield: h}, store(patterns)
}

// recall runs the memory from probes to its end: units in turn, in drawn orders, or of dense
// networks at once.
func (m *memory) recall(from *tensor.Dense, order *random.Stream) (*tensor.Dense, error) {
	if m.dense == nil {
		return one(m.recalled(inTurn(m.hopfield, order), mostSteps, from))
	}
	return m.inParts(from, max(1, mostOverlaps/m.dense.Patterns()))
}

// mostOverlaps bounds the overlaps of probes and patterns that are computed at a time.
const mostOverlaps = 1 << 25

// inParts recalls all at once, by a dense network, so many probes at a time.
func (m *memory) inParts(from *tensor.Dense, rows int) (*tensor.Dense, error) {
	out, n := from.Clone().(*tensor.Dense), m.dense.Units()
	for at := 0; at < out.Shape()[0]; at += rows {
		part := matrix(out.Float32s()[at*n:min((at+rows)*n, out.DataSize())], n)
		end, err := one(m.recalled(atOnce(m.dense), denseSteps, part))
		if err != nil {
			return nil, err
		}
		copy(part.Float32s(), end.Float32s())
	}
	return out, nil
}

// denseSteps are the updates of a dense network: most recalls take one.
const denseSteps = 10

// model is what is saved.
func (m *memory) model() any {
	if m.dense != nil {
		return m.dense
	}
	return m.hopfield
}

// digitsResult is what one seed's digits showed: by rule and number of stored ones.
type digitsResult struct {
	recalled, wrong map[rule]map[int]float64
	// overlap is the mean |overlap| of two stored digits, and of two random patterns.
	overlap, chance float64
	pictures        map[rule][][]float32
	columns         map[rule]int
}

// digitLine is a line of metrics.jsonl.
type digitLine struct {
	Stage    string  `json:"stage"`
	Stored   int     `json:"stored"`
	Recalled float64 `json:"recalled"`
	Wrong    float64 `json:"wrong"`
}

// mostProbes bounds how many of the stored digits are recalled.
const mostProbes = 200

// digits measures the recall of digits by all rules.
func (j *job) digits(ctx context.Context, t *lab.Task) (*digitsResult, error) {
	r, s := j.run.Recipe, random.New(j.seed).Split("digits")
	most := max(last(r.Digits), last(r.Many), r.Stored)
	all, err := j.images(most)
	if err != nil {
		return nil, err
	}
	out := &digitsResult{recalled: map[rule]map[int]float64{}, wrong: map[rule]map[int]float64{}, pictures: map[rule][][]float32{}, columns: map[rule]int{}}
	pool := coins(s.Split("random"), last(r.Digits), all.Shape()[1])
	k := min(200, last(r.Digits))
	out.overlap, out.chance = meanOverlap(first(all, k)), meanOverlap(first(pool, k))
	for _, rule := range digitRules() {
		out.recalled[rule], out.wrong[rule] = map[int]float64{}, map[int]float64{}
		counts, from := r.Digits, all
		if rule.dense() {
			counts = append(append([]int(nil), r.Digits...), r.Many...)
		} else if rule == control {
			from = pool
		}
		for _, k := range counts {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t.Say("%d patterns, %s", k, rule.words())
			m, err := j.memory(rule, first(from, k))
			if err != nil {
				return nil, err
			}
			targets := first(from, min(k, mostProbes))
			of := s.Split(fmt.Sprintf("%s %d", rule, k))
			end, err := m.recall(probes(targets, r.Flipped, of.Split("noise")), of.Split("order"))
			if err != nil {
				return nil, err
			}
			if rule == softmax {
				signs(end)
			}
			errors := wrong(end, targets)
			out.recalled[rule][k] = share(errors, func(v float64) bool { return v <= recallBound })
			out.wrong[rule][k] = stat.Mean(errors, nil)
			j.run.Log(j.seed, "digits-"+string(rule), digitLine{"recall", k, out.recalled[rule][k], out.wrong[rule][k]})
		}
		t.Add(1)
	}
	for _, rule := range pictured() {
		m, err := j.memory(rule, first(all, r.Stored))
		if err != nil {
			return nil, err
		}
		if err := j.run.SaveModel(fmt.Sprintf("seed-%d-%s", j.seed, rule), m.model()); err != nil {
			return nil, err
		}
		if out.pictures[rule], out.columns[rule], err = m.pictures(first(all, classes), r, s.Split("pictures")); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// signs makes units −1 or 1 of real ones.
func signs(x *tensor.Dense) {
	for i, v := range x.Float32s() {
		x.Float32s()[i] = float32(math.Copysign(1, float64(v)))
	}
}

// meanOverlap is the mean |x_μ·x_ν|/n of different patterns.
func meanOverlap(x *tensor.Dense) float64 {
	k, n := x.Shape()[0], x.Shape()[1]
	v, sum, pairs := x.Float32s(), 0.0, 0
	for a := range k {
		for b := range a {
			var o float32
			for i, e := range v[a*n : (a+1)*n] {
				o += e * v[b*n+i]
			}
			sum += math.Abs(float64(o)) / float64(n)
			pairs++
		}
	}
	return sum / float64(pairs)
}

// parts of the first sweep after which the pictures show the state.
func parts() []float64 { return []float64{0.25, 0.5, 0.75, 1} }

// pictures are the recalls of digits step by step: each a row of the pattern, the probe, the
// states during the first sweep, or after each of as many updates at once, and the end. Every
// other digit's probe has its lower half wiped out instead of turned pixels.
func (m *memory) pictures(digits *tensor.Dense, r Recipe, s *random.Stream) (tiles [][]float32, columns int, err error) {
	n := digits.Shape()[1]
	start := probes(digits, r.Flipped, s.Split("noise"))
	for i := 1; i < digits.Shape()[0]; i += 2 {
		row := start.Float32s()[i*n : (i+1)*n]
		copy(row, digits.Float32s()[i*n:(i+1)*n])
		for p := n / 2; p < n; p++ {
			row[p] = -1
		}
	}
	stages := []*tensor.Dense{digits, start}
	if m.dense != nil {
		now := start
		for range parts() {
			if now, err = one(m.recalled(atOnce(m.dense), 1, now)); err != nil {
				return nil, 0, err
			}
			stages = append(stages, now)
		}
	} else {
		order := s.Split("order")
		during, err := m.during(start, order)
		if err != nil {
			return nil, 0, err
		}
		stages = append(stages, during...)
	}
	end, err := m.recall(last(stages), s.Split("more"))
	if err != nil {
		return nil, 0, err
	}
	stages = append(stages, end)
	for i := range digits.Shape()[0] {
		for _, x := range stages {
			tiles = append(tiles, x.Float32s()[i*n:(i+1)*n])
		}
	}
	return tiles, len(stages), nil
}

// during are the states after parts of a sweep. As every unit has one turn in it, those are
// the new states of the units that had theirs, and the old ones of the others.
func (m *memory) during(start *tensor.Dense, order *random.Stream) ([]*tensor.Dense, error) {
	units, after, err := m.sweep(start, order)
	if err != nil {
		return nil, err
	}
	n := start.Shape()[1]
	var out []*tensor.Dense
	for _, part := range parts() {
		now := start.Clone().(*tensor.Dense)
		for _, i := range units[:int(part*float64(n))] {
			for at := i; at < now.DataSize(); at += n {
				now.Float32s()[at] = after.Float32s()[at]
			}
		}
		out = append(out, now)
	}
	return out, nil
}
