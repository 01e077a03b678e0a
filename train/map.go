package train

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Map computes a layer-wise function of all examples of x (n,d), such as a code, and
// returns it as a new tensor (n,k). It is Mapper for one use.
func Map(x *tensor.Dense, forward func(x *G.Node) (*G.Node, error)) (*tensor.Dense, error) {
	return (&Mapper{Forward: forward}).Run(x)
}

// Mapper computes a function of examples, in batches of EvaluationBatch, again and
// again as the parameters in it change. It is compiled once for each size of a batch.
// Not for concurrent use.
type Mapper struct {
	// Forward builds the function of examples (m,d), a matrix (m,k).
	Forward func(x *G.Node) (*G.Node, error)
	// Compiler makes the functions, called "map". Set it before the first Run.
	Compiler autodiff.Compiler

	compiled map[[2]int]*mapFunction // by m and d
}

// mapFunction writes its result into the tensor that is bound to out.
type mapFunction struct {
	run *autodiff.Function
	out *G.Node // (m,k)
}

// Run returns the function of all examples of x (n,d), float32 and contiguous, as a new
// tensor (n,k).
func (p *Mapper) Run(x *tensor.Dense) (*tensor.Dense, error) {
	y, err := p.all(x)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	return y, nil
}

func (p *Mapper) all(x *tensor.Dense) (*tensor.Dense, error) {
	s := x.Shape()
	if s.Dims() != 2 || x.Dtype() != tensor.Float32 || s[0] < 1 {
		return nil, fmt.Errorf("want float32 examples of shape (n,d), got %v of shape %v", x.Dtype(), s)
	}
	n, d := s[0], s[1]
	in, err := ops.Elements[float32](x)
	if err != nil {
		return nil, err
	}
	var y *tensor.Dense
	for lo, hi := 0, 0; lo < n; lo = hi {
		hi = min(lo+EvaluationBatch, n)
		f, err := p.function(hi-lo, d)
		if err != nil {
			return nil, err
		}
		k := f.out.Shape()[1]
		if y == nil {
			y = tensor.New(tensor.WithShape(n, k), tensor.WithBacking(make([]float32, n*k)))
		}
		if err := G.UnsafeLet(f.out, rowsOf(y.Float32s(), lo, hi, k)); err != nil {
			return nil, err
		}
		if err := f.run.Run(rowsOf(in, lo, hi, d)); err != nil {
			return nil, err
		}
	}
	return y, nil
}

// rowsOf is a view of the rows lo, …, hi−1 of a matrix with d columns.
func rowsOf(x []float32, lo, hi, d int) *tensor.Dense {
	return tensor.New(tensor.WithShape(hi-lo, d), tensor.WithBacking(x[lo*d:hi*d:hi*d]))
}

// function compiles the function for m examples, once. Its result goes to a leaf, so
// that it is computed where it belongs instead of being copied there.
func (p *Mapper) function(m, d int) (*mapFunction, error) {
	if f, ok := p.compiled[[2]int{m, d}]; ok {
		return f, nil
	}
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, d)
	y, err := p.Forward(x)
	if err != nil {
		return nil, err
	}
	if y == nil {
		return nil, fmt.Errorf("want a matrix with one of %d examples a row, got no node", m)
	}
	if s := y.Shape(); s.Dims() != 2 || s[0] != m {
		return nil, fmt.Errorf("want a matrix with one of %d examples a row, got shape %v", m, s)
	}
	f := &mapFunction{out: blocks.NewInput(g, tensor.Float32, "y", y.Shape()...)}
	if f.run, err = p.Compiler.Compile("map", G.Nodes{x}, nil, []autodiff.Update{{Target: f.out, Value: y}}); err != nil {
		return nil, err
	}
	if p.compiled == nil {
		p.compiled = map[[2]int]*mapFunction{}
	}
	p.compiled[[2]int{m, d}] = f
	return f, nil
}
