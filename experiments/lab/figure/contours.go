package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Path is a named sequence of points in the plane, such as the steps of an optimiser.
// It ends before the first point that is not finite.
type Path struct {
	Name string
	X, Y []float64
}

// Contours is a map of a function of two variables, by lines of equal value, with paths
// on it. What lies beyond the grid is cut off.
type Contours struct {
	Title          string // drawn above; may be empty
	XLabel, YLabel string // required
	// X and Y are the grid's positions, rising; Z[j][i] is the value at (X[i], Y[j]).
	X, Y []float64
	Z    [][]float64
	// Levels are the values along which lines are drawn.
	Levels []float64
	Paths  []Path
	// Dots is how many of a path's first points have a dot, so that steps can be seen.
	Dots int
	// Minimum, if not nil, is marked by a cross. The beginnings of paths are marked by a
	// ring.
	Minimum *[2]float64
	Colors  Colors
}

// SVG draws the map. Missing labels, a grid that does not rise or fit the values, and
// paths with more of one coordinate than of the other are errors.
func (m Contours) SVG() ([]byte, error) {
	if m.XLabel == "" || m.YLabel == "" {
		return nil, fmt.Errorf("contours %q: want labels on both axes, got %q and %q", m.Title, m.XLabel, m.YLabel)
	}
	for name, v := range map[string][]float64{"X": m.X, "Y": m.Y} {
		if len(v) < 2 || !rising(v) {
			return nil, fmt.Errorf("contours %q: want at least 2 rising finite positions %s, got %d", m.Title, name, len(v))
		}
	}
	if len(m.Z) != len(m.Y) || slices.ContainsFunc(m.Z, func(row []float64) bool { return len(row) != len(m.X) }) {
		return nil, fmt.Errorf("contours %q: want %d rows of %d values", m.Title, len(m.Y), len(m.X))
	}
	var names []string
	for _, p := range m.Paths {
		if len(p.X) != len(p.Y) {
			return nil, fmt.Errorf("contours %q: path %q: got %d x and %d y", m.Title, p.Name, len(p.X), len(p.Y))
		}
		names = append(names, p.Name)
	}
	colors := m.Colors.with(names)
	ch := &chart{title: m.Title, xLabel: m.XLabel, yLabel: m.YLabel,
		x: &scale{lo: m.X[0], hi: m.X[len(m.X)-1]}, y: &scale{lo: m.Y[0], hi: m.Y[len(m.Y)-1]}}
	for _, name := range names {
		ch.legend = append(ch.legend, entry{name: name, look: colors.look(name), line: true})
	}
	if len(m.Paths) > 0 {
		ch.legend = append(ch.legend, entry{name: "start", look: look{color: ink, glyph: draw.RingGlyph{}}, mark: true})
	}
	if m.Minimum != nil {
		ch.legend = append(ch.legend, entry{name: "minimum", look: look{color: ink, glyph: draw.CrossGlyph{}}, mark: true})
	}
	ch.draw = func(c draw.Canvas, px, py func(float64) vg.Length) { m.draw(c, ch, px, py, colors) }
	return ch.svg()
}

// rising reports whether all values are finite and each is larger than the one before.
func rising(v []float64) bool {
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) || i > 0 && !(x > v[i-1]) {
			return false
		}
	}
	return true
}

