package models_test

import (
	"encoding/json"
	"os"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

type pair = [2]int

// smallLeNet is the network of convnet in scripts/torch_conv.py.
func smallLeNet(t testing.TB) *models.ConvNet {
	t.Helper()
	convs := []models.ConvSpec{
		{Maps: 3, Kernel: pair{3, 3}, Pool: ops.SquarePool(2)},
		{Maps: 4, Kernel: pair{2, 2}, Conv: ops.Conv{Pad: pair{1, 1}}, Norm: true, Pool: ops.SquarePool(2), Average: true},
	}
	return must[*models.ConvNet](t)(models.NewConvNet("net", [3]int{1, 10, 9}, convs, []int{5, 3}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
}

// Loss, gradients and running statistics of a whole network equal PyTorch's.
func TestConvNetEqualsPyTorch(t *testing.T) {
	type flat struct {
		Shape []int
		Data  []float64
	}
	var f struct {
		X                          flat
		Labels                     []int
		Params, Gradients, Buffers map[string]flat
		Loss, Evaluated            float64
	}
	data := must[[]byte](t)(os.ReadFile("testdata/torch_convnet.json"))
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	n := smallLeNet(t)
	widen(1, n.Params()...)
	names := map[string]string{"net.1.W": "0.weight", "net.1.b": "0.bias", "net.2.W": "3.weight", "net.2.b": "3.bias", "net.2.gamma": "4.weight", "net.2.beta": "4.bias",
		"net.3.W": "8.weight", "net.3.b": "8.bias", "net.4.W": "10.weight", "net.4.b": "10.bias"}
	asOurs := func(v flat) []float64 { // weights of dense layers are transposes
		if len(v.Shape) != 2 {
			return v.Data
		}
		out := make([]float64, len(v.Data))
		for i, x := range v.Data {
			out[i%v.Shape[1]*v.Shape[0]+i/v.Shape[1]] = x
		}
		return out
	}
	var trained []*blocks.Param
	norm := n.Convs[1].Norm
	for _, p := range n.Params() {
		switch p {
		case norm.Mean:
			clear(p.Value.Float64s())
		case norm.Variance:
			for i := range p.Value.Float64s() {
				p.Value.Float64s()[i] = 1
			}
		default:
			trained = append(trained, p)
			copy(p.Value.Float64s(), asOurs(f.Params[names[p.Name]]))
		}
	}
	x := tensor.New(tensor.WithShape(6, 90), tensor.WithBacking(f.X.Data))
	target := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(6, 3))
	for i, l := range f.Labels {
		target.Float64s()[3*i+l] = 1
	}
	o := must[*models.Objective](t)(n.Objective(6))
	for i, g := range gradient(t, o, trained, x, target) {
		near(t, "gradient by "+trained[i].Name, asOurs(f.Gradients[names[trained[i].Name]]), g, 1e-13)
	}
	step := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, G.Nodes{o.Cost}, o.Updates))
	if err := step.Run(x, target); err != nil {
		t.Fatal(err)
	}
	near(t, "loss", []float64{f.Loss}, []float64{must[float64](t)(step.Scalar(0))}, 1e-13)
	near(t, "running mean", f.Buffers["4.running_mean"].Data, norm.Mean.Value.Float64s(), 1e-13)
	near(t, "running variance", f.Buffers["4.running_var"].Data, norm.Variance.Value.Float64s(), 1e-13)
	e := must[*models.Objective](t)(n.Evaluation(6))
	near(t, "loss, evaluated", []float64{f.Evaluated}, compute(t, e.Inputs, []G.Value{x, target}, e.Cost)[0], 1e-13)
}

func TestGradientConvNet(t *testing.T) {
	n := smallLeNet(t)
	widen(0.5, n.Params()...)
	for i := range n.Convs[1].Norm.Variance.Value.Float64s() {
		n.Convs[1].Norm.Variance.Value.Float64s()[i] = 0.7 + float64(i)
	}
	var trained []*blocks.Param
	for _, p := range n.Params() {
		// A bias before a normalisation has no gradient in training.
		if p != n.Convs[1].Norm.Mean && p != n.Convs[1].Norm.Variance && p != n.Convs[1].Conv.B {
			trained = append(trained, p)
		}
	}
	x, target := matrix(tensor.Float64, uniform(stream("x"), 3, 90)), matrix(tensor.Float64, [][]float64{{0, 0, 1}, {1, 0, 0}, {0, 1, 0}})
	t.Run("training", func(t *testing.T) {
		checkGradient(t, trained, must[*models.Objective](t)(n.Objective(3)), nil, x, target)
	})
	t.Run("evaluation", func(t *testing.T) {
		checkGradient(t, append(trained, n.Convs[1].Conv.B), must[*models.Objective](t)(n.Evaluation(3)), nil, x, target)
	})
}

