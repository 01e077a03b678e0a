package models_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func policyValue(t testing.TB, name string, image [3]int, convs []models.ConvSpec, units []int, moves int, f blocks.Activation) *models.PolicyValue {
	t.Helper()
	return must[*models.PolicyValue](t)(models.NewPolicyValue(name, image, convs, units, moves, f, blocks.LeCun(), stream("init")))
}

// padded is a convolutional layer whose maps are of the image's size.
func padded(maps int) models.ConvSpec {
	return models.ConvSpec{Maps: maps, Kernel: [2]int{3, 3}, Conv: ops.Conv{Pad: [2]int{1, 1}}}
}

func policyValueSpecimens(t testing.TB) map[string]any {
	return map[string]any{
		"policy-value network":                   policyValue(t, "net", [3]int{1, 1, 6}, nil, []int{5, 4}, 3, blocks.Tanh()),
		"policy-value network with convolutions": policyValue(t, "net", [3]int{2, 4, 3}, []models.ConvSpec{padded(3), padded(2)}, []int{5}, 4, blocks.ReLU()),
	}
}

// torchTensor is a tensor in a file of PyTorch's values.
type torchTensor struct {
	Shape []int
	Data  []float64
}

func (v torchTensor) dense() *tensor.Dense {
	return tensor.New(tensor.WithShape(v.Shape...), tensor.WithBacking(slices.Clone(v.Data)))
}

// Outputs, losses and gradients are PyTorch's.
func TestPolicyValueIsPyTorchs(t *testing.T) {
	var cases []struct {
		Name                  string
		Image                 [3]int
		Maps                  int
		Units                 []int
		Moves                 int
		X, T, Policy, Value   torchTensor
		ValueLoss, PolicyLoss float64
		Params, Gradients     map[string]torchTensor
	}
	data := must[[]byte](t)(os.ReadFile("testdata/torch_policyvalue.json"))
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) != 2 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		var convs []models.ConvSpec
		if c.Maps > 0 {
			convs = append(convs, padded(c.Maps))
		}
		net := policyValue(t, "net", c.Image, convs, c.Units, c.Moves, blocks.ReLU())
		for _, p := range net.Params() {
			if len(c.Params[p.Name].Data) == 0 {
				t.Fatalf("%s: PyTorch has no %s", c.Name, p.Name)
			}
			p.Value = c.Params[p.Name].dense()
		}
		x := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", c.X.Shape...)
		z, v, err := net.Heads(x)
		if err != nil {
			t.Fatal(err)
		}
		out := compute(t, G.Nodes{x}, []G.Value{c.X.dense()}, z, v)
		near(t, c.Name+": policy", c.Policy.Data, out[0], 1e-12)
		near(t, c.Name+": value", c.Value.Data, out[1], 1e-12)

		o := must[*models.Objective](t)(net.Objective(c.X.Shape[0]))
		want := map[string]float64{"loss": c.ValueLoss + c.PolicyLoss, "value loss": c.ValueLoss, "policy loss": c.PolicyLoss}
		for _, mon := range o.Monitors {
			got := compute(t, o.Inputs, []G.Value{c.X.dense(), c.T.dense()}, mon.Node)[0][0]
			if math.Abs(got-want[mon.Name]) > 1e-12 {
				t.Errorf("%s: %s: PyTorch has %g, Capas %g", c.Name, mon.Name, want[mon.Name], got)
			}
		}
		if len(o.Monitors) != len(want) {
			t.Errorf("%s: want %d monitors, got %d", c.Name, len(want), len(o.Monitors))
		}
		for i, g := range gradient(t, o, net.Params(), c.X.dense(), c.T.dense()) {
			near(t, c.Name+": gradient of "+net.Params()[i].Name, c.Gradients[net.Params()[i].Name].Data, g, 1e-12)
		}
	}
}

func TestGradientPolicyValue(t *testing.T) {
	const m = 4
	x := uniform(stream("x"), m, 12)
	targets := uniform(stream("t"), m, 4)
	for i, row := range targets {
		sum := row[0] + row[1] + row[2]
		for j := range 3 {
			row[j] /= sum
		}
		row[3] = float64(i%3 - 1)
	}
	for _, convs := range [][]models.ConvSpec{nil, {padded(2)}} {
		net := policyValue(t, "net", [3]int{2, 3, 2}, convs, []int{5, 4}, 3, blocks.Tanh())
		widen(0.5, net.Params()...)
		o := must[*models.Objective](t)(net.Objective(m))
		checkGradient(t, net.Params(), o, nil, matrix(tensor.Float64, x), matrix(tensor.Float64, targets))
	}
}

