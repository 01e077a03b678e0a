package models_test

import (
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/train"

	"gonum.org/v1/gonum/stat/distuv"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// forwardLabelled computes y = f(v, t).
func forwardLabelled(t testing.TB, v, labels *tensor.Dense, f func(v, t *G.Node) (*G.Node, error)) []float64 {
	t.Helper()
	g := G.NewGraph()
	in := G.Nodes{blocks.NewInput(g, v.Dtype(), "v", v.Shape()...), blocks.NewInput(g, v.Dtype(), "t", labels.Shape()...)}
	return compute(t, in, []G.Value{v, labels}, must[*G.Node](t)(f(in[0], in[1])))[0]
}

func TestLabelEnergiesByEnumeration(t *testing.T) {
	for _, size := range [][3]int{{4, 3, 3}, {3, 2, 5}, {1, 4, 1}, {2, 1, 2}} {
		n, classes, k := size[0], size[1], size[2]
		r := newLabelRBM(t, n, classes, k, 1.2, true)
		plain := labelReference(r)
		p, logZ := plain.joint()
		x := matrix(tensor.Float64, states(n))
		posterior := split(forward(t, x, r.Posterior), classes)
		for y := range classes {
			var energies, want, got []float64
			for s, v := range states(n) {
				energies = append(energies, plain.freeEnergy(v, y))
				total := 0.0
				for other := range classes {
					total += p[other][s]
				}
				want, got = append(want, p[y][s]/total), append(got, posterior[s][y])
			}
			labels := matrix(tensor.Float64, repeat(oneHot(classes, y), 1<<n))
			near(t, "F(v,t)", energies, forwardLabelled(t, x, labels, r.FreeEnergy), 1e-12)
			near(t, "p(t|v)", want, got, 1e-12)
		}
		near(t, "log Z", []float64{logZ}, []float64{must[float64](t)(r.LogPartition())}, 1e-12)
	}
}

func TestLabelConditionals(t *testing.T) {
	r := newLabelRBM(t, 3, 4, 3, 1.2, true)
	plain := labelReference(r)
	for y := range 4 {
		for _, v := range states(3) {
			exact, z := make([]float64, 3), 0.0
			for _, h := range states(3) {
				p := math.Exp(-plain.energy(v, y, h))
				z += p
				for j, x := range h {
					exact[j] += p * x
				}
			}
			for j := range exact {
				exact[j] /= z
			}
			near(t, "p(h|v,t)", exact, forwardLabelled(t, matrix(tensor.Float64, [][]float64{v}), matrix(tensor.Float64, oneHot(4, y)), r.Up), 1e-13)
		}
	}
	for _, h := range states(3) {
		x := matrix(tensor.Float64, [][]float64{h})
		exact, z := make([]float64, 4), 0.0
		for y := range 4 {
			for _, v := range states(3) {
				p := math.Exp(-plain.energy(v, y, h))
				exact[y] += p
				z += p
			}
		}
		for y := range exact {
			exact[y] /= z
		}
		near(t, "p(t|h)", exact, forward(t, x, r.Labels), 1e-13)
		near(t, "p(v|h)", plain.down(h), forward(t, x, r.Down), 1e-13)
	}
}

// Many Gibbs steps from one state reach the joint distribution of images and labels, and
// with the labels held that of images given the label: χ² over all states at a level of one
// in a hundred thousand.
func TestLabelGibbsStationaryDistribution(t *testing.T) {
	const m, steps, n, classes = 20_000, 40, 2, 3
	r := newLabelRBM(t, n, classes, 2, 0.8, false)
	p, _ := labelReference(r).joint()
	for _, clamp := range []bool{false, true} {
		g := G.NewGraph()
		start := models.LabelState{V: blocks.NewInput(g, tensor.Float32, "v", m, n), T: blocks.NewInput(g, tensor.Float32, "t", m, classes)}
		end, _, err := r.Gibbs(start, steps, clamp, stream("gibbs"))
		if err != nil {
			t.Fatal(err)
		}
		held := 1
		out := compute(t, G.Nodes{start.V, start.T}, []G.Value{matrix(tensor.Float32, repeat([][]float64{{1, 0}}, m)), matrix(tensor.Float32, repeat(oneHot(classes, held), m))}, end.V, end.T)
		counts := make([][]float64, classes)
		for y := range counts {
			counts[y] = make([]float64, 4)
		}
		for i, v := range split(out[0], n) {
			for y, on := range out[1][i*classes : (i+1)*classes] {
				counts[y][int(v[0]+2*v[1])] += on
			}
		}
		chi2, states, share := 0.0, 0, 1.0
		if clamp {
			share = p[held][0] + p[held][1] + p[held][2] + p[held][3]
		}
		for y := range counts {
			for s, count := range counts[y] {
				want := p[y][s] / share * m
				if clamp && y != held {
					if count > 0 {
						t.Errorf("label %d was held, and %d came out", held, y)
					}
					continue
				}
				if want < 20 {
					t.Fatalf("state %d of class %d is too rare for the test: %g", s, y, want)
				}
				chi2 += math.Pow(count-want, 2) / want
				states++
			}
		}
		if p := 1 - (distuv.ChiSquared{K: float64(states - 1)}).CDF(chi2); p < 1e-5 {
			t.Errorf("clamp %t: χ² = %.1f with %d degrees of freedom, p = %.2g", clamp, chi2, states-1, p)
		}
	}
}

// The gradient of the cost is the difference of the statistics that are derived by hand, and
// its value that of the free energies.
func TestLabelCDEqualsStatistics(t *testing.T) {
	const m, classes = 6, 3
	for _, k := range []int{1, 3} {
		for _, sampled := range []bool{false, true} {
			t.Run(fmt.Sprintf("k=%d sampled=%t", k, sampled), func(t *testing.T) {
				r := newLabelRBM(t, 5, classes, 4, 0.8, true)
				plain := labelReference(r)
				data := labelled{uniform(stream("v"), m, 5), oneHot(classes, 0, 1, 2, 0, 1, 1)}
				cd := &models.LabelCD{Model: r, K: k, Sampled: sampled, Noise: stream("gibbs")}
				end, probabilities, first := plain.gibbs(data, k, stream("gibbs"))
				if !sampled {
					end = probabilities
				}
				o := must[*models.Objective](t)(cd.Objective(m))
				x := []G.Value{matrix(tensor.Float64, data.v), matrix(tensor.Float64, data.t)}
				want := difference(plain.statistics(data), plain.statistics(end))
				for i, g := range gradient(t, o, cd.Params(), x...) {
					near(t, "gradient by "+cd.Params()[i].Name, want[i], g, 1e-13)
				}
				reconstruction := 0.0
				for i, p := range join(first.v) {
					reconstruction += math.Pow(p-join(data.v)[i], 2) / m
				}
				*cd.Noise = *stream("gibbs")
				got := compute(t, o.Inputs, x, o.Monitors[0].Node)
				near(t, o.Monitors[0].Name, []float64{reconstruction}, got[0], 1e-13)
			})
		}
	}
}

// Persistent chains go on where the last step left them.
func TestPersistentLabelChains(t *testing.T) {
	const k, chains, classes = 2, 5, 3
	r := newLabelRBM(t, 4, classes, 3, 0.8, true)
	plain := labelReference(r)
	cd := must[*models.LabelCD](t)(models.NewPersistentLabelCD(r, k, chains, stream("gibbs")))
	state := labelled{split(elements(cd.Chains.Value), 4), split(elements(cd.ChainLabels.Value), classes)}
	near(t, "first labels", join(oneHot(classes, 0, 1, 2, 0, 1)), join(state.t), 0)
	o := must[*models.Objective](t)(cd.Objective(3))
	leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), r.Params()))
	step := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...)), o.Updates))
	for i := range 3 {
		data := labelled{coins(stream(fmt.Sprint("v", i)), 3, 4), oneHot(classes, i, 0, 1)}
		noise := *cd.Noise
		state, _, _ = plain.gibbs(state, k, &noise)
		if err := step.Run(matrix(tensor.Float64, data.v), matrix(tensor.Float64, data.t)); err != nil {
			t.Fatal(err)
		}
		near(t, "chains", join(state.v), elements(cd.Chains.Value), 0)
		near(t, "labels of chains", join(state.t), elements(cd.ChainLabels.Value), 0)
		want := difference(plain.statistics(data), plain.statistics(state))
		for j, p := range r.Params() {
			near(t, "gradient by "+p.Name, want[j], numbers(t, step.Output(j)), 1e-13)
		}
	}
}

