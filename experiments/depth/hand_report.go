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
		fmt.Sprintf("Built: the tent map iterated k times, 2k units. Random: means of %d networks a seed, with first weights as for training and random biases. ", randomNets)+lines.Spread(), svg)
	r.Table("Networks built by hand; largest difference from the function on all strings, or on 2ⁿ⁺⁴ + 1 points, and straight pieces",
		[]string{"function", "network", "hidden layers", "hidden units", "largest difference", "pieces"}, rows)
	r.handClaims(all)
	return nil
}