// A position is computed as it is as a row of a larger batch, and a cost is the mean of those
// of its rows.
func TestPolicyValueOfABatch(t *testing.T) {
	const m = 9
	rows, targets := uniform(stream("x"), m, 84), uniform(stream("t"), m, 8)
	for name, convs := range map[string][]models.ConvSpec{"dense": nil, "convolutional": {padded(5)}} {
		net := policyValue(t, "net", [3]int{2, 6, 7}, convs, []int{33, 19}, 7, blocks.ReLU())
		for _, p := range net.Params() {
			redraw(0.2, stream(p.Name), p)
		}
		for head := range 2 {
			f := func(x *G.Node) (*G.Node, error) {
				z, v, err := net.Heads(x)
				return []*G.Node{z, v}[head], err
			}
			all := forward(t, matrix(tensor.Float32, rows), f)
			k := len(all) / m
			for i := range rows {
				near(t, name, all[i*k:(i+1)*k], forward(t, matrix(tensor.Float32, rows[i:i+1]), f), roundoff)
			}
		}
		cost := func(from, to int) float64 {
			o := must[*models.Objective](t)(net.Evaluation(to - from))
			f := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, G.Nodes{o.Cost}, nil))
			if err := f.Run(matrix(tensor.Float32, rows[from:to]), matrix(tensor.Float32, targets[from:to])); err != nil {
				t.Fatal(err)
			}
			return must[float64](t)(f.Scalar(0))
		}
		sum := 0.0
		for i := range m {
			sum += cost(i, i+1)
		}
		if all := cost(0, m); math.Abs(all-sum/m) > 1e-5*all {
			t.Errorf("%s: the cost of %d positions is %g, the mean of theirs %g", name, m, all, sum/m)
		}
	}
}

func TestPolicyValueErrors(t *testing.T) {
	make := func(image [3]int, convs []models.ConvSpec, units []int, moves int) error {
		_, err := models.NewPolicyValue("net", image, convs, units, moves, blocks.ReLU(), blocks.He(), stream("init"))
		return err
	}
	refused(t, "no trunk", make([3]int{2, 3, 3}, nil, nil, 9), "one dense layer")
	refused(t, "no moves", make([3]int{2, 3, 3}, nil, []int{4}, 0), "a move")
	refused(t, "no units", make([3]int{2, 3, 3}, nil, []int{0}, 9), "policy-value network")
	refused(t, "a kernel beyond the board", make([3]int{2, 3, 3}, []models.ConvSpec{{Maps: 1, Kernel: [2]int{4, 4}}}, []int{4}, 9), "policy-value network")
	normal := padded(2)
	normal.Norm = true
	refused(t, "normalisation", make([3]int{2, 3, 3}, []models.ConvSpec{normal}, []int{4}, 9), "without normalisation")
	net := policyValue(t, "net", [3]int{2, 3, 3}, nil, []int{4}, 9, blocks.ReLU())
	_, err := net.Objective(0)
	refused(t, "no positions", err, "at least one position, got 0")
	_, _, err = net.Heads(blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 2, 17))
	refused(t, "another board", err, "policy-value network", "17")
	_, err = (&models.PolicyValue{}).Objective(1)
	refused(t, "an empty network", err, "want a trunk and two heads")

	batch := must[*models.ConvNet](t)(models.NewConvNet("net", [3]int{2, 3, 3}, []models.ConvSpec{normal}, []int{4, 2}, blocks.ReLU(), blocks.He(), blocks.He(), stream("init")))
	_, err = (&models.PolicyValue{Image: net.Image, Convs: batch.Convs, Trunk: batch.Dense, Policy: net.Policy, Value: net.Value}).Objective(1)
	refused(t, "a normalised layer", err, "without normalisation, got layer 1 with it")

	// A description whose heads are not those of a network is refused.
	path := t.TempDir() + "/net.safetensors"
	for says, broken := range map[string]*models.PolicyValue{
		"want 4 inputs, the units of the trunk, got 3": {Image: net.Image, Trunk: net.Trunk, Policy: policyValue(t, "other", [3]int{1, 1, 2}, nil, []int{3}, 9, blocks.ReLU()).Policy, Value: net.Value},
		"want a linear policy and one tanh unit":       {Image: net.Image, Trunk: net.Trunk, Policy: net.Policy, Value: net.Policy},
		"without normalisation":                        {Image: net.Image, Convs: batch.Convs, Trunk: batch.Dense[:1], Policy: net.Policy, Value: net.Value},
		"a parameter is missing":                       {Image: net.Image, Trunk: net.Trunk, Policy: net.Policy},
	} {
		refused(t, says, models.Save(path, broken, nil), says)
	}
}
