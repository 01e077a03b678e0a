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

// drawing are images of classes that the network was asked for, class by class, by where the
// chains began.
type drawing struct {
	// along are the images of all chains, by number of steps.
	along map[string][]*tensor.Dense
	// classes that were asked for.
	classes []uint8
	// agreement is the fraction that the fine-tuned classifier takes for that class, by number
	// of steps.
	agreement map[string][]float64
}

// Where chains begin: at noise, or at images of the class.
const (
	fromNoise  = "from noise"
	fromImages = "from images"
)

func starts() []string { return []string{fromNoise, fromImages} }

// last is the fraction after all steps.
func (d *drawing) last(start string) float64 { return d.agreement[start][len(d.agreement[start])-1] }

// noise is n rows of fair coin flips.
func noise(n, dim int, s *random.Stream) *tensor.Dense {
	x := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(n, dim))
	s.Mask(x.Float32s(), 0.5, 1)
	return x
}

// ofClasses are images of a set with the given classes, each class's by turns.
func ofClasses(set *datasets.Set, classes []uint8) (*tensor.Dense, error) {
	byClass := make([][]int, set.Classes)
	for i, y := range set.Labels {
		byClass[y] = append(byClass[y], i)
	}
	dim := set.Dim()
	x, taken := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(len(classes), dim)), make([]int, set.Classes)
	for i, y := range classes {
		if len(byClass[y]) == 0 {
			return nil, fmt.Errorf("%s: has no image of class %d", set.Name, y)
		}
		from := byClass[y][taken[y]%len(byClass[y])]
		taken[y]++
		copy(x.Float32s()[i*dim:(i+1)*dim], set.X.Float32s()[from*dim:(from+1)*dim])
	}
	return x, nil
}

// shown are the images that chains may begin at: validation images, if there are any.
func (j *job) shown() *datasets.Set {
	if j.data.Validation == nil {
		return j.data.Train
	}
	return j.data.Validation
}

// drawImages asks for every class.
func (j *job) drawImages(ctx context.Context, view string) error {
	d := &drawing{along: map[string][]*tensor.Dense{}, agreement: map[string][]float64{}}
	var labels []int
	for y := range j.data.Train.Classes {
		for range j.Recipe.Draw.Chains {
			labels, d.classes = append(labels, y), append(d.classes, uint8(y))
		}
	}
	for _, start := range starts() {
		s := random.New(j.seed).Split("drawing " + view + " " + start)
		x := noise(len(labels), j.data.Train.Dim(), s)
		if start == fromImages {
			var err error
			if x, err = ofClasses(j.shown(), d.classes); err != nil {
				return err
			}
		}
		chains, err := j.dbn.Chains(x, labels, s)
		if err != nil {
			return err
		}
		done := 0
		for _, steps := range j.Recipe.Draw.Steps {
			for ; done < steps-1; done++ { // the look at the images is one more
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := chains.Run(1); err != nil {
					return err
				}
			}
			images, _, err := chains.Images()
			if err != nil {
				return err
			}
			d.along[start] = append(d.along[start], images)
		}
	}
	j.out.drawn[view] = d
	return nil
}

// judge lets the classifier look at what was drawn.
func (j *job) judge(view string) error {
	d, test, e := j.out.drawn[view], j.data.Test, train.NewEvaluator(j.net)
	for _, start := range starts() {
		for _, x := range d.along[start] {
			set, err := datasets.NewSet("drawn", x, d.classes, test.Classes, test.Height, test.Width)
			if err != nil {
				return fmt.Errorf("drawings: %w", err)
			}
			values, err := e.Run(set)
			if err != nil {
				return fmt.Errorf("drawings: %w", err)
			}
			d.agreement[start] = append(d.agreement[start], 1-trial.Value(values, "error"))
		}
	}
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
func mindSteps() []int { return []int{1, 2, 4, 10, 30, 100} }

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
		if err := chains.Run(steps - 1 - done); err != nil { // the look at the images is one more
			return err
		}
		done = steps - 1
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
