package models

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// annealing leads chains from one temperature to the next; see RBM.AIS.
type annealing struct {
	o      AISOptions
	state  *blocks.Param // the visible states (m,n)
	base   *blocks.Param // the base biases (n)
	hidden *blocks.Param // those of the hidden units (k)
	logZ0  float64       // of the base-rate model
	// run computes from (β, β') the growth of the log weights (m) and moves the states.
	run *autodiff.Function
}

// annealing checks the options and compiles the step of m chains; op heads the errors.
func (r *RBM) annealing(op string, m int, o AISOptions) (*annealing, error) {
	if err := r.checkBernoulli(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if m < 1 {
		return nil, fmt.Errorf("%s: want at least one chain, got %d", op, m)
	}
	if o.Noise == nil {
		return nil, fmt.Errorf("%s: no stream of random numbers", op)
	}
	if err := checkBetas(o.Betas); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	a := &annealing{o: o, state: &blocks.Param{Name: visibleName, Value: r.zeros(m, r.Visible())}}
	base, visible, err := r.baseBiases("base", o.Base, r.Visible())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	hidden, units, err := r.baseBiases("hidden base", o.HiddenBase, r.Hidden())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	a.base, a.hidden, a.logZ0 = base, hidden, visible+units
	if a.run, err = r.annealingStep(a); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return a, nil
}

// baseBiases are given biases of n units, or zeros, and log Z of the units with nothing else.
func (r *RBM) baseBiases(name string, given *tensor.Dense, n int) (*blocks.Param, float64, error) {
	p, logZ := &blocks.Param{Name: name, Value: r.zeros(n)}, 0.0
	if given == nil {
		return p, float64(n) * math.Ln2, nil
	}
	if given.Dims() != 1 || given.Shape()[0] != n {
		return nil, 0, fmt.Errorf("want %d %s biases, got shape %v", n, name, given.Shape())
	}
	biases, err := numbersOf(given)
	if err != nil {
		return nil, 0, fmt.Errorf("%s biases: %w", name, err)
	}
	for _, b := range biases {
		logZ += softplus(b)
	}
	apply(p.Value, copyFrom[float32](biases), copyFrom[float64](biases))
	return p, logZ, nil
}

// annealingStep compiles the growth of the log weights from β to β' at the states v,
//
//	(β'−β)·v·(c−a) + Σ_j softplus((1−β')d_j + β'z_j) − softplus((1−β)d_j + βz_j),  z = v·W + b,
//
// and the Gibbs step at β', whose hidden units see the first of these: one product up, one
// down. The differences of softplus are taken unit by unit, before the sum, where they lose
// least.
func (r *RBM) annealingStep(a *annealing) (*autodiff.Function, error) {
	g, dt := G.NewGraph(), dtype(r.Params())
	from, to := G.NewScalar(g, dt, G.WithName("from")), G.NewScalar(g, dt, G.WithName("to"))
	var c ops.Chain
	v := c.Do(a.state.Node(g))
	z := c.Do(blocks.Up(v, r.W, r.B))
	rest := func(beta *G.Node) *G.Node { return c.Do(ops.Linear(beta, -1, 1)) } // 1−β
	at := func(beta *G.Node) *G.Node { return c.Do(ops.Mul(z, beta)) }
	if a.o.HiddenBase != nil {
		d := c.Do(ops.RepeatRows(c.Do(a.hidden.Node(g)), a.state.Value.Shape()[0]))
		at = func(beta *G.Node) *G.Node {
			return c.Do(ops.Add(c.Do(ops.Mul(d, rest(beta))), c.Do(ops.Mul(z, beta))))
		}
	}
	hot := at(to)
	soft := func(x *G.Node) *G.Node { return c.Do(blocks.Softplus().Apply(x)) }
	units := c.Do(ops.RowSum(c.Do(ops.Sub(soft(hot), soft(at(from))))))
	own, base := c.Do(r.C.Node(g)), c.Do(a.base.Node(g))
	n := r.Visible()
	linear := c.Do(ops.MatMul(v, c.Do(ops.Reshape(c.Do(ops.Sub(own, base)), n, 1)), false, false))
	linear = c.Do(ops.Reshape(linear, a.state.Value.Shape()[0]))
	growth := c.Do(ops.Add(units, c.Do(ops.Mul(linear, c.Do(ops.Sub(to, from))))))

	h := c.Do(ops.Bernoulli(c.Do(blocks.Sigmoid().Apply(hot)), a.o.Noise))
	// h·β'·Wᵀ + β'c + (1−β')a: the temperature goes with h, which it has in the cache.
	bias := c.Do(ops.Add(c.Do(ops.Mul(own, to)), c.Do(ops.Mul(base, rest(to)))))
	down := c.Do(ops.Affine(c.Do(ops.Mul(h, to)), c.Do(r.W.Node(g)), bias, true))
	next := c.Do(ops.Bernoulli(c.Do(blocks.Sigmoid().Apply(down)), a.o.Noise))
	if c.Err() != nil {
		return nil, c.Err()
	}
	return autodiff.Compile(G.Nodes{from, to}, G.Nodes{growth}, []autodiff.Update{{Target: v, Value: next}})
}

// drawBase sets the states to a draw from the base-rate model.
func (a *annealing) drawBase() error {
	g := G.NewGraph()
	var c ops.Chain
	p := c.Do(blocks.Sigmoid().Apply(c.Do(a.base.Node(g))))
	v := c.Do(ops.Bernoulli(c.Do(ops.RepeatRows(p, a.state.Value.Shape()[0])), a.o.Noise))
	if c.Err() != nil {
		return c.Err()
	}
	f, err := autodiff.Compile(nil, G.Nodes{v}, nil)
	if err != nil {
		return err
	}
	if err := f.RunAll(); err != nil {
		return err
	}
	return a.begin(f.Output(0).(*tensor.Dense))
}

// begin copies states (m,n).
func (a *annealing) begin(v *tensor.Dense) error {
	x, err := numbersOf(v)
	if err != nil {
		return err
	}
	for i, u := range x {
		if u != 0 && u != 1 {
			return fmt.Errorf("want states of 0 and 1, got %g in row %d", u, i/v.Shape()[1])
		}
	}
	apply(a.state.Value, copyFrom[float32](x), copyFrom[float64](x))
	return nil
}

// step adds to the log weights and moves the states.
func (a *annealing) step(from, to float64, logWeights []float64) error {
	if a.o.Check != nil {
		if err := a.o.Check(); err != nil {
			return err
		}
	}
	if err := a.run.Run(scalar(a.base.Value.Dtype(), from), scalar(a.base.Value.Dtype(), to)); err != nil {
		return err
	}
	growth, err := numbersOf(a.run.Output(0))
	for i, x := range growth {
		logWeights[i] += x
	}
	return err
}

// scalar is a value of the given dtype.
func scalar(dt tensor.Dtype, x float64) G.Value {
	if dt == tensor.Float64 {
		return G.NewF64(x)
	}
	return G.NewF32(float32(x))
}
