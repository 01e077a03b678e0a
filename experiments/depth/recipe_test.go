package main

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"capas/random"

	"github.com/google/go-cmp/cmp"
)

// The width is the one of all whose number of parameters is nearest, and the networks
// have that number.
func TestWidth(t *testing.T) {
	set, err := parity.set(4)
	if err != nil {
		t.Fatal(err)
	}
	for _, depth := range []int{1, 2, 3, 5} {
		for _, wanted := range []int{100, 1000, 4321} {
			net, err := spec{set: "x", depth: depth, seed: 1}.network(wanted, set)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, p := range net.Params() {
				n += p.Value.Shape().TotalSize()
			}
			w := widest(net)
			if got := parameters(4, depth, w, 2); got != n {
				t.Errorf("depth %d, width %d: %d parameters, want %d", depth, w, got, n)
			}
			for other := 1; other < 2000; other++ {
				if m := parameters(4, depth, other, 2); math.Abs(float64(m-wanted)) < math.Abs(float64(n-wanted)) {
					t.Errorf("depth %d: width %d has %d parameters, %d of width %d are nearer to %d", depth, w, n, m, other, wanted)
				}
			}
		}
	}
}

// In the presets that are for people the numbers of parameters are equal but for a half
// of what one unit more in every layer would add, 1.5 % at most.
func TestEqualParameters(t *testing.T) {
	for _, preset := range []string{"lecture", "paper"} {
		r := presets()[preset]
		for _, classes := range []int{2, 10} {
			for _, depth := range r.Depths {
				n := parameters(784, depth, widthFor(r.Parameters, 784, depth, classes), classes)
				if off := float64(n)/float64(r.Parameters) - 1; math.Abs(off) > 0.015 {
					t.Errorf("%s: %d classes, depth %d: %d parameters, %.1f %% off", preset, classes, depth, n, 100*off)
				}
			}
		}
	}
}

// The examples of both functions, by bits.OnesCount and by a count of the changes of
// class: the tent map crosses ½ once on each of its 2ⁿ pieces.
func TestSets(t *testing.T) {
	for n := 2; n <= maxBits; n++ {
		set, err := parity.set(n)
		if err != nil {
			t.Fatal(err)
		}
		if set.Len() != 1<<n || set.Dim() != n {
			t.Fatalf("%d bits: %d examples of %d", n, set.Len(), set.Dim())
		}
		seen := map[uint]bool{}
		for i, label := range set.Labels {
			var s uint
			for _, v := range set.X.Float32s()[i*n : (i+1)*n] {
				if s <<= 1; v == 1 {
					s |= 1
				} else if v != -1 {
					t.Fatalf("%d bits: %g", n, v)
				}
			}
			seen[s] = true
			if want := uint8(bits.OnesCount(s) & 1); label != want {
				t.Fatalf("%d bits: parity of %b is %d", n, s, label)
			}
		}
		if len(seen) != 1<<n {
			t.Errorf("%d bits: %d different strings", n, len(seen))
		}
	}
	for n := 1; n <= maxLevels; n++ {
		set, err := tent.set(n)
		if err != nil {
			t.Fatal(err)
		}
		changes := 0
		for i := range set.Labels[1:] {
			if set.Labels[i] != set.Labels[i+1] {
				changes++
			}
		}
		x := set.X.Float32s()
		if changes != 1<<n || set.Labels[0] != 0 || x[0] != -x[len(x)-1] || !slices.IsSorted(x) || x[0] < -1 {
			t.Errorf("tent %d: %d changes of class from %d at %g, want %d from 0", n, changes, set.Labels[0], x[0], 1<<n)
		}
		if counts := set.ClassCounts(); counts[0] != counts[1] {
			t.Errorf("tent %d: classes %v, want as many of each", n, counts)
		}
	}
}

// An epoch has every example as often as every other, and about stepsPerEpoch batches.
func TestRepeated(t *testing.T) {
	set, err := parity.set(5)
	if err != nil {
		t.Fatal(err)
	}
	many, err := repeated(set, 33)
	if err != nil {
		t.Fatal(err)
	}
	if n := many.Len(); n < 33*stepsPerEpoch || n >= 33*stepsPerEpoch+32 || n%32 != 0 {
		t.Errorf("%d examples", n)
	}
	for i := range many.Len() {
		if diff := cmp.Diff(set.X.Float32s()[i%32*5:i%32*5+5], many.X.Float32s()[i*5:i*5+5]); diff != "" || many.Labels[i] != set.Labels[i%32] {
			t.Fatalf("example %d: %s", i, diff)
		}
	}
}

// Every unit of a learner's first layer bends at a distance of at most 1 from the middle,
// and they bend at different places.
func TestFirstBends(t *testing.T) {
	net, err := newLearner(parity, 3, 2, 50, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	w, b := net.Layers[0].W.Value.Float32s(), net.Layers[0].B.Value.Float32s()
	var near, far int
	for j := range b {
		norm := math.Sqrt(float64(w[j]*w[j] + w[50+j]*w[50+j] + w[100+j]*w[100+j]))
		switch d := math.Abs(float64(b[j])) / norm; {
		case d > 1.0001:
			t.Errorf("unit %d bends at a distance of %g", j, d)
		case d < 0.5:
			near++
		default:
			far++
		}
	}
	if near < 10 || far < 10 { // of 50, each with probability ½
		t.Errorf("%d units bend nearer than ½, %d farther", near, far)
	}
}

// A width that doubles each step, one that stays, and one that is beyond the largest.
func TestGrowth(t *testing.T) {
	got := growth([]float64{2, 4, 4}, []float64{16, 4, math.Inf(1)}, 3, 128)
	want := []float64{2, 1, 4}
	for i, g := range got {
		if math.Abs(g-want[i]) > 1e-12 {
			t.Errorf("seed %d: %g, want %g", i, g, want[i])
		}
	}
}

// The noise of the difference of two test errors: differences of binomial counts
// are within it 95 times of 100.
func TestNoise(t *testing.T) {
	const p, n, trials = 0.08, 1000, 4000
	r := random.New(1).Rand()
	limit, within := noiseOf(p, n), 0
	for range trials {
		difference := 0
		for range n {
			if r.Float64() < p {
				difference++
			}
			if r.Float64() < p {
				difference--
			}
		}
		if math.Abs(float64(difference))/n <= limit {
			within++
		}
	}
	if share := float64(within) / trials; math.Abs(share-0.95) > 0.015 {
		t.Errorf("%.3f of the differences are within %.4f, want 0.95", share, limit)
	}
}
