package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// LabelRBM is an RBM that models images v and their classes t together: a second group
// of visible units is one softmax unit, of which one of the classes is on. Its energy is
//
//	E(v,t,h) = −v·c − t·d − h·b − v·W·h − t·U·h
//
// (Hinton, Osindero & Teh 2006, whose top layer it is; Larochelle & Bengio 2008,
// "Classification using discriminative restricted Boltzmann machines"). Summed over h
// it is the free energy F(v,t), and what class an image has follows from it exactly:
//
//	p(t=y|v) ∝ exp(d_y + Σ_j softplus(b_j + (v·W)_j + U_yj)).
//
// W is (n,k), b (k), c (n), U (classes,k), d (classes); t is one-hot.
type LabelRBM struct{ W, B, C, U, D *blocks.Param }

// NewLabelRBM returns a machine with W and U drawn by init, usually N(0, 0.01), and biases
// 0. Its parameters are called name.W, name.b, name.c, name.U and name.d.
func NewLabelRBM(name string, n, classes, k int, init blocks.Initializer, s *random.Stream) (*LabelRBM, error) {
	r, err := NewRBM(name, n, k, init, s)
	if err != nil {
		return nil, fmt.Errorf("label %w", err)
	}
	U, err := init.Weights(name+".U", classes, k, s)
	if err != nil {
		return nil, fmt.Errorf("label rbm: %w", err)
	}
	return &LabelRBM{W: r.W, B: r.B, C: r.C, U: U, D: blocks.NewParam(name+".d", classes)}, nil
}

// Params returns W, b, c, U and d.
func (r *LabelRBM) Params() []*blocks.Param { return []*blocks.Param{r.W, r.B, r.C, r.U, r.D} }

// Visible is n, the number of visible units without the labels.
func (r *LabelRBM) Visible() int { return inputs(r.W) }

// Classes is the number of classes.
func (r *LabelRBM) Classes() int { return inputs(r.U) }

// Hidden is k, the number of hidden units.
func (r *LabelRBM) Hidden() int { return outputs(r.W) }

// unlabelled is the machine of v and h alone, that is with no label on: with the same
// tensors.
func (r *LabelRBM) unlabelled() *RBM { return &RBM{W: r.W, B: r.B, C: r.C} }

// up is v·W + t·U + b.
func (r *LabelRBM) up(v, t *G.Node) (*G.Node, error) {
	var ch ops.Chain
	z := ch.Do(blocks.Up(v, r.W, r.B))
	if ch.Err() != nil {
		return nil, ch.Err()
	}
	return ch.Do(ops.Add(z, ch.Do(ops.MatMul(t, ch.Do(r.U.Node(v.Graph())), false, false)))), ch.Err()
}

// Up is p(h=1|v,t) = sigmoid(v·W + t·U + b), (m,k) for v (m,n) and t (m,classes).
func (r *LabelRBM) Up(v, t *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return ch.Do(blocks.Sigmoid().Apply(ch.Do(r.up(v, t)))), ch.Err()
}

// Down is p(v=1|h) = sigmoid(h·Wᵀ + c), (m,n) for h (m,k).
func (r *LabelRBM) Down(h *G.Node) (*G.Node, error) { return r.unlabelled().Down(h) }

// Labels is p(t|h) = softmax(h·Uᵀ + d), (m,classes) for h (m,k).
func (r *LabelRBM) Labels(h *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return ch.Do(blocks.Softmax().Apply(ch.Do(blocks.Down(h, r.U, r.D)))), ch.Err()
}

// FreeEnergy is F(v,t) = −log Σ_h e^−E(v,t,h) = −v·c − t·d − Σ_j softplus(b_j + (v·W)_j +
// (t·U)_j), a vector (m) for v (m,n) and t (m,classes).
func (r *LabelRBM) FreeEnergy(v, t *G.Node) (*G.Node, error) {
	var ch ops.Chain
	plain := r.unlabelled()
	f := ch.Do(ops.Sub(plain.visible().energy(&ch, v), plain.hidden().logSum(&ch, ch.Do(r.up(v, t)))))
	if ch.Err() != nil {
		return nil, ch.Err()
	}
	labels := ch.Do(ops.MatMul(t, ch.Do(column(t.Graph(), r.D)), false, false))
	return ch.Do(ops.Sub(f, ch.Do(ops.Reshape(labels, v.Shape()[0])))), ch.Err()
}

