package models_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Free energies and conditional means are the sums and integrals of e^−E over the other
// side, whatever the types.
func TestUnitsAgainstTheEnergy(t *testing.T) {
	for name, r := range machines(t) {
		t.Run(name, func(t *testing.T) {
			v := some(t, r.VisibleUnits, r.Visible())
			h := some(t, r.HiddenUnits, r.Hidden())
			var free, up, freeHidden, down []float64
			for _, row := range v {
				f, mean, _ := given(statesOf(t, r.HiddenUnits, r.Hidden()), func(h []float64) float64 { return energyOf(r, row, h) })
				free, up = append(free, f), append(up, mean...)
			}
			for _, row := range h {
				f, mean, _ := given(statesOf(t, r.VisibleUnits, r.Visible()), func(v []float64) float64 { return energyOf(r, v, row) })
				freeHidden, down = append(freeHidden, f), append(down, mean...)
			}
			near(t, "F(v)", free, forward(t, matrix(tensor.Float64, v), r.FreeEnergy), 1e-9)
			near(t, "E[h|v]", up, forward(t, matrix(tensor.Float64, v), r.Up), 1e-9)
			near(t, "F(h)", freeHidden, forward(t, matrix(tensor.Float64, h), r.FreeEnergyHidden), 1e-9)
			near(t, "E[v|h]", down, forward(t, matrix(tensor.Float64, h), r.Down), 1e-9)
			if r.HiddenUnits != models.RectifiedUnits() {
				near(t, "code", up, forward(t, matrix(tensor.Float64, v), r.Encoder().Forward), 1e-9)
			}
		})
	}
}

// some takes six states of n units, of Gaussian ones numbers in [−1.5, 1.5).
func some(t testing.TB, u models.Units, n int) [][]float64 {
	if u == models.GaussianUnits() {
		rows := uniform(stream("some"), 6, n)
		for _, row := range rows {
			for i := range row {
				row[i] = 3*row[i] - 1.5
			}
		}
		return rows
	}
	var rows [][]float64
	for _, s := range statesOf(t, u, n) {
		rows = append(rows, s.x)
	}
	return repeat(rows, 2)[:6]
}

// Samples have the mean and the variance of the conditional distribution.
func TestUnitSamplers(t *testing.T) {
	const m = 40_000
	for name, r := range machines(t) {
		v := some(t, r.VisibleUnits, r.Visible())[1]
		h := some(t, r.HiddenUnits, r.Hidden())[1]
		_, upMean, upVariance := given(statesOf(t, r.HiddenUnits, r.Hidden()), func(h []float64) float64 { return energyOf(r, v, h) })
		_, downMean, downVariance := given(statesOf(t, r.VisibleUnits, r.Visible()), func(v []float64) float64 { return energyOf(r, v, h) })
		narrow(r)
		momentsAgree(t, name+", h|v", upMean, upVariance, v, r.Hidden(), m, r.HiddenUnits, func(x *G.Node) (*G.Node, *G.Node, error) { return r.SampleHidden(x, stream("gibbs")) })
		momentsAgree(t, name+", v|h", downMean, downVariance, h, r.Visible(), m, r.VisibleUnits, func(x *G.Node) (*G.Node, *G.Node, error) { return r.SampleVisible(x, stream("gibbs")) })
	}
	r := rectifiedMachine(t, 3, 4)
	v := []float64{1, 0, 1}
	var mean, variance []float64
	for j, b := range reference(r).b {
		mu, s2 := rectifiedMoments(b + reference(r).W[0][j] + reference(r).W[2][j])
		mean, variance = append(mean, mu), append(variance, s2)
	}
	narrow(r)
	momentsAgree(t, "rectified", mean, variance, v, 4, m, r.HiddenUnits, func(x *G.Node) (*G.Node, *G.Node, error) { return r.SampleHidden(x, stream("gibbs")) })
}

// momentsAgree compares samples from equal rows with exact moments. The standard error of
// a sample variance is taken from the sample's fourth moment.
func momentsAgree(t *testing.T, what string, mean, variance, row []float64, n, m int, u models.Units, draw func(*G.Node) (*G.Node, *G.Node, error)) {
	t.Helper()
	x := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", m, len(row))
	states, means, err := draw(x)
	if err != nil {
		t.Fatal(err)
	}
	out := compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float32, repeat([][]float64{row}, m))}, states, means)
	near(t, what+": mean", mean, out[1][:n], 1e-5)
	for i := range n {
		s1, s2, s4 := 0.0, 0.0, 0.0
		for k := i; k < len(out[0]); k += n {
			d := out[0][k] - mean[i]
			s1, s2, s4 = s1+d, s2+d*d, s4+d*d*d*d
		}
		s1, s2, s4 = s1/float64(m), s2/float64(m), s4/float64(m)
		if z := s1 / math.Sqrt(variance[i]/float64(m)); !(math.Abs(z) < maxZ) {
			t.Errorf("%s: unit %d: mean %.1f standard errors off", what, i, z)
		}
		if z := (s2 - variance[i]) / math.Sqrt((s4-s2*s2)/float64(m)+1e-12); !(math.Abs(z) < maxZ) {
			t.Errorf("%s: unit %d: want variance %.4f, got %.4f, %.1f standard errors off", what, i, variance[i], s2, z)
		}
	}
	for k, x := range out[0] {
		if (u == models.BernoulliUnits() || u == models.SoftmaxUnits(3)) && x != 0 && x != 1 || u == models.RectifiedUnits() && x < 0 {
			t.Fatalf("%s: state %d is %g", what, k, x)
		}
		if u == models.SoftmaxUnits(3) && k%3 == 2 && out[0][k]+out[0][k-1]+out[0][k-2] != 1 {
			t.Fatalf("%s: group %d has no single 1", what, k/3)
		}
	}
}

