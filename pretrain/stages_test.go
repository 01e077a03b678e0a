package pretrain_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// recorder is a model that keeps the batch that it was trained on.
type recorder struct{ w, seen *blocks.Param }

func newRecorder(name string, n, d int) recorder {
	return recorder{blocks.NewParam(name+".w", d, 1), blocks.NewParam(name+".seen", n, d)}
}

func (r recorder) Params() []*blocks.Param { return []*blocks.Param{r.w} }

func (r recorder) Objective(m int) (*models.Objective, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, r.w.Value.Shape()[0])
	var c ops.Chain
	cost := c.Do(ops.Sum(c.Do(ops.MatMul(x, c.Do(r.w.Node(g)), false, false))))
	seen := c.Do(r.seen.Node(g))
	return &models.Objective{Inputs: G.Nodes{x}, Cost: cost, Updates: []autodiff.Update{{Target: seen, Value: x}}}, c.Err()
}

// Each layer is trained on the clean codes of the layers below, as they are when those
// have been trained, though the layers themselves are trained on samples or corrupted
// inputs.
func TestCodesAreClean(t *testing.T) {
	data := examples(t, 60, "data")
	s := random.New(1)
	auto := must(models.NewAutoencoder("ae", inputs, 8, true, blocks.Tanh(), blocks.Glorot(), s))(t)
	auto.Corruption, auto.Noise = blocks.SaltAndPepper(0.5), s.Split("noise")
	rbm := must(models.NewRBM("rbm", inputs, 8, blocks.Gaussian(0.1), s))(t)
	for name, c := range map[string]struct {
		model train.Model
		code  *blocks.Dense
		f     func(float64) float64
	}{
		"autoencoder": {auto, auto.Encoder(), math.Tanh},
		"rbm":         {&models.CD{Model: rbm, K: 1, Sampled: true, Noise: s.Split("noise")}, rbm.Encoder(), sigmoid},
	} {
		first := bits(c.code.Params())
		second := must(blocks.NewDense("second", 8, 5, blocks.Sigmoid(), blocks.LeCun(), s))(t)
		recorders := []recorder{newRecorder("zero", 60, inputs), newRecorder("one", 60, 8), newRecorder("two", 60, 5)}
		once := train.Recipe{Optimizer: train.SGD(0), Epochs: 1}
		identity := &blocks.Dense{W: blocks.NewParam("i.W", inputs, inputs), B: blocks.NewParam("i.b", inputs)}
		for i := range inputs {
			identity.W.Value.Float32s()[i*inputs+i] = 1
		}
		run(t, pretrain.Pipeline{Stages: pretrain.Greedy([]pretrain.Layer{
			{Model: recorders[0], Code: identity, Recipe: once},
			{Model: c.model, Code: c.code, Recipe: train.Recipe{Optimizer: train.SGD(0.5), Epochs: 3, Batch: 7}},
			{Model: recorders[1], Code: second, Recipe: once},
			{Model: recorders[2], Recipe: once},
		}, data, nil)})
		if slices.Equal(first, bits(c.code.Params())) {
			t.Fatalf("%s: was not trained", name)
		}
		x := widen(data.X.Float32s())
		below := upPass(x, c.code, c.f)
		for l, want := range [][]float64{x, below, upPass(below, second, sigmoid)} {
			for i, v := range recorders[l].seen.Value.Float32s() {
				if math.Abs(float64(v)-want[i]) > 1e-6 {
					t.Fatalf("%s, recorder %d: element %d: want %g, got %g", name, l, i, want[i], v)
				}
			}
		}
	}
}

// Stacks of RBMs and of autoencoders go through the same stages; a layer's training
// changes that layer alone.
func TestGreedyChangesOneLayerAtATime(t *testing.T) {
	for _, kind := range []string{"dbn", "sdae"} {
		e := build(t, kind)
		var names []string
		before := bits(e.params)
		p := pretrain.Pipeline{Stages: e.stages[:len(hidden)], AfterStage: func(stage string, h *train.History) error {
			l := len(names)
			names = append(names, stage)
			after := bits(e.params)
			at := 0
			for i, q := range e.params[:3*len(hidden)] { // W, b and c of each layer
				n := q.Value.DataSize()
				if changed := !slices.Equal(before[at:at+n], after[at:at+n]); changed != (i/3 == l) {
					t.Errorf("%s, %s: %s changed: %t", kind, stage, q.Name, changed)
				}
				at += n
			}
			before = after
			if len(h.Epochs) != 2+l || h.Epochs[0].Validation != nil {
				t.Errorf("%s, %s: got history %+v", kind, stage, h)
			}
			first, _ := h.Epochs[0].Train.Get("reconstruction")
			if last, _ := h.Epochs[1+l].Train.Get("reconstruction"); !(last < first) {
				t.Errorf("%s, %s: reconstruction error %g, then %g", kind, stage, first, last)
			}
			return nil
		}}
		if got := run(t, p); len(got) != len(hidden) || !slices.Equal(names, []string{"layer 1", "layer 2", "layer 3"}) {
			t.Errorf("%s: got stages %v", kind, names)
		}
	}
}

