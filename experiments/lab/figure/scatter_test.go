package figure

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// clouds are ten clouds of three points, one of which has a point that is no number.
func clouds() Scatter {
	s := Scatter{Title: "Codes", XLabel: "first", YLabel: "second"}
	for c := range 10 {
		x := float64(c)
		s.Clouds = append(s.Clouds, Cloud{Name: fmt.Sprint(c), X: []float64{x, x + 1, x + 5}, Y: []float64{-x, 0, 2}})
	}
	s.Clouds[3].X[1] = nan
	return s
}

func TestScatter(t *testing.T) {
	svg, err := clouds().SVG()
	if err != nil {
		t.Fatal(err)
	}
	texts := parseSVG(t, svg)
	for _, want := range []string{"Codes", "first", "second", "0", "9"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q in %q", want, texts)
		}
	}
	// A circle is two arcs: eight clouds of three points, less the one that is no number.
	if n := strings.Count(string(svg), "fill-opacity"); n != 8*3-1 {
		t.Errorf("%d circles, want %d", n, 8*3-1)
	}
	if n := strings.Count(string(svg), "stroke-opacity"); n != 2*2*3 {
		t.Errorf("%d strokes of crosses, want %d strokes", n, 2*2*3)
	}
}

func TestScatterErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *Scatter)
		says   string
	}{
		"no label":      {func(s *Scatter) { s.YLabel = "" }, "labels on both axes"},
		"no point":      {func(s *Scatter) { s.Clouds = nil }, "no point to draw in 0 clouds"},
		"one x too few": {func(s *Scatter) { s.Clouds[2].X = s.Clouds[2].X[:2] }, `cloud "2": got 2 x and 3 y`},
	} {
		s := clouds()
		c.change(&s)
		if _, err := s.SVG(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: want an error with %q, got %v", name, c.says, err)
		}
	}
}

// Names stand at the medians, and the points keep their order.
func TestMiddle(t *testing.T) {
	points := []float64{5, 1, 3}
	if a, b := middle(points), middle([]float64{4, 1, 3, 9}); a != 3 || b != 3.5 || points[0] != 5 {
		t.Errorf("got %g and %g of %v", a, b, points)
	}
}