// draw paints the lines of equal value, then the paths, then the marks.
func (m Contours) draw(c draw.Canvas, ch *chart, px, py func(float64) vg.Length, colors Colors) {
	quiet := draw.LineStyle{Color: faded(soft, 0.45), Width: 0.6}
	for _, level := range m.Levels {
		for _, line := range m.lines(level) {
			points := make([]vg.Point, len(line))
			for i, p := range line {
				points[i] = vg.Point{X: px(p[0]), Y: py(p[1])}
			}
			c.StrokeLines(quiet, points)
		}
	}
	// Far outside, positions are kept within what clipping can compute with.
	place := func(s *scale, p func(float64) vg.Length, v float64) vg.Length {
		return p(s.lo + (s.hi-s.lo)*max(-1e3, min(s.norm(v), 1e3)))
	}
	var starts []vg.Point
	// Solid lines first: dashed ones upon them leave both to be seen.
	paths := slices.Clone(m.Paths)
	slices.SortStableFunc(paths, func(a, b Path) int {
		return min(len(colors.look(a.Name).dashes), 1) - min(len(colors.look(b.Name).dashes), 1)
	})
	for _, path := range paths {
		style := colors.look(path.Name).line(1.5)
		var points []vg.Point
		for i := range path.X {
			if math.IsNaN(path.X[i]+path.Y[i]) || math.IsInf(path.X[i], 0) || math.IsInf(path.Y[i], 0) {
				break
			}
			p := vg.Point{X: place(ch.x, px, path.X[i]), Y: place(ch.y, py, path.Y[i])}
			if i < m.Dots {
				c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 1.7, Shape: draw.CircleGlyph{}}, p)
			}
			// A point that would not be seen apart from the last one is left out.
			if n := len(points); n == 0 || math.Hypot(float64(p.X-points[n-1].X), float64(p.Y-points[n-1].Y)) > 0.3 {
				points = append(points, p)
			}
		}
		if len(points) > 1 {
			c.StrokeLines(style, c.ClipLinesXY(points)...)
		}
		if len(points) > 0 {
			starts = append(starts, points[0])
		}
	}
	for _, p := range starts {
		c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 3.5, Shape: draw.RingGlyph{}}, p)
	}
	if m.Minimum != nil {
		c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 3.5, Shape: draw.CrossGlyph{}}, vg.Point{X: px(m.Minimum[0]), Y: py(m.Minimum[1])})
	}
}

// edge is a side of a cell of the grid: that from the point in column i and row j to
// the right, or up.
type edge struct {
	i, j int
	up   bool
}

// lines are the lines of equal value, by marching squares: where a side of a cell has
// the level between its ends, the line crosses it, at the place of linear
// interpolation. Cells with a value that is not finite are left out.
func (m Contours) lines(level float64) [][][2]float64 {
	next := map[edge][]edge{} // the crossings that share a cell
	var order []edge          // of crossings, so that equal maps have equal lines
	link := func(a, b edge) {
		for _, e := range []edge{a, b} {
			if len(next[e]) == 0 {
				order = append(order, e)
			}
		}
		next[a], next[b] = append(next[a], b), append(next[b], a)
	}
	for j := range len(m.Y) - 1 {
		for i := range len(m.X) - 1 {
			corners := [4]float64{m.Z[j][i], m.Z[j][i+1], m.Z[j+1][i+1], m.Z[j+1][i]} // counter-clockwise
			if sum := corners[0] + corners[1] + corners[2] + corners[3]; math.IsNaN(sum) || math.IsInf(sum, 0) {
				continue
			}
			sides := [4]edge{{i, j, false}, {i + 1, j, true}, {i, j + 1, false}, {i, j, true}}
			var crossed []edge
			for k, side := range sides {
				if (corners[k] < level) != (corners[(k+1)%4] < level) {
					crossed = append(crossed, side)
				}
			}
			switch len(crossed) {
			case 2:
				link(crossed[0], crossed[1])
			case 4: // a saddle: the mean says which two opposite corners are joined
				mean := (corners[0] + corners[1] + corners[2] + corners[3]) / 4
				if (mean < level) == (corners[0] < level) {
					link(crossed[0], crossed[1])
					link(crossed[2], crossed[3])
				} else {
					link(crossed[3], crossed[0])
					link(crossed[1], crossed[2])
				}
			}
		}
	}
	return m.join(level, next, order)
}

// join makes lines of the crossings: first those that end at the border, then rings.
func (m Contours) join(level float64, next map[edge][]edge, order []edge) (all [][][2]float64) {
	done := map[edge]bool{}
	for _, ends := range []bool{true, false} {
		for _, from := range order {
			if done[from] || ends && len(next[from]) != 1 {
				continue
			}
			line := [][2]float64{m.crossing(from, level)}
			done[from] = true
			for at, ok := from, true; ok; {
				ok = false
				for _, e := range next[at] {
					if !done[e] {
						line, at, ok = append(line, m.crossing(e, level)), e, true
						done[e] = true
						break
					}
				}
			}
			if !ends {
				line = append(line, line[0])
			}
			all = append(all, line)
		}
	}
	return all
}

// crossing is where the line of a level crosses a side.
func (m Contours) crossing(e edge, level float64) [2]float64 {
	i, j := e.i+1, e.j
	if e.up {
		i, j = e.i, e.j+1
	}
	a, b := m.Z[e.j][e.i], m.Z[j][i]
	t := (level - a) / (b - a)
	return [2]float64{m.X[e.i] + t*(m.X[i]-m.X[e.i]), m.Y[e.j] + t*(m.Y[j]-m.Y[e.j])}
}