// Random initialisation is the pipeline without pretraining: the same as training the
// network by itself.
func TestRandomInitialisation(t *testing.T) {
	e := build(t, "random")
	fine := e.stages[len(e.stages)-1]
	h := run(t, pretrain.Pipeline{Stages: []pretrain.Stage{fine}})

	alone := build(t, "random").net
	validation := examples(t, 50, "validation")
	evaluator := train.NewEvaluator(alone)
	tr := train.Trainer{
		Model: alone, Data: examples(t, 130, "data"), Order: random.New(7).Split("order").Split("fine-tuning"),
		Recipe:   train.Recipe{Epochs: 3, Batch: 20, Optimizer: train.SGD(0.5), NormEvery: 2},
		Validate: func() (train.Values, error) { return evaluator.Run(validation) },
	}
	want := must(tr.Run(t.Context()))(t)
	if d := cmp.Diff(want, h[0], seconds); d != "" {
		t.Errorf("history (−alone +pipeline)\n%s", d)
	}
	if !slices.Equal(bits(alone.Params()), bits(e.net.Params())) {
		t.Error("other parameters than those of the network trained by itself")
	}
}

// Pretraining hands its weights to fine-tuning: the first layers of the network are
// the stack's when it begins, and top layer training changes the output layer alone.
func TestTopLayer(t *testing.T) {
	for _, kind := range kinds {
		e := build(t, kind)
		output := e.net.Layers[len(hidden)].Params()
		var before, after []uint32
		top := e.stages[len(e.stages)-2]
		run(t, pretrain.Pipeline{Stages: e.stages[:len(e.stages)-2]})
		before, first := bits(e.params), bits(output)
		h := run(t, pretrain.Pipeline{Stages: []pretrain.Stage{top}})[0]
		after = bits(e.params)
		rest := len(after) - len(first)
		if !slices.Equal(before[:rest], after[:rest]) {
			t.Errorf("%s: the top layer's training changed other layers", kind)
		}
		if slices.Equal(first, bits(output)) {
			t.Errorf("%s: the top layer was not trained", kind)
		}
		if v, ok := h.Epochs[0].Validation.Get("error"); top.Name != "top layer" || len(h.Epochs) != 3 || !ok || v < 0 || v > 1 {
			t.Errorf("%s: got stage %q, history %+v", kind, top.Name, h)
		}
	}
}

// An unrolled stack begins its joint training with the weights that its layers were
// given by pretraining: at rate 0 its loss is that of the trained layers run up and
// down again, computed here in float64.
func TestUnrolled(t *testing.T) {
	data := examples(t, 60, "data")
	s := random.New(3)
	d := must(models.NewDBN("dbn", []int{inputs, 8, 5}, blocks.Gaussian(0.1), s))(t)
	recipe := func(int) train.Recipe { return train.Recipe{Optimizer: train.SGD(0.3), Epochs: 4, Batch: 10} }
	stages := pretrain.Greedy(must(pretrain.DBNLayers(d, 1, 0, recipe, s.Split("noise")))(t), data, s)
	stage, auto, err := pretrain.Unrolled("joint", d, train.Recipe{Optimizer: train.SGD(0), Epochs: 1}, data, s)
	if err != nil {
		t.Fatal(err)
	}
	h := run(t, pretrain.Pipeline{Stages: append(stages, stage)})

	x := widen(data.X.Float32s())
	y := upPass(upPass(x, d.Layers[0].Encoder(), sigmoid), d.Layers[1].Encoder(), sigmoid)
	for l := 1; l >= 0; l-- { // down by the transposed weights
		r := d.Layers[l]
		n, k := r.Visible(), r.Hidden()
		down := &blocks.Dense{W: blocks.NewParam("W", k, n), B: r.C}
		for i := range n {
			for j := range k {
				down.W.Value.Float32s()[j*n+i] = r.W.Value.Float32s()[i*k+j]
			}
		}
		y = upPass(y, down, sigmoid)
	}
	squared, cross := 0.0, 0.0
	for i, v := range x {
		squared += (y[i] - v) * (y[i] - v) / 60
		cross -= (v*math.Log(y[i]) + (1-v)*math.Log(1-y[i])) / 60
	}
	got := h[2].Epochs[0].Train
	if v, _ := got.Get("reconstruction"); math.Abs(v-squared) > 1e-5 {
		t.Errorf("reconstruction: want %g, got %g", squared, v)
	}
	if v, _ := got.Get("loss"); math.Abs(v-cross) > 1e-4 {
		t.Errorf("loss: want %g, got %g", cross, v)
	}
	// The code of the autoencoder is the stack's.
	if auto.Encoder[0].W != d.Layers[0].W || len(auto.Decoder) != 2 {
		t.Errorf("got encoder %v and %d decoder layers", auto.Encoder[0].W.Name, len(auto.Decoder))
	}
}

