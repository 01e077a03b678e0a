package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// newLabelDBN has float64 parameters from N(0, sd); untied, the generative weights differ from
// the recognition weights.
func newLabelDBN(t testing.TB, sizes []int, classes int, sd float64, untied, double bool) *models.LabelDBN {
	t.Helper()
	d, machines, err := models.NewLabelDBN("dbn", sizes, classes, blocks.Gaussian(sd), stream("init"))
	if err != nil {
		t.Fatal(err)
	}
	if len(machines) != len(sizes)-2 || len(d.Layers) != len(machines) {
		t.Fatalf("want %d machines below the top, got %d", len(sizes)-2, len(machines))
	}
	if !double {
		for _, l := range d.Layers {
			redraw(float32(sd), stream(l.C.Name), l.B, l.C)
		}
		redraw(float32(sd), stream("top"), d.Top.B, d.Top.C, d.Top.D)
		if untied {
			if err := d.Untie(); err != nil {
				t.Fatal(err)
			}
			for _, l := range d.Layers {
				redraw(float32(sd), stream(l.G.Name), l.G)
			}
		}
		return d
	}
	widen(sd, d.Params()...)
	if untied {
		if err := d.Untie(); err != nil {
			t.Fatal(err)
		}
		for _, l := range d.Layers {
			widen(sd, l.G)
		}
	}
	return d
}

// beliefLayers are the directed layers in plain Go: machines that recognise, and machines
// that generate.
func beliefLayers(d *models.LabelDBN) (up, down []machine) {
	for _, l := range d.Layers {
		k := l.W.Value.Shape()[1]
		up = append(up, machine{split(elements(l.W.Value), k), elements(l.B.Value), elements(l.C.Value)})
		down = append(down, machine{split(elements(l.G.Value), k), elements(l.B.Value), elements(l.C.Value)})
	}
	return up, down
}

// The gradient of the one cost is the updates that the paper's appendix writes out: for
// generative weights states above × (states below − their prediction) of the wake phase, for
// recognition weights states below × (states above − their prediction) of the sleep phase, for
// the memory the difference of its statistics before and after K steps.
func TestUpDownEqualsThePapersUpdates(t *testing.T) {
	const m, classes = 5, 3
	sizes := []int{6, 5, 4, 3}
	for _, k := range []int{1, 3} {
		d := newLabelDBN(t, sizes, classes, 0.8, true, true)
		data := labelled{uniform(stream("v"), m, sizes[0]), oneHot(classes, 0, 1, 2, 0, 1)}
		training := &models.UpDown{Model: d, K: k, Noise: stream("noise")}
		o := must[*models.Objective](t)(training.Objective(m))
		got := gradient(t, o, training.Params(), matrix(tensor.Float64, data.v), matrix(tensor.Float64, data.t))
		want := paperUpdates(d, data, k, stream("noise"))
		for i, p := range training.Params() {
			near(t, "gradient by "+p.Name, want[p.Name], got[i], 1e-13)
		}
	}
}

