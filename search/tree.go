package search

import (
	"math"

	"capas/games"
	"capas/random"
)

// Rule is how a search chooses the way down from a node.
type Rule string

const (
	// PUCT takes the move a with the largest Q(a) + c·P(a)·√(Σ_b N(b))/(1+N(a)), where Q is
	// the mean value of what was found below, 0 before the first visit, N the number of visits
	// and P the prior (Silver et al. 2018, without the slow growth of c).
	PUCT Rule = "puct"
	// UCB1 takes the move with the largest Q(a) + c·√(ln Σ_b N(b)/N(a)), those without a
	// visit first, in random order (Kocsis & Szepesvári 2006). It knows no priors.
	UCB1 Rule = "ucb1"
)

// node is a position in the tree. Its edges stand one after the other.
type node struct {
	position games.Position
	first    int32 // edge; −1 if the node has none yet
	edges    int32
	over     bool
	result   float64 // if over, for the player to move
}

// edge is a move. Its numbers are those of the player who makes it.
type edge struct {
	move   int32
	child  int32 // node; −1 if it was never visited
	visits int32
	prior  float32
	total  float64 // sum of the values found below
}

// tree is a search from one position. Its memory serves one search after the other.
type tree struct {
	game    *games.Game
	options *Options
	stream  *random.Stream
	nodes   []node
	edges   []edge
	path    []int32 // edges from the root to the leaf
	leaf    int32   // node that waits for its evaluation
	done    int     // simulations
	root    float64 // value of the root by the evaluator
}

// start begins a search.
func (t *tree) start(p games.Position, s *random.Stream) {
	t.stream, t.done = s, 0
	t.nodes, t.edges, t.path = t.nodes[:0], t.edges[:0], t.path[:0]
	t.leaf = t.add(p)
}

func (t *tree) add(p games.Position) int32 {
	over, result := t.game.Over(p)
	t.nodes = append(t.nodes, node{position: p, first: -1, over: over, result: result})
	return int32(len(t.nodes) - 1)
}

// descend runs simulations until one comes to a leaf that has to be evaluated; false if the
// search is complete.
func (t *tree) descend() bool {
	for t.done < t.options.Simulations {
		t.path = t.path[:0]
		at := int32(0)
		for !t.nodes[at].over && t.nodes[at].first >= 0 {
			e := t.choose(&t.nodes[at])
			t.path = append(t.path, e)
			if t.edges[e].child < 0 {
				child := t.add(t.game.Play(t.nodes[at].position, int(t.edges[e].move)))
				t.edges[e].child = child
			}
			at = t.edges[e].child
		}
		if !t.nodes[at].over {
			t.leaf = at
			return true
		}
		t.backUp(t.nodes[at].result)
	}
	return false
}

// choose is the edge by which a simulation goes on from a node.
func (t *tree) choose(n *node) int32 {
	edges := t.edges[n.first : n.first+n.edges]
	var visits int32
	for i := range edges {
		visits += edges[i].visits
	}
	best, most := 0, math.Inf(-1)
	if t.options.Rule == UCB1 {
		log := math.Log(float64(visits))
		for i := range edges {
			e := &edges[i]
			if e.visits == 0 {
				best = i
				break
			}
			n := float64(e.visits)
			if score := e.total/n + t.options.Exploration*math.Sqrt(log/n); score > most {
				best, most = i, score
			}
		}
		return n.first + int32(best)
	}
	// Before the first visit the root of the sum is 0 and all scores would be equal: 1 makes
	// the first move the one with the largest prior.
	scale := t.options.Exploration * math.Sqrt(float64(max(visits, 1)))
	for i := range edges {
		e := &edges[i]
		score := scale * float64(e.prior) / float64(1+e.visits)
		if e.visits > 0 {
			score += e.total / float64(e.visits)
		}
		if score > most {
			best, most = i, score
		}
	}
	return n.first + int32(best)
}

// expand gives the leaf its edges, by priors for each move of the game, and backs up its
// value.
func (t *tree) expand(priors []float32, value float64) {
	n := &t.nodes[t.leaf]
	legal := t.game.Legal(n.position)
	n.first = int32(len(t.edges))
	for move := range t.game.Moves() {
		if legal>>move&1 != 0 {
			t.edges = append(t.edges, edge{move: int32(move), child: -1, prior: priors[move]})
		}
	}
	n.edges = int32(len(t.edges)) - n.first
	edges := t.edges[n.first:]
	if t.options.Rule == UCB1 {
		t.stream.Rand().Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
	}
	if t.leaf == 0 {
		t.root = value
		t.options.Noise.add(edges, t.stream)
		return // the root's own evaluation is no simulation
	}
	t.backUp(value)
}

// backUp adds a value, that of the player to move at the end of the path, to every edge of
// it, with alternating sign.
func (t *tree) backUp(value float64) {
	for i := len(t.path) - 1; i >= 0; i-- {
		value = -value // of the player who made the move
		e := &t.edges[t.path[i]]
		e.visits++
		e.total += value
	}
	t.done++
}

// result is what the search found.
func (t *tree) result() Result {
	r := Result{Visits: make([]int, t.game.Moves()), Prior: make([]float32, t.game.Moves()), Values: make([]float64, t.game.Moves()), Value: t.root}
	var visits int
	var total float64
	root := t.nodes[0]
	if root.over {
		r.Value = root.result
		return r
	}
	for _, e := range t.edges[root.first : root.first+root.edges] {
		r.Visits[e.move], r.Prior[e.move] = int(e.visits), e.prior
		if e.visits > 0 {
			r.Values[e.move] = e.total / float64(e.visits)
		}
		visits += int(e.visits)
		total += e.total
	}
	if visits > 0 {
		r.Value = total / float64(visits)
	}
	return r
}
