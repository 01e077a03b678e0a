package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// measurements are those of a seed's networks with and without dropout.
type measurements struct {
	// correlation is the mean absolute correlation of two hidden units of the first layer,
	// by method and number of images.
	correlation map[method]map[int]float64
	// scaled is the network with scaled weights on the images of the masks, averaged the
	// average of so many dropped ones, geometric the geometric one of as many as the largest.
	scaled, geometric quality
	averaged          map[int]quality
}

// quality is a classifier's error, a fraction, and loss, in nats.
type quality struct{ err, loss float64 }

// measure reads the test set with the chosen networks.
func (x *experimenter) measure(ctx context.Context) (map[uint64]*measurements, error) {
	out := map[uint64]*measurements{}
	var mu sync.Mutex
	var jobs []lab.Job
	for _, seed := range x.Seeds {
		jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d measurements", seed), Run: func(ctx context.Context, t *lab.Task) error {
			m, err := x.measureSeed(ctx, t, seed)
			mu.Lock()
			defer mu.Unlock()
			out[seed] = m
			return err
		}})
	}
	return out, x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

func (x *experimenter) measureSeed(ctx context.Context, t *lab.Task, seed uint64) (*measurements, error) {
	t.Say("test errors")
	for _, n := range x.Recipe.Images {
		for _, m := range methods() {
			if err := x.readTest(ctx, x.of(m, n, seed), x.data.Test); err != nil {
				return nil, err
			}
		}
	}
	for _, m := range []method{none, offsets} {
		if err := x.readTest(ctx, x.colored(m, seed), x.sets[seed].color.Test); err != nil {
			return nil, err
		}
	}
	out := &measurements{correlation: map[method]map[int]float64{}}
	for _, m := range []method{none, dropout} {
		out.correlation[m] = map[int]float64{}
		for _, n := range x.Recipe.Images {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c, err := coadaptation(x.of(m, n, seed).net, x.data.Test)
			if err != nil {
				return nil, err
			}
			out.correlation[m][n] = c
		}
	}
	t.Say("averages over dropped networks")
	return out, x.masks(ctx, out, x.of(dropout, x.Recipe.middle(), seed))
}

// readTest reads the test set with a network.
func (x *experimenter) readTest(ctx context.Context, o *outcome, test *datasets.Set) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if math.IsNaN(o.validation) {
		return nil // diverged
	}
	e := train.NewEvaluator(o.net)
	e.Compiler = x.Compiler.Under(o.run() + " test")
	v, err := e.Run(test)
	if err != nil {
		return fmt.Errorf("%s: test: %w", o.run(), err)
	}
	o.test, o.testLoss = trial.Value(v, "error"), trial.Value(v, "loss")
	return x.SaveModel(fmt.Sprintf("seed-%d-%s", o.seed, o.run()), o.net.MLP)
}

// correlated is how many images activations are correlated over, at most.
const correlated = 2000

// coadaptation is the mean absolute correlation between the activations of two units of
// the first hidden layer over images; units that never change are left out.
func coadaptation(net *network, images *datasets.Set) (float64, error) {
	some, err := images.Take(min(correlated, images.Len()))
	if err != nil {
		return 0, err
	}
	h, err := train.Map(some.X, func(x *G.Node) (*G.Node, error) { return net.Layers[0].Forward(x) })
	if err != nil {
		return 0, err
	}
	return meanCorrelation(h.Float32s(), h.Shape()[1]), nil
}

// meanCorrelation is the mean absolute correlation of two of the k columns of h, NaN if
// fewer than two have any variance.
func meanCorrelation(h []float32, k int) float64 {
	var columns [][]float64 // of mean 0 and length 1
	for j := range k {
		column, sum := make([]float64, 0, len(h)/k), 0.0
		for i := j; i < len(h); i += k {
			column = append(column, float64(h[i]))
			sum += float64(h[i])
		}
		mean, squares := sum/float64(len(column)), 0.0
		for i := range column {
			column[i] -= mean
			squares += column[i] * column[i]
		}
		if length := math.Sqrt(squares); length > 0 {
			for i := range column {
				column[i] /= length
			}
			columns = append(columns, column)
		}
	}
	sum, pairs := 0.0, 0
	for a := range columns {
		for b := range a {
			dot := 0.0
			for i, v := range columns[a] {
				dot += v * columns[b][i]
			}
			sum += math.Abs(dot)
			pairs++
		}
	}
	return sum / float64(pairs)
}

