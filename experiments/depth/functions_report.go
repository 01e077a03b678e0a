package main

import (
	"fmt"
	"math"

	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"
)

const (
	handShallow = "built: 1 hidden layer"
	handDeep    = "built: 2 units a layer"
	mostPieces  = "1 hidden layer: most pieces"
	randomOne   = "1 hidden layer, random"
	randomDeep  = "4 hidden layers, random"
)

// hand is a network built by hand and what was measured of it.
type hand struct {
	kind    kind
	n       int
	what    string
	net     *models.MLP
	wrongBy float64
	pieces  int // of a network of one input on [0,1], otherwise 0
}

// buildAll builds all networks by hand and compares each with its function.
func buildAll(bits []int) ([]hand, error) {
	var all []hand
	for k := 1; k <= maxLevels; k++ {
		all = append(all, hand{kind: tent, n: k, what: handDeep, net: deepTent(k)}, hand{kind: tent, n: k, what: handShallow, net: shallowTent(k)})
	}
	for _, n := range bits {
		all = append(all, hand{kind: parity, n: n, what: handDeep, net: deepParity(n)}, hand{kind: parity, n: n, what: "built: tree of exclusive ors", net: treeParity(n)},
			hand{kind: parity, n: n, what: handShallow, net: shallowParity(n)})
	}
	for i := range all {
		h := &all[i]
		var err error
		if h.wrongBy, err = wrongBy(h.net, h.kind, h.n); err != nil {
			return nil, err
		}
		if h.kind == tent {
			if h.pieces, err = pieces(h.net, 0, 1, 1<<(h.n+4)); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// randomUnits are the numbers of units of random networks whose pieces are counted,
// deepRandom the hidden layers of the deep ones, randomNets how many there are of each
// kind and seed, and randomCells the cells of [−1,1] on which they are counted.
func randomUnits() []int { return []int{4, 8, 16, 32, 64} }

const (
	deepRandom  = 4
	randomNets  = 5
	randomCells = 1 << 12
)

// randomPieces are the metrics random_pieces.units-U.depth-D, the mean number of pieces
// over randomNets random networks of U units in D layers, and random_pieces.most_share,
// the largest share that a network of one hidden layer had of the pieces that it can
// have, units + 1.
func (r *reporter) randomPieces() error {
	for _, seed := range r.Seeds {
		share := 0.0
		for _, units := range randomUnits() {
			for _, depth := range []int{1, deepRandom} {
				total := 0
				for i := range randomNets {
					s := random.New(seed).Split(fmt.Sprintf("pieces %d %d %d", units, depth, i))
					net, err := randomLine(depth, units/depth, s)
					if err != nil {
						return err
					}
					n, err := pieces(net, -1, 1, randomCells)
					if err != nil {
						return err
					}
					total += n
					if depth == 1 {
						share = math.Max(share, float64(n)/float64(units+1))
					}
				}
				r.Metric(randomMetric(units, depth), seed, float64(total)/randomNets)
			}
		}
		r.Metric("random_pieces.most_share", seed, share)
	}
	return nil
}

func randomMetric(units, depth int) string {
	return fmt.Sprintf("random_pieces.units-%d.depth-%d", units, depth)
}

// byHand reports networks that were built, and counts pieces.
func (r *reporter) byHand() error {
	all, err := buildAll(r.Recipe.Functions.Bits)
	if err != nil {
		return err
	}
	if err := r.randomPieces(); err != nil {
		return err
	}
	r.Section("Functions that fold, built by hand",
		"The tent map T(x) = 1 − |2x − 1| rises from 0 to 1 and falls again; iterated k times it has 2ᵏ straight pieces (Telgarsky 2016). Two ReLU units make one T, so that k layers of two units make all of them: "+
			"each layer folds what the layers below have folded. One hidden layer on one input has at most a piece more than it has units, since only at a unit's own bend can the slope change: it needs 2ᵏ − 1 units at least, "+
			"and for these slopes 2ᵏ. Random networks bear out the bound, and show that depth alone makes few pieces: the many are a matter of the weights.",
		"The parity of n bits is folded too: their sum, at most 2ᵐ, is folded in the middle until it is 0 or 1, by m = ⌈log₂ n⌉ layers of two units. But one hidden layer can add the bits as well, "+
			"and the sum only goes up and down n times: n units are enough. What needs exponentially many units for parity in few layers are networks of gates that say and and or, which cannot add.")
	lines := figure.Lines{XLabel: "hidden units", YLabel: "straight pieces", LogX: true, LogY: true, Colors: figure.NewColors(handDeep, mostPieces, randomOne, randomDeep)}
	built, most := figure.Series{Name: handDeep, Y: [][]float64{nil}}, figure.Series{Name: mostPieces, Y: [][]float64{nil}}
	var rows [][]string
	for _, h := range all {
		if h.kind == tent && h.what == handDeep {
			built.X, built.Y[0] = append(built.X, float64(hiddenUnits(h.net))), append(built.Y[0], float64(h.pieces))
		}
		count := "–"
		if h.pieces > 0 {
			count = fmt.Sprint(h.pieces)
		}
		rows = append(rows, []string{fmt.Sprintf("%s, %d", h.kind, h.n), h.what, fmt.Sprint(len(h.net.Layers) - 1), fmt.Sprint(hiddenUnits(h.net)), fmt.Sprint(h.wrongBy), count})
	}
	lines.Series = append(lines.Series, built)
	for _, units := range append([]int{2}, randomUnits()...) {
		most.X, most.Y[0] = append(most.X, float64(units)), append(most.Y[0], float64(units+1))
	}
	lines.Series = append(lines.Series, most)
	for _, depth := range []int{1, deepRandom} {
		s := figure.Series{Name: randomOne, Y: make([][]float64, len(r.Seeds))}
		if depth == deepRandom {
			s.Name = randomDeep
		}
		for _, units := range randomUnits() {
			s.X = append(s.X, float64(units))
			for i, v := range r.Values(randomMetric(units, depth)) {
				s.Y[i] = append(s.Y[i], v)
			}
		}
		lines.Series = append(lines.Series, s)
	}
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	r.Figure("pieces.svg", "Straight pieces of a function by the units that make it",
		fmt.Sprintf("Built: the tent map iterated k times, 2k units. Random: means of %d networks a seed, with first weights as for training and random biases; band: ± one standard deviation over seeds.", randomNets), svg)
	r.Table("Networks built by hand; largest difference from the function on all strings, or on 2ⁿ⁺⁴ + 1 points, and straight pieces",
		[]string{"function", "network", "hidden layers", "hidden units", "largest difference", "pieces"}, rows)
	r.handClaims(all)
	return nil
}

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
// of all its networks.
func (r *reporter) learned() error {
	f := r.Recipe.Functions
	r.Section("Functions that fold, learned",
		fmt.Sprintf("What can be built need not be learned. Networks of equal layers learn the parity of all 2ⁿ strings, and whether the iterated tent map is above ½ at %d·2ⁿ points. ", pointsPerPiece)+
			fmt.Sprintf("For each depth and seed, widths of 1, 2, 4, … up to %d units a layer are tried in this order, each at the rates %s, until a network has a training error below %g %% after one of %d epochs ",
				f.MaxWidth, list(f.Rates), 100*f.Learned, f.Train.Epochs)+
			fmt.Sprintf("(about %d steps of %s each, on batches of %d, the rate falling to 0). That is the least width; where no width learned, the figure has a gap.", stepsPerEpoch, f.Train.Optimizer.Kind, f.Train.Batch))
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
		r.growthClaim(k, sizes)
	}
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
	r.Figure(string(k)+"_width.svg", "Least width that "+title, "Mean over seeds, band: ± one standard deviation; a point is missing where a seed did not learn at any width. Built by hand: what is enough without learning.", svg)
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

// growth is by how much the least width is multiplied for each step in size, from the
// first size to the last, for each seed. Where no width learned, it counts as twice the
// largest: what is true of it then is true of the width that would learn.
func (r *reporter) growth(k kind, first, last, depth int) []float64 {
	var out []float64
	width := func(n, i int) float64 {
		return math.Min(r.Values(widthMetric(k, n, depth))[i], float64(2*r.Recipe.Functions.MaxWidth))
	}
	for i := range r.Seeds {
		out = append(out, math.Pow(width(last, i)/width(first, i), 1/float64(last-first)))
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
