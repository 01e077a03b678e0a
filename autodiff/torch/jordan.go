//go:build libtorch && cgo

package torch

// A record of a Jordan network is y, v, h. The state of its recurrence is y, (m,n).
func jordanForward(s sequence) kernel {
	return func(c *calls, x []handle) handle {
		n, mask := s.units, optional(x, s.mask, 0)
		var y, v handle
		var k int
		out := make([]handle, s.steps)
		shape, err := shapeOf(x[2]) // V (k,n)
		if err != nil {
			c.err = err
			return nil
		}
		k = shape[0]
		z := s.split(c, x[0], k)
		for i := range s.steps {
			t := s.at(i)
			counts := s.counts(c, mask, t)
			h := s.squash(c, c.plus(c.at(z, 1, t), y, x[1]))
			v = s.keep(c, counts, c.add(c.product(h, x[2]), x[3]), v)
			next := c.sigmoid(v)
			y = s.keep(c, counts, next, y)
			out[t] = c.cat(1, y, v, h)
		}
		return s.join(c, out, 2*n+k)
	}
}

func jordanBackward(s sequence) kernel {
	return func(c *calls, x []handle) handle {
		shape, err := shapeOf(x[1]) // Uᵀ (k,n)
		if err != nil {
			c.err = err
			return nil
		}
		k, n := shape[0], shape[1]
		records, dv, mask := s.split(c, x[0], 2*n+k), s.split(c, x[3], n), optional(x, s.mask, 0)
		out := make([]handle, s.steps)
		var dy, kept handle
		for step := s.steps - 1; step >= 0; step-- {
			t := s.at(step)
			counts := s.counts(c, mask, t)
			p := c.at(records, 1, t)
			y, h := c.columnsOf(p, 0, n), c.columnsOf(p, 2*n, k)
			kept = s.incoming(c, kept, dv, step)
			dw := kept
			if dy != nil {
				dw = c.add(dw, c.backSigmoid(y, dy))
			}
			dw = s.keep(c, counts, dw, nil)
			dz := s.back(c, h, c.product(dw, x[2]))
			out[t] = c.cat(1, dz, dw)
			if counts == nil {
				dy, kept = nil, nil
			} else {
				skipped := c.linear(c.number(counts), -1, 1)
				kept = c.mul(kept, skipped)
				if dy != nil {
					dy = c.mul(dy, skipped)
				}
			}
			passed := c.product(dz, x[1])
			if dy != nil {
				passed = c.add(dy, passed)
			}
			dy = passed
		}
		return s.join(c, out, k+n)
	}
}
