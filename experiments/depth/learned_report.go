package main

import (
	"context"
	"fmt"
	"math"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// widthMetric is the metric of the least width of a search.
func widthMetric(k kind, n, depth int) string {
	return fmt.Sprintf("%s-%d-depth-%d.width", k, n, depth)
}

// builtWidth is the width of one hidden layer built by hand.
func builtWidth(k kind, n int) int {
	if k == tent {
		return 1 << n
	}
	return n
}

// learned reports least widths. The metric parity-4-depth-1.width is the least width that
// learned, not finite if none up to the largest did; least_error is the smallest error
// of all its networks. From disturbed weights, parity-4-built.start_error is the error
// before training and least_error the smallest in it.
func (r *reporter) learned(ctx context.Context) error {
	f := r.Recipe.Functions
	r.Section("Functions that fold, learned",
		fmt.Sprintf("What can be built need not be learned. Networks of equal layers learn the parity of all 2ⁿ strings, and whether the iterated tent map is above ½ at %d·2ⁿ points. ", pointsPerPiece)+
			fmt.Sprintf("For each depth and seed, widths of 1, 2, 4, … up to %d units a layer are tried in this order, each at the rates %s, until a network has a training error below %g %% after one of %d epochs ",
				f.MaxWidth, list(f.Rates), 100*f.Learned, f.Train.Epochs)+
			fmt.Sprintf("(about %d steps of %s each, on batches of %d, the rate falling to 0). That is the least width; where no width learned, the figure has a gap.", stepsPerEpoch, f.Train.Optimizer.Kind, f.Train.Batch),
		fmt.Sprintf("Is it that the weights are not there, or that they are not found? The networks of two units a layer that were built are trained in the same way, from weights and biases of which each was multiplied by a factor around 1 "+
			"with a standard deviation of %g. Where they learn, and networks of the same width and random first weights do not, the weights are there and were not found; where they do not learn either, this tells nothing.", disturbance))
	for _, k := range []kind{parity, tent} {
		sizes := k.sizes(f)
		for _, n := range sizes {
			for _, d := range f.Depths {
				for _, seed := range r.Seeds {
					end := r.found[searchKey{k, n, d}][seed]
					r.Metric(widthMetric(k, n, d), seed, end.width)
					r.Metric(fmt.Sprintf("%s-%d-depth-%d.least_error", k, n, d), seed, end.least)
				}
			}
		}
		if err := r.widthFigure(k, sizes); err != nil {
			return err
		}
		r.widthTable(k, sizes)
		if err := r.builtTable(ctx, k, sizes); err != nil {
			return err
		}
		r.growthClaim(k, sizes)
	}
	return nil
}

// builtTable reports the trainings from disturbed weights.
func (r *reporter) builtTable(ctx context.Context, k kind, sizes []int) error {
	size, _ := k.words()
	var rows [][]string
	for _, n := range sizes {
		s, err := newSearch(r.Recipe.Functions, k, n)
		if err != nil {
			return err
		}
		learned, name := 0, fmt.Sprintf("%s-%d-built.", k, n)
		for _, seed := range r.Seeds {
			net, err := s.of(builtDepth, seed).network(2)
			if err != nil {
				return err
			}
			start, err := errorOf(ctx, r.Compiler.Under("test"), net, s.set)
			if err != nil {
				return err
			}
			end := r.found[searchKey{k, n, builtDepth}][seed]
			if !math.IsInf(end.width, 1) {
				learned++
			}
			r.Metric(name+"start_error", seed, start)
			r.Metric(name+"least_error", seed, end.least)
		}
		rows = append(rows, []string{fmt.Sprint(n), lab.Summary(lab.Scaled(r.Values(name+"start_error"), 100)),
			lab.Summary(lab.Scaled(r.Values(name+"least_error"), 100)), fmt.Sprintf("%d of %d", learned, len(r.Seeds))})
	}
	r.Table("Two units a layer from built and disturbed weights: errors in percent", []string{size, "before training", "smallest in training", "seeds that learned"}, rows)
	return nil
}

// words are what the size of a function is, and the end of a title.
func (k kind) words() (size, title string) {
	if k == parity {
		return "bits", "learns the parity of a string"
	}
	return "iterations of the tent map", "learns the iterated tent map"
}

func (r *reporter) widthFigure(k kind, sizes []int) error {
	size, title := k.words()
	lines := figure.Lines{XLabel: size, YLabel: "least width (units a layer)", LogY: true, Colors: r.depths}
	one, two := figure.Series{Name: handShallow, Y: [][]float64{nil}}, figure.Series{Name: handDeep, Y: [][]float64{nil}}
	for _, n := range sizes {
		one.X, one.Y[0] = append(one.X, float64(n)), append(one.Y[0], float64(builtWidth(k, n)))
		two.X, two.Y[0] = append(two.X, float64(n)), append(two.Y[0], 2)
	}
	lines.Series = append(lines.Series, one, two)
	for _, d := range r.Recipe.Functions.Depths {
		s := figure.Series{Name: layers(d), Y: make([][]float64, len(r.Seeds))}
		for _, n := range sizes {
			s.X = append(s.X, float64(n))
			for i, w := range r.Values(widthMetric(k, n, d)) {
				s.Y[i] = append(s.Y[i], w)
			}
		}
		lines.Series = append(lines.Series, s)
	}
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	r.Figure(string(k)+"_width.svg", "Least width that "+title, "A point is missing where a seed did not learn at any width. Built by hand: what is enough without learning. "+lines.Spread(), svg)
	return nil
}

func (r *reporter) widthTable(k kind, sizes []int) {
	f := r.Recipe.Functions
	size, title := k.words()
	header := []string{"hidden layers"}
	for _, n := range sizes {
		header = append(header, fmt.Sprint(n))
	}
	row := []string{handShallow}
	for _, n := range sizes {
		row = append(row, fmt.Sprint(builtWidth(k, n)))
	}
	rows := [][]string{row}
	for _, d := range f.Depths {
		row := []string{fmt.Sprint(d)}
		for _, n := range sizes {
			row = append(row, r.widthCell(k, n, d))
		}
		rows = append(rows, row)
	}
	r.Table(fmt.Sprintf("Least width that %s, seed by seed, by %s; in brackets the smallest error of all widths where a seed did not learn", title, size), header, rows)
}

// widthCell lists the least widths of all seeds.
func (r *reporter) widthCell(k kind, n, d int) string {
	text, missed, least := "", false, math.Inf(1)
	for i, seed := range r.Seeds {
		if i > 0 {
			text += ", "
		}
		end := r.found[searchKey{k, n, d}][seed]
		if math.IsInf(end.width, 1) {
			text += fmt.Sprintf("> %d", r.Recipe.Functions.MaxWidth)
			missed, least = true, math.Min(least, end.least)
			continue
		}
		text += fmt.Sprint(end.width)
	}
	if missed {
		text += fmt.Sprintf(" (%.1f %%)", 100*least)
	}
	return text
}

// growth is by how much the least width is multiplied for each step in size, seed by seed,
// from those of the first size, with which all learned, to those of the last, so many
// steps on. Where no width learned there, it counts as twice the largest: the growth is at
// least that.
func growth(first, last []float64, steps, maxWidth int) []float64 {
	var out []float64
	for i, w := range first {
		out = append(out, math.Pow(math.Min(last[i], float64(2*maxWidth))/w, 1/float64(steps)))
	}
	return out
}

// reach is the largest size up to which all seeds learn at a depth, as an index; −1 if
// there is none.
func (r *reporter) reach(k kind, sizes []int, depth int) int {
	reached := -1
	for i, n := range sizes {
		if math.IsInf(largest(r.Values(widthMetric(k, n, depth))), 1) {
			break
		}
		reached = i
	}
	return reached
}
