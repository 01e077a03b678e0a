//go:build libtorch && cgo

package torch

// A record of an LSTM is h, c, the gates i, f, g, o and tanh c; of one that is frozen, h and c.
func lstmForward(s sequence) kernel {
	k := s.units
	return func(c *calls, x []handle) handle {
		z, mask := s.split(c, x[0], 4*k), optional(x, s.mask, 0)
		h, cells := optional(x, s.h0, 0), optional(x, s.c0, 0)
		out := make([]handle, s.steps)
		for step := range s.steps {
			t := s.at(step)
			counts := s.counts(c, mask, t)
			a := c.plus(c.at(z, 1, t), h, x[1])
			i, f := c.sigmoid(c.columnsOf(a, 0, k)), c.sigmoid(c.columnsOf(a, k, k))
			g, o := c.tanh(c.columnsOf(a, 2*k, k)), c.sigmoid(c.columnsOf(a, 3*k, k))
			next := c.mul(i, g)
			if cells != nil {
				next = c.add(c.mul(f, cells), next)
			}
			th := c.tanh(next)
			h = s.keep(c, counts, c.mul(o, th), h)
			cells = s.keep(c, counts, next, cells)
			if s.frozen {
				out[t] = c.cat(1, h, cells)
			} else {
				out[t] = c.cat(1, h, cells, i, f, g, o, th)
			}
		}
		if s.frozen {
			return s.join(c, out, 2*k)
		}
		return s.join(c, out, 7*k)
	}
}

// before is the state before step t of those that begin at a column of the records, initial before
// the first; nil for 0.
func (s *sequence) before(c *calls, records handle, step, from int, initial handle) handle {
	if step == 0 {
		return initial
	}
	return c.columnsOf(c.at(records, 1, s.at(step-1)), from, s.units)
}

func lstmBackward(s sequence, to int) kernel {
	k := s.units
	return func(c *calls, x []handle) handle {
		records, dh, mask := s.split(c, x[0], 7*k), s.derivative(c, x[2], k), optional(x, s.mask, 1)
		out := make([]handle, s.steps)
		var d, dc handle
		for step := s.steps - 1; step >= 0; step-- {
			t := s.at(step)
			counts := s.counts(c, mask, t)
			p := c.at(records, 1, t)
			part := func(n int) handle { return c.columnsOf(p, n*k, k) }
			i, f, g, o, th := part(2), part(3), part(4), part(5), part(6)
			d = s.incoming(c, d, dh, step)
			grad := c.backTanh(th, c.mul(d, o))
			if dc != nil {
				grad = c.add(dc, grad)
			}
			df := c.zeros(s.rows, k)
			if before := s.before(c, records, step, k, optional(x, s.c0, 1)); before != nil {
				df = c.backSigmoid(f, c.mul(grad, before))
			}
			dz := c.cat(1, c.backSigmoid(i, c.mul(grad, g)), df, c.backTanh(g, c.mul(grad, i)), c.backSigmoid(o, c.mul(d, th)))
			out[t] = s.keep(c, counts, dz, nil)
			dc = s.keep(c, counts, c.mul(grad, f), dc)
			d = s.keep(c, counts, c.product(out[t], x[1]), d)
		}
		switch to {
		case toHidden:
			return d
		case toCells:
			return dc
		}
		return s.join(c, out, 4*k)
	}
}

// A record of a GRU is h, the gates r and u, a_n and n; of one that is frozen, h.
func gruForward(s sequence) kernel {
	k := s.units
	return func(c *calls, x []handle) handle {
		z, mask, h := s.split(c, x[0], 3*k), optional(x, s.mask, 0), optional(x, s.h0, 0)
		out := make([]handle, s.steps)
		for step := range s.steps {
			t := s.at(step)
			counts := s.counts(c, mask, t)
			a := c.expand(c.reshape(x[2], 1, 3*k), s.rows, 3*k)
			a = c.plus(a, h, x[1])
			now := c.at(z, 1, t)
			gates := c.sigmoid(c.add(c.columnsOf(now, 0, 2*k), c.columnsOf(a, 0, 2*k)))
			r, u, an := c.columnsOf(gates, 0, k), c.columnsOf(gates, k, k), c.columnsOf(a, 2*k, k)
			n := c.tanh(c.add(c.columnsOf(now, 2*k, k), c.mul(r, an)))
			next := c.mul(c.linear(u, -1, 1), n)
			if h != nil {
				next = c.add(next, c.mul(u, h))
			}
			h = s.keep(c, counts, next, h)
			if s.frozen {
				out[t] = h
			} else {
				out[t] = c.cat(1, h, gates, an, n)
			}
		}
		if s.frozen {
			return s.join(c, out, k)
		}
		return s.join(c, out, 5*k)
	}
}

func gruBackward(s sequence, to int) kernel {
	k := s.units
	return func(c *calls, x []handle) handle {
		records, dh, mask := s.split(c, x[0], 5*k), s.derivative(c, x[2], k), optional(x, s.mask, 1)
		out := make([]handle, s.steps)
		var d handle
		for step := s.steps - 1; step >= 0; step-- {
			t := s.at(step)
			counts := s.counts(c, mask, t)
			p := c.at(records, 1, t)
			part := func(n int) handle { return c.columnsOf(p, n*k, k) }
			r, u, an, n := part(1), part(2), part(3), part(4)
			d = s.incoming(c, d, dh, step)
			dn := c.backTanh(n, c.mul(d, c.linear(u, -1, 1)))
			change := c.times(n, -1)
			if before := s.before(c, records, step, 0, optional(x, s.h0, 1)); before != nil {
				change = c.sub(before, n)
			}
			du, dr := c.backSigmoid(u, c.mul(d, change)), c.backSigmoid(r, c.mul(dn, an))
			out[t] = s.keep(c, counts, c.cat(1, dr, du, dn), nil)
			da := c.cat(1, dr, du, c.mul(dn, r))
			d = s.keep(c, counts, c.add(c.mul(d, u), c.product(da, x[1])), d)
		}
		if to == toHidden {
			return d
		}
		return s.join(c, out, 3*k)
	}
}
