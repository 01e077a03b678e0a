package ops

import G "gorgonia.org/gorgonia"

// LSTM is the layer of k long short-term memory cells with forget gates (Hochreiter &
// Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000), in PyTorch's form:
//
//	i, f, g, o = the four parts of z_t + h_{t−1}·U
//	c_t = σ(f) ⊙ c_{t−1} + σ(i) ⊙ tanh(g)
//	h_t = σ(o) ⊙ tanh(c_t)
//
// with z (m·T,4k), usually x·W + b of all steps in one product, and U (k,4k). h and c are (m·T,k);
// c is a constant to the gradient, there to go on from with the next part of a sequence.
func LSTM(z, U *G.Node, s Sequence) (h, c *G.Node, err error) {
	r, x, err := newRecurrence("lstm", s, 4, 7, 2, z, U)
	if err != nil {
		return nil, nil, err
	}
	records, err := r.forward(lstmForward(r, newVectors[float32](r.units)), lstmForward(r, newVectors[float64](r.units)), x)
	if err != nil {
		return nil, nil, err
	}
	k := r.units
	var chain Chain
	h = chain.Do(r.part(records, 0, k, x, func(x G.Nodes, _, dh *G.Node) (G.Nodes, error) {
		return r.lstmDiff(records, x, dh)
	}))
	c = chain.Do(r.part(records, k, 2*k, x, nil))
	return h, c, chain.Err()
}

func (r *recurrence) lstmDiff(records *G.Node, x G.Nodes, dh *G.Node) (G.Nodes, error) {
	var c Chain
	Ut := c.Do(transposed(x[1]))
	bptt := func(to int) *G.Node {
		return c.Do(r.backwardTo(to, lstmBackward(r, to, newVectors[float32](r.units)), lstmBackward(r, to, newVectors[float64](r.units)), append(G.Nodes{records, Ut, dh}, x[2:]...)...))
	}
	dx := make(G.Nodes, len(x))
	dx[0] = bptt(toInputs)
	dx[1] = c.Do(MatMul(c.Do(r.previous(records, r.initial(x))), dx[0], true, false))
	if r.h0 >= 0 {
		dx[r.h0] = bptt(toHidden)
	}
	if r.c0 >= 0 {
		dx[r.c0] = bptt(toCells)
	}
	return dx, c.Err()
}

// A record is h, c, the gates i, f, g, o after their functions, and tanh c. If it is frozen, it ends
// after c.
func lstmForward[T Float](r *recurrence, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k, rec := r.units, r.record
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, r.steps*rec)
		s := newStates(r, y, x, 0, v.zero)
		buffer := v.buffer(r.frozenOnly((last - first) * 5 * k))
		defer v.buffers.Put(buffer)
		for step := range r.steps {
			t := r.at(step)
			gates, ld := *buffer, 5*k
			if !r.frozen {
				gates, ld = y[(first*r.steps+t)*rec+2*k:], r.steps*rec
			}
			z := x[0][(first*r.steps+t)*4*k:]
			if h, ldh := s.block(step, first); h != nil {
				sumProduct(last-first, 4*k, k, z, r.steps*4*k, h, ldh, x[1], gates, ld)
			} else {
				copyRows(last-first, 4*k, z, r.steps*4*k, gates, ld)
			}
			for i := range last - first {
				row := (first+i)*r.steps + t
				p := y[row*rec:][:2*k]
				if s.skipped(row) {
					copy(p[:k], s.hidden(row))
					copy(p[k:], s.cell(row))
					continue
				}
				lstmCell(v, p[:k], p[k:], gates[i*ld:][:5*k], s.cell(row), k)
			}
		}
	}
}

// frozenOnly is n for a frozen sequence, otherwise 0.
func (r *recurrence) frozenOnly(n int) int {
	if r.frozen {
		return n
	}
	return 0
}

// lstmCell sets h, c and, of the gates before their functions, the gates and tanh c.
func lstmCell[T Float](v *vectors[T], h, c, gates, before []T, k int) {
	g, o, th := gates[2*k:3*k], gates[3*k:4*k], gates[4*k:]
	v.sigmoid(gates[:2*k], gates[:2*k])
	i, f := gates[:k], gates[k:2*k]
	v.tanh(g, g)
	v.sigmoid(o, o)
	v.productSum(c, f, before, i, g)
	v.tanh(th, c)
	v.mul(h, o, th)
}

// lstmBackward computes from the records, Uᵀ, dh and the optional operands the derivative with
// respect to z, h0 or c0.
func lstmBackward[T Float](r *recurrence, to int, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k, rec, target := r.units, r.record, to
	each := k
	if target == toInputs {
		each = r.steps * 4 * k
	}
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, each)
		n := last - first
		s := newStates(r, x[0], x, 1, v.zero)
		buffer := v.buffer(6 * n * k)
		defer v.buffers.Put(buffer)
		b := *buffer
		dh, dc, spare := b[:n*k], b[n*k:2*n*k], b[2*n*k:]
		for step := r.steps - 1; step >= 0; step-- {
			t := r.at(step)
			dz, ld := spare, 4*k
			if target == toInputs {
				dz, ld = y[(first*r.steps+t)*4*k:], r.steps*4*k
			}
			for i := range n {
				row := (first+i)*r.steps + t
				d, out := dh[i*k:][:k], dz[i*ld:][:4*k]
				s.addIncoming(v, d, x[2], row, step)
				if s.skipped(row) {
					clear(out)
					continue
				}
				lstmCellBackward(v, out, d, dc[i*k:][:k], x[0][row*rec:][:rec], s.cell(row), k)
				clear(d)
			}
			if step > 0 || target == toHidden {
				addProduct(n, k, 4*k, dz, ld, x[1], dh, k)
			}
		}
		switch target {
		case toHidden:
			copy(y[from:to], dh)
		case toCells:
			copy(y[from:to], dc)
		}
	}
}

// lstmCellBackward sets dz from dh, that with respect to h_t, and dc, that with respect to c_t but
// for what comes by way of h_t, and makes dc that with respect to c_{t−1}.
func lstmCellBackward[T Float](v *vectors[T], dz, dh, dc, p, before []T, k int) {
	i, f, g, o, th := p[2*k:3*k], p[3*k:4*k], p[4*k:5*k], p[5*k:6*k], p[6*k:7*k]
	di, df, dg, do := dz[:k], dz[k:2*k], dz[2*k:3*k], dz[3*k:4*k]
	v.sigmoidGradProduct(do, o, dh, th)
	v.addTanhGradProduct(dc, dc, th, dh, o)
	v.sigmoidGradProduct(di, i, dc, g)
	v.sigmoidGradProduct(df, f, dc, before)
	v.tanhGradProduct(dg, g, dc, i)
	v.mul(dc, dc, f)
}
