package main

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"capas/experiments/lab"
	"capas/internal/tensorfile"
)

// checkpoint is a checkpoint file of a run.
type checkpoint struct {
	File string `json:"file"`
	// Problem says why the file cannot be read; the rest is empty then.
	Problem string `json:"problem,omitempty"`
	Tensors int    `json:"tensors"`
	Numbers int    `json:"numbers"`
}

// readCheckpoints reads what a run's checkpoints say of themselves. Files may
// disappear meanwhile.
func readCheckpoints(s *lab.Saved) (list []checkpoint, err error) {
	for _, name := range s.Checkpoints {
		c := checkpoint{File: name}
		f, err := tensorfile.Read(s.Path(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			c.Problem = err.Error()
		default:
			c.Tensors, c.Numbers = len(f.Tensors), numbers(f)
		}
		list = append(list, c)
	}
	return list, nil
}

// row is the checkpoint as cells of a table.
func (c checkpoint) row() []string {
	if c.Problem != "" {
		return []string{c.File, c.Problem}
	}
	return []string{c.File, count(c.Tensors, "tensor") + ", " + count(c.Numbers, "number")}
}

// numbers is the number of elements of all tensors.
func numbers(f *tensorfile.File) (n int) {
	for _, t := range f.Tensors {
		n += len(t.Data)
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
