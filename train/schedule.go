package train

import "fmt"

// Schedule is a value that changes from epoch to epoch: a learning rate or a momentum.
// Epochs are counted from 0. In JSON it is an object of its fields.
type Schedule struct {
	// Start is the value at the beginning.
	Start float64 `json:"start"`
	// Steps replace it from certain epochs on, in rising order.
	Steps []Step `json:"steps,omitempty"`
	// Decay multiplies it once an epoch: value·Decayᵉᵖᵒᶜʰ. 0 stands for 1, no decay.
	Decay float64 `json:"decay,omitempty"`
	// Linear, if true, lets it fall in a straight line to 0 after the last epoch.
	Linear bool `json:"linear,omitempty"`
}

// Step sets a schedule's value from the given epoch on.
type Step struct {
	Epoch int     `json:"epoch"`
	Value float64 `json:"value"`
}

// Constant is the schedule of a value that does not change.
func Constant(v float64) Schedule { return Schedule{Start: v} }

// At is the value in the given epoch of a training of so many epochs.
func (s Schedule) At(epoch, epochs int) float64 {
	v := s.Start
	for _, st := range s.Steps {
		if epoch >= st.Epoch {
			v = st.Value
		}
	}
	if s.Decay != 0 {
		for range epoch {
			v *= s.Decay
		}
	}
	if s.Linear && epochs > 0 {
		v *= 1 - float64(epoch)/float64(epochs)
	}
	return v
}

// check reports values that are not of [low, high] or steps out of order.
func (s Schedule) check(what string, low, high float64) error {
	last := 0
	for i, st := range append([]Step{{0, s.Start}}, s.Steps...) {
		if !(st.Value >= low && st.Value <= high) {
			return fmt.Errorf("%s: want values in [%g,%g], got %g", what, low, high, st.Value)
		}
		if st.Epoch < last || i > 1 && st.Epoch == last {
			return fmt.Errorf("%s: want steps at rising epochs, got %d after %d", what, st.Epoch, last)
		}
		last = st.Epoch
	}
	if !(s.Decay >= 0 && s.Decay <= 1) {
		return fmt.Errorf("%s: want a decay in [0,1], got %g", what, s.Decay)
	}
	return nil
}
