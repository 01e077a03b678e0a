package figure

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

// bowl is the map of x² + 4y², whose lines are ellipses, with paths.
func bowl() Contours {
	m := Contours{
		Title: "Bowl", XLabel: "x", YLabel: "y", Levels: []float64{0.25, 1, 17}, Minimum: &[2]float64{0, 0}, Dots: 2,
		Paths: []Path{{"short", []float64{-1, 0.5, 0}, []float64{1, -0.5, 0}}, {"diverges", []float64{-1, 50, 1e300, nan}, []float64{1, 50, 1e300, nan}}},
	}
	for i := -40; i <= 40; i++ {
		m.X, m.Y = append(m.X, float64(i)/20), append(m.Y, float64(i)/20)
	}
	for _, y := range m.Y {
		var row []float64
		for _, x := range m.X {
			row = append(row, x*x+4*y*y)
		}
		m.Z = append(m.Z, row)
	}
	return m
}

func TestContours(t *testing.T) {
	svg, err := bowl().SVG()
	if err != nil {
		t.Fatal(err)
	}
	texts := parseSVG(t, svg)
	for _, want := range []string{"Bowl", "x", "y", "short", "diverges", "start", "minimum"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q in %q", want, texts)
		}
	}
	// Paths are lines of width 1.5; legend samples are of width 1.8.
	if n := strings.Count(string(svg), "stroke-width:1.5"); n != 2 {
		t.Errorf("%d lines of width 1.5, want 2", n)
	}
	again, err := bowl().SVG()
	if err != nil || !bytes.Equal(svg, again) {
		t.Error("the same map has other bytes")
	}
}

// A solid path lies below a dashed one, whatever their order: both can be seen where they
// lie on each other.
func TestContoursDashedOnSolid(t *testing.T) {
	m := bowl()
	m.Colors = NewColors("solid", "dashed")
	m.Paths = []Path{{"dashed", []float64{-1, 1}, []float64{1, 1}}, {"solid", []float64{-1, 1}, []float64{1, 1}}}
	svg, err := m.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var order []bool // of the two paths, whether dashed
	for _, element := range strings.Split(string(svg), "<path")[1:] {
		if strings.Contains(element, "stroke-width:1.5") {
			order = append(order, strings.Contains(element, "stroke-dasharray"))
		}
	}
	if !slices.Equal(order, []bool{false, true}) {
		t.Errorf("paths are dashed in the order %v, want the solid one first", order)
	}
}

// Lines of x² + 4y² are ellipses: those of levels 0.25 and 1 are rings inside the grid,
// that of 17 leaves it at y = ±2 and again at x = ±2, so that four pieces are left.
func TestContourLines(t *testing.T) {
	m := bowl()
	for level, want := range map[float64]struct {
		lines  int
		closed bool
	}{0.25: {1, true}, 1: {1, true}, 17: {4, false}, 100: {0, false}} {
		lines := m.lines(level)
		if len(lines) != want.lines {
			t.Errorf("level %g: %d lines, want %d", level, len(lines), want.lines)
		}
		for _, line := range lines {
			if closed := line[0] == line[len(line)-1]; closed != want.closed {
				t.Errorf("level %g: closed %v, want %v", level, closed, want.closed)
			}
			length := 0.0
			for i, p := range line {
				// Linear interpolation of a parabola over a step of 0.05 is off by at most (step²/8)·f''.
				if v := p[0]*p[0] + 4*p[1]*p[1]; math.Abs(v-level) > 0.05*0.05/8*8+1e-12 {
					t.Errorf("level %g: value %g at %v", level, v, p)
				}
				if i > 0 {
					length += math.Hypot(p[0]-line[i-1][0], p[1]-line[i-1][1])
				}
			}
			// The perimeter of the ellipse with half-axes 1 and ½ is 4.844224.
			if want.closed && math.Abs(length/math.Sqrt(level)-4.844224) > 0.01*4.844224 {
				t.Errorf("level %g: a ring of length %g", level, length)
			}
		}
	}
}

// A saddle z = xy: its lines at ±¼ are two hyperbolas each, which never cross the axes.
func TestContourSaddle(t *testing.T) {
	m := Contours{X: []float64{-3, -1, 1, 3}, Y: []float64{-3, -1, 1, 3}}
	for _, y := range m.Y {
		var row []float64
		for _, x := range m.X {
			row = append(row, x*y)
		}
		m.Z = append(m.Z, row)
	}
	for _, level := range []float64{-0.25, 0.25} {
		lines := m.lines(level)
		if len(lines) != 2 {
			t.Fatalf("level %g: want 2 lines, got %v", level, lines)
		}
		for _, line := range lines {
			for _, p := range line {
				if p[0]*p[1]*level <= 0 || p[0]*line[0][0] <= 0 {
					t.Errorf("level %g: a line crosses an axis: %v", level, line)
				}
			}
		}
	}
}

func TestContourErrors(t *testing.T) {
	for says, change := range map[string]func(m *Contours){
		"labels on both axes":      func(m *Contours) { m.XLabel = "" },
		"rising finite positions":  func(m *Contours) { m.X[3] = m.X[2] },
		"rows of 81 values":        func(m *Contours) { m.Z = m.Z[1:] },
		"got 3 x and 2 y":          func(m *Contours) { m.Paths[0].Y = m.Paths[0].Y[1:] },
		"at least 2 rising finite": func(m *Contours) { m.Y = []float64{math.Inf(1)} },
	} {
		m := bowl()
		change(&m)
		if _, err := m.SVG(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error with %q, got %v", says, err)
		}
	}
	m := bowl()
	m.Z[3][3], m.Z[40][40] = nan, math.Inf(1)
	svg, err := m.SVG()
	if err != nil {
		t.Fatal(err)
	}
	parseSVG(t, svg)
}
