package pretrain

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/train"

	"gorgonia.org/tensor"
)

// Checkpoint is the content of a checkpoint file.
type Checkpoint struct {
	// Generation counts the checkpoints of a pipeline; the higher is the later.
	Generation int
	// Identity says what run it is of: recipe, data, kernels, …
	Identity map[string]string
	State    *State
}

// checkpointKey is the metadata entry with the part of a checkpoint that is no tensor,
// as JSON.
const checkpointKey = "capas.checkpoint"

// checkpointVersion is raised when older files can no longer be read.
const checkpointVersion = 1

// document is the JSON of a checkpoint. Its tensors are called "<stage>/<tensor>".
type document struct {
	Version    int               `json:"version"`
	Generation int               `json:"generation"`
	Identity   map[string]string `json:"identity"`
	Done       []doneDocument    `json:"done"`
	Current    *currentDocument  `json:"current,omitempty"`
}

type doneDocument struct {
	Stage   string         `json:"stage"`
	History *train.History `json:"history"`
}

type currentDocument struct {
	Stage    string         `json:"stage"`
	Position train.Position `json:"position"`
}

// ReadCheckpoint reads a checkpoint file and verifies its checksum. The error of a file
// that is damaged, or is no checkpoint, names it.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	f, err := tensorfile.ReadChecked(path)
	if err != nil {
		return nil, err
	}
	c, err := decode(f)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
	}
	return c, nil
}

// encode makes the file of a checkpoint.
func encode(c *Checkpoint) (*tensorfile.File, error) {
	doc := document{Version: checkpointVersion, Generation: c.Generation, Identity: c.Identity, Done: []doneDocument{}}
	f := &tensorfile.File{}
	add := func(stage string, params []*blocks.Param) error {
		for _, p := range params {
			if p.Value.Dtype() != tensor.Float32 {
				return fmt.Errorf("%s: want float32, got %v", p.Name, p.Value.Dtype())
			}
			f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: stage + "/" + p.Name, Shape: p.Value.Shape(), Data: p.Value.Float32s()})
		}
		return nil
	}
	for _, d := range c.State.Done {
		if err := add(d.Stage, d.Params); err != nil {
			return nil, err
		}
		doc.Done = append(doc.Done, doneDocument{d.Stage, d.History})
	}
	if now := c.State.Current; now != nil {
		if err := add(now.Stage, now.Snapshot.Tensors); err != nil {
			return nil, err
		}
		doc.Current = &currentDocument{now.Stage, now.Snapshot.Position}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	f.Metadata = map[string]string{checkpointKey: string(text)}
	return f, nil
}

// decode is the inverse of encode.
func decode(f *tensorfile.File) (*Checkpoint, error) {
	text, ok := f.Metadata[checkpointKey]
	if !ok {
		return nil, fmt.Errorf("want a checkpoint, got a file without the entry %s", checkpointKey)
	}
	var doc document
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", checkpointKey, err)
	}
	if doc.Version != checkpointVersion || doc.Generation < 1 {
		return nil, fmt.Errorf("want version %d and a generation of at least 1, got %d and %d", checkpointVersion, doc.Version, doc.Generation)
	}
	byStage := map[string][]*blocks.Param{}
	for _, t := range f.Tensors {
		stage, name, ok := strings.Cut(t.Name, "/")
		if !ok {
			return nil, fmt.Errorf("tensor %q: want the name of a stage and a tensor", t.Name)
		}
		value := tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(t.Data))
		byStage[stage] = append(byStage[stage], &blocks.Param{Name: name, Value: value})
	}
	take := func(stage string) []*blocks.Param {
		params := byStage[stage]
		delete(byStage, stage)
		return params
	}
	c := &Checkpoint{Generation: doc.Generation, Identity: doc.Identity, State: &State{}}
	for _, d := range doc.Done {
		if d.History == nil {
			return nil, fmt.Errorf("stage %q: has no history", d.Stage)
		}
		c.State.Done = append(c.State.Done, Completed{d.Stage, d.History, take(d.Stage)})
	}
	if doc.Current != nil {
		c.State.Current = &Current{doc.Current.Stage, &train.Snapshot{Position: doc.Current.Position, Tensors: take(doc.Current.Stage)}}
	}
	for _, stage := range slices.Sorted(maps.Keys(byStage)) {
		return nil, fmt.Errorf("tensors of %q, which is no stage", stage)
	}
	return c, nil
}
