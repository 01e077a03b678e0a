package models

import (
	"fmt"

	"capas/blocks"
)

// Kinds of recurrent models in a description.
const (
	kindRecurrent = "recurrent"
	kindJordan    = "jordan"
)

// sequenceShape is what a description says of a recurrent model. Its output is that of the
// description.
type sequenceShape struct {
	// Cell is that of a recurrent network, Function the activation of a Jordan network's units.
	Cell          *blocks.Cell `json:"cell,omitempty"`
	Function      string       `json:"function,omitempty"`
	Inputs        int          `json:"inputs"`
	Units         int          `json:"units"`
	Outputs       int          `json:"outputs"`
	Layers        int          `json:"layers,omitempty"`
	Bidirectional bool         `json:"bidirectional,omitempty"`
	Steps         int          `json:"steps"`
	Each          bool         `json:"each,omitempty"`
	Last          int          `json:"last,omitempty"`
	Masked        bool         `json:"masked,omitempty"`
	// Params are the names of the parameters, in the order of the model's Params.
	Params []string `json:"parameters"`
}

// maxSteps bounds the length of sequences that a file may ask for.
const maxSteps = 1 << 24

func recurrentKind(kind string) bool { return kind == kindRecurrent || kind == kindJordan }

// describeSequence completes the description of a recurrent model and returns its parameters.
func (d *description) describeSequence(model any) ([]*blocks.Param, error) {
	var params []*blocks.Param
	s := &sequenceShape{}
	switch m := model.(type) {
	case *Recurrent:
		d.Kind = kindRecurrent
		if m == nil || len(m.Layers) == 0 || m.Top == nil {
			return nil, fmt.Errorf("recurrent: want layers and a top layer")
		}
		for i, l := range m.Layers {
			if l.Forward == nil || (l.Backward != nil) != (m.Layers[0].Backward != nil) {
				return nil, fmt.Errorf("recurrent: layer %d: want all layers of one direction, or all of both", i+1)
			}
			if c := l.Forward.Cell; c != m.Layers[0].Forward.Cell || l.Backward != nil && l.Backward.Cell != c {
				return nil, fmt.Errorf("recurrent: layer %d: want cells of one kind, got %s and %s", i+1, m.Layers[0].Forward.Cell, c)
			}
		}
		cell := m.Layers[0].Forward.Cell
		s.Cell, s.Layers, s.Bidirectional = &cell, len(m.Layers), m.Layers[0].Backward != nil
		s.Steps, s.Each, s.Last, s.Masked, d.Output, params = m.Steps, m.Each, m.Last, m.Masked, &m.Output, m.Params()
	case *Jordan:
		d.Kind = kindJordan
		if m == nil {
			return nil, fmt.Errorf("jordan: has no parameters")
		}
		s.Function, s.Steps, s.Masked, d.Output, params = m.F, m.Steps, m.Masked, &m.Output, m.Params()
	}
	for _, p := range params {
		if p == nil || p.Value == nil {
			return nil, fmt.Errorf("%s: a parameter is missing", d.Kind)
		}
		s.Params = append(s.Params, p.Name)
	}
	switch m := model.(type) {
	case *Recurrent:
		for _, p := range []*blocks.Param{m.Layers[0].Forward.W, m.Layers[0].Forward.U, m.Top.W} {
			if p.Value.Dims() != 2 {
				return nil, fmt.Errorf("parameter %s: want a matrix, got shape %v", p.Name, p.Value.Shape())
			}
		}
		s.Inputs, s.Units, s.Outputs = m.Inputs(), m.Layers[0].Forward.Units(), m.Outputs()
	case *Jordan:
		if m.W.Value.Dims() != 2 || m.V.Value.Dims() != 2 {
			return nil, fmt.Errorf("jordan: want matrices W and V, got shapes %v and %v", m.W.Value.Shape(), m.V.Value.Shape())
		}
		s.Inputs, s.Units, s.Outputs = m.Inputs(), outputs(m.W), m.Outputs()
	}
	d.Sequence = s
	return params, nil
}

