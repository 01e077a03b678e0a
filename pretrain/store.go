package pretrain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"capas/blocks"
	"capas/train"
)

// Dir is a store in a directory: a file "<stage>.safetensors" for each completed
// stage, with the parameters as tensors and the history in its metadata.
type Dir struct{ Path string }

var _ Store = Dir{}

// Metadata entries that hold a stage's name, and its history as JSON.
const (
	stageKey   = "stage"
	historyKey = "history"
)

// file is the stage's file: its name with - for spaces.
func (d Dir) file(stage string) (string, error) {
	if stage == "" || strings.HasPrefix(stage, ".") || strings.ContainsAny(stage, `/\:`) {
		return "", fmt.Errorf("store stage %q: want a name that can be a file's", stage)
	}
	return filepath.Join(d.Path, strings.ReplaceAll(stage, " ", "-")+".safetensors"), nil
}

// Save writes the stage's file, whole or not at all, and makes the directory if need
// be.
func (d Dir) Save(stage string, params []*blocks.Param, h *train.History) error {
	path, err := d.file(stage)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.Path, 0o777); err != nil {
		return fmt.Errorf("store stage %s: %w", stage, err)
	}
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("store stage %s: %w", stage, err)
	}
	return train.SaveParams(path, params, map[string]string{stageKey: stage, historyKey: string(text)})
}

// Load reads the stage's file. A file that is of another stage, does not fit the
// parameters, or is damaged, is an error.
func (d Dir) Load(stage string, params []*blocks.Param) (*train.History, bool, error) {
	path, err := d.file(stage)
	if err != nil {
		return nil, false, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	metadata, err := train.LoadParams(path, params)
	if err != nil {
		return nil, false, err
	}
	if got := metadata[stageKey]; got != stage {
		return nil, false, fmt.Errorf("load %s: want stage %q, got %q", path, stage, got)
	}
	h := new(train.History)
	if err := json.Unmarshal([]byte(metadata[historyKey]), h); err != nil {
		return nil, false, fmt.Errorf("load %s: history: %w", path, err)
	}
	return h, true, nil
}