// convAutoencoder is one around a layer that pools or not.
func convAutoencoder(t testing.TB, pool ops.Pool, f blocks.Activation, o blocks.Output) *models.ConvAutoencoder {
	t.Helper()
	c := must[*blocks.Conv2D](t)(blocks.NewConv2D("ae", 2, 3, pair{3, 3}, ops.Conv{Pad: pair{1, 0}}, 1, f, blocks.LeCun(), stream("init")))
	return must[*models.ConvAutoencoder](t)(models.NewConvAutoencoder("ae", [3]int{2, 4, 6}, &models.ConvLayer{Conv: c, Pool: pool}, o))
}

func TestGradientConvAutoencoder(t *testing.T) {
	x := matrix(tensor.Float64, uniform(stream("x"), 2, 48))
	for name, a := range map[string]*models.ConvAutoencoder{
		"pooled":            convAutoencoder(t, ops.SquarePool(2), blocks.Sigmoid(), blocks.Binary()),
		"pooled, numeric":   convAutoencoder(t, ops.Pool{Window: pair{3, 2}, Stride: pair{1, 2}}, blocks.Tanh(), blocks.Numeric()),
		"without a pooling": convAutoencoder(t, ops.Pool{}, blocks.Sigmoid(), blocks.Binary()),
	} {
		a.Corruption, a.Noise = blocks.Masking(0.3), stream("corruption")
		widen(0.5, a.Params()...)
		t.Run(name, func(t *testing.T) {
			checkGradient(t, a.Params(), must[*models.Objective](t)(a.Objective(2)), a.Noise, x)
		})
	}
}

// Without corruption a denoising autoencoder is a plain one, and what it reconstructs of an
// image that its kernels make no maps of is the bias.
func TestConvAutoencoder(t *testing.T) {
	a := convAutoencoder(t, ops.SquarePool(2), blocks.Tanh(), blocks.Numeric())
	redraw(0.3, stream("c"), a.C)
	x := matrix(tensor.Float32, uniform(stream("x"), 4, 48))
	cost := func(o *models.Objective) []float64 { return compute(t, o.Inputs, []G.Value{x}, o.Cost)[0] }
	a.Noise = stream("corruption")
	plain := cost(must[*models.Objective](t)(a.Evaluation(4)))
	near(t, "without corruption", plain, cost(must[*models.Objective](t)(a.Objective(4))), 0)
	a.Corruption = blocks.Masking(0.5)
	near(t, "evaluated", plain, cost(must[*models.Objective](t)(a.Evaluation(4))), 0)
	if equal(plain, cost(must[*models.Objective](t)(a.Objective(4)))) {
		t.Error("corruption changes nothing")
	}
	blank := forward(t, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(1, 48)), a.Reconstruct)
	for i, v := range blank {
		if want := a.C.Value.Float32s()[i/24]; float32(v) != want {
			t.Fatalf("reconstruction of nothing: pixel %d is %g, want the bias %g", i, v, want)
		}
	}
	if code := forward(t, x, a.Forward); len(code) != 4*3*2*2 {
		t.Errorf("code of %d numbers, want those of 3 maps of 2×2 for each of 4 images", len(code))
	}
}

// A batch of one is computed as it is as a row of a larger batch, whatever else is in it, also
// where batches are normalised: evaluation takes the running statistics.
func TestConvBatchOfOneEqualsARow(t *testing.T) {
	const m = 9
	n := smallLeNet(t)
	for _, p := range n.Params() {
		redraw(0.3, stream(p.Name), p)
	}
	positive(n)
	rows := uniform(stream("x"), m, 90)
	all := forward(t, matrix(tensor.Float32, rows), n.Logits)
	for i := range rows {
		near(t, "convnet", all[3*i:3*i+3], forward(t, matrix(tensor.Float32, rows[i:i+1]), n.Logits), 0)
	}
}