// Scores is log p(t=y|v) but for a term that all classes share, d_y + Σ_j softplus(b_j +
// (v·W)_j + U_yj) = −F(v,y) − v·c, a matrix (m,classes) for v (m,n). The product with W is
// computed once for all classes.
func (r *LabelRBM) Scores(v *G.Node) (*G.Node, error) {
	var ch ops.Chain
	z := ch.Do(blocks.Up(v, r.W, r.B))
	if ch.Err() != nil {
		return nil, ch.Err()
	}
	g, m, classes := v.Graph(), v.Shape()[0], r.Classes()
	U := ch.Do(r.U.Node(g))
	out := ch.Do(ops.RepeatRows(ch.Do(r.D.Node(g)), m))
	for y := range classes {
		t := ch.Do(sameLabel(g, dtype(r.Params()), m, classes, y))
		// A product with one class a row is fused with what follows it.
		units := ch.Do(blocks.Softplus().Apply(ch.Do(ops.Add(z, ch.Do(ops.MatMul(t, U, false, false))))))
		sum := ch.Do(ops.RepeatCols(ch.Do(ops.RowSum(units)), classes))
		out = ch.Do(ops.Add(out, ch.Do(ops.Mul(sum, t))))
	}
	return out, ch.Err()
}

// Posterior is p(t|v), exact, (m,classes) for v (m,n).
func (r *LabelRBM) Posterior(v *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return ch.Do(blocks.Softmax().Apply(ch.Do(r.Scores(v)))), ch.Err()
}

// sameLabel is a leaf of the graph with m times the one-hot row of class y.
func sameLabel(g *G.ExprGraph, dt tensor.Dtype, m, classes, y int) (*G.Node, error) {
	name := fmt.Sprintf("label %d of %d, %d times", y, classes, m)
	for _, n := range g.ByName(name) {
		return n, nil
	}
	p := &blocks.Param{Name: name, Value: tensor.New(tensor.Of(dt), tensor.WithShape(m, classes))}
	apply(p.Value, mark[float32](classes, y), mark[float64](classes, y))
	return p.Node(g)
}

// mark sets element y of every row of n elements to 1.
func mark[T ops.Float](n, y int) func([]T) {
	return func(e []T) {
		for i := y; i < len(e); i += n {
			e[i] = 1
		}
	}
}

// LabelState is a state of the visible units, or the probabilities of one: v (m,n) and t
// (m,classes).
type LabelState struct{ V, T *G.Node }

// Gibbs runs a chain of block Gibbs sampling for the given number of steps: h ~ p(h|v,t),
// then v ~ p(v|h) and t ~ p(t|h). With clamp the labels stay as they are: the chain draws
// from p(v|t). It returns the last states and their probabilities, and draws from s. The
// samples are constants to the gradient; the probabilities are not.
func (r *LabelRBM) Gibbs(start LabelState, steps int, clamp bool, s *random.Stream) (states, probabilities LabelState, err error) {
	if steps < 1 {
		return states, probabilities, fmt.Errorf("gibbs: want at least one step, got %d", steps)
	}
	var ch ops.Chain
	states = start
	for range steps {
		h := ch.Do(ops.Bernoulli(ch.Do(r.Up(states.V, states.T)), s))
		probabilities.V = ch.Do(r.Down(h))
		states.V = ch.Do(ops.Bernoulli(probabilities.V, s))
		if probabilities.T = states.T; !clamp {
			probabilities.T = ch.Do(r.Labels(h))
			states.T = ch.Do(ops.Categorical(probabilities.T, s))
		}
	}
	return states, probabilities, ch.Err()
}

// labelName is that of the leaf to which labels are bound.
const labelName = "t"

// leaves adds the inputs of a graph on m labelled examples.
func (r *LabelRBM) leaves(m int) LabelState {
	v := r.unlabelled().leaf(visibleName, m, r.Visible())
	return LabelState{v, blocks.NewInput(v.Graph(), dtype(r.Params()), labelName, m, r.Classes())}
}
