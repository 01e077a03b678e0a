package pretrain_test

import (
	"slices"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// deepMachine is a fresh deep Boltzmann machine with all stages of its training.
type deepMachine struct {
	d      *models.DBM
	stack  []*models.DBMLayer
	net    *models.MLP
	stages []pretrain.Stage
}

func (m deepMachine) params() []*blocks.Param {
	ps := append(m.d.Params(), m.net.Params()...)
	for _, l := range m.stack {
		ps = append(ps, l.Params()...)
	}
	return ps
}

func newDeepMachine(t testing.TB) deepMachine {
	t.Helper()
	data, validation := examples(t, 70, "data"), examples(t, 50, "validation")
	s := random.New(7)
	order := s.Split("order")
	m := deepMachine{d: must(models.NewDBM("dbm", []int{inputs, 8, 6}, blocks.Gaussian(2), s.Split("init")))(t)} // its chains forget slowly
	m.stack = must(m.d.Stack(1, s.Split("stack")))(t)
	recipe := train.Recipe{Epochs: 2, Batch: 20, Optimizer: train.SGD(0.1)}
	joint := must(models.NewDBMTraining(m.d, 4, 2, 10, s.Split("joint")))(t)
	m.net = must(m.d.Classifier("net", classes, blocks.Glorot(), s.Split("top")))(t)
	m.stages = append(pretrain.Greedy(pretrain.DBMLayers(m.stack, func(int) train.Recipe { return recipe }), data, order),
		pretrain.DBMJoint(joint, m.stack, recipe, data, order),
		pretrain.Joint("joint, on", joint, recipe, data, order), // with the same chains
		pretrain.DBMFineTune("fine-tuning", m.d, m.net, 4, train.Recipe{Epochs: 3, Batch: 20, Optimizer: train.SGD(0.5)}, data, validation, order))
	return m
}

// Each stage begins with what the one before left: at rate 0 the joint training leaves the
// machine put together from its stack, and fine-tuning leaves the machine's weights in the
// network. The layer above is trained on the code with doubled input.
func TestDBMStages(t *testing.T) {
	m := newDeepMachine(t)
	data, still := examples(t, 70, "data"), train.Recipe{Epochs: 1, Batch: 20, Optimizer: train.SGD(0)}
	seen := newRecorder("seen", 70, 8)
	layers := pretrain.DBMLayers(m.stack, func(int) train.Recipe {
		return train.Recipe{Epochs: 2, Batch: 20, Optimizer: train.SGD(0.3)}
	})
	watched := append(slices.Clone(layers[:1]), pretrain.Layer{Model: seen, Recipe: train.Recipe{Epochs: 1, Optimizer: train.SGD(0)}})
	run(t, pretrain.Pipeline{Stages: pretrain.Greedy(watched, data, nil)})
	first := m.stack[0].Model
	code := upPass(widen(data.X.Float32s()), &blocks.Dense{W: first.W, B: first.B}, func(z float64) float64 { return sigmoid(2 * z) })
	for i, v := range widen(seen.seen.Value.Float32s()) {
		if v-code[i] > 1e-6 || code[i]-v > 1e-6 {
			t.Fatalf("code, element %d: want %g, got %g", i, code[i], v)
		}
	}
	run(t, pretrain.Pipeline{Stages: pretrain.Greedy(layers, data, nil)})
	joint := must(models.NewDBMTraining(m.d, 4, 2, 10, random.New(1)))(t)
	run(t, pretrain.Pipeline{Stages: []pretrain.Stage{
		pretrain.DBMJoint(joint, m.stack, still, data, nil), pretrain.DBMFineTune("fine-tuning", m.d, m.net, 4, still, data, nil, nil),
	}})
	for i, b := range m.d.B[1].Value.Float32s() {
		if want := first.B.Value.Float32s()[i] + m.stack[1].Model.C.Value.Float32s()[i]; b != want {
			t.Errorf("bias %d: want %g, got %g", i, want, b)
		}
	}
	fresh := must(m.d.Classifier("net", classes, blocks.Glorot(), random.New(2)))(t)
	if !slices.Equal(bits(fresh.Params()[:4]), bits(m.net.Params()[:4])) {
		t.Error("the network has not the machine's weights")
	}
	// Its examples are the images with the machine's code behind them.
	got := must(pretrain.DBMInputs(m.d, 4, data, autodiff.Compiler{}))(t)
	q := must(train.Map(data.X, func(v *G.Node) (*G.Node, error) { return m.d.Code(v, 4) }))(t)
	for i := range data.Len() {
		row := got.X.Float32s()[i*(inputs+6) : (i+1)*(inputs+6)]
		if !slices.Equal(row[:inputs], data.X.Float32s()[i*inputs:(i+1)*inputs]) || !slices.Equal(row[inputs:], q.Float32s()[i*6:(i+1)*6]) {
			t.Fatalf("example %d: got %v", i, row)
		}
	}
	if !got.X.Shape().Eq(tensor.Shape{70, inputs + 6}) || !slices.Equal(got.Labels, data.Labels) {
		t.Errorf("got examples of shape %v", got.X.Shape())
	}
}
