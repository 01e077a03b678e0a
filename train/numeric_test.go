package train_test

import (
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"
)

// A linear network that is trained on numeric targets finds the plane they are on: y = 3x₁ − 2x₂ + 1 and y = x₂ − 0.5.
func TestNumericTargets(t *testing.T) {
	const n = 60
	x, y := make([]float32, 2*n), make([]float32, 2*n)
	random.New(1).Normal(x)
	for i := range n {
		a, b := x[2*i], x[2*i+1]
		y[2*i], y[2*i+1] = 3*a-2*b+1, b-0.5
	}
	data := must(datasets.NewNumericSet("plane", matrix(x, n, 2), matrix(y, n, 2), 0, 0))(t)
	net := must(models.NewMLP("net", []int{2, 2}, blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), random.New(3)))(t)
	net.Output = blocks.Numeric()
	evaluator := train.NewEvaluator(net)
	h := run(t, train.Trainer{
		Model: net, Data: data, Order: random.New(4), Recipe: train.Recipe{Optimizer: train.SGD(0.05), Epochs: 200, Batch: 7},
		Validate: func() (train.Values, error) { return evaluator.Run(data) }, Score: "loss",
	})
	if len(h.Epochs) != 200 {
		t.Fatalf("%d epochs", len(h.Epochs))
	}
	W, b := net.Params()[0].Value.Float32s(), net.Params()[1].Value.Float32s()
	for i, want := range []float64{3, 0, -2, 1} {
		near(t, "weight", float64(W[i]), want, 1e-4)
	}
	near(t, "bias 1", float64(b[0]), 1, 1e-4)
	near(t, "bias 2", float64(b[1]), -0.5, 1e-4)
	loss, _ := must(evaluator.Run(data))(t).Get("loss")
	near(t, "loss", loss, 0, 1e-6)
}
