package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// row is one sequence of a set with its targets.
func row(x []float32, i, width int) []float32 { return x[i*width : (i+1)*width] }

func TestAdding(t *testing.T) {
	const n, steps = 300, 11
	set, err := adding("test", n, steps, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	var squares float64
	for i := range n {
		x, want := row(set.X.Float32s(), i, 2*steps), set.Targets.Float32s()[i]
		var sum float32
		marks := [2]int{}
		for s := range steps {
			if v := x[2*s]; v < 0 || v >= 1 {
				t.Fatalf("number %g", v)
			}
			if x[2*s+1] == 1 {
				sum += x[2*s]
				marks[2*s/(steps-1)*0+min(1, s/(steps/2))]++
			}
		}
		if marks != [2]int{1, 1} || math.Abs(float64(sum-want)) > 1e-6 {
			t.Fatalf("sequence %d: marks %v, want one in each half; sum %g, target %g", i, marks, sum, want)
		}
		squares += float64((want - 1) * (want - 1))
	}
	if mse := squares / n; math.Abs(mse-addingChance) > 0.04 { // its standard error is 0.011
		t.Errorf("answering 1 has a mean squared error of %g, want about %g", mse, addingChance)
	}
	if again, _ := adding("test", n, steps, random.New(1)); !slices.Equal(again.X.Float32s(), set.X.Float32s()) {
		t.Error("another draw of the same stream gives other numbers")
	}
	if other, _ := adding("other", n, steps, random.New(1)); slices.Equal(other.X.Float32s(), set.X.Float32s()) {
		t.Error("a set of another name has the same numbers")
	}
}

func TestCopying(t *testing.T) {
	const n, delay = 50, 4
	set, err := copying("test", n, delay, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	steps := copySteps(delay)
	for i := range n {
		x, want := row(set.X.Float32s(), i, steps*copyInputs), row(set.Targets.Float32s(), i, copySymbols*copyAlphabet)
		for s := range steps {
			in := row(x, s, copyInputs)
			symbols, marks := in[:copySymbols*copyAlphabet], in[copySymbols*copyAlphabet:]
			switch {
			case s < copySymbols:
				if !slices.Equal(row(symbols, s, copyAlphabet), row(want, s, copyAlphabet)) || slices.Contains(row(symbols, 1-s, copyAlphabet), 1) || slices.Contains(marks, 1) {
					t.Fatalf("step %d: want the symbol of the target at its place, got %v", s, in)
				}
			case s < copySymbols+delay:
				if slices.Contains(in, 1) {
					t.Fatalf("step %d of the delay: got %v", s, in)
				}
			default:
				if slices.Contains(symbols, 1) || marks[s-copySymbols-delay] != 1 {
					t.Fatalf("step %d: want a mark alone, got %v", s, in)
				}
			}
		}
	}
}

func TestTemporalXOR(t *testing.T) {
	const n, steps = 100, 9
	set, err := temporalXOR("test", n, steps, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	ones := 0.0
	for i := range n {
		bits := append(slices.Clone(row(set.X.Float32s(), i, steps)), row(set.Targets.Float32s(), i, steps)[steps-1])
		if !slices.Equal(bits[1:], row(set.Targets.Float32s(), i, steps)) {
			t.Fatal("a target is not the next bit")
		}
		for b := 2; b < len(bits); b += 3 {
			if int(bits[b]) != int(bits[b-1])^int(bits[b-2]) {
				t.Fatalf("bit %d of %v", b, bits)
			}
		}
		ones += float64(bits[0]) / n
	}
	if ones < 0.3 || ones > 0.7 {
		t.Errorf("a share of %g of first bits are 1", ones)
	}
}

// Reber's graph as the literature prints it, by strings that it has and has not.
func TestReberGrammar(t *testing.T) {
	edges := reberEdges()
	accepts := func(text string) bool {
		state := 0
		for i := range len(text) {
			if state >= len(edges) {
				return false
			}
			at := slices.IndexFunc(edges[state], func(e reberEdge) bool { return e.symbol == text[i] })
			if at < 0 {
				return false
			}
			state = edges[state][at].to
		}
		return state == len(edges)
	}
	for text, want := range map[string]bool{
		"BTXSE": true, "BPVVE": true, "BTSSXXTVVE": true, "BPTVPXVVE": true, "BTXXVPSE": true, "BPTTTVPSE": true,
		"BTXXVPXVVE": true, "BTSXSE": true, "BPVPSE": true,
		"BTSE": false, "BPTVE": false, "BTXVE": false, "TXSE": false, "BTXS": false, "BPVVEE": false, "BTXXVPE": false,
	} {
		if accepts(text) != want {
			t.Errorf("%s: want it in the grammar: %t", text, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		text, legal := reberString(r)
		if !accepts(string(text)) || len(legal) != len(text)-1 {
			t.Fatalf("drew %s with %d sets of what may follow", text, len(legal))
		}
		for i, l := range legal {
			if !slices.ContainsFunc(l, func(e reberEdge) bool { return e.symbol == text[i+1] }) {
				t.Fatalf("%s: %c may not follow symbol %d", text, text[i+1], i)
			}
		}
	}
	set, err := reber("test", 50, 12, true, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	k := len(reberSymbols)
	for i := range 50 {
		x, targets := row(set.X.Float32s(), i, 12*(k+1)), row(set.Targets.Float32s(), i, 12*k)
		for s := range 12 {
			on := x[12*k+s] == 1
			if on != slices.Contains(row(x, s, k), 1) || on != slices.Contains(row(targets, s, k), 1) {
				t.Fatalf("string %d, step %d: mask, symbols and targets disagree", i, s)
			}
		}
	}
}

func TestLegalFirst(t *testing.T) {
	for _, c := range []struct {
		z, t []float32
		want bool
	}{
		{[]float32{3, 2, 1}, []float32{1, 1, 0}, true},
		{[]float32{3, 1, 2}, []float32{1, 1, 0}, false},
		{[]float32{1, 1, 0}, []float32{1, 0, 0}, false}, // a draw
		{[]float32{0, 1, 2, 1, 0, 0}, []float32{0, 0, 0, 1, 0, 0}, true},
		{[]float32{float32(math.NaN()), 1, 0}, []float32{1, 0, 0}, false},
		{[]float32{3, float32(math.NaN()), 0}, []float32{1, 0, 0}, false},
	} {
		if got := legalFirst(c.z, c.t, 3); got != c.want {
			t.Errorf("%v for %v: want %t", c.z, c.t, c.want)
		}
	}
}

// A corpus of known letters, cut into streams whose parts follow each other, and its n-grams.
func TestCorpus(t *testing.T) {
	c, err := newCorpus(5000)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.train) + len(c.validation) + len(c.test); n < 4950 || n > 5000 || len(c.train) != 4000 || len(c.validation) > 500 || len(c.test) > 500 || len(c.letters) < 40 {
		t.Errorf("of 5000 characters: %d, %d to learn from, of %d kinds", n, len(c.train), len(c.letters))
	}
	var text strings.Builder
	for _, v := range c.train[:17] {
		text.WriteRune(c.letters[v])
	}
	if text.String() != "package main\n\nimp" {
		t.Errorf("the text begins with %q", text.String())
	}
	const m, steps = 3, 7
	set, err := c.streams("test", c.train, m, steps)
	if err != nil {
		t.Fatal(err)
	}
	k, width, each := len(c.letters), steps*len(c.letters)+1, (len(c.train)-1)/m
	for r := range set.Len() {
		x, targets := row(set.X.Float32s(), r, width), row(set.Targets.Float32s(), r, steps*k)
		if going := x[width-1] == 1; going != (r >= m) {
			t.Fatalf("row %d: goes on: %t", r, going)
		}
		for s := range steps {
			at := r%m*each + r/m*steps + s
			if x[s*k+c.train[at]] != 1 || targets[s*k+c.train[at+1]] != 1 {
				t.Fatalf("row %d, step %d: not character %d and the next one", r, s, at)
			}
		}
	}
	if _, err := c.streams("short", c.train[:10], 3, 7); err == nil {
		t.Error("a text that is too short: want an error")
	}
	if _, err := c.pieces("short", c.train[:5], 7); err == nil {
		t.Error("a text that is too short for pieces: want an error")
	}
}

// By hand: of "aab", after which "aaba" is tested, in one piece of two steps: the second a and the b.
func TestNgramBits(t *testing.T) {
	c := &corpus{letters: []rune("ab"), train: []int{0, 0, 1}, validation: []int{0, 0, 0}, test: []int{0, 0, 1, 0}}
	// Order 1: p(a) = (2 + 2·½)/(3+2), p(b) = (1 + 2·½)/5.
	pa, pb := 3.0/5, 2.0/5
	// Order 2: after a, which a and b have followed once each, p(b|a) = (1 + 2·p(b))/(2+2).
	want := []float64{-(math.Log2(pa) + math.Log2(pb)) / 2, -(math.Log2((1+2*pa)/4) + math.Log2((1+2*pb)/4)) / 2}
	for i, got := range c.ngramBits(2) {
		if math.Abs(got-want[i]) > 1e-12 {
			t.Errorf("order %d: want %g bits, got %g", i+1, want[i], got)
		}
	}
}

func TestOpenGates(t *testing.T) {
	for _, cell := range []blocks.Cell{blocks.LSTM(), blocks.GRU(), blocks.BasicCell("tanh")} {
		net, err := models.NewRecurrent("net", models.RecurrentOptions{Cell: cell, Inputs: 1, Units: 40, Outputs: 1, Steps: 100}, blocks.Glorot(), random.New(1))
		if err != nil {
			t.Fatal(err)
		}
		openGates(net, 100, random.New(2))
		b := net.Layers[0].Forward.B.Value.Float32s()
		for i, v := range b {
			switch {
			case cell.Gates() > 1 && i/40 == 1:
				if u := math.Exp(float64(v)); u < 1-1e-6 || u > 99 {
					t.Errorf("%s: remembers for %g steps, want 1 to 99", cell, u)
				}
			case cell == blocks.LSTM() && i < 40:
				if v != -b[40+i] {
					t.Errorf("%s: input gate %g, want the opposite of %g", cell, v, b[40+i])
				}
			case v != 0:
				t.Errorf("%s: bias %d is %g, want 0", cell, i, v)
			}
		}
	}
}

// The gradient of a basic cell whose recurrent weights have a spectral radius of ½ falls at least so
// fast; that of an LSTM whose gates are all but shut to the new and open to the old lasts.
func TestGradientNorms(t *testing.T) {
	r := presets()["smoke"]
	r.GradientSteps = 30
	basic, _, err := gradientNorms(r, variant{blocks.BasicCell("tanh"), true}, 1, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	open, _, err := gradientNorms(r, variant{blocks.LSTM(), true}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if left := basic[0] / basic[29]; !(left < math.Pow(0.6, 29)) {
		t.Errorf("want the basic cell's gradient lost at radius ½, got %g of it left", left)
	}
	if len(basic) != 30 || len(open) != 30 || !(open[0]/open[29] > 100*basic[0]/basic[29]) {
		t.Errorf("want the LSTM's gradient to last, got %g of it left, and %g of the basic cell's", open[0]/open[29], basic[0]/basic[29])
	}
}

// What vanishes in float64, or is 0 from the beginning, is a number still.
func TestGradientLeft(t *testing.T) {
	for _, c := range []struct {
		norms []float64
		want  float64
	}{{[]float64{0.01, 1}, -2}, {[]float64{5, 0.5}, 1}, {[]float64{1e-310, 1}, least}, {[]float64{0, 1}, least}, {[]float64{0, 0}, least}} {
		if got := left(c.norms, 0); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: want %g, got %g", c.norms, c.want, got)
		}
	}
}

func TestSpectralRadius(t *testing.T) {
	for want, U := range map[float64][]float64{2: {2, 5, 0, -1}, 3: {0, -3, 3, 0}} { // triangular; a rotation, scaled
		got, err := spectralRadius(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking(U)))
		if err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: want %g, got %g, %v", U, want, got, err)
		}
	}
}
