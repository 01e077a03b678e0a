package ops_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Draws are rows with a single 1, whose columns come as often as their weights say, also
// where these do not sum to 1.
func TestCategorical(t *testing.T) {
	const m = 60_000
	weights := []float32{0.5, 0, 2, 1.5}
	p := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, 4))
	for i := range p.Float32s() {
		p.Float32s()[i] = weights[i%4]
	}
	x := G.NewTensor(G.NewGraph(), tensor.Float32, 2, G.WithShape(m, 4), G.WithName("p"))
	y, err := ops.Categorical(x, random.New(3))
	if err != nil {
		t.Fatal(err)
	}
	f, err := autodiff.Compile(G.Nodes{x}, G.Nodes{y}, nil)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]float64, 4)
	var first []float32
	for range 2 { // anew at each run
		if err := f.Run(p); err != nil {
			t.Fatal(err)
		}
		e, err := ops.Elements[float32](f.Output(0))
		if err != nil {
			t.Fatal(err)
		}
		same := first != nil
		for i := 0; i < len(e); i += 4 {
			ones := 0
			for j, v := range e[i : i+4] {
				if v == 1 {
					ones++
					counts[j]++
				} else if v != 0 {
					t.Fatalf("element %d is %g", i+j, v)
				}
				same = same && first[i+j] == v
			}
			if ones != 1 {
				t.Fatalf("row %d has %d ones", i/4, ones)
			}
		}
		if same {
			t.Error("two runs drew the same")
		}
		first = append([]float32(nil), e...)
	}
	for j, w := range weights {
		want := float64(w) / 4 * 2 * m
		if z := (counts[j] - want) / math.Sqrt(math.Max(want*(1-float64(w)/4), 1)); !(math.Abs(z) < 5) {
			t.Errorf("column %d: want %.0f draws, got %.0f, %.1f standard deviations off", j, want, counts[j], z)
		}
	}
	// Float32 and float64 draw the same columns.
	wide := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(m, 4))
	for i := range wide.Float64s() {
		wide.Float64s()[i] = float64(weights[i%4])
	}
	x = G.NewTensor(G.NewGraph(), tensor.Float64, 2, G.WithShape(m, 4), G.WithName("p"))
	stream := random.New(3)
	stream.Reserve(m)
	if y, err = ops.Categorical(x, stream); err != nil {
		t.Fatal(err)
	}
	if f, err = autodiff.Compile(G.Nodes{x}, G.Nodes{y}, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Run(wide); err != nil {
		t.Fatal(err)
	}
	e, err := ops.Elements[float64](f.Output(0))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range e {
		if v != float64(first[i]) {
			t.Fatalf("element %d: float32 drew %g, float64 %g", i, first[i], v)
		}
	}
}
