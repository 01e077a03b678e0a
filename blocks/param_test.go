package blocks_test

import (
	"strings"
	"testing"

	"capas/blocks"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

func TestAssign(t *testing.T) {
	dst := []*blocks.Param{blocks.NewParam("W", 2, 2), blocks.NewParam("b", 2)}
	src := []*blocks.Param{blocks.NewParam("b", 2), blocks.NewParam("W", 2, 2)}
	copy(src[0].Value.Float32s(), []float32{1, 2})
	copy(src[1].Value.Float32s(), []float32{3, 4, 5, 6})
	if err := blocks.Assign(dst, src); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]float32{{3, 4, 5, 6}, {1, 2}}, [][]float32{dst[0].Value.Float32s(), dst[1].Value.Float32s()}); d != "" {
		t.Error(d)
	}
	double := &blocks.Param{Name: "b", Value: tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(2))}
	for want, src := range map[string][]*blocks.Param{
		"want 2 tensors, got 1": src[:1],
		"has no tensor b":       {blocks.NewParam("c", 2), src[1]},
		"b: want float32 of shape (2), got float32 of shape": {blocks.NewParam("b", 3), src[1]},
		"b: want float32 of shape (2), got float64 of":       {double, src[1]},
	} {
		src[len(src)-1].Value.Float32s()[0] = 9
		if err := blocks.Assign(dst, src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if dst[0].Value.Float32s()[0] != 3 {
		t.Error("changed although not all match")
	}
	if err := blocks.Assign([]*blocks.Param{double}, []*blocks.Param{double.Clone("b")}); err != nil {
		t.Error(err)
	}
}