// paperUpdates are the updates of the paper, as derivatives of a cost, with the draws that the
// graph takes from s. The last labels depend on no other draw but those before the last
// visible states, and the graph draws them at the end.
func paperUpdates(d *models.LabelDBN, data labelled, k int, s *random.Stream) map[string][]float64 {
	up, down := beliefLayers(d)
	top := labelReference(d.Top)
	wake := [][][]float64{data.v}
	for l := range up {
		wake = append(wake, up[l].draw(wake[l], up[l].up, s))
	}
	memory := labelled{wake[len(up)], data.t}
	end := memory
	if k > 1 {
		end, _, _ = top.gibbs(end, k-1, s)
	}
	var p []float64
	for i := range end.v {
		p = append(p, top.up(end.v[i], end.t[i])...)
	}
	s.Bernoulli64(p, p)
	h := split(p, len(top.b))
	end.v = top.draw(h, top.down, s)
	sleep := make([][][]float64, len(wake))
	sleep[len(up)] = end.v
	for l := len(up) - 1; l > 0; l-- {
		sleep[l] = down[l].draw(sleep[l+1], down[l].down, s)
	}
	for _, row := range sleep[1] {
		sleep[0] = append(sleep[0], down[0].down(row))
	}
	var labels [][]float64
	for _, row := range h {
		labels = append(labels, top.labels(row))
	}
	end.t = categorical(labels, s)

	out := map[string][]float64{}
	for l, layer := range d.Layers {
		W, b := predictions(sleep[l], sleep[l+1], up[l].up)
		G, c := predictions(wake[l+1], wake[l], down[l].down)
		out[layer.W.Name], out[layer.B.Name] = W, b
		out[layer.G.Name], out[layer.C.Name] = transpose(G, len(wake[l+1][0]), len(wake[l][0])), c
	}
	statistics := difference(top.statistics(memory), top.statistics(end))
	for i, p := range d.Top.Params() {
		out[p.Name] = statistics[i]
	}
	return out
}

// predictions are the derivatives of the cross-entropy of predicting b from a, by the weights
// (a,b) and the biases: −a×(b−p)/m and −(b−p)/m.
func predictions(a, b [][]float64, predict func([]float64) []float64) (W, bias []float64) {
	n, k := len(a[0]), len(b[0])
	W, bias = make([]float64, n*k), make([]float64, k)
	for row := range a {
		p := predict(a[row])
		for j := range p {
			e := (b[row][j] - p[j]) / float64(len(a))
			bias[j] -= e
			for i, x := range a[row] {
				W[i*k+j] -= x * e
			}
		}
	}
	return W, bias
}

// The monitors are the parts of the cost, the wake phase's by the formula of its cross-entropies.
func TestUpDownMonitors(t *testing.T) {
	const m, classes = 4, 2
	d := newLabelDBN(t, []int{5, 4, 3, 4}, classes, 0.7, true, true)
	up, down := beliefLayers(d)
	data := labelled{coins(stream("v"), m, 5), oneHot(classes, 0, 1, 1, 0)}
	s := stream("noise")
	h1 := up[0].draw(data.v, up[0].up, s)
	h2 := up[1].draw(h1, up[1].up, s)
	wake := 0.0
	for i := range data.v {
		wake += bitsCrossEntropy(data.v[i], down[0].down(h1[i])) / m
		wake += bitsCrossEntropy(h1[i], down[1].down(h2[i])) / m
	}
	training := &models.UpDown{Model: d, K: 2, Noise: stream("noise")}
	o := must[*models.Objective](t)(training.Objective(m))
	got := compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, data.v), matrix(tensor.Float64, data.t)}, o.Monitors[0].Node, o.Monitors[1].Node, o.Monitors[2].Node, o.Cost)
	near(t, "wake", []float64{wake}, got[0], 1e-12)
	near(t, "cost", []float64{got[0][0] + got[1][0] + got[2][0]}, got[3], 1e-12)
}

// bitsCrossEntropy is −Σ t log p + (1−t) log(1−p).
func bitsCrossEntropy(t, p []float64) (sum float64) {
	for i, x := range t {
		sum -= x*math.Log(p[i]) + (1-x)*math.Log(1-p[i])
	}
	return sum
}

func TestUpDownErrors(t *testing.T) {
	d := newLabelDBN(t, []int{4, 3, 2}, 2, 1, false, false)
	_, err := (&models.UpDown{Model: d, K: 1, Noise: stream("noise")}).Objective(2)
	refused(t, "tied layers", err, "untied", "layer 1")
	if err := d.Untie(); err != nil {
		t.Fatal(err)
	}
	_, err = (&models.UpDown{Model: d, K: 0, Noise: stream("noise")}).Objective(2)
	refused(t, "no steps", err, "got 0")
	_, err = (&models.UpDown{Model: d, K: 1}).Objective(2)
	refused(t, "no stream", err, "stream")
	_, err = (&models.UpDown{Model: d, K: 1, Noise: stream("noise")}).Objective(0)
	refused(t, "no examples", err, "got 0")
	_, err = d.Evaluation(0)
	refused(t, "evaluation of nothing", err, "got 0")
	_, _, err = models.NewLabelDBN("dbn", []int{3}, 2, blocks.Gaussian(1), stream("init"))
	refused(t, "no layer", err, "[3]")
}

