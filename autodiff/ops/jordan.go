package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Jordan is a network of k hidden units whose n outputs are fed back (Jordan 1986):
//
//	h_t = f(z_t + y_{t−1}·U),  v_t = h_t·V + c,  y_t = σ(v_t)
//
// with z (m·T,k), usually x·W + b of all steps in one product, U (n,k), V (k,n), c (n), f tanh, relu
// or sigmoid, by its name, and y = 0 before the first step. The result is v (m·T,n), the outputs
// before their function: what losses want. Where the mask of s leaves a step out, v and y stay.
func Jordan(z, U, V, c *G.Node, f string, s Sequence) (*G.Node, error) {
	r, err := newJordan(z, U, V, c, f, s)
	if err != nil {
		return nil, err
	}
	x := []*G.Node{z, U, V, c}
	if s.Mask != nil {
		x = append(x, s.Mask)
	}
	records, err := r.forward(jordanForward(r, f, newVectors[float32](r.units)), jordanForward(r, f, newVectors[float64](r.units)), x)
	if err != nil {
		return nil, err
	}
	return r.part(records, r.units, 2*r.units, x, func(x G.Nodes, v, dv *G.Node) (G.Nodes, error) {
		return r.jordanDiff(records, f, x, dv)
	})
}

// newJordan checks the operands. The state of the recurrence is y, its gates are the hidden units.
func newJordan(z, U, V, c *G.Node, f string, s Sequence) (*recurrence, error) {
	name := "jordan " + f
	if f != "tanh" && f != "relu" && f != "sigmoid" {
		return nil, fmt.Errorf("jordan: want the function tanh, relu or sigmoid, got %q", f)
	}
	if s.Steps < 1 {
		return nil, fmt.Errorf("%s: want sequences of at least one step, got %d", name, s.Steps)
	}
	if s.H0 != nil || s.C0 != nil || s.Final {
		return nil, fmt.Errorf("%s: begins at outputs of 0 and gives those of all steps, want H0 and C0 nil and not Final", name)
	}
	rows, k, err := dims(name, z)
	if err != nil {
		return nil, err
	}
	n, err := length(name, c)
	if err != nil {
		return nil, err
	}
	if U == nil || V == nil || rows%s.Steps != 0 || !U.Shape().Eq(tensor.Shape{n, k}) || !V.Shape().Eq(tensor.Shape{k, n}) {
		return nil, fmt.Errorf("%s: want z (m·%d,k), U (n,k), V (k,n) and c (n), got z %v and c %v", name, s.Steps, z.Shape(), c.Shape())
	}
	r := &recurrence{name: name, steps: s.Steps, reverse: s.Reverse, rows: rows / s.Steps, units: n, gates: k, record: 2*n + k, frozen: s.Frozen, h0: -1, c0: -1, mask: -1}
	if s.Mask != nil {
		if want := (tensor.Shape{r.rows, s.Steps}); !s.Mask.Shape().Eq(want) {
			return nil, fmt.Errorf("%s: want the mask of shape %v, got %v", name, want, s.Mask.Shape())
		}
		r.mask = 4
	}
	return r, nil
}

func (r *recurrence) jordanDiff(records *G.Node, f string, x G.Nodes, dv *G.Node) (G.Nodes, error) {
	n, k := r.units, r.gates
	var c Chain
	own := G.Nodes{records, c.Do(transposed(x[1])), c.Do(transposed(x[2])), dv}
	both := c.Do(r.backward("backward", r.steps*(k+n), tensor.Shape{r.rows * r.steps, k + n},
		jordanBackward(r, f, newVectors[float32](n)), jordanBackward(r, f, newVectors[float64](n)), append(own, x[4:]...)...))
	dz, dw := c.Do(Columns(both, 0, k)), c.Do(Columns(both, k, k+n))
	h := c.Do(r.part(records, 2*n, 2*n+k, x, nil))
	dx := make(G.Nodes, len(x))
	dx[0] = dz
	dx[1] = c.Do(MatMul(c.Do(r.previous(records, nil)), dz, true, false))
	dx[2] = c.Do(MatMul(h, dw, true, false))
	dx[3] = c.Do(ColSum(dw))
	return dx, c.Err()
}

// A record is y, v, h.
func jordanForward[T Float](r *recurrence, f string, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	n, k, rec := r.units, r.gates, r.record
	squash, _ := v.squash(f)
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, r.steps*rec)
		s := newStates(r, y, x, 0, v.zero)
		for step := range r.steps {
			t := r.at(step)
			for i := first; i < last; i++ {
				row := i*r.steps + t
				copy(y[row*rec+2*n:][:k], x[0][row*k:])
				copy(y[row*rec+n:][:n], x[3])
			}
			at, ld := (first*r.steps+t)*rec, r.steps*rec
			if before, ldb := s.block(step, first); before != nil {
				addProduct(last-first, k, n, before, ldb, x[1], y[at+2*n:], ld)
			}
			for i := first; i < last; i++ {
				h := y[(i*r.steps+t)*rec+2*n:][:k]
				squash(h, h)
			}
			addProduct(last-first, n, k, y[at+2*n:], ld, x[2], y[at+n:], ld)
			for i := first; i < last; i++ {
				row := i*r.steps + t
				p := y[row*rec:][:2*n]
				if s.skipped(row) {
					copy(p[:n], s.hidden(row))
					copy(p[n:], s.cell(row)) // v stands where an LSTM has its cells
				} else {
					v.sigmoid(p[:n], p[n:])
				}
			}
		}
	}
}

// jordanBackward computes from the records, Uᵀ, Vᵀ, dv and the mask the derivatives with respect to z
// and, by all ways, to v, side by side.
func jordanBackward[T Float](r *recurrence, f string, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	n, k, rec, width := r.units, r.gates, r.record, r.gates+r.units
	_, grad := v.squash(f)
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, r.steps*width)
		m := last - first
		s := newStates(r, x[0], x, 0, v.zero)
		buffer := v.buffer(2*m*n + m*k)
		defer v.buffers.Put(buffer)
		b := *buffer
		dy, kept, dh := b[:m*n], b[m*n:2*m*n], b[2*m*n:] // kept is what steps left out pass on to v
		ld := r.steps * width
		for step := r.steps - 1; step >= 0; step-- {
			t := r.at(step)
			at := (first*r.steps + t) * width
			for i := range m {
				row := (first+i)*r.steps + t
				dv, d, from := y[row*width+k:][:n], dy[i*n:][:n], kept[i*n:][:n]
				v.add(from, from, x[3][row*n:][:n])
				if s.skipped(row) {
					clear(dv)
					continue
				}
				v.sigmoidGrad(d, x[0][row*rec:][:n], d)
				v.add(dv, from, d)
				clear(from)
				clear(d)
			}
			clear(dh)
			addProduct(m, k, n, y[at+k:], ld, x[2], dh, k)
			for i := range m {
				row := (first+i)*r.steps + t
				grad(y[row*width:][:k], x[0][row*rec+2*n:][:k], dh[i*k:][:k])
			}
			if step > 0 {
				addProduct(m, n, k, y[at:], ld, x[1], dy, n)
			}
		}
	}
}
