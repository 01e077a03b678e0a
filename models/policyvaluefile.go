package models

import (
	"fmt"

	"capas/blocks"
)

// checkHeads reports heads that are not those of a policy-value network, and heads of
// anything else.
func (d *description) checkHeads() error {
	if d.Kind != kindPolicyValue {
		if len(d.Heads) > 0 {
			return fmt.Errorf("%s: want heads for a policy-value network alone, got %d", d.Kind, len(d.Heads))
		}
		return nil
	}
	if len(d.Heads) != 2 {
		return fmt.Errorf("%s: want two heads, the policy's and the value's, got %d", d.Kind, len(d.Heads))
	}
	for i, name := range []string{"policy", "value"} {
		l, f := d.Heads[i], blocks.Linear()
		if i == 1 {
			f = blocks.Tanh()
		}
		if err := l.check(d.Kind, 2); err != nil {
			return fmt.Errorf("%s, %s: %w", d.Kind, name, err)
		}
		if n := len(d.Layers); n > 0 && l.Inputs != d.Layers[n-1].Units {
			return fmt.Errorf("%s, %s: want %d inputs, the units of the trunk, got %d", d.Kind, name, d.Layers[n-1].Units, l.Inputs)
		}
		if l.Activation != f || i == 1 && l.Units != 1 {
			return fmt.Errorf("%s, %s: want a linear policy and one tanh unit for the value, got %d %s units", d.Kind, name, l.Units, l.Activation)
		}
	}
	return nil
}
