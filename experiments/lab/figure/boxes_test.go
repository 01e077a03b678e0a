package figure

import (
	"slices"
	"strings"
	"testing"
)

// insects are the counts of the data set InsectSprays (G. Beall, Biometrika 32, 1942), of
// which R's boxplot.stats gives what TestBoxStatistics wants.
var insects = map[string][]float64{
	"A": {10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13},
	"C": {0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4},
	"D": {3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4},
}

func TestBoxStatistics(t *testing.T) {
	for _, test := range []struct {
		values, want, outliers []float64
	}{
		{insects["A"], []float64{7, 11, 14, 18.5, 23}, nil},
		{insects["C"], []float64{0, 1, 1.5, 3, 4}, []float64{7}},
		{insects["D"], []float64{2, 3.5, 5, 5, 6}, []float64{12}},
		{[]float64{5, 3, 1, 4, 2}, []float64{1, 2, 3, 4, 5}, nil}, // fivenum of R
		{[]float64{1, 2, 3, 4}, []float64{1, 1.5, 2.5, 3.5, 4}, nil},
		{[]float64{7}, []float64{7, 7, 7, 7, 7}, nil},
	} {
		b := newBox(dot{}, test.values)
		if got := []float64{b.low, b.first, b.median, b.third, b.high}; !slices.Equal(got, test.want) || !slices.Equal(b.outliers, test.outliers) {
			t.Errorf("%v: got %v and outliers %v, want %v and %v", test.values, got, b.outliers, test.want, test.outliers)
		}
	}
}

func TestBoxes(t *testing.T) {
	b := Boxes{Title: "Insects", XLabel: "spray", YLabel: "count", Items: []Item{{"C", "a", insects["C"]}, {"C", "b", insects["A"]}, {"D", "a", insects["D"]}, {"D", "b", []float64{nan}}}}
	svg, err := b.SVG()
	if err != nil {
		t.Fatal(err)
	}
	texts := parseSVG(t, svg)
	for _, want := range []string{"Insects", "spray", "count", "C", "D", "a", "b"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q in %q", want, texts)
		}
	}
	// Three boxes have a thick median each; of the values, the outliers 7 and 12 have a dot,
	// a circle of two arcs.
	for part, want := range map[string]int{"stroke-width:2.2": 3, "A1.9,1.9 ": 2 * 2} {
		if n := strings.Count(string(svg), part); n != want {
			t.Errorf("%q %d times, want %d", part, n, want)
		}
	}
	for _, awkward := range [][]float64{{0.5}, {2, 2, 2}, {0, 1e-300}, {1e300, 1e-300, 1}, {-1e300, 1e300, 5, 6}, {nan, 1}} {
		for _, log := range []bool{false, true} {
			svg, err := Boxes{YLabel: "y", LogY: log, Items: []Item{{"", "a", awkward}, {"", "none", nil}}}.SVG()
			if err != nil {
				t.Errorf("%v, log %v: %v", awkward, log, err)
				continue
			}
			parseSVG(t, svg)
		}
	}
}

// TestPaths: paths of one name share a place in the legend; each begins with a ring.
func TestPaths(t *testing.T) {
	p := Paths{XLabel: "x", YLabel: "y", Paths: []Path{
		{"a", []float64{0, 1, nan, 2}, []float64{0, 1, 1, 1}}, {"b", []float64{3, 4}, []float64{1, 2}}, {"a", []float64{1, 2, 3}, []float64{3, 3, 4}}, {"b", nil, nil},
	}}
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	texts := parseSVG(t, svg)
	for _, name := range []string{"a", "b", "start"} {
		if n := len(slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s != name })); n != 1 {
			t.Errorf("%d texts %q, want 1", n, name)
		}
	}
	// Two points between ends (the one that is missing is left out), three beginnings.
	for part, want := range map[string]int{"A1.2,1.2 ": 2 * 2, "A2.6,2.6 ": 2 * 3} {
		if n := strings.Count(string(svg), part); n != want {
			t.Errorf("%q %d times, want %d", part, n, want)
		}
	}
	single := Paths{XLabel: "x", YLabel: "y", LogX: true, Paths: []Path{{"a", []float64{1}, []float64{2}}, {"a", []float64{-1}, []float64{2}}}}
	if svg, err = single.SVG(); err != nil {
		t.Fatal(err)
	}
	if texts := parseSVG(t, svg); slices.Contains(texts, "start") {
		t.Errorf("texts %q of a scatter plot name a start", texts)
	}
}

func TestBoxesAndPathsErrors(t *testing.T) {
	for want, draw := range map[string]func() ([]byte, error){
		"want a label on the y axis":  Boxes{Items: []Item{{"", "a", []float64{1}}}}.SVG,
		"no value to draw in 1 items": Boxes{YLabel: "y", LogY: true, Items: []Item{{"", "a", []float64{-1}}}}.SVG,
		"want labels on both axes":    Paths{XLabel: "x"}.SVG,
		"no point to draw in 1 paths": Paths{XLabel: "x", YLabel: "y", Paths: []Path{{"a", []float64{nan}, []float64{1}}}}.SVG,
		`path "a": got 2 x and 1 y`:   Paths{XLabel: "x", YLabel: "y", Paths: []Path{{"a", []float64{1, 2}, []float64{1}}}}.SVG,
	} {
		if _, err := draw(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
