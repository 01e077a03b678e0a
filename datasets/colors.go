package datasets

import "math"

// colorFamily is digits in a colour on a ground of another, both of any hue in validation and test, and of trainingHues
// in training: what is learned has to hold for colours that were never seen. It is ours.
func colorFamily() family {
	f := digitsFamily("mnist-color", func(x, digit []float32, height, width int, r *draws) {
		colored(x, digit, r.Float64(), r.Float64())
	})
	f.train = func(x, digit []float32, height, width int, r *draws) {
		hue := func() float64 { return float64(r.IntN(trainingHues)) / trainingHues }
		colored(x, digit, hue(), hue())
	}
	f.channels = 3
	return f
}

// trainingHues is the number of hues in the training set: red, green and blue.
const trainingHues = 3

// colored draws a digit in three planes: a pixel of intensity p is p parts of the ink's colour and 1−p of the ground's. Ink
// is bright and pale, the hue's pure colour mixed with as much white; ground is half as bright and pure. So no channel of
// the ink is darker than the ground's.
func colored(x, digit []float32, ink, ground float64) {
	pure, base := hueColor(ink), hueColor(ground)
	for c := range pure {
		light, dark := (pure[c]+1)/2, base[c]/2
		plane := x[c*len(digit) : (c+1)*len(digit)]
		for i, p := range digit {
			plane[i] = p*light + (1-p)*dark
		}
	}
}

// hueColor is red, green and blue of a hue in turns of the colour circle, [0, 1), at full saturation and brightness.
func hueColor(hue float64) (rgb [3]float32) {
	for c := range rgb {
		// The distance on the circle to the channel's own hue, in sixths: up to 1 it is full, from 2 on it is out.
		d := math.Abs(6*hue - 2*float64(c))
		d = min(d, 6-d)
		rgb[c] = float32(min(max(2-d, 0), 1))
	}
	return rgb
}
