package main

import (
	"context"
	"fmt"
	"slices"

	"capas/autodiff"
	"capas/experiments/lab"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// pairRules store pairs of digits and codes, the last one of random patterns and codes.
func pairRules() []rule { return []rule{hebbian, centered, perceptron, control} }

// The perceptron's rule: its margin, in fields of a single pair, and how often it changes the
// weights at most.
const (
	margin      = 1
	mostChanges = 1000
)

// pairsResult is what one seed's pairs of digits and codes showed.
type pairsResult struct {
	// recalled is the share of pairs, by rule and number of pairs with a code each, of which
	// both layers are recalled from a probe of the image.
	recalled map[rule]map[int]float64
	// Of one digit a class with the code of its label: the shares of codes recalled from the
	// probes, of images recalled from the codes.
	codes, images map[rule]float64
	// steps and rises are half-steps of these recalls, and those in which the energy rose.
	steps, rises int
	// labelled is the share of test images whose label's code is recalled, by Hebb's rules, of a
	// memory of as many digits as are stored at most, with the codes of their labels.
	labelled map[rule]float64
	forward  map[rule][][]float32
	backward map[rule][][]float32
}

// classes of digits.
const classes = 10

// testImages are how many images of the test set are given a label.
const testImages = 1000

// pairs measures the recall of digits and codes by BAMs.
func (j *job) pairs(ctx context.Context, t *lab.Task) (*pairsResult, error) {
	r, s := j.run.Recipe, random.New(j.seed).Split("pairs")
	most := max(last(r.Pairs), last(r.Many), classes)
	images, err := j.images(most)
	if err != nil {
		return nil, err
	}
	n := images.Shape()[1]
	codes := coins(s.Split("codes"), last(r.Pairs), r.Code)
	pool := coins(s.Split("random"), last(r.Pairs), n)
	out := &pairsResult{
		recalled: map[rule]map[int]float64{}, codes: map[rule]float64{}, images: map[rule]float64{}, labelled: map[rule]float64{},
		forward: map[rule][][]float32{}, backward: map[rule][][]float32{},
	}
	for _, rule := range pairRules() {
		out.recalled[rule] = map[int]float64{}
		from := images
		if rule == control {
			from = pool
		}
		for _, k := range r.Pairs {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t.Say("%d pairs, %s", k, rule.words())
			b, err := newBAM(rule, first(from, k), first(codes, k), j.run.Compiler)
			if err != nil {
				return nil, err
			}
			start := probes(first(from, k), r.Flipped, s.Split(fmt.Sprintf("noise %s %d", rule, k)))
			errors, err := j.wrongPairs(b, start, first(from, k), first(codes, k))
			if err != nil {
				return nil, err
			}
			out.recalled[rule][k] = share(errors, func(v float64) bool { return v <= recallBound })
			j.run.Log(j.seed, "pairs-digits-"+string(rule), digitLine{"pairs", k, out.recalled[rule][k], stat.Mean(errors, nil)})
		}
		if rule != control {
			if err := j.labels(out, rule, images, s); err != nil {
				return nil, err
			}
		}
		t.Add(1)
	}
	return out, nil
}

func newBAM(r rule, v, h *tensor.Dense, compiler autodiff.Compiler) (*models.BAM, error) {
	b, err := models.NewBAM("bam", v.Shape()[1], h.Shape()[1])
	if err != nil {
		return nil, err
	}
	switch r {
	case centered:
		return b, b.StoreCentered(v, h)
	case perceptron:
		_, _, err := b.StorePerceptron(v, h, margin, mostChanges, compiler)
		return b, err
	}
	return b, b.StoreHebbian(v, h)
}

// labels measures a memory of one digit a class, with the code of its label, in both
// directions, and one of many digits that gives test images a label.
func (j *job) labels(out *pairsResult, rule rule, images *tensor.Dense, s *random.Stream) error {
	r := j.run.Recipe
	digits, codes := first(images, classes), coins(s.Split("labels"), classes, r.Code)
	b, err := newBAM(rule, digits, codes, j.run.Compiler)
	if err != nil {
		return err
	}
	if err := j.run.SaveModel(fmt.Sprintf("seed-%d-bam-%s", j.seed, rule), b); err != nil {
		return err
	}
	exact := func(states, want *tensor.Dense) float64 {
		return share(wrong(states, want), func(v float64) bool { return v <= recallBound })
	}
	start := probes(digits, r.Flipped, s.Split("label noise"))
	up, err := j.follow(out, b, digits, start, true)
	if err != nil {
		return err
	}
	out.forward[rule] = up.tiles
	out.codes[rule] = exact(up.h, codes)
	down, err := j.follow(out, b, digits, codes, false)
	if err != nil {
		return err
	}
	out.backward[rule] = down.tiles
	out.images[rule] = exact(down.v, digits)
	if rule != perceptron { // many digits of one code cannot be stored, and take as many changes as there may be
		out.labelled[rule], err = j.labelled(rule, images, codes)
	}
	return err
}

// followed is the end of a recall of both layers, and the images on the way: of each row the
// stored one, the probe if it is one, and those after each step that is shown.
type followed struct {
	v, h  *tensor.Dense
	tiles [][]float32
}

// shownSteps are those of a recall in pictures, after which its end is shown.
const shownSteps = 2

// follow recalls pairs step by step in float64, and counts the half-steps in which the energy
// rises.
func (j *job) follow(out *pairsResult, b *models.BAM, digits, start *tensor.Dense, up bool) (*followed, error) {
	wideBAM := &models.BAM{W: wideParam(b.W), B: wideParam(b.B), C: wideParam(b.C)}
	begin := wideBAM.RecallUp
	if !up {
		begin = wideBAM.RecallDown
	}
	run, err := begin(wide(start))
	if err != nil {
		return nil, err
	}
	defer run.Close()
	energy := func(v, h *tensor.Dense) ([]float64, error) {
		return evaluate(func(s G.Nodes) (*G.Node, error) { return wideBAM.Energy(s[0], s[1]) }, v, h)
	}
	stages := []*tensor.Dense{digits}
	if up {
		stages = append(stages, start)
	}
	var before []float64
	for step := range mostSteps {
		was := []*tensor.Dense{run.States[0].Clone().(*tensor.Dense), run.States[1].Clone().(*tensor.Dense)}
		change, err := run.Step()
		if err != nil {
			return nil, err
		}
		// Half of the step: the layer that is updated first is new, the other old.
		middle := []*tensor.Dense{was[0], run.States[1]}
		if !up {
			middle = []*tensor.Dense{run.States[0], was[1]}
		}
		half, err := energy(middle[0], middle[1])
		if err != nil {
			return nil, err
		}
		whole, err := energy(run.States[0], run.States[1])
		if err != nil {
			return nil, err
		}
		for i := range whole {
			if step > 0 { // before the first step one layer has no state
				out.steps++
				if half[i] > before[i]+rounding {
					out.rises++
				}
			}
			out.steps++
			if whole[i] > half[i]+rounding {
				out.rises++
			}
		}
		before = whole
		if step < shownSteps {
			stages = append(stages, narrow(run.States[0]))
		}
		if slices.Max(change) == 0 && step >= shownSteps {
			break
		}
	}
	f := &followed{v: narrow(run.States[0]), h: narrow(run.States[1])}
	n := digits.Shape()[1]
	for i := range digits.Shape()[0] {
		for _, x := range append(stages, f.v) {
			f.tiles = append(f.tiles, x.Float32s()[i*n:(i+1)*n])
		}
	}
	return f, nil
}

// narrow is a state in float32.
func narrow(x *tensor.Dense) *tensor.Dense {
	out := make([]float32, x.DataSize())
	for i, v := range x.Float64s() {
		out[i] = float32(v)
	}
	return matrix(out, x.Shape()[1])
}

// labelled is the share of test images of which a memory of many digits, with the codes of
// their labels, recalls a code that is nearest to that of the label.
func (j *job) labelled(rule rule, images, codes *tensor.Dense) (float64, error) {
	k, size := images.Shape()[0], codes.Shape()[1]
	hs := make([]float32, 0, k*size)
	for _, l := range j.sets[j.seed].Labels[:k] {
		hs = append(hs, codes.Float32s()[int(l)*size:(int(l)+1)*size]...)
	}
	b, err := newBAM(rule, images, matrix(hs, size), j.run.Compiler)
	if err != nil {
		return 0, err
	}
	test, err := j.data.Test.Take(min(testImages, j.data.Test.Len()))
	if err != nil {
		return 0, err
	}
	run, err := b.RecallUp(binarised(test.X))
	if err != nil {
		return 0, err
	}
	defer run.Close()
	if _, err := run.Step(); err != nil {
		return 0, err
	}
	right := 0
	for i, l := range test.Labels {
		best, most := -1, float32(0)
		for c := range classes {
			var o float32
			for q, v := range run.States[1].Float32s()[i*size : (i+1)*size] {
				o += v * codes.Float32s()[c*size+q]
			}
			if best < 0 || o > most {
				best, most = c, o
			}
		}
		if best == int(l) {
			right++
		}
	}
	return float64(right) / float64(test.Len()), nil
}
