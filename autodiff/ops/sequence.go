package ops

import (
	"fmt"
	"runtime"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Sequence says how a recurrent operation (RNN, LSTM, GRU, Jordan) runs over m sequences of
// T steps. Its matrices have a row for each step, those of one sequence together: row i·T+t is
// step t of sequence i, so that a batch with a sequence in each row need only be reshaped.
//
// One operation computes all steps, whatever T is, and another one its derivative, by
// backpropagation through time. That one has no derivative itself: asking for a second
// derivative is an error.
type Sequence struct {
	// Steps is T.
	Steps int
	// Reverse runs from the last step to the first.
	Reverse bool
	// Mask (m,T), if not nil, is 0 where a step is to be left out: the state stays as it was, so
	// that the last one is that of the last step which counts, whatever stands in those that do
	// not. Any other value lets the step count.
	Mask *G.Node
	// H0 and, of an LSTM, C0 (m,k) are the states before the first step; nil for 0.
	H0, C0 *G.Node
	// Final asks for the states after the last step alone (the first, in reverse): the results have
	// a row for each sequence, (m,k).
	Final bool
	// Frozen says that no derivative will be asked for: gates are then not kept, which take most of
	// the memory. For graphs that only evaluate.
	Frozen bool
}

// recurrence is the geometry of a sequence operation.
type recurrence struct {
	name    string
	steps   int
	reverse bool
	frozen  bool
	final   bool
	rows    int // m
	units   int // k
	gates   int // k times the number of gates
	record  int // elements that are kept of a step; the state h stands first
	// Places of the optional operands, −1 for those that are missing.
	h0, c0, mask int
}

// newRecurrence checks z (m·T, gates·k), U (k, gates·k) and the sequence, and returns the operands,
// the fixed ones first. A record has so many parts of k elements, and of a frozen sequence kept.
func newRecurrence(name string, s Sequence, gates, record, kept int, z, U *G.Node, more ...*G.Node) (*recurrence, []*G.Node, error) {
	if s.Steps < 1 {
		return nil, nil, fmt.Errorf("%s: want sequences of at least one step, got %d", name, s.Steps)
	}
	rows, width, err := dims(name, z)
	if err != nil {
		return nil, nil, err
	}
	k, across, err := dims(name, U)
	if err != nil {
		return nil, nil, err
	}
	if rows%s.Steps != 0 || width != gates*k || across != gates*k {
		return nil, nil, fmt.Errorf("%s: want z (m·%d, %d·k) and U (k, %d·k), got z %v and U %v", name, s.Steps, gates, gates, z.Shape(), U.Shape())
	}
	if s.Frozen {
		record = kept
	}
	r := &recurrence{name: name, steps: s.Steps, reverse: s.Reverse, frozen: s.Frozen, final: s.Final, rows: rows / s.Steps, units: k, gates: gates * k, record: record * k}
	all := append([]*G.Node{z, U}, more...)
	for _, o := range []struct {
		what  string
		node  *G.Node
		cols  int
		place *int
	}{{"h0", s.H0, k, &r.h0}, {"c0", s.C0, k, &r.c0}, {"the mask", s.Mask, s.Steps, &r.mask}} {
		*o.place = -1
		if o.node == nil {
			continue
		}
		if want := (tensor.Shape{r.rows, o.cols}); !o.node.Shape().Eq(want) {
			return nil, nil, fmt.Errorf("%s: want %s of shape %v, got %v", name, o.what, want, o.node.Shape())
		}
		*o.place = len(all)
		all = append(all, o.node)
	}
	return r, all, nil
}

// key is the name of an operation with what its kernels depend on besides the operands.
func (r *recurrence) key(what string) string {
	return fmt.Sprintf("%s %s(%d,%t,%t,%t,%d,%d,%d)", r.name, what, r.steps, r.reverse, r.frozen, r.final, r.h0, r.c0, r.mask)
}

// at is the step that is taken as number s, counted from 0.
func (r *recurrence) at(s int) int {
	if r.reverse {
		return r.steps - 1 - s
	}
	return s
}

// before is the row of the step that is taken before step t, −1 if that is the first.
func (r *recurrence) before(row int) int {
	t := row % r.steps
	switch {
	case r.reverse && t < r.steps-1:
		return row + 1
	case !r.reverse && t > 0:
		return row - 1
	}
	return -1
}

// sequences returns which sequences the elements from, …, to−1 of a result belong to, of
// which each has so many.
func (r *recurrence) sequences(from, to, each int) (first, last int) { return from / each, to / each }

// ranged divides a result by whole sequences, of which each has so many elements: into a few
// blocks for each processor, of enough rows for products that are fast.
func (r *recurrence) ranged(each int, f32 func(y []float32, x [][]float32, from, to int), f64 func(y []float64, x [][]float64, from, to int)) *Ranged {
	const least = 16 // rows
	workers := runtime.GOMAXPROCS(0)
	blocks := 1
	if workers > 1 {
		blocks = max(1, min(2*workers, r.rows/least))
	}
	if blocks > workers {
		blocks -= blocks % workers
	}
	return &Ranged{Grain: each * ((r.rows + blocks - 1) / blocks), F32: f32, F64: f64}
}

// forward is the operation whose result holds the records of all steps, a row each.
func (r *recurrence) forward(f32 func(y []float32, x [][]float32, from, to int), f64 func(y []float64, x [][]float64, from, to int), x []*G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: r.key("forward"), Shape: tensor.Shape{r.rows * r.steps, r.record},
		Ranged: r.ranged(r.steps*r.record, f32, f64), Diff: r.second,
	}, x...)
}

