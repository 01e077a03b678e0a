package train

// Broken is what the training loop asks after each step.
func (s *State) Broken() []string { return s.broken() }
