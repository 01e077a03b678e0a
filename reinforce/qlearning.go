package reinforce

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// QLearning trains a network whose output j is Q(s,j), the discounted return of action j and
// of the best ones after it. Its cost on m transitions (s, a, r, s') is the mean of Huber's
// loss of the temporal-difference errors
//
//	Q(s,a) − (r + γ·max_j Q⁻(s',j))
//
// with the target in parentheses held constant, and just r where s' is terminal. Q⁻ is the
// target network, a copy of an earlier Q, or Q itself without one (Mnih et al. 2015).
type QLearning struct {
	Q *models.MLP
	// Target is Q⁻, with parameters of its own; nil for Q.
	Target *models.MLP
	// Discount is γ.
	Discount float64
}

var _ train.Model = (*QLearning)(nil)

// NewQLearning returns the training of a network, with a target network if one is wanted: a
// copy, whose parameters are called "target." and the original's name.
func NewQLearning(q *models.MLP, discount float64, target bool) (*QLearning, error) {
	if err := check(q, discount); err != nil {
		return nil, fmt.Errorf("q-learning: %w", err)
	}
	l := &QLearning{Q: q, Discount: discount}
	if target {
		l.Target = &models.MLP{Output: q.Output}
		for _, d := range q.Layers {
			l.Target.Layers = append(l.Target.Layers, &blocks.Dense{W: d.W.Clone("target." + d.W.Name), B: d.B.Clone("target." + d.B.Name), F: d.F})
		}
	}
	return l, nil
}

func check(net *models.MLP, discount float64) error {
	if net == nil || len(net.Layers) == 0 {
		return fmt.Errorf("want a network with a layer at least")
	}
	if !(discount >= 0 && discount <= 1) {
		return fmt.Errorf("want a discount in [0,1], got %g", discount)
	}
	return nil
}

// Params are those of Q.
func (l *QLearning) Params() []*blocks.Param {
	if l.Q == nil { // Objective says so
		return nil
	}
	return l.Q.Params()
}

// Copy sets the target network to Q.
func (l *QLearning) Copy() error {
	if l.Target == nil {
		return nil
	}
	for i, p := range l.Target.Params() {
		if err := tensor.Copy(p.Value, l.Q.Params()[i].Value); err != nil {
			return fmt.Errorf("target network: %s: %w", p.Name, err)
		}
	}
	return nil
}

// Objective is the training graph for m transitions: inputs x (m,n), one-hot actions (m,k),
// rewards (m), x' (m,n), and (m) 1 where the episode goes on or 0 where s' is terminal.
// Monitors: "loss", the cost, and "value", the mean of Q(s,a).
func (l *QLearning) Objective(m int) (*models.Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("q-learning: want at least one transition, got %d", m)
	}
	if err := check(l.Q, l.Discount); err != nil {
		return nil, fmt.Errorf("q-learning: %w", err)
	}
	target := l.Target
	if target == nil {
		target = l.Q
	}
	g, dt := G.NewGraph(), l.Q.Layers[0].W.Value.Dtype()
	in := G.Nodes{
		blocks.NewInput(g, dt, "x", m, l.Q.Inputs()), blocks.NewInput(g, dt, "action", m, l.Q.Outputs()), blocks.NewInput(g, dt, "reward", m),
		blocks.NewInput(g, dt, "x'", m, l.Q.Inputs()), blocks.NewInput(g, dt, "goes on", m),
	}
	var c ops.Chain
	q := c.Do(ops.RowSum(c.Do(ops.Mul(in[1], c.Do(output(l.Q, in[0]))))))
	best := c.Do(rowMax(c.Do(output(target, in[3]))))
	later := c.Do(ops.Scale(c.Do(ops.Mul(in[4], best)), l.Discount))
	loss := c.Do(blocks.Huber(q, c.Do(ops.StopGradient(c.Do(ops.Add(in[2], later))))))
	return &models.Objective{Inputs: in, Cost: loss, Monitors: []models.Monitor{{Name: "loss", Node: loss}, {Name: "value", Node: c.Do(ops.Mean(q))}}}, c.Err()
}

// output is what the last layer of a network gives.
func output(net *models.MLP, x *G.Node) (*G.Node, error) {
	layers, err := net.Forward(x)
	if err != nil {
		return nil, err
	}
	return layers[len(layers)-1], nil
}

// rowMax is the largest element of each row of z (m,k), a vector (m). It is a constant to the
// gradient: what is learned towards it does not move it.
func rowMax(z *G.Node) (*G.Node, error) {
	if z == nil || z.Shape().Dims() != 2 {
		return nil, fmt.Errorf("row maximum: want a matrix")
	}
	return ops.Apply(ops.Def{Name: "rowmax", Shape: tensor.Shape{z.Shape()[0]}, F32: largest[float32], F64: largest[float64]}, z)
}

func largest[T ops.Float](y []T, x [][]T) {
	k := len(x[0]) / len(y)
	for i := range y {
		y[i] = x[0][i*k+argmax(x[0][i*k:(i+1)*k])]
	}
}

// argmax is the place of the largest element; of equal ones, the first.
func argmax[T ops.Float](row []T) int {
	at := 0
	for j, v := range row {
		if v > row[at] {
			at = j
		}
	}
	return at
}
