package models_test

import (
	"fmt"
	"maps"
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// specimens are models of all kinds with numbers in every parameter; redrawn with
// another label, the same models with other numbers.
func specimens(t testing.TB, label string) map[string]any {
	t.Helper()
	leaky := blocks.LeakyReLU(0.25)
	mlp := func(name string, o blocks.Output, sizes ...int) *models.MLP {
		n := must[*models.MLP](t)(models.NewMLP(name, sizes, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
		n.Output = o
		return n
	}
	// A hidden layer of every activation.
	var hidden []*blocks.Dense
	for i, name := range append(blocks.Activations(), leaky.String()) {
		f := must[blocks.Activation](t)(blocks.ParseActivation(name))
		hidden = append(hidden, must[*blocks.Dense](t)(blocks.NewDense(fmt.Sprintf("all.%d", i+1), 4, 4, f, blocks.LeCun(), stream("init"))))
	}
	ae := func(name string, tied bool, f blocks.Activation, o blocks.Output) *models.Autoencoder {
		a := must[*models.Autoencoder](t)(models.NewAutoencoder(name, 5, 3, tied, f, blocks.LeCun(), stream("init")))
		a.Output = o
		return a
	}
	stack := func(name string, tied bool, f blocks.Activation) *models.StackedAutoencoder {
		return must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder(name, []int{6, 5, 3}, tied, f, blocks.LeCun(), stream("init")))
	}
	dbn := must[*models.DBN](t)(models.NewDBN("dbn", []int{6, 5, 4, 3}, blocks.LeCun(), stream("init")))
	all := map[string]any{
		"mlp":                      mlp("net", blocks.Classes(), 5, 4, 3),
		"mlp without hidden units": mlp("net", blocks.Numeric(), 4, 2),
		"mlp of all activations":   must[*models.MLP](t)(models.Classifier("all", hidden, 4, 3, blocks.LeCun(), stream("top"))),
		"autoencoder, tied":        ae("ae", true, blocks.Sigmoid(), blocks.Binary()),
		"autoencoder, untied":      ae("ae", false, leaky, blocks.Numeric()),
		"stack, tied":              stack("sae", true, blocks.Tanh()),
		"stack, untied":            stack("sae", false, blocks.Sigmoid()),
		"deep autoencoder":         must[*models.DeepAutoencoder](t)(stack("sae", true, blocks.Softplus()).Unroll("deep")),
		"deep autoencoder of rbms": must[*models.DeepAutoencoder](t)(dbn.Unroll("deep")),
		"rbm":                      must[*models.RBM](t)(models.NewRBM("rbm", 5, 3, blocks.LeCun(), stream("init"))),
		"dbn":                      dbn,
		"dbm":                      must[*models.DBM](t)(models.NewDBM("dbm", []int{6, 5, 4, 3}, blocks.LeCun(), stream("init"))),
	}
	maps.Copy(all, labelSpecimens(t))
	maps.Copy(all, convSpecimens(t))
	maps.Copy(all, generatorSpecimens(t))
	maps.Copy(all, memorySpecimens(t))
	maps.Copy(all, recurrentSpecimens(t))
	maps.Copy(all, policyValueSpecimens(t))
	for name, m := range all {
		for _, p := range params(t, m) {
			redraw(0.3, stream(label+name+p.Name), p)
		}
		if n, ok := m.(*models.ConvNet); ok {
			positive(n)
		}
		if n, ok := m.(*models.ConvGenerator); ok {
			positiveUps(n)
		}
	}
	return all
}

// lectureMLP is a network of the size of Hinton, Osindero & Teh 2006.
func lectureMLP(t testing.TB, label string) *models.MLP {
	n := must[*models.MLP](t)(models.NewMLP("net", []int{784, 500, 500, 2000, 10}, blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), stream("init")))
	for _, p := range n.Params() {
		redraw(0.05, stream(label+p.Name), p)
	}
	return n
}

// params are a model's parameters.
func params(t testing.TB, model any) (ps []*blocks.Param) {
	switch m := model.(type) {
	case interface{ Params() []*blocks.Param }:
		return m.Params()
	case *models.StackedAutoencoder:
		for _, a := range m.Layers {
			ps = append(ps, a.Params()...)
		}
	case *models.DBN:
		for _, r := range m.Layers {
			ps = append(ps, r.Params()...)
		}
	default:
		t.Fatalf("%T is no model", model)
	}
	return ps
}

// width is a model's number of inputs.
func width(t testing.TB, model any) int {
	switch m := model.(type) {
	case *models.ConvNet:
		return m.Inputs()
	case *models.PolicyValue:
		return m.Inputs()
	case interface{ Width() int }:
		return m.Width()
	}
	return params(t, model)[0].Value.Shape()[0]
}

// outputs computes what a model says about examples x, under the names that
// scripts/torch_models.py has for it.
func outputs(t testing.TB, model any, x *tensor.Dense) map[string]*tensor.Dense {
	t.Helper()
	in := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", x.Shape()...)
	var names []string
	var nodes G.Nodes
	add := func(name string, n *G.Node, err error) *G.Node {
		t.Helper()
		names, nodes = append(names, name), append(nodes, must[*G.Node](t)(n, err))
		return n
	}
	apply := func(name string, o blocks.Output, z *G.Node, err error) {
		t.Helper()
		must[*G.Node](t)(z, err)
		y, err := o.Activation().Apply(z)
		add(name, y, err)
	}
	switch m := model.(type) {
	case *models.MLP:
		z, err := logits(m)(in)
		apply("output", m.Output, add("logits", z, err), nil)
	case *models.Autoencoder:
		h, err := m.Encode(in)
		z, err := m.Decode(add("code", h, err))
		apply("reconstruction", m.Output, z, err)
	case *models.DeepAutoencoder:
		h, err := m.Encode(in)
		z, err := m.Decode(add("code", h, err))
		apply("reconstruction", m.Output, z, err)
	case *models.StackedAutoencoder:
		v := in
		for l, a := range m.Layers {
			h, err := a.Encode(v)
			v = add(fmt.Sprintf("code.%d", l), h, err)
			z, err := a.Decode(v)
			apply(fmt.Sprintf("reconstruction.%d", l), a.Output, z, err)
		}
	case *models.RBM:
		v, err := m.Up(in)
		h := add("hidden.0", v, err)
		v, err = m.Down(h)
		add("visible.0", v, err)
		v, err = m.FreeEnergy(in)
		add("energy.0", v, err)
	case *models.DBN:
		v := in
		for l, r := range m.Layers {
			f, err := r.FreeEnergy(v)
			add(fmt.Sprintf("energy.%d", l), f, err)
			h, err := r.Up(v)
			v = add(fmt.Sprintf("hidden.%d", l), h, err)
			d, err := r.Down(v)
			add(fmt.Sprintf("visible.%d", l), d, err)
		}
	case *models.DBM:
		q, err := m.MeanField(in, 2)
		for l := 1; l < len(q); l++ {
			add(fmt.Sprintf("mean_field.%d", l), q[l], err)
		}
		bound, err := m.Bound(in, 2)
		add("bound", bound, err)
	case *models.ConvNet:
		z, err := m.Logits(in)
		apply("output", m.Output, add("logits", z, err), nil)
	case *models.ConvGenerator:
		layers, err := m.Forward(in)
		apply("output", m.Output, add("logits", must[G.Nodes](t)(layers, err)[len(layers)-1], err), nil)
	case *models.Recurrent:
		z, err := m.Logits(in, true)
		apply("output", m.Output, add("logits", z, err), nil)
	case *models.Jordan:
		z, err := m.Logits(in, true)
		apply("output", m.Output, add("logits", z, err), nil)
	case *models.PolicyValue:
		z, v, err := m.Heads(in)
		add("policy", z, err)
		add("value", v, err)
	case *models.LabelRBM:
		labelOutputs(t, in, &models.LabelDBN{Top: m}, add)
	case *models.LabelDBN:
		labelOutputs(t, in, m, add)
	case *models.Hopfield, *models.DenseHopfield, *models.BAM:
		memoryOutputs(t, in, m, add)
	default:
		t.Fatalf("%T is no model", model)
	}
	out := map[string]*tensor.Dense{}
	for i, values := range compute(t, G.Nodes{in}, []G.Value{x}, nodes...) {
		d := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(nodes[i].Shape()...))
		for j, v := range values {
			d.Float32s()[j] = float32(v)
		}
		out[names[i]] = d
	}
	return out
}
