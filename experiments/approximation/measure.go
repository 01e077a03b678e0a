package main

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"capas/experiments/lab"
	"capas/models"
	"capas/train"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
)

// measured is what a network's outputs are worth, in standard deviations of the target
// on the range of the data if there is no noise, otherwise as they are.
type measured struct {
	// fit is the root mean squared error on the points that were learned, inside that on
	// the fine grid between them, outside that beyond their range.
	fit, inside, outside float64
	// farthest is the greatest error inside.
	farthest float64
	// validation is the error on other noisy points.
	validation float64
	// Of the greatest width alone: solved is fit with the output layer that fits best on the
	// network's hidden units, drawn that on drawnTimes as many units with first weights.
	solved, drawn float64
	// shown are the outputs on the grid that figures draw: of one variable showing, of two
	// the places inside.
	shown []float64
}

// drawnTimes the greatest width is that of hidden layers which are not trained at all.
const drawnTimes = 4

// showing are the places at which curves are drawn, sixteen on the shortest wave of all
// functions.
func showing() points { return line(-2, 2, 801) }

// kind is what a network learns and how, at the rate that fits best.
type kind = spec

// measure measures the networks of all kinds, each at its best rate.
func (r *reporter) measure(ctx context.Context, kinds []kind) error {
	for _, k := range kinds {
		rate, err := best(r.Recipe, r.Seeds, r.by, k)
		if err != nil {
			return err
		}
		r.rates[k] = rate
		for _, seed := range r.Seeds {
			if err := ctx.Err(); err != nil {
				return err
			}
			s := k
			s.rate, s.seed = rate, seed
			net := r.by[s].net
			if err := r.SaveModel(fmt.Sprintf("seed-%d-%s", seed, s.name()), net); err != nil {
				return err
			}
			m, err := r.one(net, s)
			if err != nil {
				return fmt.Errorf("seed %d %s: %w", seed, s.name(), err)
			}
			r.measured[k] = append(r.measured[k], m)
		}
	}
	return nil
}

// one measures a network.
func (r *reporter) one(net *models.MLP, s spec) (m measured, err error) {
	f, err := find(s.function)
	if err != nil {
		return m, err
	}
	learned, inside, outside := grids(f, r.Recipe)
	t, sd := learned.values(f), deviation(f)
	other, otherValues := points{}, []float64{}
	if s.noisy {
		learned, t = sample(f, r.Recipe, "training", s.seed)
		other, otherValues = sample(f, r.Recipe, "validation", s.seed)
		sd = 1
	}
	shown := points{}
	if f.variables == 1 {
		shown = showing()
	}
	y, err := predict(net, learned, inside, outside, other, shown)
	if err != nil {
		return m, err
	}
	m = measured{
		fit: rmse(y[0], t) / sd, inside: rmse(y[1], inside.values(f)) / sd, outside: rmse(y[2], outside.values(f)) / sd,
		farthest: farthest(y[1], inside.values(f)) / sd, validation: rmse(y[3], otherValues) / sd, shown: y[4],
	}
	if f.variables == 2 {
		m.shown = y[1]
	}
	if s.width != r.Recipe.greatest() || s.noisy {
		return m, nil
	}
	if m.solved, err = solved(net, learned, t); err != nil {
		return m, err
	}
	drawn, err := newNetwork(s.activation, f.variables, drawnTimes*s.width, s.seed)
	if err != nil {
		return m, err
	}
	if m.drawn, err = solved(drawn, learned, t); err != nil {
		return m, err
	}
	m.solved, m.drawn = m.solved/sd, m.drawn/sd
	return m, nil
}

// deviation is a target's standard deviation on the range of the data.
func deviation(f target) float64 {
	_, inside, _ := grids(f, Recipe{Side: 2, Points: 2})
	return stat.PopStdDev(inside.values(f), nil)
}

// solved is the root mean squared error at the places, whose values are t, of a network
// with its hidden layer and the output layer that fits best: a linear problem, whose
// solution needs no learning.
func solved(net *models.MLP, p points, t []float64) (float64, error) {
	h, err := train.Map(p.tensor(1), func(x *G.Node) (*G.Node, error) {
		layers, err := net.Forward(x)
		if err != nil {
			return nil, err
		}
		return layers[0], nil
	})
	if err != nil {
		return 0, err
	}
	n, k := h.Shape()[0], h.Shape()[1]
	a := mat.NewDense(n, k+1, nil)
	for i, v := range h.Float32s() {
		a.Set(i/k, i%k, float64(v))
	}
	for i := range n {
		a.Set(i, k, 1) // the bias
	}
	y, err := leastSquares(a, t)
	if err != nil {
		return 0, fmt.Errorf("least squares on %d places and %d units: %w", n, k, err)
	}
	return rmse(y, t), nil
}

