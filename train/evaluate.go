package train

import (
	"fmt"

	"capas/autodiff"
	"capas/datasets"
	"capas/models"
)

// Evaluable is a model with a graph of its quality on m examples, in which nothing is
// dropped or corrupted.
type Evaluable interface {
	Evaluation(m int) (*models.Objective, error)
}

// EvaluationBatch is the number of examples that are evaluated at a time. On one
// processor the time is the same from 250 to 10,000, to 2 %; more rows give many
// processors more to divide, fewer bound the memory, here to 4 kB a unit.
const EvaluationBatch = 1000

// Evaluator measures a model on sets of examples, again and again as it changes.
type Evaluator struct {
	// Compiler makes the functions, called "evaluation". Set it before the first Run.
	Compiler autodiff.Compiler

	model    Evaluable
	compiled map[int]*autodiff.Function
	monitors []models.Monitor
	inputs   int
}

// NewEvaluator returns an evaluator of the model's current and later parameters.
func NewEvaluator(m Evaluable) *Evaluator { return NewEvaluatorWith(autodiff.Compiler{}, m) }

// NewEvaluatorWith is NewEvaluator with a compiler.
func NewEvaluatorWith(c autodiff.Compiler, m Evaluable) *Evaluator {
	return &Evaluator{Compiler: c, model: m, compiled: map[int]*autodiff.Function{}}
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
	f, err := e.Compiler.Compile("evaluation", o.Inputs, outputs, nil)
	if err != nil {
		return nil, err
	}
	e.compiled[m] = f
	return f, nil
}
