package train_test

import (
	"fmt"
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// design returns the examples with a column of ones, and their one-hot targets, in
// float64.
func design(data *datasets.Set) (x, target *mat.Dense) {
	n, d := data.Len(), data.Dim()
	x, target = mat.NewDense(n, d+1, nil), mat.NewDense(n, data.Classes, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, float64(data.X.Float32s()[i*d+j]))
		}
		x.Set(i, d, 1)
		target.Set(i, int(data.Labels[i]), 1)
	}
	return x, target
}

// coefficients are the weights of a network of one layer with its biases as last row.
func coefficients(n *models.MLP) []float64 {
	var out []float64
	for _, p := range n.Params() {
		for _, v := range p.Value.Float32s() {
			out = append(out, float64(v))
		}
	}
	return out
}

// farthest is the largest distance of two corresponding coefficients.
func farthest(a, b []float64) float64 { return floats.Distance(a, b, math.Inf(1)) }

// Linear regression on the class indicators ends at the least-squares solution, which
// gonum computes by a QR decomposition.
func TestLinearRegression(t *testing.T) {
	data := examples(t, 200, 5, 3)
	x, target := design(data)
	var want mat.Dense
	if err := want.Solve(x, target); err != nil {
		t.Fatal(err)
	}
	residual := mat.NewDense(data.Len(), data.Classes, nil)
	residual.Mul(x, &want)
	residual.Sub(residual, target)
	mse := math.Pow(mat.Norm(residual, 2), 2) / float64(data.Len()*data.Classes)

	for name, r := range map[string]train.Recipe{
		"full batch": {Optimizer: train.SGD(1), Epochs: 200},
		// Mini-batches end near the minimum as the rate falls.
		"mini-batches": {Optimizer: train.Optimizer{Kind: "sgd", Rate: train.Schedule{Start: 0.2, Decay: 0.95}}, Epochs: 300, Batch: 32},
		"batch of 1":   {Optimizer: train.Optimizer{Kind: "sgd", Rate: train.Schedule{Start: 0.05, Decay: 0.9}}, Epochs: 150, Batch: 1},
	} {
		n := network(t, 5, 3)
		n.Output = blocks.Numeric()
		h := run(t, train.Trainer{Model: n, Data: data, Order: random.New(1), Recipe: r})
		loss, _ := h.Epochs[len(h.Epochs)-1].Train.Get("loss")
		if r.Batch == 0 {
			near(t, name+": mean squared error", loss, mse, 1e-6)
		}
		tol := 1e-5
		if r.Batch > 0 {
			tol = 0.02 // the path depends on the order while the rate is large
		}
		if d := farthest(coefficients(n), want.RawMatrix().Data); d > tol {
			t.Errorf("%s: a coefficient is %g off the least-squares solution", name, d)
		}
	}
}

// Multinomial logistic regression with an L2 penalty on the weights ends at the
// optimum that Newton's method finds in float64, by every optimiser.
func TestLogisticRegression(t *testing.T) {
	const l2 = 0.01
	data := examples(t, 200, 5, 3)
	x, target := design(data)
	best := penalisedLikelihood{x, target, l2}.newton(t)
	falling := func(rate float64) train.Schedule { return train.Schedule{Start: rate, Linear: true} }
	for _, o := range []train.Optimizer{
		{Kind: "sgd", Rate: train.Constant(3)},
		{Kind: "momentum", Rate: train.Constant(0.5), Momentum: train.Constant(0.9)},
		{Kind: "nesterov", Rate: train.Constant(0.5), Momentum: train.Constant(0.9)},
		{Kind: "rmsprop", Rate: falling(0.02)},
		{Kind: "adam", Rate: falling(0.05)},
	} {
		o.L2 = l2
		n := network(t, 5, 3)
		run(t, train.Trainer{Model: n, Data: data, Recipe: train.Recipe{Optimizer: o, Epochs: 1000}})
		got := coefficients(n)
		biases := got[len(got)-3:] // a constant added to all of them means nothing
		floats.AddConst(-floats.Sum(biases)/3, biases)
		if d := farthest(got, best); d > 1e-4 {
			t.Errorf("%s: a coefficient is %g off the optimum", o.Kind, d)
		}
	}
}

// penalisedLikelihood is −1/n Σ log p(t|x) + (λ/2) Σ W², of coefficients (d+1,k) whose
// last row are the biases, which carry no penalty.
type penalisedLikelihood struct {
	x, target *mat.Dense
	l2        float64
}

