package train

import "sync/atomic"

// watch notices the parameters that a step leaves with an element that is NaN or infinite, at that step: the rules tell of
// each block that they write.
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

// spoil notes that a block of the parameter is not finite.
func (p *watchedParam) spoil() {
	p.broken.Store(true)
	p.any.Store(true)
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