// second refuses derivatives of the operations that have none.
func (r *recurrence) second(G.Nodes, *G.Node, *G.Node) (G.Nodes, error) {
	return nil, fmt.Errorf("%s: backpropagation through time has no second derivative", r.name)
}

// part are columns of the records, as a function of all operands of the forward pass: diff is its
// derivative with respect to these, with nothing for the records themselves. A nil diff makes a
// constant to the gradient.
func (r *recurrence) part(records *G.Node, from, to int, x []*G.Node, diff func(x G.Nodes, y, dy *G.Node) (G.Nodes, error)) (*G.Node, error) {
	d := columns(r.rows*r.steps, r.record, from, to, nil)
	if r.final {
		d.Shape = tensor.Shape{r.rows, to - from}
		d.Ranged = &Ranged{Grain: to - from, F32: finalStates[float32](r, from, to), F64: finalStates[float64](r, from, to)}
	}
	d.Name = r.key(d.Name)
	all := []*G.Node{records}
	if diff != nil {
		all = append(all, x...)
		d.Wrt = make([]bool, len(all))
		for i := range x {
			d.Wrt[i+1] = i != r.mask
		}
		d.Diff = func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			if r.frozen {
				return nil, errFrozen(r.name)
			}
			dx, err := diff(x[1:], y, dy)
			return append(G.Nodes{nil}, dx...), err
		}
	}
	return Apply(d, all...)
}

// finalStates takes columns of the records of last steps.
func finalStates[T Float](r *recurrence, first, last int) func(y []T, x [][]T, from, to int) {
	k := last - first
	return func(y []T, x [][]T, from, to int) {
		for i := from / k; i < to/k; i++ {
			copy(y[i*k:][:k], x[0][(i*r.steps+r.at(r.steps-1))*r.record+first:])
		}
	}
}

func errFrozen(name string) error {
	return fmt.Errorf("%s: a frozen sequence has no derivative", name)
}

// backward is an operation of backpropagation through time, with a result of the given shape;
// x are its own operands and then the optional ones of the forward pass.
func (r *recurrence) backward(what string, each int, shape tensor.Shape, f32 func(y []float32, x [][]float32, from, to int), f64 func(y []float64, x [][]float64, from, to int), x ...*G.Node) (*G.Node, error) {
	return Apply(Def{Name: r.key(what), Shape: shape, Ranged: r.ranged(each, f32, f64), Diff: r.second}, x...)
}

// What backpropagation through time leads to.
const (
	toInputs = iota // z
	toHidden        // h0
	toCells         // c0
)

// backwardTo is the operation of backpropagation through time that leads there.
func (r *recurrence) backwardTo(to int, f32 func(y []float32, x [][]float32, from, to int), f64 func(y []float64, x [][]float64, from, to int), x ...*G.Node) (*G.Node, error) {
	each, shape := r.steps*r.gates, tensor.Shape{r.rows * r.steps, r.gates}
	if to != toInputs {
		each, shape = r.units, tensor.Shape{r.rows, r.units}
	}
	return r.backward(fmt.Sprintf("backward to %d", to), each, shape, f32, f64, x...)
}

// previous are the states before each step, (m·T,k), of which the records have those after it; h0 may
// be nil.
func (r *recurrence) previous(records, h0 *G.Node) (*G.Node, error) {
	if records == nil {
		return nil, fmt.Errorf("%s: the records are missing", r.name)
	}
	x := G.Nodes{records}
	if h0 != nil {
		x = append(x, h0)
	}
	return Apply(Def{
		Name: fmt.Sprintf("states before(%d,%t,%d)", r.steps, r.reverse, r.units), Shape: tensor.Shape{r.rows * r.steps, r.units}, Diff: r.second,
		Ranged: &Ranged{Grain: r.units, F32: shifted[float32](r), F64: shifted[float64](r)},
	}, x...)
}

func shifted[T Float](r *recurrence) func(y []T, x [][]T, from, to int) {
	k := r.units
	return func(y []T, x [][]T, from, to int) {
		for i := from / k; i < to/k; i++ {
			row := y[i*k:][:k]
			switch b := r.before(i); {
			case b >= 0:
				copy(row, x[0][b*r.record:])
			case len(x) > 1:
				copy(row, x[1][i/r.steps*k:])
			default:
				clear(row)
			}
		}
	}
}

// transposed is W (n,k) with rows and columns exchanged: the derivative of every step reads it.
func transposed(W *G.Node) (*G.Node, error) {
	n, k, err := dims("transposed", W)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: "transposed", Shape: tensor.Shape{k, n},
		Ranged: &Ranged{Grain: n, F32: transposeRows[float32](n, k), F64: transposeRows[float64](n, k)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := transposed(dy)
			return G.Nodes{dx}, err
		},
	}, W)
}

func transposeRows[T Float](n, k int) func(y []T, x [][]T, from, to int) {
	return func(y []T, x [][]T, from, to int) {
		const band = 16
		for first := from / n; first < to/n; first += band {
			last := min(first+band, to/n)
			for j := range n {
				for i, v := range x[0][j*k+first : j*k+last] {
					y[(first+i)*n+j] = v
				}
			}
		}
	}
}
