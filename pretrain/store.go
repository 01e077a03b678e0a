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

// historyKey is the metadata entry that holds a stage's history as JSON.
const historyKey = "history"

func (d Dir) file(stage string) string {
	return filepath.Join(d.Path, strings.ReplaceAll(stage, " ", "-")+".safetensors")
}

// Save writes the stage's file, whole or not at all, and makes the directory if need
// be.
func (d Dir) Save(stage string, params []*blocks.Param, h *train.History) error {
	if err := os.MkdirAll(d.Path, 0o777); err != nil {
		return fmt.Errorf("store stage %s: %w", stage, err)
	}
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("store stage %s: %w", stage, err)
	}
	return train.SaveParams(d.file(stage), params, map[string]string{historyKey: string(text)})
}

// Load reads the stage's file. A file that does not fit the parameters, or is damaged,
// is an error.
func (d Dir) Load(stage string, params []*blocks.Param) (*train.History, bool, error) {
	path := d.file(stage)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	metadata, err := train.LoadParams(path, params)
	if err != nil {
		return nil, false, err
	}
	h := new(train.History)
	if err := json.Unmarshal([]byte(metadata[historyKey]), h); err != nil {
		return nil, false, fmt.Errorf("load %s: history: %w", path, err)
	}
	return h, true, nil
}
