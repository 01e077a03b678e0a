package blocks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"
)

func TestCellNames(t *testing.T) {
	gates := map[string]int{"lstm": 4, "gru": 3}
	for _, name := range blocks.Cells() {
		c, err := blocks.ParseCell(" " + strings.ToUpper(name))
		if err != nil || c.String() != name {
			t.Errorf("%s: got %s, %v", name, c, err)
		}
		text, err := json.Marshal(c)
		var back blocks.Cell
		if err != nil || json.Unmarshal(text, &back) != nil || back != c {
			t.Errorf("%s: JSON %s gives %s", name, text, back)
		}
		if want := max(1, gates[name]); c.Gates() != want {
			t.Errorf("%s: want %d gates, got %d", name, want, c.Gates())
		}
	}
	if (blocks.Cell{}) != blocks.BasicCell("tanh") || blocks.BasicCell("relu").String() != "rnn-relu" {
		t.Error("the zero value is not the basic cell with tanh")
	}
	if _, err := blocks.ParseCell("rnn-softmax"); err == nil {
		t.Error("rnn-softmax: want an error")
	}
}

// Each gate's weights are drawn as those of a layer of its own.
func TestRecurrentWeights(t *testing.T) {
	r, err := blocks.NewRecurrent("r", blocks.GRU(), 5, 4, 1.5, blocks.Glorot(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if r.Inputs() != 5 || r.Units() != 4 || !r.W.Value.Shape().Eq([]int{5, 12}) || !r.U.Value.Shape().Eq([]int{4, 12}) {
		t.Errorf("W %v, U %v", r.W.Value.Shape(), r.U.Value.Shape())
	}
	s := random.New(1)
	for gate := range 3 {
		w, err := blocks.Glorot().Weights("w", 5, 4, s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if got := r.W.Value.Float32s()[i*12+gate*4:][:4]; !slices.Equal(got, w.Value.Float32s()[i*4:][:4]) {
				t.Errorf("gate %d, row %d: want %v, got %v", gate, i, w.Value.Float32s()[i*4:][:4], got)
			}
		}
	}
	if b := r.B.Value.Float32s(); !slices.Equal(b, []float32{0, 0, 0, 0, 1.5, 1.5, 1.5, 1.5, 0, 0, 0, 0}) {
		t.Errorf("want the update gates' bias 1.5, got %v", b)
	}
	if _, _, err := r.Forward(nil, ops.Sequence{Steps: 1}); err == nil || !strings.Contains(err.Error(), "gru: the input is missing") {
		t.Errorf("want an error for a missing input, got %v", err)
	}
}
