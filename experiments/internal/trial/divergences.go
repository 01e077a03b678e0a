package trial

import (
	"fmt"
	"strings"

	"capas/experiments/lab"
)

// Divergences are, in words, the trainings of a run that diverged: those that are reported
// without values beside the others, where one of many should not end a run of hours.
type Divergences []string

// Add notes a training, if it diverged.
func (d *Divergences) Add(name string, seed uint64, o *Outcome) {
	if o.Diverged {
		*d = append(*d, fmt.Sprintf("%s, seed %d (%v)", name, seed, o.Err))
	}
}

// Report adds the section that names them, if there are any.
func (d Divergences) Report(r *lab.Results) {
	if len(d) > 0 {
		r.Section("Trainings that diverged", "They have no values, and no claim about them holds: "+strings.Join(d, "; ")+".")
	}
}
