package train_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// sizes around the size of an evaluation's batch.
var sizes = []int{1, 2, train.EvaluationBatch - 1, train.EvaluationBatch, train.EvaluationBatch + 1, 2 * train.EvaluationBatch, 2*train.EvaluationBatch + 203}

// Values of a set evaluated in batches, the last one smaller, are those of the set as
// one batch.
func TestEvaluatorEqualsOneBatch(t *testing.T) {
	net := network(t, 5, 4, 3)
	auto := must(models.NewAutoencoder("ae", 5, 4, false, blocks.Tanh(), blocks.LeCun(), random.New(1)))(t)
	auto.Corruption, auto.Noise = blocks.GaussianNoise(1), random.New(2) // in training only
	for name, m := range map[string]train.Evaluable{"mlp": net, "autoencoder": auto} {
		e := train.NewEvaluator(m)
		for _, n := range append(sizes, sizes[0]) {
			data := examples(t, n, 5, 3)
			got := must(e.Run(data))(t)
			o := must(m.Evaluation(n))(t)
			var outputs G.Nodes
			for _, mon := range o.Monitors {
				outputs = append(outputs, mon.Node)
			}
			f := must(autodiff.Compile(o.Inputs, outputs, nil))(t)
			inputs := []G.Value{data.X, data.OneHot()}[:len(o.Inputs)]
			if err := f.Run(inputs...); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(outputs) || len(got) == 0 {
				t.Fatalf("%s: want %d values, got %v", name, len(outputs), got)
			}
			for i, mon := range o.Monitors {
				if got[i].Name != mon.Name {
					t.Errorf("%s: value %d: want %s, got %s", name, i, mon.Name, got[i].Name)
				}
				want := must(f.Scalar(i))(t)
				if mon.Sum {
					want /= float64(n)
				}
				near(t, fmt.Sprintf("%s of %d examples: %s", name, n, mon.Name), got[i].Value, want, 2e-6)
			}
		}
	}
}

// An evaluator sees the parameters as they are at each call, and changes none.
func TestEvaluatorFollowsTheModel(t *testing.T) {
	data := examples(t, 700, 5, 2)
	n := network(t, 5, 2)
	e := train.NewEvaluator(n)
	before := bits(n.Params())
	first := must(e.Run(data))(t)
	if !slices.Equal(before, bits(n.Params())) {
		t.Error("the evaluation changed parameters")
	}
	// With weights 0 and one bias the class 0 is always chosen: the error is the share
	// of the others.
	for _, p := range n.Params() {
		p.Value.Zero()
	}
	n.Layers[0].B.Value.Float32s()[0] = 1
	second := must(e.Run(data))(t)
	want := float64(data.ClassCounts()[1]) / 700
	if got, _ := second.Get("error"); got < want-1e-6 || got > want+1e-6 || first[1] == second[1] {
		t.Errorf("want error %g, got %v after %v", want, second, first)
	}
	if _, ok := second.Get("nothing"); ok {
		t.Error("Get found a value that does not exist")
	}
}

func TestEvaluatorErrors(t *testing.T) {
	e := train.NewEvaluator(network(t, 5, 3))
	if _, err := e.Run(nil); err == nil {
		t.Error("no set: want an error")
	}
	if _, err := e.Run(examples(t, 10, 4, 3)); err == nil || !strings.Contains(err.Error(), "want shape (10, 5) for x, got (10, 4)") {
		t.Errorf("other width: got %v", err)
	}
	if _, err := e.Run(examples(t, 10, 5, 2)); err == nil || !strings.Contains(err.Error(), "for t, got (10, 2)") {
		t.Errorf("other classes: got %v", err)
	}
}

// Map gives every example the code that it has when it is alone, and leaves its input
// as it is.
func TestMap(t *testing.T) {
	s := random.New(1)
	l := must(blocks.NewDense("l", 5, 4, blocks.Tanh(), blocks.LeCun(), s))(t)
	l.B.Value.Float32s()[1] = 0.5
	forward := func(m int) *autodiff.Function {
		x := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", m, 5)
		return must(autodiff.Compile(G.Nodes{x}, G.Nodes{must(l.Forward(x))(t)}, nil))(t)
	}
	alone := forward(1)
	for _, n := range sizes {
		x := examples(t, n, 5, 3).X
		before := slices.Clone(x.Float32s())
		y := must(train.Map(x, l.Forward))(t)
		if !y.Shape().Eq(tensor.Shape{n, 4}) {
			t.Fatalf("%d examples: want shape (%d,4), got %v", n, n, y.Shape())
		}
		if !slices.Equal(before, x.Float32s()) {
			t.Errorf("%d examples: the input changed", n)
		}
		all := forward(n)
		if err := all.Run(x); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if err := alone.Run(matrix(before[i*5:(i+1)*5], 1, 5)); err != nil {
				t.Fatal(err)
			}
			one := must(ops.Elements[float32](alone.Output(0)))(t)
			together := must(ops.Elements[float32](all.Output(0)))(t)
			for j, v := range one {
				near(t, fmt.Sprintf("%d examples: code %d of example %d", n, j, i), float64(y.Float32s()[i*4+j]), float64(v), 1e-6)
				near(t, fmt.Sprintf("%d examples as one batch: code %d of example %d", n, j, i), float64(y.Float32s()[i*4+j]), float64(together[i*4+j]), 1e-6)
			}
		}
	}
}

