package models_test

import (
	"strings"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestConstructorErrors(t *testing.T) {
	s, init, f := stream("init"), blocks.LeCun(), blocks.Tanh()
	mlp := func(sizes []int, init, top blocks.Initializer, s *random.Stream) error {
		_, err := models.NewMLP("net", sizes, f, init, top, s)
		return err
	}
	refused(t, "mlp of no layers", mlp(nil, init, init, s), "net", "[]")
	refused(t, "mlp of inputs alone", mlp([]int{3}, init, init, s), "net", "[3]")
	refused(t, "mlp without hidden units", mlp([]int{3, 0, 2}, init, init, s), "net.1.W", "0")
	refused(t, "mlp without outputs", mlp([]int{3, 2, -1}, init, init, s), "net.2.W", "-1")
	refused(t, "mlp without stream", mlp([]int{3, 2, 2}, init, init, nil), "stream")
	refused(t, "mlp of an unknown initialiser", mlp([]int{3, 2, 2}, blocks.Initializer{}, init, s), "initialiser")
	refused(t, "mlp of an unknown top initialiser", mlp([]int{3, 2}, init, blocks.Initializer{}, s), "initialiser")

	_, err := models.NewRBM("rbm", 0, 3, init, s)
	refused(t, "rbm without visible units", err, "rbm", "0")
	_, err = models.NewRBM("rbm", 3, 3, init, nil)
	refused(t, "rbm without stream", err, "rbm", "stream")
	_, err = models.NewDBN("dbn", []int{3}, init, s)
	refused(t, "dbn without layers", err, "dbn", "[3]")
	_, err = models.NewDBN("dbn", []int{3, 2, 0}, init, s)
	refused(t, "dbn with an empty layer", err, "layer 2", "dbn.2.W")
	_, err = models.NewStackedAutoencoder("sae", []int{3}, true, f, init, s)
	refused(t, "stack without layers", err, "sae", "[3]")
	_, err = models.NewStackedAutoencoder("sae", []int{3, 2, 0}, false, f, init, s)
	refused(t, "stack with an empty layer", err, "layer 2", "sae.2.W")
	for _, tied := range []bool{true, false} {
		_, err = models.NewAutoencoder("ae", 3, 0, tied, f, init, s)
		refused(t, "autoencoder without code", err, "autoencoder", "ae.W")
	}

	r := newRBM(t, 3, 2, 1)
	_, err = models.NewPersistentCD(r, 1, 0, s)
	refused(t, "persistent CD without chains", err, "persistent CD", "0")
	_, err = models.NewPersistentCD(r, 0, 5, s)
	refused(t, "persistent CD without steps", err, "persistent CD", "k = 0")
	_, err = models.NewPersistentCD(r, 1, 5, nil)
	refused(t, "persistent CD without stream", err, "persistent CD", "stream")
}

func TestObjectiveErrors(t *testing.T) {
	net := must[*models.MLP](t)(models.NewMLP("net", []int{3, 4, 2}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
	a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 3, 2, true, blocks.Tanh(), blocks.LeCun(), stream("init")))
	dbn := must[*models.DBN](t)(models.NewDBN("dbn", []int{3, 2}, blocks.LeCun(), stream("init")))
	deep := must[*models.DeepAutoencoder](t)(dbn.Unroll("deep"))
	cd := &models.CD{Model: dbn.Layers[0], K: 1, Noise: stream("gibbs")}
	for name, build := range map[string]func(int) (*models.Objective, error){
		"mlp": net.Objective, "mlp: evaluation": net.Evaluation,
		"autoencoder": a.Objective, "autoencoder: evaluation": a.Evaluation,
		"deep autoencoder": deep.Objective, "deep autoencoder: evaluation": deep.Evaluation,
		"contrastive divergence": cd.Objective,
	} {
		for _, m := range []int{0, -1} {
			_, err := build(m)
			refused(t, name, err, strings.Split(name, ":")[0], "at least one example")
		}
		if _, err := build(1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	cd.K = 0
	_, err := cd.Objective(2)
	refused(t, "no Gibbs steps", err, "k = 0")
	for _, k := range []int{1, 3} {
		cd.K, cd.Noise = k, nil
		_, err = cd.Objective(2)
		refused(t, "CD without stream", err, "stream")
	}
	net.DropInput = 0.2
	_, err = net.Objective(2)
	refused(t, "input dropout without stream", err, "stream")
	net.DropInput, net.DropHidden = 0, 0.5
	_, err = net.Objective(2)
	refused(t, "hidden dropout without stream", err, "layer 1", "stream")
	net.DropHidden, net.Noise = 1, stream("noise")
	_, err = net.Objective(2)
	refused(t, "everything dropped", err, "[0,1)", "1")
	a.Corruption = blocks.Masking(0.5)
	_, err = a.Objective(2)
	refused(t, "corruption without stream", err, "stream")
	st := must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder("sae", []int{3, 2}, true, blocks.Tanh(), blocks.LeCun(), stream("init")))
	st.Corrupt(blocks.Masking(0.5), nil)
	_, err = st.Layers[0].Objective(2)
	refused(t, "corruption of a stack without stream", err, "stream")
}

// Models that were put together by hand may not fit together.
func TestMisfits(t *testing.T) {
	layer := func(name string, n, k int) *blocks.Dense {
		return must[*blocks.Dense](t)(blocks.NewDense(name, n, k, blocks.Tanh(), blocks.LeCun(), stream(name)))
	}
	_, err := (&models.MLP{}).Objective(1)
	refused(t, "mlp without layers", err, "no layers")
	_, err = (&models.MLP{Layers: []*blocks.Dense{layer("a", 3, 4), layer("b", 5, 2)}}).Objective(1)
	refused(t, "mlp whose layers do not fit", err, "layer 2", "(5, 2)")
	_, err = (&models.MLP{Layers: []*blocks.Dense{layer("a", 3, 4), layer("a", 4, 2)}}).Objective(1)
	refused(t, "two parameters of one name", err, "a.W")
	_, err = (&models.MLP{Layers: []*blocks.Dense{layer("a", 3, 3), layer("a", 3, 3)}}).Objective(1)
	refused(t, "two parameters of one name and shape", err, "a.W")
	twice := layer("a", 3, 3) // the same layer twice is weight sharing
	if _, err := (&models.MLP{Layers: []*blocks.Dense{twice, twice}}).Objective(1); err != nil {
		t.Errorf("a layer applied twice: %v", err)
	}
	mixed := layer("b", 4, 2)
	widen(1, mixed.Params()...)
	_, err = (&models.MLP{Layers: []*blocks.Dense{layer("a", 3, 4), mixed}}).Objective(1)
	refused(t, "layers of two dtypes", err, "float32", "float64")
	_, err = (&models.DeepAutoencoder{}).Objective(1)
	refused(t, "deep autoencoder without layers", err, "no encoder")
	_, err = (&models.DeepAutoencoder{Encoder: []*blocks.Dense{layer("a", 3, 2)}}).Objective(1)
	refused(t, "deep autoencoder without decoder", err, "no decoder")
	_, err = (&models.DBN{}).Unroll("deep")
	refused(t, "unrolling nothing", err, "no layers")
	_, err = (&models.StackedAutoencoder{}).Unroll("deep")
	refused(t, "unrolling nothing", err, "no layers")
	_, err = (&models.DBN{}).Sample(matrix(tensor.Float32, [][]float64{{1}}), 1, stream("sample"))
	refused(t, "sampling from nothing", err, "no layers")
}

func TestRBMErrors(t *testing.T) {
	r := newRBM(t, 3, 2, 1)
	narrow := matrix(tensor.Float32, [][]float64{{0, 1}})
	vector := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(3))
	dbn := &models.DBN{Layers: []*models.RBM{r}}
	for name, v := range map[string]*tensor.Dense{"narrow rows": narrow, "a vector": vector, "nothing": nil} {
		_, err := r.LogLikelihood(v)
		refused(t, "log-likelihood of "+name, err, "3 visible units")
		_, err = r.PseudoLikelihood(v, stream("bits"))
		refused(t, "pseudo-likelihood of "+name, err, "3 visible units")
		_, err = dbn.Sample(v, 1, stream("sample"))
		refused(t, "samples from "+name, err, "3 visible units")
	}
	good := matrix(tensor.Float32, [][]float64{{0, 1, 1}})
	double := matrix(tensor.Float64, [][]float64{{0, 1, 1}})
	_, err := r.LogLikelihood(double)
	refused(t, "states of another dtype", err, "float32", "float64")
	_, err = dbn.Sample(double, 1, stream("sample"))
	refused(t, "start of another dtype", err, "float32", "float64")
	_, err = r.PseudoLikelihood(good, nil)
	refused(t, "pseudo-likelihood without stream", err, "stream")
	_, err = dbn.Sample(good, 0, stream("sample"))
	refused(t, "samples after no steps", err, "at least one step", "0")
	_, err = dbn.Sample(good, 2, nil)
	refused(t, "samples without stream", err, "stream")
	two := must[*models.DBN](t)(models.NewDBN("dbn", []int{3, 2, 2}, blocks.LeCun(), stream("init")))
	_, err = two.Sample(good, 2, nil)
	refused(t, "deep samples without stream", err, "stream")
	two.Layers[1].W = r.W.Clone("dbn.2.W") // (3,2) over 2 units
	_, err = two.Sample(good, 2, stream("sample"))
	refused(t, "layers that do not fit", err, "sample", "(3, 2)")

	big := newRBM(t, 21, 22, 0.1)
	_, err = big.LogPartition()
	refused(t, "too many units", err, "20", "21 visible", "22 hidden")
	_, err = big.LogLikelihood(matrix(tensor.Float32, coins(stream("v"), 1, 21)))
	refused(t, "too many units", err, "20", "21 visible", "22 hidden")

	x := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 2, 4)
	_, err = r.FreeEnergy(x)
	refused(t, "free energy of too wide rows", err, "(2, 4)")
	_, err = r.FreeEnergyHidden(x)
	refused(t, "free energy of too wide rows", err, "(2, 4)")
	_, err = r.FreeEnergy(nil)
	refused(t, "free energy of nothing", err)
	_, _, err = r.Gibbs(x, 1, stream("gibbs"))
	refused(t, "a chain of too wide rows", err, "(2, 4)")
	_, _, err = r.Gibbs(x, 0, stream("gibbs"))
	refused(t, "a chain of no steps", err, "at least one step", "0")
	_, _, err = r.Gibbs(blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 2, 3), 1, nil)
	refused(t, "a chain without stream", err, "stream")
}