// probabilities returns softmax(x·B).
func (c penalisedLikelihood) probabilities(b []float64) *mat.Dense {
	n, d := c.x.Dims()
	_, k := c.target.Dims()
	p := mat.NewDense(n, k, nil)
	p.Mul(c.x, mat.NewDense(d, k, b))
	for i := range n {
		row := p.RawRowView(i)
		lse := floats.LogSumExp(row)
		for j := range row {
			row[j] = math.Exp(row[j] - lse)
		}
	}
	return p
}

func (c penalisedLikelihood) weights(b []float64) []float64 {
	_, k := c.target.Dims()
	return b[:len(b)-k]
}

// gradient is xᵀ(p−t)/n + λW.
func (c penalisedLikelihood) gradient(b []float64) []float64 {
	n, d := c.x.Dims()
	p := c.probabilities(b)
	_, k := p.Dims()
	p.Sub(p, c.target)
	grad := make([]float64, d*k)
	g := mat.NewDense(d, k, grad)
	g.Mul(c.x.T(), p)
	g.Scale(1/float64(n), g)
	floats.AddScaled(c.weights(grad), c.l2, c.weights(b))
	return grad
}

// hessian is 1/n Σ xxᵀ ⊗ (diag p − ppᵀ), plus λ for the weights. The likelihood does
// not change when all biases grow alike: a term for their sum, which stays 0, makes
// the matrix regular.
func (c penalisedLikelihood) hessian(b []float64) *mat.SymDense {
	n, d := c.x.Dims()
	p := c.probabilities(b)
	_, k := p.Dims()
	h := mat.NewSymDense(d*k, nil)
	for r := range d * k {
		for s := r; s < d*k; s++ {
			u, v, i, j := r%k, s%k, r/k, s/k
			total := 0.0
			for e := range n {
				f := -p.At(e, u) * p.At(e, v)
				if u == v {
					f += p.At(e, u)
				}
				total += f * c.x.At(e, i) * c.x.At(e, j) / float64(n)
			}
			if r == s && i < d-1 {
				total += c.l2
			}
			if i == d-1 && j == d-1 {
				total++
			}
			h.SetSym(r, s, total)
		}
	}
	return h
}

// newton returns the optimum.
func (c penalisedLikelihood) newton(t *testing.T) []float64 {
	t.Helper()
	_, d := c.x.Dims()
	_, k := c.target.Dims()
	b := make([]float64, d*k)
	for range 50 {
		g := c.gradient(b)
		if floats.Norm(g, 2) < 1e-13 {
			return b
		}
		var step mat.VecDense
		if err := step.SolveVec(c.hessian(b), mat.NewVecDense(len(g), g)); err != nil {
			t.Fatal(err)
		}
		floats.Sub(b, step.RawVector().Data)
	}
	t.Fatal("Newton's method did not converge")
	return nil
}

// The recorded gradient norms are those of the hand-derived gradient xᵀ(p−t)/m of
// logistic regression, for weights and biases apart, as means over the measured steps.
func TestGradNorms(t *testing.T) {
	data := examples(t, 50, 5, 3)
	x, target := design(data)
	for _, every := range []int{1, 2, 3, 100} {
		n := network(t, 5, 3)
		b := coefficients(n)
		// At rate 0 all steps measure the same parameters; batches of 20, 20 and 10.
		h := run(t, train.Trainer{Model: n, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0), Epochs: 2, Batch: 20, NormEvery: every}})
		step := 0
		for e, epoch := range h.Epochs {
			var sumW, sumB float64
			measured := 0
			for lo := 0; lo < 50; lo += 20 {
				if hi := min(lo+20, 50); step%every == 0 {
					c := penalisedLikelihood{x.Slice(lo, hi, 0, 6).(*mat.Dense), target.Slice(lo, hi, 0, 3).(*mat.Dense), 0}
					g := c.gradient(b)
					sumW += floats.Norm(c.weights(g), 2)
					sumB += floats.Norm(g[len(c.weights(g)):], 2)
					measured++
				}
				step++
			}
			if measured == 0 {
				if epoch.GradNorms != nil {
					t.Errorf("every %d, epoch %d: nothing measured, got %v", every, e+1, epoch.GradNorms)
				}
				continue
			}
			if len(epoch.GradNorms) != 2 || epoch.GradNorms[0].Name != "net.1.W" || epoch.GradNorms[1].Name != "net.1.b" {
				t.Fatalf("every %d, epoch %d: got %v", every, e+1, epoch.GradNorms)
			}
			near(t, fmt.Sprintf("every %d, epoch %d: weights", every, e+1), epoch.GradNorms[0].Value, sumW/float64(measured), 1e-6)
			near(t, fmt.Sprintf("every %d, epoch %d: biases", every, e+1), epoch.GradNorms[1].Value, sumB/float64(measured), 1e-6)
		}
	}
}
