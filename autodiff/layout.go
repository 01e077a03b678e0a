package autodiff

import (
	"capas/autodiff/ops"
)

// layout gives the values of a group their places.
type layout[T ops.Float] struct {
	c      *chain[T]
	m      *memory
	f      *Function
	group  *group
	index  int
	places map[int]operand // of the group's own values
	known  map[int]int     // outside values by slot
}

// newChain lays out group i. The values that other groups need must have their memory.
func newChain[T ops.Float](f *Function, m *memory, i int) *chain[T] {
	l := layout[T]{c: &chain[T]{rows: 1}, m: m, f: f, group: m.groups[i], index: i, places: map[int]operand{}, known: map[int]int{}}
	c := l.c
	if l.group.sum >= 0 {
		shape := m.entries[l.group.sum].node.Shape()
		c.rows, c.cols = shape[0], shape[1]
		l.products()
	} else {
		c.cols = m.size(l.group.chain[0])
	}
	l.divide()
	for k, s := range l.group.chain {
		l.member(k, s)
	}
	l.workspaces()
	return c
}

// products places the sum of products: in the memory of its own value, or else of the
// first value that is computed from it when nothing reads the sum any more, or else in
// the worker's.
func (l *layout[T]) products() {
	for _, h := range l.group.heads {
		op := own(&l.m.entries[h])
		one := head{product: op.Product}
		for _, x := range l.m.entries[h].in {
			one.x = append(one.x, l.outsideOf(x))
		}
		l.c.heads = append(l.c.heads, one)
	}
	sum := l.group.sum
	if l.m.kept(sum, l.index) {
		l.c.start = operand{whole, l.outsideOf(sum)}
	} else {
		l.c.start = operand{block, 0}
		for k, s := range l.group.chain {
			if l.m.lastUse(sum, l.group) <= k && l.m.kept(s, l.index) && l.m.entries[s].target < 0 {
				l.c.start = operand{whole, l.outsideOf(s)}
				break
			}
		}
	}
	l.places[sum] = l.c.start
}

// member lays out operation k of the chain, entry s.
func (l *layout[T]) member(k, s int) {
	e := &l.m.entries[s]
	f, draw := ops.Kernel[T](own(e))
	one := member[T]{f: f, random: draw}
	if draw != nil {
		one.stream = own(e).Draw.Stream
	}
	reuse := -1
	for _, x := range e.in {
		x = l.m.base(x)
		o, inside := l.places[x]
		switch {
		case inside && o.kind == temporary && l.m.lastUse(x, l.group) == k:
			reuse = o.index
		case inside:
		case l.m.size(x) == 1 && l.c.rows*l.c.cols > 1:
			o = operand{scalar, l.outsideOf(x)}
		default:
			o = operand{whole, l.outsideOf(x)}
		}
		one.x = append(one.x, o)
	}
	switch {
	case l.m.kept(s, l.index):
		one.y = operand{whole, l.outsideOf(s)}
	case reuse >= 0:
		one.y = operand{temporary, reuse}
	default:
		one.y = operand{temporary, l.c.temporaries}
		l.c.temporaries++
	}
	l.places[s] = one.y
	l.c.members = append(l.c.members, one)
}

// outsideOf returns the number of an outside value.
func (l *layout[T]) outsideOf(s int) int {
	s = l.m.base(s)
	if t := l.m.entries[s].target; t >= 0 {
		s = t
	}
	if n, ok := l.known[s]; ok {
		return n
	}
	o := outside[T]{slot: s}
	if op := own(&l.m.entries[s]); op != nil {
		o.fixed = true
		o.elements, _ = ops.Elements[T](l.f.values[s]) // a buffer of ours
	}
	l.known[s] = len(l.c.outside)
	l.c.outside = append(l.c.outside, o)
	return l.known[s]
}

// divide chooses the blocks.
func (l *layout[T]) divide() {
	c := l.c
	if len(c.heads) > 0 {
		c.unitRows, c.unitCols = c.heads[0].product.Units(l.f.workers)
		if most := max(1, blockSize/c.unitCols); len(l.group.chain) > 0 && c.unitRows > most {
			parts := ceilDiv(c.unitRows, most)
			c.unitRows = ceilDiv(c.unitRows, parts)
		}
		return
	}
	c.unitRows, c.unitCols = 1, min(c.cols, elementwiseUnit)
}

// blockSize is the most elements of a block that a chain works on after the products:
// few enough to stay in a second-level cache beside their operands.
const blockSize = 48 << 10

// elementwiseUnit is the size of a block without products.
const elementwiseUnit = 4 * segment

// workspaces makes the memory of the workers.
func (l *layout[T]) workspaces() {
	c := l.c
	operands := 3 // of a product with a bias
	for _, m := range c.members {
		operands = max(operands, len(m.x))
	}
	c.spaces = make([]workspace[T], l.f.workers)
	for k := range c.spaces {
		w := &c.spaces[k]
		w.x = make([][]T, operands)
		w.temporaries = make([]T, c.temporaries*segment)
		if len(c.heads) > 0 && c.start.kind == block {
			w.block = make([]T, c.unitRows*c.unitCols)
		}
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
