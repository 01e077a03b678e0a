package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// RNN is the basic recurrent layer of k units
//
//	h_t = f(z_t + h_{t−1}·U)
//
// with z (m·T,k), usually x·W + b of all steps in one product, U (k,k), and f tanh, relu or sigmoid,
// by its name. The result is h (m·T,k).
func RNN(z, U *G.Node, f string, s Sequence) (*G.Node, error) {
	name := "rnn " + f
	if f != "tanh" && f != "relu" && f != "sigmoid" {
		return nil, fmt.Errorf("rnn: want the function tanh, relu or sigmoid, got %q", f)
	}
	if s.C0 != nil {
		return nil, fmt.Errorf("%s: has no cell states, want C0 nil", name)
	}
	r, x, err := newRecurrence(name, s, 1, 1, 1, z, U)
	if err != nil {
		return nil, err
	}
	if r.final {
		records, err := r.forward(rnnForward(r, f, newVectors[float32](r.units)), rnnForward(r, f, newVectors[float64](r.units)), x)
		if err != nil {
			return nil, err
		}
		return r.part(records, 0, r.units, x, func(x G.Nodes, _, dh *G.Node) (G.Nodes, error) { return r.rnnDiff(f, x, records, dh) })
	}
	// All states are the records: one operation is enough.
	d := Def{
		Name: r.key("forward"), Shape: tensor.Shape{r.rows * r.steps, r.record}, Wrt: make([]bool, len(x)),
		Ranged: r.ranged(r.steps*r.record, rnnForward(r, f, newVectors[float32](r.units)), rnnForward(r, f, newVectors[float64](r.units))),
		Diff:   func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) { return r.rnnDiff(f, x, y, dy) },
	}
	for i := range x {
		d.Wrt[i] = i != r.mask
	}
	return Apply(d, x...)
}

func (r *recurrence) rnnDiff(f string, x G.Nodes, h, dh *G.Node) (G.Nodes, error) {
	if r.frozen {
		return nil, errFrozen(r.name)
	}
	var c Chain
	Ut := c.Do(transposed(x[1]))
	bptt := func(to int) *G.Node {
		return c.Do(r.backwardTo(to, rnnBackward(r, f, to, newVectors[float32](r.units)), rnnBackward(r, f, to, newVectors[float64](r.units)), append(G.Nodes{h, Ut, dh}, x[2:]...)...))
	}
	dx := make(G.Nodes, len(x))
	dx[0] = bptt(toInputs)
	dx[1] = c.Do(MatMul(c.Do(r.previous(h, r.initial(x))), dx[0], true, false))
	if r.h0 >= 0 {
		dx[r.h0] = bptt(toHidden)
	}
	return dx, c.Err()
}

// initial is the operand h0, nil if there is none.
func (r *recurrence) initial(x G.Nodes) *G.Node {
	if r.h0 < 0 {
		return nil
	}
	return x[r.h0]
}

func rnnForward[T Float](r *recurrence, f string, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k, squash := r.units, first(v.squash(f))
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, r.steps*k)
		s := newStates(r, y, x, 0, v.zero)
		for step := range r.steps {
			t := r.at(step)
			at, ld := (first*r.steps+t)*k, r.steps*k
			if h, ldh := s.block(step, first); h != nil {
				sumProduct(last-first, k, k, x[0][at:], ld, h, ldh, x[1], y[at:], ld)
			} else {
				copyRows(last-first, k, x[0][at:], ld, y[at:], ld)
			}
			for i := first; i < last; i++ {
				row := i*r.steps + t
				h := y[row*k:][:k]
				if s.skipped(row) {
					copy(h, s.hidden(row))
				} else {
					squash(h, h)
				}
			}
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

// rnnBackward computes from h, Uᵀ, dh and the optional operands the derivative with respect to z,
// or to h0.
func rnnBackward[T Float](r *recurrence, f string, to int, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k, each, initial := r.units, r.steps*r.units, to != toInputs
	if initial {
		each = k
	}
	_, grad := v.squash(f)
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, each)
		n := last - first
		s := newStates(r, x[0], x, 1, v.zero)
		buffer := v.buffer(2 * n * k)
		defer v.buffers.Put(buffer)
		dh, spare := (*buffer)[:n*k], (*buffer)[n*k:]
		for step := r.steps - 1; step >= 0; step-- {
			t := r.at(step)
			dz, ld := spare, k
			if !initial {
				dz, ld = y[(first*r.steps+t)*k:], r.steps*k
			}
			for i := range n {
				row := (first+i)*r.steps + t
				d, out := dh[i*k:][:k], dz[i*ld:][:k]
				s.addIncoming(v, d, x[2], row, step)
				if s.skipped(row) {
					clear(out)
					continue
				}
				grad(out, x[0][row*k:][:k], d)
				clear(d)
			}
			if step > 0 || initial {
				addProduct(n, k, k, dz, ld, x[1], dh, k)
			}
		}
		if initial {
			copy(y[from:to], dh)
		}
	}
}
