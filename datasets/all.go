package datasets

import (
	"fmt"
	"slices"
)

// All returns the training and the validation examples as one set with classes, for a last training by what was chosen on
// the validation set. After [Load] it shares their memory; where either was replaced, or generated, it is a copy.
func (s *Split) All() (*Set, error) {
	t, v := s.Train, s.Validation
	if t.Targets != nil || v.Targets != nil {
		return nil, fmt.Errorf("datasets: %q and %q as one set: wanted classes, found numeric targets", t.Name, v.Name)
	}
	if t.Dim() != v.Dim() || t.Classes != v.Classes || t.Channels != v.Channels || t.Height != v.Height || t.Width != v.Width {
		return nil, fmt.Errorf("datasets: %q and %q as one set: wanted equal sizes, found %d×%d×%d with %d features and %d classes, and %d×%d×%d with %d and %d",
			t.Name, v.Name, t.Channels, t.Height, t.Width, t.Dim(), t.Classes, v.Channels, v.Height, v.Width, v.Dim(), v.Classes)
	}
	if w := s.whole; w != nil && follow(w.features, t.features, v.features) && follow(w.Labels, t.Labels, v.Labels) {
		return w, nil
	}
	x := matrix(slices.Concat(t.features, v.features), t.Len()+v.Len(), t.Dim())
	return NewColorSet(t.Name, x, slices.Concat(t.Labels, v.Labels), t.Classes, t.Channels, t.Height, t.Width)
}

// follow tells whether whole is the memory of first and then that of second. None is empty.
func follow[T any](whole, first, second []T) bool {
	return len(whole) == len(first)+len(second) && &whole[0] == &first[0] && &whole[len(first)] == &second[0]
}