// A mapper that is used again sees the parameters as they are, gives every result a
// tensor of its own, and takes sets of other sizes and, where the function does, other
// widths.
func TestMapper(t *testing.T) {
	l := must(blocks.NewDense("l", 5, 4, blocks.Linear(), blocks.LeCun(), random.New(1)))(t)
	p := &train.Mapper{Forward: l.Forward, Compiler: autodiff.Compiler{Profile: autodiff.NewProfile()}}
	var results []*tensor.Dense
	for i, n := range []int{7, train.EvaluationBatch + 7, 3, 7} {
		x := examples(t, n, 5, 3).X
		l.B.Value.Float32s()[0] = float32(i)
		got := must(p.Run(x))(t)
		if want := must(train.Map(x, l.Forward))(t); !slices.Equal(got.Float32s(), want.Float32s()) {
			t.Errorf("run %d: other values than of a mapper of its own", i)
		}
		results = append(results, got)
	}
	for j := range 7 { // the bias of the first unit was 0, then 3
		if d := results[3].Float32s()[4*j] - results[0].Float32s()[4*j]; d < 2.9999 || d > 3.0001 {
			t.Errorf("example %d: the results of two runs differ by %g, want 3", j, d)
		}
	}
	square := &train.Mapper{Forward: func(x *G.Node) (*G.Node, error) { return ops.Square(x) }}
	for _, d := range []int{2, 3, 2} {
		y := must(square.Run(matrix([]float32{1, 2, 3, 4, 5, 6}, 6/d, d)))(t)
		if !y.Shape().Eq(tensor.Shape{6 / d, d}) || !slices.Equal(y.Float32s(), []float32{1, 4, 9, 16, 25, 36}) {
			t.Errorf("width %d: got %v", d, y)
		}
	}
}

// The result is a tensor of its own also where the function is the identity.
func TestMapIsNew(t *testing.T) {
	x := examples(t, 10, 5, 3).X
	y := must(train.Map(x, func(x *G.Node) (*G.Node, error) { return x, nil }))(t)
	if !slices.Equal(x.Float32s(), y.Float32s()) {
		t.Error("identity: other values")
	}
	y.Float32s()[0] = 7
	if x.Float32s()[0] == 7 {
		t.Error("the result shares the memory of the input")
	}
}

func TestMapErrors(t *testing.T) {
	x := examples(t, 10, 5, 3).X
	identity := func(x *G.Node) (*G.Node, error) { return x, nil }
	columns := must(x.Slice(nil, tensor.S(1, 3)))(t).(*tensor.Dense)
	for name, c := range map[string]struct {
		x       *tensor.Dense
		forward func(*G.Node) (*G.Node, error)
		want    string
	}{
		"vector":         {matrix(make([]float32, 4), 2, 2).Clone().(*tensor.Dense), func(x *G.Node) (*G.Node, error) { return ops.Sum(x) }, "want a matrix"},
		"float64":        {tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(2, 2)), identity, "want float32 examples of shape (n,d), got float64"},
		"three axes":     {tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(2, 2, 2)), identity, "got float32 of shape (2, 2, 2)"},
		"not contiguous": {columns, identity, "not contiguous"},
		"wrong layer":    {x, must(blocks.NewDense("l", 6, 4, blocks.Tanh(), blocks.LeCun(), random.New(1)))(t).Forward, "map: affine: want x (m,n)"},
		"no rows":        {x, func(x *G.Node) (*G.Node, error) { return ops.Reshape(x, 5, 10) }, "want a matrix with one of 10 examples a row, got shape (5, 10)"},
		"nothing":        {x, func(*G.Node) (*G.Node, error) { return nil, nil }, "map: want a matrix with one of 10 examples a row, got no node"},
		"fails":          {x, func(*G.Node) (*G.Node, error) { return nil, errors.New("boom") }, "map: boom"},
	} {
		if y, err := train.Map(c.x, c.forward); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want an error with %q, got %v and %v", name, c.want, y, err)
		}
	}
}
