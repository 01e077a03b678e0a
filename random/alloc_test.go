package random

import "testing"

func TestNothingAllocated(t *testing.T) {
	s := New(1)
	x, p := make([]float32, 2000), make([]float32, 2000)
	y, q := make([]float64, 2000), make([]float64, 2000)
	if n := testing.AllocsPerRun(20, func() {
		s.Uniform(x)
		s.Normal(x)
		s.Bernoulli(x, p)
		s.Mask(x, 0.5, 2)
		s.Uniform64(y)
		s.Normal64(y)
		s.Bernoulli64(y, q)
		s.Mask64(y, 0.5, 2)
		s.Uint64()
		s.Reserve(2000).Normal(x[:333], 801)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
