//go:build libtorch && cgo

package torch

import (
	"fmt"

	lib "github.com/sugarme/gotch/libtch"
)

// sequence is how a recurrent operation of ops runs over its steps: the parameters in its name.
type sequence struct {
	steps    int
	reverse  bool
	frozen   bool
	final    bool // the result is that of the last steps alone
	h0, c0   int  // operands of the forward pass, −1 where missing
	mask     int
	rows     int // m
	units    int // k
	function string
}

// sequenceOf reads it off the parameters from number first on; rows are those of all steps.
func (o *operation) sequenceOf(first, rows, units int, f string) (s sequence, err error) {
	if err := o.want(first + 7); err != nil {
		return s, err
	}
	p := o.p[first:]
	s = sequence{steps: int(p[0]), reverse: p[1] != 0, frozen: p[2] != 0, final: p[3] != 0, h0: int(p[4]), c0: int(p[5]), mask: int(p[6]), units: units, function: f}
	s.rows = rows / s.steps
	return s, nil
}

// at is the step that is taken as number i.
func (s *sequence) at(i int) int {
	if s.reverse {
		return s.steps - 1 - i
	}
	return i
}

// split makes (m,T,n) of a matrix with a row for each step.
func (s *sequence) split(c *calls, x handle, n int) handle { return c.reshape(x, s.rows, s.steps, n) }

// optional is an operand that may be missing, counted as in the forward pass; others stand before it.
func optional(x []handle, i, others int) handle {
	if i < 0 {
		return nil
	}
	return x[i+others]
}

// counts tells of step t which sequences it counts for, (m,1); nil if it does for all.
func (s *sequence) counts(c *calls, mask handle, t int) handle {
	if mask == nil {
		return nil
	}
	return c.scalar(lib.AtgNe, c.narrow(mask, 1, t, 1), 0)
}

// keep is next where the step counts, otherwise before, which is 0 if it is nil.
func (s *sequence) keep(c *calls, counts, next, before handle) handle {
	if counts == nil {
		return next
	}
	if before == nil {
		return c.mul(next, c.number(counts))
	}
	return c.choose(counts, next, before)
}

// join puts the results of all steps, by step, together again.
func (s *sequence) join(c *calls, steps []handle, n int) handle {
	return c.reshape(c.stack(1, steps...), s.rows*s.steps, n)
}

// plus is a + b·W, of which b may be nil.
func (c *calls) plus(a, b, W handle) handle {
	if b == nil {
		return a
	}
	return c.add(a, c.product(b, W))
}

// recurrences are the recurrent operations of ops, forward and back.
func recurrences() map[string]translator {
	all := map[string]translator{
		"states before": statesBefore,
		"gru hidden side": func(o *operation) (translation, error) {
			k := o.out[1] / 3
			return translation{kernel: func(c *calls, x []handle) handle {
				gates := c.columnsOf(x[0], 0, 2*k)
				return c.cat(1, gates, c.mul(c.columnsOf(x[0], 2*k, k), c.columnsOf(x[1], k, k)))
			}}, nil
		},
	}
	units := map[string]func(o *operation) int{ // by the matrix U, or for what goes back Uᵀ
		"forward":  func(o *operation) int { return o.in[1][0] },
		"backward": func(o *operation) int { return o.in[1][1] },
	}
	add := func(name, f string, forward, backward func(s sequence) kernel) {
		all[name+" forward"] = func(o *operation) (translation, error) {
			s, err := o.sequenceOf(0, o.in[0][0], units["forward"](o), f)
			return translation{kernel: forward(s)}, err
		}
		all[name+" backward"] = func(o *operation) (translation, error) {
			s, err := o.sequenceOf(0, o.in[0][0], units["backward"](o), f)
			return translation{kernel: backward(s)}, err
		}
		all[name+" columns"] = stateColumns
	}
	// last is the last of what it leads back to.
	to := func(name, f string, last int, forward func(s sequence) kernel, backward func(s sequence, to int) kernel) {
		add(name, f, forward, nil)
		delete(all, name+" backward")
		for target := toInputs; target <= last; target++ {
			all[fmt.Sprintf("%s backward to %d", name, target)] = func(o *operation) (translation, error) {
				s, err := o.sequenceOf(0, o.in[0][0], units["backward"](o), f)
				// U is (k, gates·k) and its transpose (gates·k, k).
				return translation{kernel: backward(s, target)}, err
			}
		}
	}
	for _, f := range []string{"tanh", "relu", "sigmoid"} {
		to("rnn "+f, f, toHidden, rnnForward, rnnBackward)
		add("jordan "+f, f, jordanForward, jordanBackward)
	}
	to("lstm", "", toCells, lstmForward, lstmBackward)
	to("gru", "", toHidden, gruForward, gruBackward)
	return all
}