// ridge keeps the solution of leastSquares finite where columns are alike. It is so small
// that the error is that of the best fit, by and large.
const ridge = 1e-5

// leastSquares returns a·w with the w for which |a·w − t|² + ridge²·|w|² is smallest. It
// is the solution of the system with rows ridge·I below a, or, where that is smaller, the
// part w of the shortest (w,v) for which a·w + ridge·v = t.
func leastSquares(a *mat.Dense, t []float64) ([]float64, error) {
	n, k := a.Dims()
	rows, columns := n+k, k
	if n < k {
		rows, columns = n, k+n
	}
	full, y := mat.NewDense(rows, columns, nil), blas64.General{Rows: max(rows, columns), Cols: 1, Stride: 1, Data: make([]float64, max(rows, columns))}
	full.Slice(0, n, 0, k).(*mat.Dense).Copy(a)
	copy(y.Data, t)
	for i := range min(n, k) { // as many as the smaller system has rows more, or columns
		if n < k {
			full.Set(i, k+i, ridge)
		} else {
			full.Set(n+i, i, ridge)
		}
	}
	// Solve of mat makes a square matrix of as many columns, 2 GB for the widest layers.
	size := make([]float64, 1)
	lapack64.Gels(blas.NoTrans, full.RawMatrix(), y, size, -1)
	work := make([]float64, int(size[0]))
	if !lapack64.Gels(blas.NoTrans, full.RawMatrix(), y, work, len(work)) {
		return nil, fmt.Errorf("want a matrix of full rank, got one of %d × %d that is singular", rows, columns)
	}
	var out mat.VecDense
	out.MulVec(a, mat.NewVecDense(k, y.Data[:k]))
	return out.RawVector().Data, nil
}

// continued is the error outside, in standard deviations, of a function that goes on
// from the edges of the range as a constant, or as a straight line.
func continued(f target, straight bool) float64 {
	_, _, outside := grids(f, Recipe{Side: 2, Points: 2})
	y := make([]float64, len(outside))
	for i, x := range outside {
		edge := math.Copysign(1, x[0])
		y[i] = f.of([]float64{edge})
		if straight {
			const h = 1e-4
			slope := (f.of([]float64{edge}) - f.of([]float64{edge * (1 - h)})) / h // away from 0
			y[i] += slope * (math.Abs(x[0]) - 1)
		}
	}
	return rmse(y, outside.values(f)) / deviation(f)
}

// over gathers a measurement of all seeds.
func over(m []measured, of func(measured) float64) (out []float64) {
	for _, x := range m {
		out = append(out, of(x))
	}
	return out
}

func fit(m measured) float64     { return m.fit }
func inside(m measured) float64  { return m.inside }
func outside(m measured) float64 { return m.outside }
func output(m measured) float64  { return m.solved }
func drawn(m measured) float64   { return m.drawn }

// byHand measures a network that was made by hand. It has no seed: the same for all.
func byHand(f target, net *models.MLP) (m measured, err error) {
	p := between(-1, 1, denseLine)
	y, err := predict(net, p)
	if err != nil {
		return m, fmt.Errorf("%s, constructed, width %d: %w", f.name, net.Layers[0].W.Value.Shape()[1], err)
	}
	t := p.values(f)
	return measured{inside: rmse(y[0], t) / deviation(f), farthest: farthest(y[0], t)}, nil
}

// bound is that of the constructed network's greatest error.
func bound(f target, width int) float64 {
	h := 2 / float64(width)
	return f.curvature * h * h / 8
}

// percent is the mean and the standard deviation of fractions, in percent, to three
// digits. What is below a thousandth of a percent is rounding, or as good as none.
func percent(values []float64) string {
	mean, sd := lab.Summarize(lab.Scaled(values, 100))
	short := func(v float64, digits int) string {
		if v < 0.001 {
			return "<0.001"
		}
		return strconv.FormatFloat(v, 'g', digits, 64)
	}
	if len(values) < 2 || mean < 0.001 {
		return short(mean, 3)
	}
	return short(mean, 3) + " ± " + short(sd, 2)
}

// units is a number of them, in words.
func units(n int) string {
	if n == 1 {
		return "1 unit"
	}
	return fmt.Sprintf("%d units", n)
}