// Convolution knows nothing of where it is: the maps of a shifted image are the shifted maps.
func TestConvShiftedImage(t *testing.T) {
	c := must[*blocks.Conv2D](t)(blocks.NewConv2D("conv", 2, 5, pair{3, 3}, ops.Conv{}, 1, blocks.Tanh(), blocks.LeCun(), stream("init")))
	redraw(0.3, stream("b"), c.B)
	const size, by = 9, 2
	image, shifted := make([]float32, 2*size*size), make([]float32, 2*size*size)
	stream("image").Uniform(image)
	at := func(x []float32, c, i, j, size int) *float32 { return &x[(c*size+i)*size+j] }
	for c := range 2 {
		for i := range size - by {
			for j := range size - by {
				*at(shifted, c, i+by, j+by, size) = *at(image, c, i, j, size)
			}
		}
	}
	maps := func(x []float32) []float64 {
		return forward(t, tensor.New(tensor.WithShape(1, 2, size, size), tensor.WithBacking(x)), c.Forward)
	}
	a, b := maps(image), maps(shifted)
	for f := range 5 {
		for i := range size - 2 - by {
			for j := range size - 2 - by {
				want, got := a[(f*7+i)*7+j], b[(f*7+i+by)*7+j+by]
				if want != got {
					t.Fatalf("map %d, pixel (%d,%d): %g, shifted %g", f, i, j, want, got)
				}
			}
		}
	}
}

// The two LeNets have as many parameters as their layers say.
func TestLeNets(t *testing.T) {
	count := func(convs []models.ConvSpec, dense []int) (n int) {
		net := must[*models.ConvNet](t)(models.NewConvNet("net", [3]int{1, 28, 28}, convs, dense, blocks.Tanh(), blocks.Glorot(), blocks.Gaussian(0), stream("init")))
		for _, p := range net.Params() {
			n += p.Value.Shape().TotalSize()
		}
		return n
	}
	if got, want := count(models.LeNet5(10)), (25+1)*6+(6*25+1)*16+(16*25+1)*120+(120+1)*84+(84+1)*10; got != want {
		t.Errorf("LeNet-5 has %d parameters, want %d", got, want)
	}
	if got, want := count(models.TutorialLeNet(10)), (25+1)*20+(20*25+1)*50+(50*16+1)*500+(500+1)*10; got != want {
		t.Errorf("the tutorials' LeNet has %d parameters, want %d", got, want)
	}
}

func TestConvNetErrors(t *testing.T) {
	build := func(image [3]int, dense []int, convs ...models.ConvSpec) error {
		_, err := models.NewConvNet("net", image, convs, dense, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init"))
		return err
	}
	image, three := [3]int{1, 6, 6}, pair{3, 3}
	refused(t, "kernel larger than the image", build(image, []int{2}, models.ConvSpec{Maps: 2, Kernel: pair{7, 3}}), "layer 1", "7×3", "6×6")
	refused(t, "kernel larger than the maps", build(image, []int{2}, models.ConvSpec{Maps: 2, Kernel: three, Pool: ops.SquarePool(2)}, models.ConvSpec{Maps: 2, Kernel: three}), "layer 2", "3×3", "2×2")
	refused(t, "window larger than the maps", build(image, []int{2}, models.ConvSpec{Maps: 2, Kernel: three, Pool: ops.SquarePool(5)}), "layer 1", "pooling", "5×5", "4×4")
	refused(t, "no kernels", build(image, []int{2}, models.ConvSpec{Kernel: three}), "layer 1")
	refused(t, "negative stride", build(image, []int{2}, models.ConvSpec{Maps: 1, Kernel: three, Conv: ops.Conv{Stride: pair{-1, 1}}}), "layer 1", "stride")
	refused(t, "no image", build([3]int{1, 0, 6}, []int{2}, models.ConvSpec{Maps: 1, Kernel: three}), "layer 1", "0×6")
	refused(t, "no outputs", build(image, nil), "outputs")
	refused(t, "padding beyond half of the window", build(image, []int{2}, models.ConvSpec{Maps: 1, Kernel: three, Pool: ops.Pool{Window: pair{2, 2}, Pad: pair{2, 2}}}), "padding", "half")
	n := smallLeNet(t)
	_, err := n.Objective(0)
	refused(t, "no examples", err, "at least one example")
	_, err = n.Logits(blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 2, 91))
	refused(t, "another image", err, "1×10×9", "91")
	c := must[*blocks.Conv2D](t)(blocks.NewConv2D("c", 1, 2, three, ops.Conv{}, 1, blocks.Tanh(), blocks.LeCun(), stream("init")))
	layer := &models.ConvLayer{Conv: c}
	_, err = models.NewConvAutoencoder("ae", [3]int{2, 6, 6}, layer, blocks.Binary())
	refused(t, "autoencoder of other channels", err, "ae", "2 channels")
	_, err = models.NewConvAutoencoder("ae", image, layer, blocks.Classes())
	refused(t, "autoencoder of classes", err, "classes")
	_, err = models.NewConvAutoencoder("ae", image, nil, blocks.Binary())
	refused(t, "autoencoder of nothing", err, "kernels")
	_, err = models.NewConvAutoencoder("ae", image, &models.ConvLayer{Conv: c, Pool: ops.SquarePool(2), Average: true}, blocks.Binary())
	refused(t, "autoencoder with means", err, "largest")
}
