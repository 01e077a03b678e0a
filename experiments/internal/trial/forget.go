package trial

import "capas/pretrain"

// forgetful is a store whose checkpoint of a complete pipeline has the histories alone.
// A pipeline that loads it gets its own parameters back as they are.
type forgetful struct {
	*pretrain.Files
	stages []pretrain.Stage
}

// Load is that of Files, with the stages' parameters where there are none.
func (f forgetful) Load() (*pretrain.State, error) {
	state, err := f.Files.Load()
	if err != nil || state == nil || len(state.Done) != len(f.stages) {
		return state, err
	}
	for i := range state.Done {
		if len(state.Done[i].Params) == 0 {
			state.Done[i].Params = f.stages[i].Params
		}
	}
	return state, nil
}

// Save is that of Files. The state of a complete pipeline replaces both files.
func (f forgetful) Save(state *pretrain.State) error {
	if len(state.Done) < len(f.stages) {
		return f.Files.Save(state)
	}
	brief := &pretrain.State{}
	for _, d := range state.Done {
		brief.Done = append(brief.Done, pretrain.Completed{Stage: d.Stage, History: d.History})
	}
	for range 2 {
		if err := f.Files.Save(brief); err != nil {
			return err
		}
	}
	return nil
}
