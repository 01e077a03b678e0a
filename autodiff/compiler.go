package autodiff

import (
	G "gorgonia.org/gorgonia"
)

// Compiler says how functions are compiled and what is recorded of them. It is handed
// down, by value, to what trains and measures models. The zero value compiles for
// Capas's kernels and records nothing.
type Compiler struct {
	// Backend runs the functions; nil for Capas's kernels.
	Backend Backend
	// Profile, if not nil, records what the operations cost.
	Profile *Profile
}

// Under returns the compiler with name before the names of its functions, in the profile
// and in what the backend reports.
func (c Compiler) Under(name string) Compiler {
	c.Profile = c.Profile.Under(name)
	if b, ok := c.Backend.(interface{ Under(name string) Backend }); ok && name != "" {
		c.Backend = b.Under(name)
	}
	return c
}

// Compile is the package's Compile for the compiler's backend. What runs of the function
// cost is recorded under the name given.
func (c Compiler) Compile(name string, inputs, outputs G.Nodes, updates []Update) (*Function, error) {
	f, err := compile(c.Under(name).Backend, inputs, outputs, updates)
	if err != nil {
		return nil, err
	}
	f.SetProfile(c.Profile, name)
	return f, nil
}
