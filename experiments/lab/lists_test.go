package lab

import (
	"flag"
	"io"
	"math"
	"slices"
	"testing"
)

func TestListFlag(t *testing.T) {
	for _, c := range []struct {
		arg  string
		want []float64 // nil: refused
	}{
		{"0.1", []float64{0.1}}, {"1,2e-3,-4", []float64{1, 0.002, -4}}, {"", nil}, {"1,", nil}, {"1 ,2", nil}, {"x", nil},
	} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		got := []float64{7, 8}
		ListFlag(fs, &got, "rates", "", ParseNumber)
		err := fs.Parse([]string{"-rates", c.arg})
		if c.want == nil {
			if err == nil || !slices.Equal(got, []float64{7, 8}) {
				t.Errorf("%q: want an error and no change, got %v, %v", c.arg, got, err)
			}
		} else if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: want %v, got %v, %v", c.arg, c.want, got, err)
		}
	}
}

func TestListed(t *testing.T) {
	if got := Listed([]float64{0.01, 0.3}); got != "0.01, 0.3" {
		t.Errorf("want 0.01, 0.3, got %s", got)
	}
	if got := Listed([]int(nil)); got != "" {
		t.Errorf("want nothing, got %s", got)
	}
}

func TestUnique(t *testing.T) {
	if err := Unique("depth", []int{1, 2, 3}); err != nil {
		t.Error(err)
	}
	if err := Unique("depth", []int{1, 2, 1}); err == nil || err.Error() != "depth 1 is given twice" {
		t.Errorf("got %v", err)
	}
}

func TestRising(t *testing.T) {
	if !Rising([]int{}) || !Rising([]float64{math.NaN()}) || !Rising([]int{-1, 0, 7}) {
		t.Error("want none, one and three values that rise to rise")
	}
	for _, v := range [][]float64{{1, 1}, {1, 2, 1.5}, {1, math.NaN()}, {math.NaN(), 1}} {
		if Rising(v) {
			t.Errorf("%v rises", v)
		}
	}
}
