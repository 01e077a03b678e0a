package autodiff

import (
	"fmt"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Grad adds to the graph the derivatives of the scalar cost with respect to the
// given nodes, by reverse accumulation, and returns them in the order of wrt, each
// of the shape of its node. Nodes of wrt may depend on each other.
//
// It fails where cost is no scalar, where cost does not depend differentiably on a
// node of wrt, where that is a tensor filled by ops.Fill, whose scalar must be given
// in its place, and where the path leads through a stock op whose derivative is known
// to be wrong.
func Grad(cost *G.Node, wrt ...*G.Node) (G.Nodes, error) {
	if cost == nil {
		return nil, fmt.Errorf("gradient: the cost is missing")
	}
	if cost.Shape().Dims() != 0 {
		return nil, fmt.Errorf("gradient: want a scalar cost, got shape %v", cost.Shape())
	}
	for i, w := range wrt {
		if w == nil || w.Graph() != cost.Graph() {
			return nil, fmt.Errorf("gradient: node %d is missing from the graph of the cost", i)
		}
		if ops.Filled(w) {
			return nil, fmt.Errorf("gradient: want the scalar that %s is filled with, got the filled tensor, past which operations read the scalar: differentiate by that", w.Name())
		}
	}
	r := reverse{want: map[*G.Node]bool{}, operands: map[*G.Node]G.Nodes{}, needed: map[*G.Node]bool{}, terms: map[*G.Node]G.Nodes{}}
	for _, w := range wrt {
		r.want[w] = true
	}
	r.visit(cost)
	one, err := ops.Constant(cost, 1)
	if err != nil {
		return nil, err
	}
	r.terms[cost] = G.Nodes{one}
	grads := map[*G.Node]*G.Node{}
	for i := len(r.order) - 1; i >= 0; i-- {
		n := r.order[i]
		if !r.needed[n] || len(r.terms[n]) == 0 {
			continue
		}
		dn := r.terms[n][0]
		for _, t := range r.terms[n][1:] {
			if dn, err = ops.Add(dn, t); err != nil {
				return nil, fmt.Errorf("gradient: sum of the derivatives of %s: %w", n.Name(), err)
			}
		}
		grads[n] = dn
		if err := r.propagate(n, dn); err != nil {
			return nil, err
		}
	}
	out := make(G.Nodes, len(wrt))
	for i, w := range wrt {
		if out[i] = grads[w]; out[i] == nil {
			return nil, fmt.Errorf("gradient: the cost does not depend differentiably on %s", w.Name())
		}
	}
	return out, nil
}

// reverse is the state of one reverse accumulation.
type reverse struct {
	want     map[*G.Node]bool
	order    G.Nodes             // operands before the nodes that use them
	operands map[*G.Node]G.Nodes // of every visited node; also marks it as visited
	needed   map[*G.Node]bool    // lies on a differentiable path to a wanted node
	terms    map[*G.Node]G.Nodes // derivatives of the cost that add up for a node
}

func (r *reverse) visit(n *G.Node) {
	if _, seen := r.operands[n]; seen {
		return
	}
	r.operands[n] = ops.Children(n)
	r.needed[n] = r.want[n]
	wrt := differentiable(n, len(r.operands[n]))
	for i, x := range r.operands[n] {
		r.visit(x)
		if wrt[i] && r.needed[x] {
			r.needed[n] = true
		}
	}
	r.order = append(r.order, n)
}

// propagate adds dn's share to the terms of the operands of n.
func (r *reverse) propagate(n, dn *G.Node) (err error) {
	x := r.operands[n]
	wrt := differentiable(n, len(x))
	deeper := false
	for i := range x {
		deeper = deeper || wrt[i] && r.needed[x[i]]
	}
	if !deeper {
		return nil
	}
	if why := wrongDerivative(n.Op()); why != "" {
		return fmt.Errorf("gradient: %s", why)
	}
	op := n.Op().(G.SDOp)
	defer func() { // stock ops panic on some operands
		if p := recover(); p != nil {
			err = fmt.Errorf("gradient: derivative of %v: %v", op, p)
		}
	}()
	dx, err := op.SymDiff(x, n, dn)
	if err != nil {
		return fmt.Errorf("gradient: %w", err)
	}
	if len(dx) < len(x) { // stock BatchNorm returns more than it has operands
		return fmt.Errorf("gradient: derivative of %v: want %d nodes, got %d", op, len(x), len(dx))
	}
	for i, x := range x {
		if wrt[i] && r.needed[x] && dx[i] != nil {
			r.terms[x] = append(r.terms[x], dx[i])
		}
	}
	return nil
}

// differentiable tells with respect to which of its k operands n is differentiable.
// One that Gorgonia cannot differentiate counts, so that it is refused where a path
// leads through it: to pass it by would leave a term out.
func differentiable(n *G.Node, k int) []bool {
	wrt := make([]bool, k)
	switch op, ok := n.Op().(G.SDOp); {
	case k == 0: // a leaf or a constant
	case opaque(n.Op()):
		for i := range wrt {
			wrt[i] = true
		}
	case ok:
		copy(wrt, op.DiffWRT(k))
	}
	return wrt
}