// Untie gives the generative weights their own tensors with the recognition weights' values,
// and sets them to these again.
func TestUntie(t *testing.T) {
	d := newLabelDBN(t, []int{4, 3, 2}, 2, 1, false, false)
	l := d.Layers[0]
	if !l.Tied() || len(l.Params()) != 3 {
		t.Fatal("a new network: want tied layers")
	}
	for range 2 {
		if err := d.Untie(); err != nil {
			t.Fatal(err)
		}
		if l.Tied() || l.G.Name != "dbn.1.G" || l.G.Value == l.W.Value || len(d.Params()) != 4+5 {
			t.Errorf("untied: %s, %d parameters", l.G.Name, len(d.Params()))
		}
		near(t, "generative weights", elements(l.W.Value), elements(l.G.Value), 0)
		l.W.Value.Float32s()[0]++
		if elements(l.G.Value)[0] == elements(l.W.Value)[0] {
			t.Error("the weights share memory")
		}
	}
}

// A network that was trained greedily classifies, and up-down training lowers the bound's
// cost without spoiling that.
func TestLabelDBNLearns(t *testing.T) {
	patterns := [][]float64{{1, 1, 0, 0, 0, 0}, {0, 0, 1, 1, 0, 0}, {0, 0, 0, 0, 1, 1}, {1, 0, 1, 0, 1, 0}, {0, 1, 0, 1, 0, 1}, {1, 0, 0, 1, 0, 1}}
	labels := []uint8{0, 0, 0, 1, 1, 1}
	data := set(t, repeat(patterns, 40), repeatLabels(labels, 40), 2)
	d, machines, err := models.NewLabelDBN("dbn", []int{6, 12, 16}, 2, blocks.Gaussian(0.1), stream("init"))
	if err != nil {
		t.Fatal(err)
	}
	teach := func(m train.Model, data *datasets.Set, rate float64, epochs int) {
		trainer := train.Trainer{Model: m, Data: data, Order: stream("order"),
			Recipe: train.Recipe{Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(rate), Momentum: train.Constant(0.5)}, Epochs: epochs, Batch: 20}}
		must[*train.History](t)(trainer.Run(t.Context()))
	}
	teach(&models.CD{Model: machines[0], K: 1, Noise: stream("cd")}, data, 0.2, 60)
	codes := must[*tensor.Dense](t)(train.Map(data.X, d.Code))
	teach(&models.LabelCD{Model: d.Top, K: 1, Noise: stream("label cd")}, must[*datasets.Set](t)(data.WithX(codes)), 0.2, 60)
	evaluate := func() float64 {
		e, _ := must[train.Values](t)(train.NewEvaluator(d).Run(data)).Get("error")
		return e
	}
	bound := func() float64 {
		logZ := must[float64](t)(d.Top.LogPartition())
		return means(split(must[[]float64](t)(d.Bound(data.X, logZ, 10, stream("bound"))), 1))[0]
	}
	if e := evaluate(); e != 0 {
		t.Errorf("after greedy training: error %g", e)
	}
	before := bound()
	if err := d.Untie(); err != nil {
		t.Fatal(err)
	}
	teach(&models.UpDown{Model: d, K: 3, Noise: stream("up-down")}, data, 0.02, 200)
	if e := evaluate(); e != 0 {
		t.Errorf("after the up-down algorithm: error %g", e)
	}
	if after := bound(); !(after > before) || after > -math.Log(6)+0.1 { // six patterns, equally often
		t.Errorf("bound %.3f before, %.3f after, the entropy of the data is %.3f", before, after, math.Log(6))
	}
}
