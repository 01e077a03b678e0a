package models_test

import (
	"math"
	"testing"

	"capas/models"

	"gorgonia.org/tensor"
)

// The images of chains have the means that enumeration gives: with labels held those of
// p(v|t), without those of p(v), and the labels those of p(t).
func TestChainMeans(t *testing.T) {
	const m, steps, classes = 10_000, 40, 2
	d := newLabelDBN(t, []int{4, 3, 2}, classes, 1.5, true, false)
	_, down := beliefLayers(d)
	joint, _ := labelReference(d.Top).joint()
	prior, byClass := make([]float64, classes), make([][]float64, classes)
	total := make([]float64, 4)
	for y, row := range joint {
		byClass[y] = make([]float64, 4)
		for s, p := range row {
			prior[y] += p
			for i, v := range down[0].down(states(3)[s]) {
				byClass[y][i] += p * v
				total[i] += p * v
			}
		}
		for i := range byClass[y] {
			byClass[y][i] /= prior[y]
		}
	}
	start := matrix(tensor.Float32, coins(stream("start"), m, 4))
	draw := func(labels []int) (v, l [][]float64) {
		chains := must[*models.LabelChains](t)(d.Chains(start, labels, stream("chains")))
		if err := chains.Run(steps); err != nil {
			t.Fatal(err)
		}
		images, classesOut, err := chains.Images()
		if err != nil {
			t.Fatal(err)
		}
		return split(elements(images), 4), split(elements(classesOut), classes)
	}
	v, l := draw(nil)
	meansAgree(t, "visible unit", total, means(v), m)
	meansAgree(t, "label", prior, means(l), m)
	labels := make([]int, m)
	for i := range labels {
		labels[i] = i * classes / m
	}
	v, l = draw(labels)
	for y := range classes {
		half := v[y*m/classes : (y+1)*m/classes]
		meansAgree(t, "visible unit of a class", byClass[y], means(half), m/classes)
		near(t, "label held", oneHot(classes, y)[0], means(l[y*m/classes:(y+1)*m/classes]), 1e-9)
	}
	if math.Abs(byClass[0][0]-byClass[1][0]) < 0.02 && math.Abs(byClass[0][1]-byClass[1][1]) < 0.02 {
		t.Errorf("the classes hardly differ, the test shows little: %v", byClass)
	}
}

// A look at the images does not move the chains, nor change what they draw afterwards, so that
// it does not matter when it was; and equal streams give equal images.
func TestChainsRepeat(t *testing.T) {
	d := newLabelDBN(t, []int{4, 3, 2}, 3, 6, false, false) // whose draws depend on the state
	start := matrix(tensor.Float32, coins(stream("start"), 20, 4))
	last := func(stops ...int) []float64 { // the images after these numbers of steps, of which all are looked at
		chains := must[*models.LabelChains](t)(d.Chains(start, nil, stream("chains")))
		var images *tensor.Dense
		done := 0
		for _, steps := range stops {
			if err := chains.Run(steps - done); err != nil {
				t.Fatal(err)
			}
			done = steps
			var err error
			if images, _, err = chains.Images(); err != nil {
				t.Fatal(err)
			}
		}
		return elements(images)
	}
	near(t, "again", last(0, 7), last(0, 7), 0)
	near(t, "looked at later", last(0, 7), last(3, 7), 0)
	near(t, "looked at last", last(0, 7), last(7, 7), 0)
	if equal(last(0, 7), last(0, 8)) {
		t.Error("another step gave the same images")
	}
	if equal(last(7), last(7, 7)) {
		t.Error("another look gave the same images")
	}
}

func TestChainsErrors(t *testing.T) {
	d := newLabelDBN(t, []int{4, 3, 2}, 2, 1, false, false)
	start := matrix(tensor.Float32, coins(stream("start"), 2, 4))
	_, err := d.Chains(start, nil, nil)
	refused(t, "no stream", err, "stream")
	_, err = d.Chains(nil, nil, stream("s"))
	refused(t, "no start", err, "4 visible units")
	_, err = d.Chains(matrix(tensor.Float32, coins(stream("start"), 2, 3)), nil, stream("s"))
	refused(t, "narrow start", err, "4 visible units")
	_, err = d.Chains(matrix(tensor.Float64, coins(stream("start"), 2, 4)), nil, stream("s"))
	refused(t, "dtype", err, "float32")
	_, err = d.Chains(start, []int{1}, stream("s"))
	refused(t, "labels", err, "each of 2 rows, got 1")
	_, err = d.Chains(start, []int{1, 2}, stream("s"))
	refused(t, "class", err, "0 to 1, got 2 in row 1")
	chains := must[*models.LabelChains](t)(d.Chains(start, []int{1, 0}, stream("s")))
	refused(t, "steps", chains.Run(-1), "got -1")
}
