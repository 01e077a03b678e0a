package trial

import (
	"fmt"

	"capas/blocks"
	"capas/experiments/lab"
)

// Assign sets parameters to those that a trial's last stage ended with, which Run left in
// its checkpoint: so networks can be measured after all were trained, without being held.
func Assign[R any](run *lab.Run[R], t Trial, params []*blocks.Param) error {
	store, err := run.Checkpoints(t.File(), t.Data...)
	if err != nil {
		return err
	}
	store.Note = nil
	state, err := store.Load()
	if err != nil {
		return err
	}
	if state == nil || len(state.Done) != len(t.Stages) {
		return fmt.Errorf("%s: want the checkpoint of a complete training, got none", store.Path)
	}
	if err := blocks.Assign(params, state.Done[len(state.Done)-1].Params); err != nil {
		return fmt.Errorf("%s: %w", store.Last(), err)
	}
	return nil
}
