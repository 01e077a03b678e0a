package blocks_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// max(0, −∞) is 0, and a NaN stays one, so that a divergence shows.
func TestReLUAtInfinity(t *testing.T) {
	z := G.NewTensor(G.NewGraph(), tensor.Float32, 1, G.WithShape(4), G.WithName("z"))
	y, err := blocks.ReLU().Apply(z)
	if err != nil {
		t.Fatal(err)
	}
	inf := float32(math.Inf(1))
	if err := G.Let(z, tensor.New(tensor.WithBacking([]float32{-inf, inf, -1, float32(math.NaN())}))); err != nil {
		t.Fatal(err)
	}
	got := gradcheck.Compiled(t, G.Nodes{y})[0]
	if got[0] != 0 || got[1] != math.Inf(1) || got[2] != 0 || !math.IsNaN(got[3]) {
		t.Errorf("ReLU of −∞, ∞, −1, NaN: got %v", got)
	}
}