// The discriminative cost is −log p(t|v), by enumeration, and its gradient that of central
// differences.
func TestDiscriminative(t *testing.T) {
	const m, classes = 4, 3
	r := newLabelRBM(t, 5, classes, 4, 0.8, true)
	plain := labelReference(r)
	v, labels := coins(stream("v"), m, 5), []int{2, 0, 1, 1}
	loss, wrong := 0.0, 0.0
	for i, row := range v {
		p, total, best := make([]float64, classes), 0.0, 0
		for y := range p {
			p[y] = math.Exp(-plain.freeEnergy(row, y))
			total += p[y]
			if p[y] > p[best] {
				best = y
			}
		}
		loss -= math.Log(p[labels[i]]/total) / m
		if best != labels[i] {
			wrong++
		}
	}
	d := models.Discriminative{LabelRBM: r}
	o := must[*models.Objective](t)(d.Objective(m))
	x := []G.Value{matrix(tensor.Float64, v), matrix(tensor.Float64, oneHot(classes, labels...))}
	got := compute(t, o.Inputs, x, o.Monitors[0].Node, o.Monitors[1].Node)
	near(t, "loss", []float64{loss}, got[0], 1e-12)
	near(t, "errors", []float64{wrong}, got[1], 0)
	checkGradient(t, d.Params(), o, nil, x...)
}

