package autodiff

// Labels names what the function's steps compute, in their order.
func (f *Function) Labels() []string {
	var out []string
	for _, s := range f.steps {
		out = append(out, s.cost.label)
	}
	return out
}

// Buffers is the number of elements of all buffers, and that of the results in them.
func (f *Function) Buffers() (allocated, results int) { return f.allocated, f.results }
