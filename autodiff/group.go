package autodiff

import (
	"fmt"
	"slices"
	"strings"

	"capas/autodiff/ops"
)

// group is a set of operations that run as one step. Most are alone in theirs. Those
// that work element by element join the group that computes one of their operands, so
// that they run on a block of it while the block is in the cache and its intermediate
// results need no memory outside: an affine map and its activation, a matrix product
// and the derivative of the activation below, a weight gradient and the optimiser's
// step, a Gibbs half-step with its draw.
type group struct {
	// heads are matrix products of one shape whose sum begins the group.
	heads []int
	// sum is the entry whose value that sum is, −1 without heads.
	sum int
	// chain holds the elementwise operations, each after its operands.
	chain []int
	// alone is an operation that is neither, −1 if there is none.
	alone int
}

// result is an entry of the size that the group computes.
func (g *group) result() int {
	if g.sum >= 0 {
		return g.sum
	}
	return g.chain[0]
}

// own returns the entry's operation if it is one of ours.
func own(e *entry) *ops.Op {
	op, _ := e.op.(*ops.Op)
	return op
}

// aliased tells whether entry s is a view that shares the memory of its operand, so
// that there is nothing to run: that of a result of ours. A view of a leaf is copied,
// since another tensor may be bound to the leaf at every run, and so is one of a stock
// op, which may return another tensor at every run.
func (p *plan) aliased(s int) bool {
	e := &p.entries[s]
	op := own(e)
	if op == nil || !op.View || e.target >= 0 {
		return false
	}
	x := &p.entries[e.in[0]]
	return own(x) != nil && x.target < 0
}

// base follows views to the entry whose memory s is.
func (p *plan) base(s int) int {
	for p.aliased(s) {
		s = p.entries[s].in[0]
	}
	return s
}

// elementwise tells whether entry s can be part of a chain.
func (p *plan) elementwise(s int) bool {
	op := own(&p.entries[s])
	return op != nil && (op.Elementwise || op.View) && op.HasKernel()
}

// size is the number of elements of entry s.
func (p *plan) size(s int) int { return p.entries[s].node.Shape().TotalSize() }

// empty tells whether a group's products went into another one.
func (g *group) empty() bool { return len(g.heads) == 0 && len(g.chain) == 0 && g.alone < 0 }

// members lists the entries whose values a group computes.
func (g *group) members() []int {
	switch {
	case g.alone >= 0:
		return []int{g.alone}
	case g.sum >= 0:
		return append([]int{g.sum}, g.chain...)
	default:
		return g.chain
	}
}

// cost is what a group's run costs: floating-point operations, counting one an element
// for elementwise operations, and bytes read and written outside of the group.
func (d *grouping) cost(i int) (flop, bytes float64) {
	g := d.groups[i]
	touched := map[int]bool{}
	for _, h := range g.heads {
		flop += own(&d.entries[h]).Product.Flop()
	}
	for _, s := range g.chain {
		flop += float64(d.size(s))
	}
	if g.alone >= 0 {
		if op := own(&d.entries[g.alone]); op != nil && op.Ranged != nil {
			flop += op.Ranged.Flop
		}
	}
	for _, s := range slices.Concat(g.heads, g.members()) {
		for _, x := range d.entries[s].in {
			if x = d.base(x); d.at[x] != i {
				touched[x] = true
			}
		}
	}
	for _, s := range g.members() {
		if g.alone >= 0 || d.kept(s, i) {
			touched[s] = true
		}
	}
	for s := range touched {
		bytes += float64(d.size(s)) * float64(d.entries[s].node.Dtype().Size())
	}
	return flop, bytes
}

// label names the operations of a group and the shape of their result.
func (d *grouping) label(i int) string {
	g := d.groups[i]
	var names []string
	for _, s := range slices.Concat(g.heads, g.chain) {
		names = append(names, d.entries[s].op.String())
	}
	if g.alone >= 0 {
		return fmt.Sprintf("%v %v", d.entries[g.alone].op, d.entries[g.alone].node.Shape())
	}
	return fmt.Sprintf("%s %v", strings.Join(names, " + "), d.entries[g.result()].node.Shape())
}

// kept tells whether the value of s, a member of group i, must be in memory after the
// group has run: it is pinned, written in place of a leaf, or another group reads it.
func (d *grouping) kept(s, i int) bool {
	if d.pinned[s] || d.entries[s].target >= 0 {
		return true
	}
	for _, r := range d.entries[s].readers {
		if d.aliased(r) && d.kept(r, i) || !d.aliased(r) && d.at[r] != i {
			return true
		}
	}
	return false
}

// lastUse is the position in a group's chain of the last operation that reads entry s,
// −1 if none does.
func (d *grouping) lastUse(s int, g *group) int {
	last := -1
	for k, r := range g.chain {
		for _, x := range d.entries[r].in {
			if d.base(x) == s {
				last = k
			}
		}
	}
	return last
}