// What backpropagation through time leads to, as in ops.
const (
	toInputs = iota
	toHidden
	toCells
)

// stateColumns are columns of the records of all steps, or of the last ones.
func stateColumns(o *operation) (translation, error) {
	s, err := o.sequenceOf(2, o.in[0][0], 0, "")
	if err != nil {
		return translation{}, err
	}
	from, record := o.int(0), o.in[0][1]
	return reading(func(c *calls, x []handle) handle {
		if s.final {
			x = []handle{c.at(s.split(c, x[0], record), 1, s.at(s.steps-1))}
		}
		return c.columnsOf(x[0], from, o.out[1])
	}, 0)
}

// statesBefore are the states before each step.
func statesBefore(o *operation) (translation, error) {
	if err := o.want(3); err != nil {
		return translation{}, err
	}
	steps, reverse, k := o.int(0), o.bool(1), o.int(2)
	m, record := o.in[0][0]/steps, o.in[0][1]
	return translation{kernel: func(c *calls, x []handle) handle {
		first := handle(nil)
		if len(x) > 1 {
			first = c.reshape(x[1], m, 1, k)
		} else {
			first = c.zeros(m, 1, k)
		}
		if steps == 1 {
			return c.reshape(first, m, k)
		}
		states := c.narrow(c.reshape(x[0], m, steps, record), 2, 0, k)
		if reverse {
			return c.reshape(c.cat(1, c.narrow(states, 1, 1, steps-1), first), m*steps, k)
		}
		return c.reshape(c.cat(1, first, c.narrow(states, 1, 0, steps-1)), m*steps, k)
	}}, nil
}

// squash is the function of a basic cell.
func (s *sequence) squash(c *calls, x handle) handle {
	switch s.function {
	case "tanh":
		return c.tanh(x)
	case "relu":
		return c.unary(lib.AtgRelu, x)
	default:
		return c.sigmoid(x)
	}
}

// back is dx of y = squash(x) and dy.
func (s *sequence) back(c *calls, y, dy handle) handle {
	switch s.function {
	case "tanh":
		return c.backTanh(y, dy)
	case "relu":
		return c.mul(dy, c.number(c.above(y, 0)))
	default:
		return c.backSigmoid(y, dy)
	}
}

func rnnForward(s sequence) kernel {
	return func(c *calls, x []handle) handle {
		z, mask, h := s.split(c, x[0], s.units), optional(x, s.mask, 0), optional(x, s.h0, 0)
		out := make([]handle, s.steps)
		for i := range s.steps {
			t := s.at(i)
			h = s.keep(c, s.counts(c, mask, t), s.squash(c, c.plus(c.at(z, 1, t), h, x[1])), h)
			out[t] = h
		}
		return s.join(c, out, s.units)
	}
}

// incoming adds the derivative with respect to the result of a step to what later steps passed on,
// which is nil after the last.
func (s *sequence) incoming(c *calls, d, dh handle, step int) handle {
	var new handle
	switch {
	case !s.final:
		new = c.at(dh, 1, s.at(step))
	case step == s.steps-1:
		new = dh
	default:
		return d
	}
	if d == nil {
		return new
	}
	return c.add(d, new)
}

// derivative is dh, by step if it is of all steps.
func (s *sequence) derivative(c *calls, dh handle, n int) handle {
	if s.final {
		return dh
	}
	return s.split(c, dh, n)
}

func rnnBackward(s sequence, to int) kernel {
	return func(c *calls, x []handle) handle {
		h, dh, mask := s.split(c, x[0], s.units), s.derivative(c, x[2], s.units), optional(x, s.mask, 1)
		out := make([]handle, s.steps)
		var d handle
		for step := s.steps - 1; step >= 0; step-- {
			t := s.at(step)
			counts := s.counts(c, mask, t)
			d = s.incoming(c, d, dh, step)
			out[t] = s.keep(c, counts, s.back(c, c.at(h, 1, t), d), nil)
			d = s.keep(c, counts, c.product(out[t], x[1]), d)
		}
		if to != toInputs {
			return d
		}
		return s.join(c, out, s.units)
	}
}
