package blocks

import (
	"fmt"
	"slices"
	"strings"

	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Cell is a kind of recurrent layer. The zero value is the basic one with tanh. In recipes and flags
// it is its name, as String returns it.
type Cell struct{ kind string }

// BasicCell is h_t = f(x_t·W + h_{t−1}·U + b) with f tanh, relu or sigmoid, by its name: Elman's
// network (1990).
func BasicCell(f string) Cell {
	if f == "tanh" {
		return Cell{}
	}
	return Cell{kind: "rnn-" + f}
}

// LSTM is the long short-term memory with forget gates; see ops.LSTM.
func LSTM() Cell { return Cell{kind: "lstm"} }

// GRU is the gated recurrent unit; see ops.GRU.
func GRU() Cell { return Cell{kind: "gru"} }

// Cells lists the names of all cells.
func Cells() []string { return []string{"rnn", "rnn-relu", "rnn-sigmoid", "lstm", "gru"} }

// ParseCell returns the cell of the given name.
func ParseCell(s string) (Cell, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	switch {
	case name == "rnn":
		return Cell{}, nil
	case slices.Contains(Cells(), name):
		return Cell{kind: name}, nil
	}
	return Cell{}, fmt.Errorf("cell %q is unknown, want one of %s", s, strings.Join(Cells(), ", "))
}

// String is the name: rnn, rnn-relu, rnn-sigmoid, lstm or gru.
func (c Cell) String() string {
	if c.kind == "" {
		return "rnn"
	}
	return c.kind
}

// MarshalText is String.
func (c Cell) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is ParseCell.
func (c *Cell) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCell(string(text))
	return err
}

// Gates is the number of a cell's weight matrices on each side: 4 for an LSTM (i, f, g, o), 3 for
// a GRU (r, u, n), otherwise 1.
func (c Cell) Gates() int {
	switch c.kind {
	case "lstm":
		return 4
	case "gru":
		return 3
	}
	return 1
}

// Recurrent is a recurrent layer of k units, over whole sequences: from inputs x (m·T,n), a row for
// each step, those of one sequence together, it makes the states h (m·T,k). Weights stand beside each
// other gate by gate, g·k columns for g gates, and there are two biases as in PyTorch, of the inputs
// and of the states, which only a GRU can tell apart.
type Recurrent struct {
	Cell Cell
	// W (n,g·k) are the weights of the inputs, U (k,g·k) those of the states, B and C (g·k) the
	// biases of either.
	W, U, B, C *Param
}

// NewRecurrent returns a layer with weights drawn by init, each gate's as those of a layer of its own,
// and biases 0, but that of the gates that keep the state, an LSTM's f and a GRU's u: forget, usually 1
// for an LSTM, so that cells keep what they have until they learn when not to (Gers et al. 2000;
// Jozefowicz et al. 2015), and about ln T where it is to last for T steps (Tallec & Ollivier 2018).
// Its parameters are called name.W, name.U, name.b and name.c.
func NewRecurrent(name string, cell Cell, n, k int, forget float64, init Initializer, s *random.Stream) (*Recurrent, error) {
	g := cell.Gates()
	W, err := gateWeights(name+".W", n, k, g, init, s)
	if err != nil {
		return nil, err
	}
	U, err := gateWeights(name+".U", k, k, g, init, s)
	if err != nil {
		return nil, err
	}
	r := &Recurrent{Cell: cell, W: W, U: U, B: NewParam(name+".b", g*k), C: NewParam(name+".c", g*k)}
	if cell == LSTM() || cell == GRU() { // the second gate of either
		b := r.B.Value.Float32s()[k : 2*k]
		for i := range b {
			b[i] = float32(forget)
		}
	}
	return r, nil
}

// gateWeights draws g matrices (n,k) and puts them side by side.
func gateWeights(name string, n, k, g int, init Initializer, s *random.Stream) (*Param, error) {
	if n < 1 || k < 1 {
		return nil, fmt.Errorf("weights %s: want at least one input and one unit, got %d and %d", name, n, k)
	}
	all := NewParam(name, n, g*k)
	for j := range g {
		w, err := init.Weights(name, n, k, s)
		if err != nil {
			return nil, err
		}
		for i := range n {
			copy(all.Value.Float32s()[i*g*k+j*k:][:k], w.Value.Float32s()[i*k:])
		}
	}
	return all, nil
}

// Params returns W, U, B and C.
func (r *Recurrent) Params() []*Param { return []*Param{r.W, r.U, r.B, r.C} }

// Inputs is n, the number of inputs of a step.
func (r *Recurrent) Inputs() int { return r.W.Value.Shape()[0] }

// Units is k, the size of the state.
func (r *Recurrent) Units() int { return r.U.Value.Shape()[0] }

// Forward returns the states h after all steps and, of an LSTM, those of its cells, otherwise nil.
// One matrix product makes the inputs' part of all steps.
func (r *Recurrent) Forward(x *G.Node, s ops.Sequence) (h, cells *G.Node, err error) {
	if x == nil {
		return nil, nil, fmt.Errorf("%s: the input is missing", r.Cell)
	}
	leaves, err := Nodes(x.Graph(), r.Params())
	if err != nil {
		return nil, nil, err
	}
	W, U, b, c := leaves[0], leaves[1], leaves[2], leaves[3]
	var chain ops.Chain
	if r.Cell == GRU() {
		z := chain.Do(ops.Affine(x, W, b, false))
		return chain.Do(ops.GRU(z, U, c, s)), nil, chain.Err()
	}
	z := chain.Do(ops.Affine(x, W, chain.Do(ops.Add(b, c)), false))
	if chain.Err() != nil {
		return nil, nil, chain.Err()
	}
	if r.Cell == LSTM() {
		return ops.LSTM(z, U, s)
	}
	f := "tanh"
	if r.Cell.kind != "" {
		f = strings.TrimPrefix(r.Cell.kind, "rnn-")
	}
	h, err = ops.RNN(z, U, f, s)
	return h, nil, err
}
