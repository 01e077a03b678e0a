package main

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"
)

// The networks built by hand compute the closed form of the iterated tent map, twice the
// distance of 2ᵏ⁻¹x from the nearest whole number, and the parity that bits.OnesCount
// gives, without any rounding.
func TestBuiltNetworks(t *testing.T) {
	for k := 1; k <= maxLevels; k++ {
		var x []float32
		for i := range 1<<(k+4) + 1 {
			x = append(x, float32(i)/float32(int(1)<<(k+4)))
		}
		for _, c := range []struct {
			net           *models.MLP
			layers, units int
		}{{deepTent(k), k, 2 * k}, {shallowTent(k), 1, 1 << k}} {
			if l, u := len(c.net.Layers)-1, hiddenUnits(c.net); l != c.layers || u != c.units {
				t.Errorf("tent %d: %d units in %d layers, want %d in %d", k, u, l, c.units, c.layers)
			}
			y, err := outputs(c.net, x)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range y {
				at := math.Ldexp(float64(x[i]), k-1)
				if want := 2 * math.Abs(at-math.Round(at)); float64(v) != want {
					t.Fatalf("tent %d in %d layers at %g: %g, want %g", k, c.layers, x[i], v, want)
				}
			}
		}
	}
	for n := 2; n <= 9; n++ {
		var x []float32
		for s := range 1 << n {
			for i := range n {
				x = append(x, float32(s>>i&1))
			}
		}
		m := bits.Len(uint(n - 1)) // ⌈log₂ n⌉
		for _, c := range []struct {
			net            *models.MLP
			layers, atMost int
		}{{deepParity(n), m, 2}, {treeParity(n), m, n}, {shallowParity(n), 1, n}} {
			if l, w := len(c.net.Layers)-1, widest(c.net); l != c.layers || w > c.atMost {
				t.Errorf("parity %d: %d layers of up to %d units, want %d of up to %d", n, l, w, c.layers, c.atMost)
			}
			y, err := outputs(c.net, x)
			if err != nil {
				t.Fatal(err)
			}
			for s, v := range y {
				if want := float32(bits.OnesCount(uint(s)) & 1); v != want {
					t.Fatalf("parity of %0*b in %d layers: %g, want %g", n, s, c.layers, v, want)
				}
			}
		}
	}
}

// What wrongBy says of a network that is wrong at one point: by how much.
func TestWrongBy(t *testing.T) {
	net := deepTent(2)
	net.Layers[2].B.Value.Float32s()[0] = 0.25
	for _, c := range []struct {
		net  *models.MLP
		kind kind
		n    int
		want float64
	}{{net, tent, 2, 0.25}, {deepTent(2), tent, 3, 1}, {shallowParity(2), parity, 2, 0}} {
		if got, err := wrongBy(c.net, c.kind, c.n); err != nil || got != c.want {
			t.Errorf("%s %d: %g, %v, want %g", c.kind, c.n, got, err, c.want)
		}
	}
}

// Without the disturbance, the built networks tell the classes of the examples that
// learners have; with it, one of four iterations does not.
func TestBuiltClassifier(t *testing.T) {
	for _, k := range []kind{parity, tent} {
		for n := 2; n <= 6; n++ {
			set, err := k.set(n)
			if err != nil {
				t.Fatal(err)
			}
			net, err := builtClassifier(k, n)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := errorOf(t.Context(), autodiff.Compiler{}, net, set); err != nil || e != 0 {
				t.Errorf("%s %d: error %g, %v", k, n, e, err)
			}
		}
	}
	set, err := tent.set(4)
	if err != nil {
		t.Fatal(err)
	}
	net, err := disturbed(tent, 4, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := errorOf(t.Context(), autodiff.Compiler{}, net, set); err != nil || e < 0.05 {
		t.Errorf("disturbed: error %g, %v", e, err)
	}
}

// The pieces that are counted are those that the bends −b/w of the units make, as far as
// these are in cells apart; and never more than units + 1.
func TestPieces(t *testing.T) {
	const cells = 1 << 13
	for _, units := range []int{1, 2, 5, 20, 60} {
		for seed := range uint64(5) {
			net, err := randomLine(1, units, random.New(seed))
			if err != nil {
				t.Fatal(err)
			}
			got, err := pieces(net, -1, 1, cells)
			if err != nil {
				t.Fatal(err)
			}
			var bends []int // the cells they are in
			w, b := net.Layers[0].W.Value.Float32s(), net.Layers[0].B.Value.Float32s()
			for j := range w {
				at := (-float64(b[j])/float64(w[j]) + 1) / 2 * cells
				if at <= 1 || at >= cells-2 { // no second difference there
					t.Logf("%d units, seed %d: a bend at the border", units, seed)
					continue
				}
				bends = append(bends, int(at))
			}
			slices.Sort(bends)
			want := 1
			for i, c := range bends {
				if i == 0 || c > bends[i-1]+2 { // a bend in cell c shows at points c and c + 1
					want++
				}
			}
			if got != want || got > units+1 {
				t.Errorf("%d units, seed %d: %d pieces, want %d", units, seed, got, want)
			}
		}
	}
	// More cells than are computed at a time; a straight line; and a deep network's.
	line := built([][][]float32{{{1}}, {{3}}}, [][]float32{{2}, {-1}})
	if got, err := pieces(line, -1, 1, 1<<12); err != nil || got != 1 {
		t.Errorf("a line has %d pieces, %v", got, err)
	}
	for k := 1; k <= maxLevels; k++ {
		for _, net := range []*models.MLP{deepTent(k), shallowTent(k)} {
			if got, err := pieces(net, 0, 1, 1<<(k+4)); err != nil || got != 1<<k {
				t.Errorf("tent %d: %d pieces, %v", k, got, err)
			}
		}
	}
}

// Two linear layers and what they multiply to by hand.
func TestCollapse(t *testing.T) {
	net := built([][][]float32{{{1, 2}, {0, 1}, {3, -1}}, {{2}, {5}}}, [][]float32{{1, -1}, {7}})
	one := collapse(net)
	if W := one.Layers[0].W.Value.Float32s(); len(one.Layers) != 1 || !slices.Equal(W, []float32{12, 5, 1}) {
		t.Errorf("W %v, want 1·2 + 2·5, 0·2 + 1·5, 3·2 − 1·5", W)
	}
	if b := one.Layers[0].B.Value.Float32s(); !slices.Equal(b, []float32{4}) {
		t.Errorf("b %v, want 1·2 − 1·5 + 7", b)
	}
	set, err := parity.set(3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range net.Layers {
		net.Layers[i].F = blocks.Linear()
	}
	if e, err := collapseError(net, set); err != nil || e != 0 { // small whole numbers: nothing is rounded
		t.Errorf("linear layers: difference %g, %v", e, err)
	}
	// At x = (−1, −1, −1) the layers give relu(−3, −3) and 7, their product −12 − 5 − 1 + 4.
	net.Layers[0].F = blocks.ReLU()
	e, err := collapseError(net, set)
	if err != nil || e < 0.5 {
		t.Errorf("with ReLU: difference %g, %v", e, err)
	}
}
