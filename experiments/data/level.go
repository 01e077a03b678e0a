package main

import (
	"fmt"
	"math"
)

// level is the number of labels at which an error falls to a given one.
type level struct {
	labels float64
	// atMost tells that the error is as small with the fewest labels, moreThan that it is
	// larger with the most; labels are these then.
	atMost, moreThan bool
}

// levelOf finds the number of labels with which errors, given for the rising numbers in
// labels, first come down to target: on straight lines between logarithms, as errors
// that fall with a power of the number of labels would do.
func levelOf(labels []int, errors []float64, target float64) level {
	for i, e := range errors {
		switch n := float64(labels[i]); {
		case !(e <= target):
			continue
		case i == 0:
			return level{labels: n, atMost: true}
		case e <= 0 || target <= 0: // no logarithm
			return level{labels: n}
		default:
			before, from := errors[i-1], math.Log(float64(labels[i-1]))
			share := math.Log(before/target) / math.Log(before/e)
			return level{labels: math.Exp(from + share*(math.Log(n)-from))}
		}
	}
	return level{labels: float64(labels[len(labels)-1]), moreThan: true}
}

// times says how many times as many labels as n these are.
func (l level) times(n int) string {
	text := fmt.Sprintf("%.2g", l.labels/float64(n))
	if ratio := l.labels / float64(n); ratio >= 10 {
		text = fmt.Sprintf("%.0f", ratio)
	}
	switch {
	case l.atMost:
		return "≤ " + text
	case l.moreThan:
		return "> " + text
	}
	return text
}
