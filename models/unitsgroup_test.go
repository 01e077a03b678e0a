package models_test

import (
	"testing"

	"capas/models"
)

// Names of units tell their groups.
func TestUnitsGroup(t *testing.T) {
	for name, want := range map[string]int{"bernoulli": 1, "gaussian": 1, "rectified": 1, "softmax(1)": 1, "softmax(10)": 10} {
		if got := must[models.Units](t)(models.ParseUnits(name)).Group(); got != want {
			t.Errorf("%s: want groups of %d, got %d", name, want, got)
		}
	}
}