func TestRectifiedMeans(t *testing.T) {
	r := newRBM(t, 1, 9, 1)
	r.HiddenUnits = models.RectifiedUnits()
	widen(1, r.Params()...)
	var want, code []float64
	for j, a := range []float64{-30, -8, -3, -1, 0, 0.5, 1, 4, 20} {
		r.B.Value.Float64s()[j] = a
		mean, _ := rectifiedMoments(a)
		want, code = append(want, mean), append(code, math.Max(0, a))
	}
	off := matrix(tensor.Float64, [][]float64{{0}})
	near(t, "mean", want, forward(t, off, r.Up), 1e-8)
	near(t, "code", code, forward(t, off, r.Encoder().Forward), 0)
}

// Gradients of the free energies, by all parameters and by the variances, and of the
// means, against central differences.
func TestUnitGradients(t *testing.T) {
	for name, r := range machines(t) {
		for what, f := range map[string]func(*G.Node) (*G.Node, error){"F(v)": r.FreeEnergy, "F(h)": r.FreeEnergyHidden, "down": r.Down} {
			n, u := r.Visible(), r.VisibleUnits
			if what != "F(v)" {
				n, u = r.Hidden(), r.HiddenUnits
			}
			rows := some(t, u, n)[:2]
			x := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", len(rows), n)
			var c ops.Chain
			cost := c.Do(ops.SumSquares(c.Do(f(x)))) // weighs the examples differently
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			params := r.Params()
			if what == "down" {
				params = append([]*blocks.Param{r.W, r.C}, params[3:]...)
			}
			t.Run(name+" "+what, func(t *testing.T) {
				checkGradient(t, params, &models.Objective{Inputs: G.Nodes{x}, Cost: cost}, nil, matrix(tensor.Float64, rows))
			})
		}
	}
	r := rectifiedMachine(t, 3, 4)
	x := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", 2, 3)
	var c ops.Chain
	cost := c.Do(ops.SumSquares(c.Do(r.Up(x))))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	checkGradient(t, []*blocks.Param{r.W, r.B}, &models.Objective{Inputs: G.Nodes{x}, Cost: cost}, nil, matrix(tensor.Float64, uniform(stream("v"), 2, 3)))
}

// CD's gradient is the difference of the statistics that are derived by hand: the products
// v·h̄ by W, h̄ by b, v or (v−c)/σ² by c, and (v−c)²/2σ² by z.
func TestCDStatisticsOfUnits(t *testing.T) {
	const m = 5
	all := machines(t)
	all["rectified"] = rectifiedMachine(t, 3, 4)
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			v := some(t, r.VisibleUnits, r.Visible())[:m]
			cd := &models.CD{Model: r, K: 2, Sampled: true, Noise: stream("gibbs")}
			end, _ := gibbs(t, r, matrix(tensor.Float64, v), cd.K, stream("gibbs"))
			want := difference(unitStatistics(t, r, v), unitStatistics(t, r, end))
			got := gradient(t, must[*models.Objective](t)(cd.Objective(m)), r.Params(), matrix(tensor.Float64, v))
			for i, p := range r.Params() {
				near(t, "gradient by "+p.Name, want[i], got[i], 1e-12)
			}
		})
	}
}

func unitStatistics(t testing.TB, r *models.RBM, v [][]float64) [][]float64 {
	means := split(forward(t, matrix(tensor.Float64, v), r.Up), r.Hidden())
	m, n, k, c := float64(len(v)), r.Visible(), r.Hidden(), elements(r.C.Value)
	out := [][]float64{make([]float64, n*k), make([]float64, k), make([]float64, n), make([]float64, n)}
	for row := range v {
		for i, x := range v[row] {
			for j, h := range means[row] {
				out[0][i*k+j] -= x * h / m
			}
			variance := 1.0
			if r.Z != nil {
				variance = math.Exp(elements(r.Z.Value)[i])
			}
			if r.VisibleUnits == models.GaussianUnits() {
				out[2][i] -= (x - c[i]) / variance / m
				out[3][i] -= (x - c[i]) * (x - c[i]) / (2 * variance) / m
			} else {
				out[2][i] -= x / m
			}
		}
		for j, h := range means[row] {
			out[1][j] -= h / m
		}
	}
	return out
}

