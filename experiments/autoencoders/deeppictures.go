package main

import (
	"fmt"
	"math"
	"strings"

	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/random"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"
)

// deepRows are the rows of a matrix.
func deepRows(x *tensor.Dense) [][]float32 {
	n := x.Shape()[1]
	var out [][]float32
	for e := x.Float32s(); len(e) > 0; e = e[n:] {
		out = append(out, e[:n:n])
	}
	return out
}

// points are the test images of the maps, balanced over the classes.
func (x *deepRunner) points(seed uint64) (*datasets.Set, error) {
	n := min(x.recipe.Points, x.data.Test.Len())
	set, err := x.data.Test.Sample(n, random.New(seed).Split("deep points"))
	if err != nil {
		return nil, fmt.Errorf("test images of the maps: %w", err)
	}
	return set, nil
}

// points are the first two coordinates of a set's images.
func (p *deepPCA) points(set *datasets.Set) [][]float32 {
	codes := p.codes(set.X.Float32s(), deepPlane)
	return deepNarrow(codes)
}

// deepNarrow are the rows of a matrix in float32.
func deepNarrow(x *mat.Dense) [][]float32 {
	m, n := x.Dims()
	out := make([][]float32, m)
	for i := range out {
		for j := range n {
			out[i] = append(out[i], float32(x.At(i, j)))
		}
	}
	return out
}

// deepNeighbours is the part of the points whose nearest neighbour is of another class; of
// equally near ones the first counts.
func deepNeighbours(points [][]float32, labels []uint8) float64 {
	wrong := 0
	for i, p := range points {
		nearest, at := math.Inf(1), 0
		for j, q := range points {
			if d := deepDistance(p, q); j != i && d < nearest {
				nearest, at = d, j
			}
		}
		if labels[at] != labels[i] {
			wrong++
		}
	}
	return float64(wrong) / float64(len(points))
}

// deepDistance is the square of the distance.
func deepDistance(p, q []float32) (sum float64) {
	for i, v := range p {
		d := float64(v) - float64(q[i])
		sum += d * d
	}
	return sum
}

// sheet shows test images and their reconstructions one above the other, of the first
// seed whose training did not diverge.
func (x *deepRunner) sheet() error {
	const shown = 10
	digits, err := x.data.Test.Sample(shown, nil)
	if err != nil {
		return fmt.Errorf("test images to reconstruct: %w", err)
	}
	tiles, rows := deepRows(digits.X), []string{"test images"}
	for _, k := range []struct {
		name       string
		pretrained bool
	}{{"the deep autoencoder, " + deepPretrained, true}, {"the deep autoencoder from " + deepUntrained, false}} {
		trained := x.kind(x.recipe.Code, k.pretrained)
		if len(trained) == 0 {
			continue
		}
		y, err := trained[0].reconstruct(digits)
		if err != nil {
			return err
		}
		tiles, rows = append(tiles, y...), append(rows, fmt.Sprintf("%s (seed %d)", k.name, trained[0].seed))
	}
	rows = append(rows, fmt.Sprintf("%s (seed %d)", deepLinear, x.Seeds[0]))
	tiles = append(tiles, deepNarrow(x.componentsOf(0).reconstruct(digits.X.Float32s(), x.recipe.Code))...)
	png, err := figure.Sheet{Tiles: tiles, Height: digits.Height, Width: digits.Width, Columns: shown, Scale: 2, Range: figure.UnitRange}.PNG()
	if err != nil {
		return err
	}
	x.Figure(deepSheetFigure, "Test images and their reconstructions", fmt.Sprintf(
		"From above: %s. Codes of %d numbers.", strings.Join(rows, "; "), x.recipe.Code), png)
	return nil
}

// maps shows the codes of two numbers, of the first seed; not those of a network whose
// training diverged.
func (x *deepRunner) maps() error {
	seed := x.Seeds[0]
	points, err := x.points(seed)
	if err != nil {
		return err
	}
	var codes [][]float32
	if o := x.by[deepSpec{deepPlane, true, seed}]; !o.Diverged {
		if codes, err = o.codes(points); err != nil {
			return err
		}
	}
	for _, m := range []struct {
		file, title, x, y string
		codes             [][]float32
	}{
		{deepMapFigure, "Codes of two numbers", "first number of the code", "second number of the code", codes},
		{deepPCAFigure, "Two principal components", "first component", "second component", x.componentsOf(0).points(points)},
	} {
		if m.codes == nil {
			continue
		}
		s := figure.Scatter{XLabel: m.x, YLabel: m.y, Clouds: make([]figure.Cloud, points.Classes)}
		for c := range s.Clouds {
			s.Clouds[c].Name = fmt.Sprint(c)
		}
		for i, code := range m.codes {
			c := &s.Clouds[points.Labels[i]]
			c.X, c.Y = append(c.X, float64(code[0])), append(c.Y, float64(code[1]))
		}
		svg, err := s.SVG()
		if err != nil {
			return err
		}
		x.Figure(m.file, m.title, fmt.Sprintf("%d test images of the first seed, each a point, coloured by class; the class stands at the median of its points.", points.Len()), svg)
	}
	return nil
}
