package train

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Evaluable is a model with a graph of its quality on m examples, in which nothing is
// dropped or corrupted.
type Evaluable interface {
	Evaluation(m int) (*models.Objective, error)
}

// EvaluationBatch is the number of examples that are evaluated at a time: large enough
// for efficient products, small enough to stay in the cache.
const EvaluationBatch = 500

// Evaluator measures a model on sets of examples, again and again as it changes.
type Evaluator struct {
	model    Evaluable
	compiled map[int]*autodiff.Function
	monitors []models.Monitor
	inputs   int
}

// NewEvaluator returns an evaluator of the model's current and later parameters.
func NewEvaluator(m Evaluable) *Evaluator {
	return &Evaluator{model: m, compiled: map[int]*autodiff.Function{}}
}

// Run returns the means of the model's monitors over the set: for a classifier "loss"
// in nats and "error", the fraction misclassified.
func (e *Evaluator) Run(set *datasets.Set) (Values, error) {
	batches, err := datasets.NewBatches(set, EvaluationBatch, datasets.BatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("evaluation: %w", err)
	}
	batches.Epoch()
	var m means
	for {
		b, ok := batches.Next()
		if !ok {
			return m.values(), nil
		}
		f, err := e.function(b.Len())
		if err != nil {
			return nil, fmt.Errorf("evaluation: %w", err)
		}
		if err := runBatch(f, e.inputs, b); err != nil {
			return nil, fmt.Errorf("evaluation: %w", err)
		}
		if err := m.add(f, 0, e.monitors, float64(b.Len()), identity); err != nil {
			return nil, fmt.Errorf("evaluation: %w", err)
		}
	}
}

func (e *Evaluator) function(m int) (*autodiff.Function, error) {
	if f, ok := e.compiled[m]; ok {
		return f, nil
	}
	o, err := e.model.Evaluation(m)
	if err != nil {
		return nil, err
	}
	outputs, err := monitored(o)
	if err != nil {
		return nil, err
	}
	e.monitors, e.inputs = o.Monitors, len(o.Inputs)
	f, err := autodiff.Compile(o.Inputs, outputs, nil)
	if err != nil {
		return nil, err
	}
	e.compiled[m] = f
	return f, nil
}

// Map computes a layer-wise function of all examples of x (n,d), such as a code, and
// returns it as a new tensor (n,k).
func Map(x *tensor.Dense, forward func(x *G.Node) (*G.Node, error)) (*tensor.Dense, error) {
	s := x.Shape()
	if s.Dims() != 2 || x.Dtype() != tensor.Float32 || s[0] < 1 {
		return nil, fmt.Errorf("map: want float32 examples of shape (n,d), got %v of shape %v", x.Dtype(), s)
	}
	n, d := s[0], s[1]
	in, err := ops.Elements[float32](x)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	var out []float32
	var k int
	for lo := 0; lo < n; {
		m := min(EvaluationBatch, n-lo)
		node := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", m, d)
		y, err := forward(node)
		if err != nil {
			return nil, fmt.Errorf("map: %w", err)
		}
		f, err := autodiff.Compile(G.Nodes{node}, G.Nodes{y}, nil)
		if err != nil {
			return nil, fmt.Errorf("map: %w", err)
		}
		for ; lo+m <= n; lo += m { // all batches of this size
			if err := f.Run(tensor.New(tensor.WithShape(m, d), tensor.WithBacking(in[lo*d:(lo+m)*d]))); err != nil {
				return nil, fmt.Errorf("map: %w", err)
			}
			y, ok := f.Output(0).(*tensor.Dense)
			if !ok || y.Dims() != 2 || y.Shape()[0] != m {
				return nil, fmt.Errorf("map: want a matrix with one of %d examples a row, got shape %v", m, f.Output(0).Shape())
			}
			k = y.Shape()[1]
			if out == nil {
				out = make([]float32, 0, n*k)
			}
			out = append(out, y.Float32s()...)
		}
	}
	return tensor.New(tensor.WithShape(n, k), tensor.WithBacking(out)), nil
}
