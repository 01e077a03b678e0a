package main

import (
	"context"
	"fmt"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// drawing are images of classes that the network was asked for, class by class.
type drawing struct {
	along  []*tensor.Dense // images of all chains, by number of steps
	images *datasets.Set   // at the end, with the class that was asked for
	// agreement is the fraction that the fine-tuned classifier takes for that class.
	agreement float64
}

// noise is n rows of fair coin flips.
func noise(n, dim int, s *random.Stream) *tensor.Dense {
	x := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(n, dim))
	s.Mask(x.Float32s(), 0.5, 1)
	return x
}

// drawImages asks for every class.
func (j *job) drawImages(ctx context.Context, view string) error {
	p, classes, dim := j.Recipe.Draw, j.data.Train.Classes, j.data.Train.Dim()
	var labels []int
	var bytes []uint8
	for y := range classes {
		for range p.Chains {
			labels, bytes = append(labels, y), append(bytes, uint8(y))
		}
	}
	s := random.New(j.seed).Split("drawing " + view)
	chains, err := j.dbn.Chains(noise(len(labels), dim, s), labels, s)
	if err != nil {
		return err
	}
	d, done := &drawing{}, 0
	var x *tensor.Dense
	for _, steps := range p.Steps {
		for ; done < steps; done++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := chains.Run(1); err != nil {
				return err
			}
		}
		if x, _, err = chains.Images(); err != nil {
			return err
		}
		d.along = append(d.along, x)
	}
	test := j.data.Test
	if d.images, err = datasets.NewSet("drawn", x, bytes, classes, test.Height, test.Width); err != nil {
		return err
	}
	j.out.drawn[view] = d
	return nil
}

// judge lets the classifier look at what was drawn.
func (j *job) judge(view string) error {
	d := j.out.drawn[view]
	values, err := train.NewEvaluator(j.net).Run(d.images)
	if err != nil {
		return fmt.Errorf("drawings: %w", err)
	}
	d.agreement = 1 - trial.Value(values, "error")
	return nil
}

// mind is what comes to the network's mind at images that it looks at.
type mind struct {
	images *tensor.Dense
	steps  []int
	along  []*tensor.Dense
	labels [][]int // most probable class, by number of steps and image
}

// mindSteps are the numbers of free Gibbs steps from an image.
func mindSteps() []int { return []int{0, 1, 3, 10, 30, 100} }

// look shows the network a test image of each class and lets it dream on from there.
func (j *job) look() error {
	set, err := j.data.Test.Sample(j.data.Test.Classes, random.New(j.seed).Split("looked at"))
	if err != nil {
		return err
	}
	chains, err := j.dbn.Chains(set.X, nil, random.New(j.seed).Split("mind"))
	if err != nil {
		return err
	}
	m, done := &mind{images: set.X, steps: mindSteps()}, 0
	for _, steps := range m.steps {
		if err := chains.Run(steps - done); err != nil {
			return err
		}
		done = steps
		x, t, err := chains.Images()
		if err != nil {
			return err
		}
		m.along, m.labels = append(m.along, x), append(m.labels, largest(t))
	}
	j.out.mind = m
	return nil
}

// largest is the column of the largest element of each row.
func largest(t *tensor.Dense) (out []int) {
	n, e := t.Shape()[1], t.Float32s()
	for i := 0; i < len(e); i += n {
		at := 0
		for k, v := range e[i : i+n] {
			if v > e[i+at] {
				at = k
			}
		}
		out = append(out, at)
	}
	return out
}

// row is a copy of a row of images.
func row(x *tensor.Dense, i int) []float32 {
	n := x.Shape()[1]
	return append([]float32(nil), x.Float32s()[i*n:(i+1)*n]...)
}
