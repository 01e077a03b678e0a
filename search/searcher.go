package search

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"capas/games"
	"capas/random"
)

// Options say how a search is done.
type Options struct {
	// Simulations is how many times a tree is gone down to a leaf, for each position.
	Simulations int `json:"simulations"`
	// Rule of the selection.
	Rule Rule `json:"rule"`
	// Exploration is c of the rule.
	Exploration float64 `json:"exploration"`
	// Noise at the root, for self-play.
	Noise Noise `json:"noise,omitzero"`
}

// Bounds of options.
const (
	maxSimulations = 100_000
	maxExploration = 100
)

// Check reports options that make no sense.
func (o Options) Check() error {
	if o.Simulations < 1 || o.Simulations > maxSimulations {
		return fmt.Errorf("search: want 1 to %d simulations, got %d", maxSimulations, o.Simulations)
	}
	if o.Rule != PUCT && o.Rule != UCB1 {
		return fmt.Errorf("search: rule %.40q is unknown, want %s or %s", o.Rule, PUCT, UCB1)
	}
	if !(o.Exploration >= 0 && o.Exploration <= maxExploration) {
		return fmt.Errorf("search: want exploration of 0 to %d, got %g", maxExploration, o.Exploration)
	}
	return o.Noise.Check()
}

// Leaf is a position that a search asks an [Evaluator] about. The game is not over there.
type Leaf struct {
	Position games.Position
	// Stream is that of the position from which the search began.
	Stream *random.Stream
	// Prior, for each move of the game, and Value, for the player to move, are the answer.
	// Those of moves that are not legal are not looked at; the others are to sum to 1.
	Prior []float32
	Value float64
}

// Evaluator says what leaves are worth, [Batch] of them at most at a time. What it says of
// one may depend on the leaf alone.
type Evaluator interface {
	Evaluate(leaves []*Leaf) error
}

// Batch is the number of positions that are searched side by side, by one goroutine: enough
// rows for a product to be quick, few enough that some dozen games give work to all processors.
const Batch = 64

// Result is what a search found.
type Result struct {
	// Visits, Prior and Values are the number of simulations that began with each move, its
	// prior, with the noise, and the mean value of what they found; 0 for moves that are not
	// legal or were never tried.
	Visits []int
	Prior  []float32
	Values []float64
	// Value is the mean over all simulations, for the player to move.
	Value float64
}

// Best is the move with the most visits; of several the one with the larger value, and then
// the first.
func (r Result) Best() int {
	best := 0
	for move, n := range r.Visits {
		if n > r.Visits[best] || n == r.Visits[best] && n > 0 && r.Values[move] > r.Values[best] {
			best = move
		}
	}
	return best
}

// Policy are the shares of the visits.
func (r Result) Policy() []float32 {
	var sum int
	for _, n := range r.Visits {
		sum += n
	}
	out := make([]float32, len(r.Visits))
	for i, n := range r.Visits {
		if sum > 0 {
			out[i] = float32(n) / float32(sum)
		}
	}
	return out
}

// Searcher searches for the moves of many positions at once. It keeps its memory from one
// search to the next. Make one with [NewSearcher]. Not for concurrent use.
type Searcher struct {
	game    *games.Game
	options Options
	make    func() (Evaluator, error)
	workers []*worker
}

// worker searches a batch of positions at a time, on a goroutine of its own.
type worker struct {
	evaluator Evaluator
	trees     []*tree
	leaves    []*Leaf
	waiting   []*tree
}

// NewSearcher returns a searcher. evaluator makes one for each of the goroutines that search,
// as many as there are processors and batches.
func NewSearcher(g *games.Game, o Options, evaluator func() (Evaluator, error)) (*Searcher, error) {
	if g == nil || evaluator == nil {
		return nil, fmt.Errorf("search: want a game and an evaluator")
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Searcher{game: g, options: o, make: evaluator}, nil
}

// Run searches from all positions, each with the stream of the same index, and returns the
// results in their order. It ends with ctx's error when that is cancelled.
func (s *Searcher) Run(ctx context.Context, positions []games.Position, streams []*random.Stream) ([]Result, error) {
	if len(streams) != len(positions) {
		return nil, fmt.Errorf("search: want a stream for each of %d positions, got %d", len(positions), len(streams))
	}
	if slices.Contains(streams, nil) {
		return nil, fmt.Errorf("search: want a stream for each of %d positions, got none for some", len(positions))
	}
	batches := (len(positions) + Batch - 1) / Batch
	n := min(batches, runtime.GOMAXPROCS(0))
	for len(s.workers) < n {
		e, err := s.make()
		if err != nil {
			return nil, fmt.Errorf("search: evaluator: %w", err)
		}
		s.workers = append(s.workers, &worker{evaluator: e})
	}
	results, errs := make([]Result, len(positions)), make([]error, n)
	next := make(chan int, batches)
	for b := range batches {
		next <- b
	}
	close(next)
	var all sync.WaitGroup
	for i, w := range s.workers[:n] {
		all.Go(func() {
			for b := range next {
				from, to := b*Batch, min((b+1)*Batch, len(positions))
				if err := w.run(ctx, s, positions[from:to], streams[from:to], results[from:to]); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// run searches a batch of positions: a simulation of each at a time, and all leaves they come
// to are evaluated together.
func (w *worker) run(ctx context.Context, s *Searcher, positions []games.Position, streams []*random.Stream, results []Result) error {
	for len(w.trees) < len(positions) {
		w.trees = append(w.trees, &tree{game: s.game, options: &s.options})
		w.leaves = append(w.leaves, &Leaf{Prior: make([]float32, s.game.Moves())})
	}
	w.waiting = w.waiting[:0]
	for i, p := range positions {
		w.trees[i].start(p, streams[i])
		if !w.trees[i].nodes[0].over {
			w.waiting = append(w.waiting, w.trees[i])
		}
	}
	for len(w.waiting) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves := w.leaves[:len(w.waiting)]
		for i, t := range w.waiting {
			leaves[i].Position, leaves[i].Stream, leaves[i].Value = t.nodes[t.leaf].position, t.stream, 0
			clear(leaves[i].Prior)
		}
		if err := w.evaluator.Evaluate(leaves); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		left := w.waiting[:0]
		for i, t := range w.waiting {
			t.expand(leaves[i].Prior, leaves[i].Value)
			if t.descend() {
				left = append(left, t)
			}
		}
		w.waiting = left
	}
	for i := range positions {
		results[i] = w.trees[i].result()
	}
	return nil
}