// Without a stream, examples keep their order, and a layer that must draw says so.
func TestNoStreams(t *testing.T) {
	data := examples(t, 30, "data")
	recipe := func(int) train.Recipe { return train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1, Batch: 10} }
	st := must(models.NewStackedAutoencoder("st", []int{inputs, 5, 4}, false, blocks.Sigmoid(), blocks.LeCun(), random.New(1)))(t)
	run(t, pretrain.Pipeline{Stages: pretrain.Greedy(pretrain.AutoencoderLayers(st, recipe), data, nil)})
	d := must(models.NewDBN("dbn", []int{inputs, 5}, blocks.LeCun(), random.New(1)))(t)
	p := pretrain.Pipeline{Stages: pretrain.Greedy(must(pretrain.DBNLayers(d, 1, 0, recipe, nil))(t), data, nil)}
	if _, err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "stage layer 1: ") || !strings.Contains(err.Error(), "no stream of random numbers") {
		t.Errorf("no noise: got %v", err)
	}
}

// A layer's further trainings go on with more Gibbs steps from the parameters, the chains
// and the rest that the one before them left, under their names.
func TestRisingCD(t *testing.T) {
	e := build(t, "dbn, rising")
	var names []string
	for _, s := range e.stages[:5] {
		names = append(names, s.Name)
	}
	want := []string{"layer 1", "layer 1, CD-2", "layer 1, CD-3", "layer 2", "layer 3"}
	if !slices.Equal(names, want) {
		t.Errorf("got stages %v", names)
	}
	var kept []string
	for _, p := range e.stages[1].Params {
		kept = append(kept, p.Name)
	}
	if want := []string{"dbn.1.W", "dbn.1.b", "dbn.1.c", "dbn.1.W.chains", "dbn.1.W.activity", "dbn.1.W.offset.visible", "dbn.1.W.offset.hidden"}; !slices.Equal(kept, want) {
		t.Errorf("a stage keeps %v", kept)
	}
	before := bits(e.stages[0].Params)
	changed := 0
	p := pretrain.Pipeline{Stages: e.stages[:3], AfterStage: func(stage string, h *train.History) error {
		after := bits(e.stages[0].Params)
		if !slices.Equal(before, after) {
			changed++
		}
		before = after
		return nil
	}}
	if run(t, p); changed != 3 {
		t.Errorf("%d of 3 stages changed the layer", changed)
	}
	if _, err := (pretrain.Layer{Model: &models.CD{}}).RisingCD([]int{0}, nil); err == nil || !strings.Contains(err.Error(), "at least one step, got 0") {
		t.Errorf("no step: got error %v", err)
	}
	_, err := pretrain.Layer{Model: newRecorder("r", 2, 2)}.RisingCD([]int{3}, nil)
	if err == nil || !strings.Contains(err.Error(), "contrastive divergence") {
		t.Errorf("another model: got error %v", err)
	}
}

// A layer without a code can only be the last.
func TestGreedyWithoutCode(t *testing.T) {
	data, recipe := examples(t, 20, "data"), train.Recipe{Epochs: 1, Batch: 20, Optimizer: train.SGD(0)}
	layers := []pretrain.Layer{{Model: newRecorder("first", 20, inputs), Recipe: recipe}, {Model: newRecorder("second", 20, inputs), Recipe: recipe}}
	_, err := (&pretrain.Pipeline{Stages: pretrain.Greedy(layers, data, nil)}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "layer 2: layer 1: want a code") {
		t.Errorf("got %v", err)
	}
}
