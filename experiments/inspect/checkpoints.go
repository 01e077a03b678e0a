package main

import (
	"errors"
	"io/fs"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/internal/tensorfile"
	"capas/pretrain"
	"capas/train"
)

// checkpoint is a checkpoint file of a network.
type checkpoint struct {
	Network string `json:"network"`
	File    string `json:"file"`
	// Problem says why the file cannot be read; what follows is empty then.
	Problem string `json:"problem,omitempty"`
	// Latest tells that the run would go on from this one of the network's.
	Latest     bool   `json:"latest"`
	Generation int    `json:"generation"`
	Stands     string `json:"stands"` // where the network stands, in words
	// Done are the stages that are complete, with their epochs; Current is the one under
	// way.
	Done    []stageEpochs `json:"done"`
	Current *stageEpochs  `json:"current,omitempty"`
}

// stageEpochs is how far a stage has come.
type stageEpochs struct {
	Stage  string `json:"stage"`
	Epochs int    `json:"epochs"` // that are complete
	Batch  int    `json:"batch,omitempty"`
	Steps  int    `json:"steps,omitempty"`
}

// networkOf is the network that a checkpoint file is of.
func networkOf(file string) string {
	network, _ := pretrain.CutGeneration(strings.TrimPrefix(file, "checkpoints/"))
	return network
}

// readCheckpoints reads checkpoints of a run, those of a network one after the other.
// Each is replaced by a later one now and then: what disappears meanwhile is left out.
func readCheckpoints(s *lab.Saved, files []string) []checkpoint {
	list := []checkpoint{}
	latest := map[string]int{} // by network, in list
	for _, file := range files {
		c := readCheckpoint(s, file)
		if c == nil {
			continue
		}
		if i, ok := latest[c.Network]; c.Problem == "" && (!ok || list[i].Generation < c.Generation) {
			if ok {
				list[i].Latest = false
			}
			c.Latest = true
			latest[c.Network] = len(list)
		}
		list = append(list, *c)
	}
	return list
}

// readCheckpoint reads one; nil if it has disappeared.
func readCheckpoint(s *lab.Saved, file string) *checkpoint {
	c := &checkpoint{Network: networkOf(file), File: file, Done: []stageEpochs{}}
	content, err := pretrain.ReadCheckpoint(s.Path(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		c.Problem = err.Error()
		return c
	}
	c.Generation, c.Stands = content.Generation, content.State.String()
	for _, d := range content.State.Done {
		c.Done = append(c.Done, stageEpochs{Stage: d.Stage, Epochs: len(d.History.Epochs)})
	}
	if now := content.State.Current; now != nil {
		p := now.Snapshot.Position
		c.Current = &stageEpochs{now.Stage, p.Epoch, p.Batch, p.Steps}
	}
	return c
}

// row is the checkpoint as cells of a table; nil for the one before the latest.
func (c checkpoint) row() []string {
	switch {
	case c.Problem != "":
		return []string{c.Network, c.File, c.Problem}
	case c.Latest:
		return []string{c.Network, c.File, c.Stands}
	}
	return nil
}

// tensors are all tensors of a checkpoint, named as in the file.
func tensors(c *pretrain.Checkpoint) (list []tensorfile.Tensor) {
	add := func(stage string, params []*blocks.Param) {
		for _, p := range params {
			list = append(list, tensorfile.Tensor{Name: stage + "/" + p.Name, Shape: p.Value.Shape(), Data: p.Value.Float32s()})
		}
	}
	for _, d := range c.State.Done {
		add(d.Stage, d.Params)
	}
	if now := c.State.Current; now != nil {
		add(now.Stage, now.Snapshot.Tensors)
	}
	return list
}

// course is what a checkpoint holds of a network's training besides tensors.
type course struct {
	Done     []*train.History
	Position *train.Position
}

func courseOf(c *pretrain.Checkpoint) (out course) {
	for _, d := range c.State.Done {
		out.Done = append(out.Done, d.History)
	}
	if now := c.State.Current; now != nil {
		out.Position = &now.Snapshot.Position
	}
	return out
}
