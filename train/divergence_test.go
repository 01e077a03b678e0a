package train_test

import (
	"math"
	"regexp"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"
)

func machine(t testing.TB, n, k int) *models.RBM {
	t.Helper()
	return must(models.NewRBM("rbm", n, k, blocks.Gaussian(0.01), random.New(4)))(t)
}

// A training that diverges ends with one error that names the epoch, the batch and the
// quantity, whatever the model and wherever it shows first.
func TestDivergence(t *testing.T) {
	data := examples(t, 40, 5, 3)
	x := data.X.Float32s()
	for i := range x { // intensities, for the models of binary units
		x[i] = (x[i] + 1) / 2
	}
	mlp := func() train.Model { return network(t, 5, 4, 3) }
	linear := func() train.Model {
		n := network(t, 5, 3)
		n.Output = blocks.Numeric()
		return n
	}
	cd := func() train.Model { return &models.CD{Model: machine(t, 5, 4), K: 1, Noise: random.New(5)} }
	pcd := func() train.Model { return must(models.NewPersistentCD(machine(t, 5, 4), 1, 10, random.New(5)))(t) }
	autoencoder := func() train.Model {
		return must(models.NewAutoencoder("ae", 5, 4, true, blocks.Sigmoid(), blocks.LeCun(), random.New(6)))(t)
	}
	anywhere := `^epoch \d+, batch \d+: \S+.* is (NaN|[+-]Inf).*: the training diverged, try a smaller learning rate$`
	for name, c := range map[string]struct {
		model func() train.Model
		kind  string
		rate  float64
		every int
		want  string
	}{
		"at once":                    {linear, "sgd", 1e30, 0, `^epoch 1, batch 2: loss is \+Inf; layer 1, net\.1\.W\[0\] is -Inf, the first of 2 such parameters: the training diverged, try a smaller learning rate$`},
		"slowly":                     {linear, "sgd", 30, 0, `^epoch [2-9]\d*, batch \d+: loss is \+Inf`},
		"classifier":                 {mlp, "sgd", 1e4, 0, anywhere},
		"classifier, adam":           {mlp, "adam", math.MaxFloat32, 0, anywhere},
		"contrastive divergence":     {cd, "sgd", 1e4, 0, anywhere},
		"persistent CD":              {pcd, "sgd", 1e4, 0, anywhere},
		"persistent CD, with norms":  {pcd, "sgd", 1e4, 1, anywhere},
		"autoencoder":                {autoencoder, "sgd", 1e4, 0, anywhere},
		"autoencoder, with momentum": {autoencoder, "momentum", 1e4, 3, anywhere},
	} {
		// The penalty makes models diverge whose units saturate: W ← (1−ηλ)W.
		o := train.Optimizer{Kind: c.kind, Rate: train.Constant(c.rate), Momentum: train.Constant(0.9)}
		if c.rate == 1e4 {
			o.L2 = 1
		}
		_, err := (&train.Trainer{Model: c.model(), Data: data, Recipe: train.Recipe{Optimizer: o, Epochs: 50, Batch: 10, NormEvery: c.every}}).Run(t.Context())
		if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
			t.Errorf("%s: want an error like %q, got %v", name, c.want, err)
		}
	}
}

// Monitors are of the parameters before each step: when only the last step of an epoch
// spoils them, or when a parameter hides from the monitors, that step notices.
func TestDivergenceOfParameters(t *testing.T) {
	data := examples(t, 40, 5, 3)
	n := network(t, 5, 3)
	n.Output = blocks.Numeric()
	data.X.Float32s()[0] = 1e3 // a gradient above 1, which the largest rate takes beyond float32
	_, err := (&train.Trainer{Model: n, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(math.MaxFloat32), Epochs: 1}}).Run(t.Context())
	if want := `^epoch 1, batch 1: layer 1, net\.1\.W\[\d+\] is [+-]Inf.*: the training diverged`; err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
		t.Errorf("want an error like %q, got %v", want, err)
	}

	// A gradient whose square is beyond float32, of a cost that is not.
	steep, _ := counted(t, 10, 2)
	steep.X.Float32s()[0] = 1e30
	_, err = (&train.Trainer{Model: newSums(2), Data: steep, Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1, NormEvery: 1}}).Run(t.Context())
	if want := `^epoch 1, batch 1: gradient of w is \+Inf: `; err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
		t.Errorf("want an error like %q, got %v", want, err)
	}

	// Clipped, it counts as 0; one whose square float32 holds is scaled down to the bound.
	for first, want := range map[float32]float64{1e30: 0, 1e10: -0.1 * 3} {
		steep.X.Float32s()[0] = first
		sums := newSums(2)
		recipe := train.Recipe{Optimizer: train.Optimizer{Kind: "sgd", Rate: train.Constant(0.1), Clip: 3}, Epochs: 1}
		if _, err := (&train.Trainer{Model: sums, Data: steep, Recipe: recipe}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		near(t, "the first weight after a clipped step", float64(sums.w.Value.Float32s()[0]), want, 1e-6)
	}

	// The hidden units of a machine with NaN biases are never on, so that its
	// reconstruction is finite.
	data.X.Float32s()[0] = 1
	r := machine(t, 5, 4)
	r.B.Value.Float32s()[2] = float32(math.NaN())
	_, err = (&train.Trainer{Model: train.Only{Model: &models.CD{Model: r, K: 1, Noise: random.New(5)}, Trained: []*blocks.Param{r.C, r.W}}, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1}}).Run(t.Context())
	if want := `^epoch 1, batch 1: rbm\.W\[2\] is NaN: `; err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
		t.Errorf("want an error like %q, got %v", want, err)
	}
}