// masks compares a dropout network with scaled weights, as it is used after training,
// and averages of the predictive distributions of dropped networks. As many are drawn as
// the largest average takes; of a smaller one, the quality is the mean over the groups
// into which they are divided, so that it depends less on the draw.
//
// The geometric mean of the largest number is there because it is what scaled weights
// stand for: of a network without hidden units they are exactly that of all masks (Hinton
// et al. 2012), whatever the arithmetic mean is.
//
// Of a network whose training diverged there is nothing to compare: all qualities are NaN.
func (x *experimenter) masks(ctx context.Context, out *measurements, o *outcome) error {
	if math.IsNaN(o.validation) {
		none := quality{math.NaN(), math.NaN()}
		out.scaled, out.geometric, out.averaged = none, none, map[int]quality{}
		for _, k := range x.Recipe.Masks {
			out.averaged[k] = none
		}
		return nil
	}
	test, err := x.data.Test.Take(min(x.Recipe.MaskImages, x.data.Test.Len()))
	if err != nil {
		return err
	}
	distribution := func(layers G.Nodes, err error) (*G.Node, error) {
		if err != nil {
			return nil, err
		}
		return blocks.Softmax().Apply(layers[len(layers)-1])
	}
	y, err := train.Map(test.X, func(in *G.Node) (*G.Node, error) { return distribution(o.net.Forward(in)) })
	if err != nil {
		return err
	}
	out.scaled = judge(y.Float32s(), 1, test)
	dropped := *o.net.MLP // its own stream: the training's may stand anywhere
	dropped.Noise = random.New(o.seed).Split("masks")
	mapper := train.Mapper{Forward: func(in *G.Node) (*G.Node, error) { return distribution(dropped.Sampled(in)) }, Compiler: x.Compiler.Under("masks")}
	out.averaged, out.geometric, err = averages(ctx, x.Recipe.Masks, test, mapper.Run)
	return err
}

// averages draws distributions and judges the averages of k of them, for each k of ks,
// and the geometric mean of all.
func averages(ctx context.Context, ks []int, test *datasets.Set, draw func(x *tensor.Dense) (*tensor.Dense, error)) (out map[int]quality, geometric quality, err error) {
	most := ks[len(ks)-1]
	sums, logs := map[int][]float32{}, make([]float64, test.Len()*test.Classes)
	out = map[int]quality{}
	for n := 1; n <= most; n++ {
		if err := ctx.Err(); err != nil {
			return nil, geometric, err
		}
		y, err := draw(test.X)
		if err != nil {
			return nil, geometric, err
		}
		for i, v := range y.Float32s() {
			logs[i] += math.Log(math.Max(float64(v), math.SmallestNonzeroFloat32))
		}
		for _, k := range ks {
			if sums[k] == nil {
				sums[k] = make([]float32, len(y.Float32s()))
			}
			for i, v := range y.Float32s() {
				sums[k][i] += v
			}
			if n%k == 0 {
				q, groups := judge(sums[k], k, test), float64(most/k)
				out[k] = quality{out[k].err + q.err/groups, out[k].loss + q.loss/groups}
				clear(sums[k])
			}
		}
	}
	return out, judge(normalized(logs, most, test.Classes), 1, test), nil
}

// normalized are the geometric means of n distributions over classes, from the sums of
// their logarithms, as distributions.
func normalized(logs []float64, n, classes int) []float32 {
	y := make([]float32, len(logs))
	for from := 0; from < len(logs); from += classes {
		row, sum := logs[from:from+classes], 0.0
		greatest := slices.Max(row)
		for _, v := range row {
			sum += math.Exp((v - greatest) / float64(n))
		}
		for i, v := range row {
			y[from+i] = float32(math.Exp((v-greatest)/float64(n)) / sum)
		}
	}
	return y
}

// judge is the error and the loss of sums of k distributions over the classes.
func judge(sums []float32, k int, test *datasets.Set) (q quality) {
	classes := test.Classes
	for i, label := range test.Labels {
		y := sums[i*classes : (i+1)*classes]
		best := 0
		for c, v := range y {
			if v > y[best] {
				best = c
			}
		}
		if best != int(label) {
			q.err++
		}
		// Of a distribution that rounds to 0, the least float32 stands for the class.
		q.loss -= math.Log(math.Max(float64(y[label])/float64(k), math.SmallestNonzeroFloat32))
	}
	n := float64(test.Len())
	return quality{q.err / n, q.loss / n}
}