// Both trainings learn a problem of two classes of stripes, each with its own direction.
func TestLabelTrainingsLearn(t *testing.T) {
	patterns := [][]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 1, 0}, {0, 1, 0, 1}, {1, 1, 0, 0}, {0, 0, 1, 1}}
	labels := []uint8{0, 0, 1, 1, 1, 1, 0, 0}
	data := set(t, repeat(patterns, 25), repeatLabels(labels, 25), 2)
	for name, model := range map[string]func(r *models.LabelRBM) train.Model{
		"generative": func(r *models.LabelRBM) train.Model { return &models.LabelCD{Model: r, K: 1, Noise: stream("gibbs")} },
		"persistent": func(r *models.LabelRBM) train.Model {
			return must[*models.LabelCD](t)(models.NewPersistentLabelCD(r, 1, 50, stream("gibbs")))
		},
		"discriminative": func(r *models.LabelRBM) train.Model { return models.Discriminative{LabelRBM: r} },
	} {
		r := must[*models.LabelRBM](t)(models.NewLabelRBM("rbm", 4, 2, 12, blocks.Gaussian(0.1), stream("init")))
		before := must[train.Values](t)(train.NewEvaluator(r).Run(data))
		trainer := train.Trainer{Model: model(r), Data: data, Order: stream("order"),
			Recipe: train.Recipe{Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.2), Momentum: train.Constant(0.5)}, Epochs: 200, Batch: 20}}
		must[*train.History](t)(trainer.Run(t.Context()))
		after := must[train.Values](t)(train.NewEvaluator(r).Run(data))
		if e, _ := after.Get("error"); e != 0 {
			t.Errorf("%s: error %g, before %v, after %v", name, e, before, after)
		}
	}
}

func repeatLabels(labels []uint8, count int) (out []uint8) {
	for range count {
		out = append(out, labels...)
	}
	return out
}

func TestLabelErrors(t *testing.T) {
	s, init := stream("init"), blocks.Gaussian(1)
	_, err := models.NewLabelRBM("rbm", 3, 0, 2, init, s)
	refused(t, "no classes", err, "rbm.U")
	_, err = models.NewLabelRBM("rbm", 3, 2, 0, init, s)
	refused(t, "no hidden units", err, "rbm.W")
	r := newLabelRBM(t, 3, 2, 2, 1, false)
	_, err = r.Given(2)
	refused(t, "a class too high", err, "0 to 1, got 2")
	_, err = (&models.LabelCD{Model: r, Noise: s}).Objective(2)
	refused(t, "no steps", err, "k = 0")
	_, err = (&models.LabelCD{Model: r, K: 1, Noise: s}).Objective(0)
	refused(t, "no examples", err, "got 0")
	_, err = (&models.LabelCD{Model: r, K: 2}).Objective(2)
	refused(t, "no stream", err, "stream")
	_, err = models.NewPersistentLabelCD(r, 1, 0, s)
	refused(t, "no chains", err, "persistent CD", "0")
	_, err = r.Evaluation(0)
	refused(t, "evaluation of nothing", err, "got 0")
	_, _, err = r.Gibbs(models.LabelState{}, 0, false, s)
	refused(t, "no Gibbs steps", err, "got 0")
	_, _, err = r.Gibbs(models.LabelState{}, 1, false, s)
	refused(t, "nothing to start from", err)
	wide := newLabelRBM(t, 25, 2, 25, 1, false)
	_, err = wide.LogPartition()
	refused(t, "too many units", err, "20 bernoulli units", "class 0")
	_, err = wide.AIS(models.AISOptions{Betas: models.Betas(10), Chains: 0, Noise: s})
	refused(t, "no chains", err, "0")
}

// The estimate is near to the exact log Z and inside of its error bars.
func TestLabelAIS(t *testing.T) {
	r := newLabelRBM(t, 8, 3, 5, 0.8, false)
	exact := must[float64](t)(r.LogPartition())
	e := must[models.AISEstimate](t)(r.AIS(models.AISOptions{Betas: models.Betas(300), Chains: 200, Noise: stream("ais")}))
	if math.Abs(e.LogZ-exact) > 0.2 || !(e.Low < exact && exact < e.High) || len(e.LogWeights) != 200 {
		t.Errorf("want log Z = %.4f, got %.4f in [%.4f, %.4f] of %d chains", exact, e.LogZ, e.Low, e.High, len(e.LogWeights))
	}
}
