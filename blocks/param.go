package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Param is a parameter: a named tensor, float32 and row-major (float64 in gradient
// checks), owned by a model. Bound into several graphs it is the same tensor in all
// of them, so that what one graph trains the next one sees.
type Param struct {
	Name  string
	Value *tensor.Dense
}

// NewParam returns a parameter of zeros.
func NewParam(name string, shape ...int) *Param {
	return &Param{Name: name, Value: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))}
}

// Node returns the leaf of g to which the parameter's tensor is bound, the same one
// at every call. Two parameters of one graph need different names, since Gorgonia
// knows leaves by name, type and shape.
func (p *Param) Node(g *G.ExprGraph) (*G.Node, error) {
	if p == nil || p.Value == nil {
		return nil, fmt.Errorf("parameter: has no value")
	}
	if p.Name == "" {
		return nil, fmt.Errorf("parameter of shape %v: has no name", p.Value.Shape())
	}
	if g == nil {
		return nil, fmt.Errorf("parameter %s: no graph", p.Name)
	}
	for _, n := range g.ByName(p.Name) {
		if n.Op() != nil {
			continue
		}
		if n.Value() != G.Value(p.Value) {
			return nil, fmt.Errorf("parameter %s: the graph has another leaf of this name", p.Name)
		}
		return n, nil
	}
	return G.NewTensor(g, p.Value.Dtype(), p.Value.Dims(), G.WithShape(p.Value.Shape()...), G.WithName(p.Name), G.WithValue(p.Value)), nil
}

// Nodes returns the leaves of g for several parameters.
func Nodes(g *G.ExprGraph, params []*Param) (G.Nodes, error) {
	out := make(G.Nodes, len(params))
	for i, p := range params {
		n, err := p.Node(g)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// Clone returns a copy of the parameter with a tensor of its own, under a new name.
func (p *Param) Clone(name string) *Param {
	return &Param{Name: name, Value: p.Value.Clone().(*tensor.Dense)}
}

// Match reports where src are not the parameters dst, in any order: by name, dtype and
// shape.
func Match(dst, src []*Param) error {
	if len(src) != len(dst) {
		return fmt.Errorf("want %d tensors, got %d", len(dst), len(src))
	}
	byName := map[string]*Param{}
	for _, p := range src {
		byName[p.Name] = p
	}
	for _, d := range dst {
		s, ok := byName[d.Name]
		if !ok {
			return fmt.Errorf("has no tensor %s", d.Name)
		}
		if s.Value.Dtype() != d.Value.Dtype() || !s.Value.Shape().Eq(d.Value.Shape()) {
			return fmt.Errorf("%s: want %v of shape %v, got %v of shape %v", d.Name, d.Value.Dtype(), d.Value.Shape(), s.Value.Dtype(), s.Value.Shape())
		}
	}
	return nil
}

// Assign copies the values of src into the tensors of dst of the same names. Nothing is
// changed unless they match; see Match.
func Assign(dst, src []*Param) error {
	if err := Match(dst, src); err != nil {
		return err
	}
	byName := map[string]*tensor.Dense{}
	for _, p := range src {
		byName[p.Name] = p.Value
	}
	for _, d := range dst {
		if d.Value.Dtype() == tensor.Float32 {
			copy(d.Value.Float32s(), byName[d.Name].Float32s())
		} else {
			copy(d.Value.Float64s(), byName[d.Name].Float64s())
		}
	}
	return nil
}

// NewInput adds a leaf of the given name and shape to the graph, to which data are
// bound when it runs. Its dtype is that of the model's parameters.
func NewInput(g *G.ExprGraph, dt tensor.Dtype, name string, shape ...int) *G.Node {
	return G.NewTensor(g, dt, len(shape), G.WithShape(shape...), G.WithName(name))
}
