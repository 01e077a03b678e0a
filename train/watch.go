package train

import (
	"sync/atomic"

	"capas/internal/kernels"
)

// watch notices the parameters that a step leaves with an element that is NaN or infinite, at that step: a rule that computes
// new values of a parameter looks at each block that it has written, while it is in the first-level cache.
type watch struct {
	any    atomic.Bool
	params []*watchedParam // in the order in which they were first seen, the model's
}

// watchedParam is a parameter under watch. Any number of goroutines may compute blocks of it.
type watchedParam struct {
	name   string
	broken atomic.Bool
	any    *atomic.Bool
}

// of returns the parameter of the given name.
func (w *watch) of(name string) *watchedParam {
	for _, p := range w.params {
		if p.name == name {
			return p
		}
	}
	p := &watchedParam{name: name, any: &w.any}
	w.params = append(w.params, p)
	return p
}

// rule is r, watched. It keeps r's name although it is another function for every parameter: that the operands tell, of which
// one is the parameter's leaf and one is made of the state's learning rate.
func (p *watchedParam) rule(r rule) rule {
	f32, f64 := r.f32, r.f64
	r.f32 = func(y []float32, x [][]float32) {
		f32(y, x)
		p.see(kernels.Finite(y))
	}
	r.f64 = func(y []float64, x [][]float64) {
		f64(y, x)
		p.see(finite64(y))
	}
	return r
}

func (p *watchedParam) see(finite bool) {
	if !finite {
		p.broken.Store(true)
		p.any.Store(true)
	}
}

func finite64(x []float64) bool {
	var sum float64 // of x − x, which is 0 or NaN
	for _, v := range x {
		sum += v - v
	}
	return sum == 0
}

// broken returns the names of the parameters that steps have left with an element that is NaN or infinite, in the model's
// order; nil if there are none. It must not be called while a step runs, and looks at one flag if all is well.
func (s *State) broken() []string {
	if !s.watch.any.Load() {
		return nil
	}
	var names []string
	for _, p := range s.watch.params {
		if p.broken.Load() {
			names = append(names, p.name)
		}
	}
	return names
}
