package train

import "fmt"

// Monitors returns what the objective's monitors showed in the last step: for loops of
// one's own around a [Stepper]. A value that is NaN or infinite is an error that wraps
// [ErrDiverged].
func (s *Stepper) Monitors() (Values, error) {
	var out Values
	for i, mon := range s.monitors {
		v, err := s.plain.Scalar(i)
		if err != nil {
			return nil, err
		}
		if err := finite(mon.Name, v); err != nil {
			return nil, err
		}
		out = append(out, Value{mon.Name, v})
	}
	return out, nil
}

// Diverged returns an error that wraps [ErrDiverged] and names the first parameter that
// steps have left with an element that is NaN or infinite; nil if all are finite.
func (s *State) Diverged() error {
	if names := s.broken(); len(names) > 0 {
		return fmt.Errorf("parameter %s is NaN or infinite: %w", names[0], ErrDiverged)
	}
	return nil
}