// Log Z, with the real numbers of one side integrated.
func TestLogPartitionOfUnits(t *testing.T) {
	for _, name := range []string{"gaussian bernoulli", "unit variance bernoulli", "softmax bernoulli", "bernoulli gaussian", "bernoulli softmax(3)"} {
		r := machines(t)[name]
		sum := 0.0
		for _, v := range statesOf(t, r.VisibleUnits, r.Visible()) {
			f, _, _ := given(statesOf(t, r.HiddenUnits, r.Hidden()), func(h []float64) float64 { return energyOf(r, v.x, h) })
			sum += v.weight * math.Exp(-f)
		}
		near(t, name, []float64{math.Log(sum)}, []float64{must[float64](t)(r.LogPartition())}, 1e-9)
	}
	all := machines(t)
	_, err := all["gaussian gaussian"].LogPartition()
	refused(t, "no enumeration", err, "log partition", "bernoulli units on one side", "gaussian visible and gaussian hidden")
	_, err = all["softmax bernoulli"].PseudoLikelihood(matrix(tensor.Float64, [][]float64{{1, 0, 0, 1, 0, 0}}), stream("bits"))
	refused(t, "no bits", err, "pseudo-likelihood", "softmax(3)")
	r := rectifiedMachine(t, 3, 4)
	_, err = r.LogPartition()
	refused(t, "no free energy", err, "rectified hidden units have none in closed form")
}

// A file has the types of units and the variances.
func TestFilesOfUnits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rbm.safetensors")
	all := machines(t)
	all["rectified"] = rectifiedMachine(t, 3, 4)
	for name, r := range all {
		narrow(r)
		for _, model := range []any{r, &models.DBN{Layers: []*models.RBM{r}}} {
			if err := models.Save(path, model, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			loaded, _, err := models.Load(path)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			back, ok := loaded.(*models.RBM)
			if !ok {
				back = loaded.(*models.DBN).Layers[0]
			}
			if back.VisibleUnits != r.VisibleUnits || back.HiddenUnits != r.HiddenUnits || len(back.Params()) != len(r.Params()) {
				t.Fatalf("%s: got %v, %v and %d parameters", name, back.VisibleUnits, back.HiddenUnits, len(back.Params()))
			}
			for i, p := range r.Params() {
				near(t, name+" "+p.Name, elements(p.Value), elements(back.Params()[i].Value), 0)
			}
			if err := models.LoadInto(path, model); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	bad := machines(t)["bernoulli bernoulli"]
	narrow(bad)
	bad.VisibleUnits = models.RectifiedUnits()
	refused(t, "rectified visible units", models.Save(path, bad, nil), "bernoulli, gaussian or softmax", path)
}

// What cannot be is an error wherever a graph is built.
func TestUnitErrors(t *testing.T) {
	v := func(r *models.RBM) *G.Node { return blocks.NewInput(G.NewGraph(), tensor.Float32, "v", 2, 4) }
	for name, c := range map[string]struct {
		change func(r *models.RBM)
		says   string
	}{
		"rectified visible units": {func(r *models.RBM) { r.VisibleUnits = models.RectifiedUnits() }, "got rectified"},
		"groups that do not fit":  {func(r *models.RBM) { r.VisibleUnits = models.SoftmaxUnits(3) }, "groups of 3, got 4 units"},
		"two hidden groups":       {func(r *models.RBM) { r.HiddenUnits = models.SoftmaxUnits(1) }, "one group of all 3"},
		"variances of bits":       {func(r *models.RBM) { r.Z = blocks.NewParam("z", 4) }, "want gaussian visible units"},
		"too few variances": {func(r *models.RBM) {
			r.VisibleUnits, r.Z = models.GaussianUnits(), blocks.NewParam("z", 3)
		}, "want 4 log-variances"},
	} {
		r := newRBM(t, 4, 3, 1)
		c.change(r)
		for _, f := range []func(*G.Node) (*G.Node, error){r.Up, r.FreeEnergy} {
			_, err := f(v(r))
			refused(t, name, err, c.says)
		}
		_, err := (&models.CD{Model: r, K: 1, Noise: random.New(1)}).Objective(2)
		refused(t, name+": training", err, c.says)
		_, err = models.NewPersistentCD(r, 1, 2, random.New(1))
		refused(t, name+": chains", err, c.says)
	}
	r := newRBM(t, 4, 3, 1)
	for _, variance := range []float64{0, -1, math.Inf(1), math.NaN()} {
		refused(t, "variance", r.SetVariance(variance), "positive variance")
	}
}

func TestUnitNames(t *testing.T) {
	for _, u := range []models.Units{models.BernoulliUnits(), models.GaussianUnits(), models.RectifiedUnits(), models.SoftmaxUnits(10)} {
		var back models.Units
		if err := json.Unmarshal(must[[]byte](t)(json.Marshal(u)), &back); err != nil || back != u {
			t.Errorf("%v: got %v, %v", u, back, err)
		}
	}
	for _, s := range []string{"", "softmax", "softmax()", "softmax(0)", "softmax(-1)", "softmax(3", "softmax(3))", "binary", "gaussian(2)"} {
		_, err := models.ParseUnits(s)
		refused(t, fmt.Sprintf("%q", s), err, "units", "are unknown")
	}
}
