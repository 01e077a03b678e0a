package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// GRU is the layer of k gated recurrent units (Cho et al. 2014), in PyTorch's form, where the reset
// gate acts after the product:
//
//	r = σ(z_r + a_r),  u = σ(z_u + a_u),  n = tanh(z_n + r ⊙ a_n)  with  a = h_{t−1}·U + b
//	h_t = (1 − u) ⊙ n + u ⊙ h_{t−1}
//
// with z (m·T,3k), its parts in the order r, u, n, usually x·W + b' of all steps in one product,
// U (k,3k) and b (3k). The result is h (m·T,k).
func GRU(z, U, b *G.Node, s Sequence) (*G.Node, error) {
	if s.C0 != nil {
		return nil, fmt.Errorf("gru: has no cell states, want C0 nil")
	}
	if n, err := length("gru", b); err != nil || z != nil && z.Shape().Dims() == 2 && n != z.Shape()[1] {
		return nil, fmt.Errorf("gru: want a bias for each column of z")
	}
	r, x, err := newRecurrence("gru", s, 3, 5, 1, z, U, b)
	if err != nil {
		return nil, err
	}
	records, err := r.forward(gruForward(r, newVectors[float32](r.units)), gruForward(r, newVectors[float64](r.units)), x)
	if err != nil {
		return nil, err
	}
	return r.part(records, 0, r.units, x, func(x G.Nodes, _, dh *G.Node) (G.Nodes, error) {
		return r.gruDiff(records, x, dh)
	})
}

func (r *recurrence) gruDiff(records *G.Node, x G.Nodes, dh *G.Node) (G.Nodes, error) {
	var c Chain
	Ut := c.Do(transposed(x[1]))
	bptt := func(to int) *G.Node {
		return c.Do(r.backwardTo(to, gruBackward(r, to, newVectors[float32](r.units)), gruBackward(r, to, newVectors[float64](r.units)), append(G.Nodes{records, Ut, dh}, x[2:]...)...))
	}
	dx := make(G.Nodes, len(x))
	dx[0] = bptt(toInputs)
	da := c.Do(r.gruHidden(dx[0], records))
	dx[1] = c.Do(MatMul(c.Do(r.previous(records, r.initial(x))), da, true, false))
	dx[2] = c.Do(ColSum(da))
	if r.h0 >= 0 {
		dx[r.h0] = bptt(toHidden)
	}
	return dx, c.Err()
}

// gruHidden is the derivative with respect to a of all steps, from that with respect to z.
func (r *recurrence) gruHidden(dz, records *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "gru hidden side", Shape: dz.Shape(), Diff: r.second,
		Ranged: &Ranged{Grain: r.gates, F32: gruHidden(r, newVectors[float32](0)), F64: gruHidden(r, newVectors[float64](0))},
	}, dz, records)
}

func gruHidden[T Float](r *recurrence, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k := r.units
	return func(y []T, x [][]T, from, to int) {
		for row := from / (3 * k); row < to/(3*k); row++ {
			da, dz := y[row*3*k:][:3*k], x[0][row*3*k:][:3*k]
			copy(da[:2*k], dz)
			v.mul(da[2*k:], dz[2*k:], x[1][row*r.record+k:][:k])
		}
	}
}

// A record is h, the gates r and u after their functions, a_n, and n. If it is frozen, it is h.
func gruForward[T Float](r *recurrence, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k, rec := r.units, r.record
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, r.steps*rec)
		s := newStates(r, y, x, 0, v.zero)
		buffer := v.buffer(r.frozenOnly((last - first) * 4 * k))
		defer v.buffers.Put(buffer)
		z, bias := x[0], x[2]
		for step := range r.steps {
			t := r.at(step)
			gates, ld := *buffer, 4*k
			if !r.frozen {
				gates, ld = y[(first*r.steps+t)*rec+k:], r.steps*rec
			}
			for i := range last - first {
				row, p := (first+i)*r.steps+t, gates[i*ld:][:3*k]
				v.add(p[:2*k], z[row*3*k:][:2*k], bias[:2*k])
				copy(p[2*k:], bias[2*k:])
			}
			if h, ldh := s.block(step, first); h != nil {
				addProduct(last-first, 3*k, k, h, ldh, x[1], gates, ld)
			}
			for i := range last - first {
				row := (first+i)*r.steps + t
				h, before := y[row*rec:][:k], s.hidden(row)
				if s.skipped(row) {
					copy(h, before)
					continue
				}
				gruCell(v, h, gates[i*ld:][:4*k], z[row*3*k+2*k:][:k], before, k)
			}
		}
	}
}

// gruCell sets h and, of r and u before their functions and a_n, the gates and n; z is z_n.
func gruCell[T Float](v *vectors[T], h, gates, z, before []T, k int) {
	reset, u, a, n := gates[:k], gates[k:2*k], gates[2*k:3*k], gates[3*k:]
	v.sigmoid(gates[:2*k], gates[:2*k])
	v.addProduct(n, z, reset, a)
	v.tanh(n, n)
	v.mix(h, n, before, u)
}

// gruBackward computes from the records, Uᵀ, dh, the bias and the optional operands the derivative
// with respect to z or h0.
func gruBackward[T Float](r *recurrence, to int, v *vectors[T]) func(y []T, x [][]T, from, to int) {
	k, rec, target := r.units, r.record, to
	each := k
	if target == toInputs {
		each = r.steps * 3 * k
	}
	return func(y []T, x [][]T, from, to int) {
		first, last := r.sequences(from, to, each)
		n := last - first
		s := newStates(r, x[0], x, 1, v.zero)
		buffer := v.buffer(4*n*k + 3*k)
		defer v.buffers.Put(buffer)
		b := *buffer
		dh, da, spare := b[:n*k], b[n*k:4*n*k], b[4*n*k:]
		for step := r.steps - 1; step >= 0; step-- {
			t := r.at(step)
			for i := range n {
				row := (first+i)*r.steps + t
				out := spare
				if target == toInputs {
					out = y[row*3*k:][:3*k]
				}
				d, a := dh[i*k:][:k], da[i*3*k:][:3*k]
				s.addIncoming(v, d, x[2], row, step)
				if s.skipped(row) {
					clear(out)
					clear(a)
					continue
				}
				gruCellBackward(v, out, a, d, x[0][row*rec:][:rec], s.hidden(row), k)
			}
			if step > 0 || target == toHidden {
				addProduct(n, k, 3*k, da, 3*k, x[1], dh, k)
			}
		}
		if target == toHidden {
			copy(y[from:to], dh)
		}
	}
}

// gruCellBackward sets dz and da from dh, that with respect to h_t, and makes dh that with respect
// to h_{t−1} but for what comes by way of a.
func gruCellBackward[T Float](v *vectors[T], dz, da, dh, p, before []T, k int) {
	reset, u, a, n := p[k:2*k], p[2*k:3*k], p[3*k:4*k], p[4*k:]
	dr, du, dn := dz[:k], dz[k:2*k], dz[2*k:]
	v.sigmoidGradMix(du, u, dh, before, n)
	v.tanhGradMix(dn, n, dh, u)
	v.sigmoidGradProduct(dr, reset, dn, a)
	copy(da[:2*k], dz)
	v.mul(da[2*k:], dn, reset)
	v.mul(dh, dh, u)
}