// checkSequence tells whether a description is one of a recurrent model.
func (d *description) checkSequence() error {
	s := d.Sequence
	if s == nil || d.Output == nil || len(d.Layers)+len(d.Decoder) > 0 {
		return fmt.Errorf("%s: want a sequence and an output, and no layers", d.Kind)
	}
	if s.Inputs < 1 || s.Units < 1 || s.Outputs < 1 || s.Steps < 1 || s.Steps > maxSteps {
		return fmt.Errorf("%s: want inputs, units, outputs and up to %d steps, got %d, %d, %d and %d", d.Kind, maxSteps, s.Inputs, s.Units, s.Outputs, s.Steps)
	}
	if s.Last < 0 || s.Last > s.Steps || s.Last > 0 && !s.Each {
		return fmt.Errorf("%s: want outputs after up to %d last steps, and each of them, got %d", d.Kind, s.Steps, s.Last)
	}
	params := 5
	if d.Kind == kindRecurrent {
		if s.Cell == nil || s.Function != "" || s.Layers < 1 || s.Layers > maxLayers {
			return fmt.Errorf("recurrent: want a cell and 1 to %d layers, got %d", maxLayers, s.Layers)
		}
		params = 4*s.Layers*s.directions() + 2
	} else if s.Cell != nil || s.Layers != 0 || s.Bidirectional || s.Each || s.Last != 0 || s.Function != "tanh" && s.Function != "relu" && s.Function != "sigmoid" {
		return fmt.Errorf("jordan: want one layer of tanh, relu or sigmoid units, got %.20q", s.Function)
	}
	if len(s.Params) != params {
		return fmt.Errorf("%s: want the names of %d parameters, got %d", d.Kind, params, len(s.Params))
	}
	names := map[string]bool{}
	for _, name := range s.Params {
		if name == "" || names[name] {
			return fmt.Errorf("%s: want parameters of different names, got %q", d.Kind, name)
		}
		names[name] = true
	}
	return nil
}

func (s *sequenceShape) directions() int {
	if s.Bidirectional {
		return 2
	}
	return 1
}

// buildSequence makes the model of a checked description.
func (d *description) buildSequence(next func() *blocks.Param) any {
	s := d.Sequence
	if d.Kind == kindJordan {
		return &Jordan{W: next(), U: next(), B: next(), V: next(), C: next(), F: s.Function, Output: *d.Output, Steps: s.Steps, Masked: s.Masked}
	}
	r := &Recurrent{Output: *d.Output, Steps: s.Steps, Each: s.Each, Last: s.Last, Masked: s.Masked}
	layer := func() *blocks.Recurrent {
		return &blocks.Recurrent{Cell: *s.Cell, W: next(), U: next(), B: next(), C: next()}
	}
	for range s.Layers {
		l := RecurrentLayer{Forward: layer()}
		if s.Bidirectional {
			l.Backward = layer()
		}
		r.Layers = append(r.Layers, l)
	}
	r.Top = &blocks.Dense{W: next(), B: next()}
	return r
}

// sequenceSlots are the places of the parameters: those of torch.nn.RNN, LSTM or GRU, called rnn,
// and of torch.nn.Linear, called fc; of a Jordan network three torch.nn.Linear.
func (d *description) sequenceSlots() (out []slot) {
	s := d.Sequence
	add := func(name string, shape ...int) {
		out = append(out, slot{tensor: name, param: s.Params[len(out)], shape: shape})
	}
	if d.Kind == kindJordan {
		add("input.weight", s.Inputs, s.Units)
		add("feedback.weight", s.Outputs, s.Units)
		add("input.bias", s.Units)
		add("output.weight", s.Units, s.Outputs)
		add("output.bias", s.Outputs)
		return out
	}
	n, g := s.Inputs, s.Cell.Gates()*s.Units
	for l := range s.Layers {
		for _, suffix := range []string{"", "_reverse"}[:s.directions()] {
			add(fmt.Sprintf("rnn.weight_ih_l%d%s", l, suffix), n, g)
			add(fmt.Sprintf("rnn.weight_hh_l%d%s", l, suffix), s.Units, g)
			add(fmt.Sprintf("rnn.bias_ih_l%d%s", l, suffix), g)
			add(fmt.Sprintf("rnn.bias_hh_l%d%s", l, suffix), g)
		}
		n = s.Units * s.directions()
	}
	add("fc.weight", n, s.Outputs)
	add("fc.bias", s.Outputs)
	return out
}
