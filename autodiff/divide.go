package autodiff

import (
	"slices"

	"capas/autodiff/ops"
	"capas/random"
)

// grouping is the state of dividing a plan into groups, each of which depends on
// earlier ones only.
type grouping struct {
	*plan
	groups []*group
	at     []int // the group of each entry, −1 for leaves
	// pinned entries must have a value after the run: outputs and sources of updates.
	pinned []bool
	// drawn is the last group that draws from a stream.
	drawn map[*random.Stream]int
	// waiting marks elementwise entries that join the group of the operation that reads
	// them.
	waiting []bool
}

// divide puts the operations of the plan, in their order, into groups.
func (p *plan) divide(order []int, pinned []bool) *grouping {
	d := &grouping{plan: p, at: slices.Repeat([]int{-1}, len(p.entries)), pinned: pinned, drawn: map[*random.Stream]int{}, waiting: make([]bool, len(p.entries))}
	for _, s := range order {
		if p.aliased(s) {
			d.at[s] = d.at[p.entries[s].in[0]]
			continue
		}
		d.place(s)
	}
	return d
}

// place puts entry s into a group, and before it what waits for it.
func (d *grouping) place(s int) {
	e := &d.entries[s]
	chained := d.elementwise(s) && (own(e).Product == nil)
	for _, x := range slices.Concat(e.in, e.after) {
		if d.waiting[x] && !(chained && slices.Contains(e.in, x)) {
			d.settle(x)
		}
	}
	switch op := own(e); {
	case d.mergeProducts(s):
	case op != nil && op.Product != nil:
		d.add(&group{heads: []int{s}, sum: s, alone: -1}, s)
	case !chained:
		d.add(&group{sum: -1, alone: s}, s)
	case d.joins(s) >= 0:
		d.append(d.joins(s), s)
	case d.canWait(s):
		d.waiting[s] = true
	default:
		d.settle(s)
	}
}

func (d *grouping) add(g *group, s int) {
	d.at[s] = len(d.groups)
	d.groups = append(d.groups, g)
}

// settle begins a group with the elementwise entry s.
func (d *grouping) settle(s int) {
	d.groups = append(d.groups, &group{sum: -1, alone: -1})
	d.append(len(d.groups)-1, s)
}

// append puts the elementwise entry s at the end of group g's chain, after what waits
// for it.
func (d *grouping) append(g, s int) {
	for _, x := range d.entries[s].in {
		if d.waiting[x] {
			d.append(g, x)
		}
	}
	d.waiting[s] = false
	d.groups[g].chain = append(d.groups[g].chain, s)
	d.at[s] = g
	if op := own(&d.entries[s]); op.Draw != nil {
		d.drawn[op.Draw.Stream] = max(d.drawn[op.Draw.Stream], g)
	}
}

// canWait tells whether the elementwise entry s, which would begin a group, can wait
// for the one operation that reads it and join that one's group: the weights' part of a
// gradient, which a product is added to.
func (d *grouping) canWait(s int) bool {
	e := &d.entries[s]
	if len(e.readers) != 1 || d.pinned[s] || e.target >= 0 || own(e).Draw != nil {
		return false
	}
	r := e.readers[0]
	return d.elementwise(r) && !d.aliased(r) && d.size(r) == d.size(s)
}

// joins returns the group that the elementwise entry s can join, or −1: the last of
// those that it depends on, so that all others run before. It must compute as many
// elements, and s must not overwrite a leaf that the group's products read as a whole.
func (d *grouping) joins(s int) int {
	e := &d.entries[s]
	last := d.latest(s)
	if last < 0 {
		return -1
	}
	g := d.groups[last]
	if g.alone >= 0 || d.size(g.result()) != d.size(s) {
		return -1
	}
	if e.target >= 0 && slices.ContainsFunc(g.heads, func(h int) bool { return d.reads(h, e.target) }) {
		return -1
	}
	if op := own(e); op.Draw != nil && d.drawn[op.Draw.Stream] > last {
		return -1 // the draws of one stream keep their order
	}
	return last
}

// latest is the last group that entry s, or what waits for it, depends on, −1 if there
// is none.
func (d *grouping) latest(s int) int {
	last := -1
	for _, x := range slices.Concat(d.entries[s].in, d.entries[s].after) {
		if d.waiting[x] {
			last = max(last, d.latest(x))
		} else {
			last = max(last, d.at[x])
		}
	}
	return last
}

// reads tells whether entry h has the leaf, or a view of it, as an operand.
func (d *grouping) reads(h, leaf int) bool {
	return slices.ContainsFunc(d.entries[h].in, func(x int) bool { return d.base(x) == leaf })
}

// mergeProducts makes one group of two matrix products, or sums of them, whose sum is
// entry s and nothing else reads. The products are accumulated in one chain.
func (d *grouping) mergeProducts(s int) bool {
	e := &d.entries[s]
	if op := own(e); op == nil || op.Name != ops.AddName || e.target >= 0 || len(e.in) != 2 || e.in[0] == e.in[1] {
		return false
	}
	a, b := e.in[0], e.in[1]
	if !d.open(a) || !d.open(b) || !d.entries[a].node.Shape().Eq(d.entries[b].node.Shape()) {
		return false
	}
	if d.at[a] > d.at[b] {
		a, b = b, a
	}
	first, second := d.groups[d.at[a]], d.groups[d.at[b]]
	if d.overwritten(first.heads, d.at[a]+1, d.at[b]) {
		return false
	}
	heads := append(slices.Clone(first.heads), second.heads...)
	if d.biases(heads) > 1 {
		return false
	}
	// A chain of additions can only start from a bias.
	slices.SortStableFunc(heads, func(x, y int) int { return d.biases([]int{y}) - d.biases([]int{x}) })
	second.heads, second.sum = heads, s
	first.heads, first.sum = nil, -1
	for _, h := range heads {
		d.at[h] = d.at[b]
	}
	d.at[s] = d.at[b]
	return true
}

// overwritten tells whether a group from i to j writes in place of a leaf that one of
// the products reads.
func (d *grouping) overwritten(heads []int, i, j int) bool {
	for _, g := range d.groups[i : j+1] {
		for _, s := range g.chain {
			target := d.entries[s].target
			if target >= 0 && slices.ContainsFunc(heads, func(h int) bool { return d.reads(h, target) }) {
				return true
			}
		}
	}
	return false
}

// open tells whether entry x is the value of products that nothing has been added to
// and that only one operation reads.
func (d *grouping) open(x int) bool {
	if d.at[x] < 0 || d.pinned[x] || len(d.entries[x].readers) != 1 {
		return false
	}
	g := d.groups[d.at[x]]
	return g.sum == x && len(g.chain) == 0
}

func (d *grouping) biases(heads []int) (n int) {
	for _, h := range heads {
		if own(&d.entries[h]).Product.Bias {
			n++
		}
	}
	return n
}
