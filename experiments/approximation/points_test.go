package main

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// The grid of two variables is an image: x to the right, y upwards.
func TestSquare(t *testing.T) {
	if got, want := square(line(-1, 1, 2)), (points{{-1, 1}, {1, 1}, {-1, -1}, {1, -1}}); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
	learned, inside, outside := grids(lookup(t, "step"), Recipe{Points: 9})
	if len(learned) != 9 || learned[0][0] != -1 || learned[8][0] != 1 || inside[0][0] <= -1 || inside[len(inside)-1][0] >= 1 {
		t.Errorf("learned %v, inside from %v to %v", learned, inside[0], inside[len(inside)-1])
	}
	for _, x := range outside {
		if math.Abs(x[0]) <= 1 || math.Abs(x[0]) >= 2 {
			t.Errorf("outside: %v", x)
		}
	}
}

// Samples have the noise that they should, places within the range, and are others for
// another seed or purpose.
func TestSample(t *testing.T) {
	f, r := lookup(t, "chirp"), Recipe{NoisyPoints: 1000, Noise: 0.5}
	p, y := sample(f, r, "training", 1)
	var noise, x []float64
	for i := range p {
		noise, x = append(noise, y[i]-f.of(p[i])), append(x, p[i][0])
	}
	if sd := stat.StdDev(noise, nil); math.Abs(sd-0.5) > 0.05 || math.Abs(stat.Mean(noise, nil)) > 0.06 {
		t.Errorf("noise of mean %g and deviation %g, want 0 and 0.5", stat.Mean(noise, nil), sd)
	}
	if low, high, sd := slices.Min(x), slices.Max(x), stat.StdDev(x, nil); low < -1 || high >= 1 || math.Abs(sd-math.Sqrt(1./3)) > 0.03 {
		t.Errorf("places from %g to %g, deviation %g, want uniform ones on [−1,1)", low, high, sd)
	}
	for _, other := range []points{first(sample(f, r, "validation", 1)), first(sample(f, r, "training", 2))} {
		if other[0][0] == x[0] {
			t.Error("two samples have the same places")
		}
	}
}

func first(p points, _ []float64) points { return p }
