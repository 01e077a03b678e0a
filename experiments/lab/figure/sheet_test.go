package figure

import (
	"slices"
	"testing"
)

func TestColumns(t *testing.T) {
	w := []float32{1, 2, 3, 4, 5, 6} // two rows
	for most, want := range [][][]float32{nil, {{1, 4}}, {{1, 4}, {2, 5}}, {{1, 4}, {2, 5}, {3, 6}}, {{1, 4}, {2, 5}, {3, 6}}} {
		if got := Columns(w, 3, most); !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
			t.Errorf("at most %d columns: got %v, want %v", most, got, want)
		}
	}
}
