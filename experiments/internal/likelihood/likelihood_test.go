package likelihood_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"capas/datasets"
	"capas/experiments/internal/likelihood"
	"capas/experiments/lab"

	"gorgonia.org/tensor"
)

func estimate(perImage, logZ, low, high float64) likelihood.Estimate {
	return likelihood.Estimate{PerImage: perImage, LogZ: logZ, Low: low, High: high}
}

// The claim takes a difference of more than the two errors, of which that of the second machine
// counts as 5 nats at most, for every seed.
func TestAbove(t *testing.T) {
	a := likelihood.Estimate{PerImage: -100, LogZ: 50, Low: 40, High: 51}
	inf, nan := math.Inf(-1), math.NaN()
	for _, x := range []struct {
		name  string
		b     []likelihood.Estimate
		holds bool
		says  []string
	}{
		{"by more than the errors", []likelihood.Estimate{estimate(-103.1, 20, 18, 21), estimate(-103.1, 20, 18, 21)}, true, []string{"(2 of 2), by", "(2 of 2)", "3.1 (3)"}},
		{"for one seed by less", []likelihood.Estimate{estimate(-103.1, 20, 18, 21), estimate(-102.9, 20, 18, 21)}, false, []string{"(2 of 2), by", "(1 of 2)", "2.9 (3)"}},
		{"an interval without a lower end", []likelihood.Estimate{estimate(-106.1, 20, inf, 21), estimate(-105.9, 20, inf, 21)}, false, []string{"(1 of 2)", "6.1 (6), 5.9 (6)"}},
		{"an error of more than 5 nats", []likelihood.Estimate{estimate(-106.1, 20, inf, 21), estimate(-106.1, 20, -80, 21)}, true, []string{"6.1 (6), 6.1 (6)"}},
		{"below", []likelihood.Estimate{estimate(-90, 20, 19, 21), estimate(-100, 20, 19, 21)}, false, []string{"(0 of 2), by"}},
		{"no number", []likelihood.Estimate{estimate(-110, 20, nan, nan), estimate(nan, nan, nan, nan)}, false, []string{"(1 of 2), by", "(0 of 2)"}},
		{"no seeds", nil, false, []string{"(0 of 0)"}},
	} {
		c := likelihood.Above(lab.Claim{Section: "2.3", Claim: "a is better"}, "likelihood (nats)", likelihood.Machine{Name: "A", Seeds: slices.Repeat([]likelihood.Estimate{a}, len(x.b))}, likelihood.Machine{Name: "B", Seeds: x.b})
		if c.Holds != x.holds || c.Section != "2.3" || c.Claim != "a is better" {
			t.Errorf("%s: got %+v", x.name, c)
		}
		for _, s := range x.says {
			if !strings.Contains(c.Rule+c.Measured, s) {
				t.Errorf("%s: no %q in %s; %s", x.name, s, c.Measured, c.Rule)
			}
		}
	}
}

func TestInterval(t *testing.T) {
	for want, e := range map[string]likelihood.Estimate{"1.00 to 2.50": {Low: 1, High: 2.5}, "up to 2.50": {Low: math.Inf(-1), High: 2.5}} {
		if got := e.Interval(); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

// Binary images are images of 0 and 1, as often 1 as the intensities say, and the same at
// each call; a set has no more than it has.
func TestBinary(t *testing.T) {
	const images, dim = 400, 100
	x, labels := make([]float32, images*dim), make([]uint8, images)
	for i := range x {
		x[i] = float32(i%5) / 4
	}
	set, err := datasets.NewSet("grey", tensor.New(tensor.WithShape(images, dim), tensor.WithBacking(x)), labels, 1, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	for count, want := range map[int]int{0: images, 300: 300, 1000: images} {
		got, err := likelihood.Binary(set, count)
		if err != nil || got.Len() != want {
			t.Fatalf("%d of %d images: got %v, %v", count, images, got, err)
		}
		var on [5]float64
		for i, v := range got.X.Float32s() {
			if v != 0 && v != 1 {
				t.Fatalf("pixel %d is %g", i, v)
			}
			on[i%5] += float64(v) / float64(want*dim/5)
		}
		for k, rate := range on {
			p := float64(k) / 4
			if math.Abs(rate-p) > 5*math.Sqrt(p*(1-p)/float64(want*dim/5))+1e-9 {
				t.Errorf("%d images: pixels of intensity %g are on at a rate of %g", want, p, rate)
			}
		}
		again, err := likelihood.Binary(set, count)
		if err != nil || !slices.Equal(again.X.Float32s(), got.X.Float32s()) {
			t.Errorf("other images at the second call: %v", err)
		}
	}
	if x[1] != 0.25 {
		t.Error("the set itself was changed")
	}
}
