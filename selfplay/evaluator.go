package selfplay

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/blocks"
	"capas/games"
	"capas/models"
	"capas/search"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Evaluator is a network as the evaluator of a search: the softmax of its logits over the
// moves that are legal, and its value. It sees the network's current parameters. Make one
// with [NewEvaluator]. Not for concurrent use; several evaluators of one network may run at
// the same time as long as nothing trains it.
type Evaluator struct {
	game     *games.Game
	net      *models.PolicyValue
	compiler autodiff.Compiler
	batches  []*batch // in rising order of their rows
}

// batch is the network compiled for so many positions.
type batch struct {
	rows int
	x    *tensor.Dense
	run  *autodiff.Function
}

// NewEvaluator returns an evaluator of a network of the game, whose functions the compiler
// calls "evaluation".
func NewEvaluator(g *games.Game, net *models.PolicyValue, compiler autodiff.Compiler) (*Evaluator, error) {
	if err := fits(g, net); err != nil {
		return nil, err
	}
	e := &Evaluator{game: g, net: net, compiler: compiler}
	for _, rows := range []int{1, 8, search.Batch} {
		e.batches = append(e.batches, &batch{rows: rows})
	}
	return e, nil
}

// fits reports a network that is not one of the game.
func fits(g *games.Game, net *models.PolicyValue) error {
	if g == nil || net == nil || len(net.Trunk) == 0 || net.Policy == nil || net.Value == nil {
		return fmt.Errorf("want a game and a policy-value network")
	}
	if net.Inputs() != g.Inputs() || net.Moves() != g.Moves() {
		return fmt.Errorf("want a network of %s, %d inputs and %d moves, got %d and %d", g.Title, g.Inputs(), g.Moves(), net.Inputs(), net.Moves())
	}
	return nil
}

// compile builds the function of a batch, once.
func (e *Evaluator) compile(b *batch) error {
	g, n := G.NewGraph(), e.game.Inputs()
	x := blocks.NewInput(g, tensor.Float32, "x", b.rows, n)
	z, v, err := e.net.Heads(x)
	if err != nil {
		return err
	}
	if b.run, err = e.compiler.Compile("evaluation", G.Nodes{x}, G.Nodes{z, v}, nil); err != nil {
		return err
	}
	b.x = tensor.New(tensor.WithShape(b.rows, n), tensor.WithBacking(make([]float32, b.rows*n)))
	return nil
}

// Evaluate implements [search.Evaluator].
func (e *Evaluator) Evaluate(leaves []*search.Leaf) error {
	for len(leaves) > 0 {
		b := e.batches[len(e.batches)-1]
		for _, smaller := range e.batches {
			if len(leaves) <= smaller.rows {
				b = smaller
				break
			}
		}
		n := min(len(leaves), b.rows)
		if err := e.evaluate(b, leaves[:n]); err != nil {
			return fmt.Errorf("evaluation by the network: %w", err)
		}
		leaves = leaves[n:]
	}
	return nil
}

func (e *Evaluator) evaluate(b *batch, leaves []*search.Leaf) error {
	if b.run == nil {
		if err := e.compile(b); err != nil {
			return err
		}
	}
	x, n, k := b.x.Float32s(), e.game.Inputs(), e.game.Moves()
	for i, l := range leaves {
		e.game.Encode(x[i*n:(i+1)*n], l.Position) // rows behind them keep what they had, and are not looked at
	}
	if err := b.run.Run(b.x); err != nil {
		return err
	}
	z, v := b.run.Output(0).Data().([]float32), b.run.Output(1).Data().([]float32)
	for i, l := range leaves {
		l.Value = float64(v[i])
		priors(l.Prior, z[i*k:(i+1)*k], e.game.Legal(l.Position))
	}
	return nil
}

// priors are the softmax of logits over legal moves.
func priors(dst, z []float32, legal uint64) {
	largest, sum := math.Inf(-1), 0.0
	for i, v := range z {
		if legal>>i&1 != 0 {
			largest = max(largest, float64(v))
		}
	}
	for i, v := range z {
		if legal>>i&1 != 0 {
			p := math.Exp(float64(v) - largest)
			dst[i] = float32(p)
			sum += p
		}
	}
	for i := range dst {
		if legal>>i&1 != 0 {
			dst[i] = float32(float64(dst[i]) / sum)
		}
	}
}

// NewPlayer returns the searcher of a network, which is also a player: the one that a person
// or another player is up against.
func NewPlayer(g *games.Game, net *models.PolicyValue, o search.Options, compiler autodiff.Compiler) (*search.Searcher, error) {
	if err := fits(g, net); err != nil {
		return nil, err
	}
	return search.NewSearcher(g, o, func() (search.Evaluator, error) { return NewEvaluator(g, net, compiler) })
}
