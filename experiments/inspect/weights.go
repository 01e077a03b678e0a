package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"capas/experiments/lab"
	"capas/internal/tensorfile"
	"capas/pretrain"
)

// weightsPair is a network's latest checkpoint, or a model, of two runs.
type weightsPair struct {
	Name string `json:"name"` // checkpoints/NETWORK or models/NAME
	// Only is "A" or "B" if the other run has none.
	Only string `json:"only,omitempty"`
	// Equal tells that all tensors are equal to the bit, and what else the files hold.
	Equal   bool   `json:"equal"`
	Problem string `json:"problem,omitempty"` // why it cannot be compared
	// Other is what differs besides tensors.
	Other   []string     `json:"other,omitempty"`
	Tensors []tensorPair `json:"tensors,omitempty"` // those that differ
}

// compareWeights compares the checkpoints and models of two runs.
func compareWeights(a, b *lab.Saved) ([]weightsPair, error) {
	pairs, err := compareCheckpoints(a, b)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(a.Models, b.Models)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		p := weightsPair{Name: name}
		if !slices.Contains(b.Models, name) {
			p.Only = "A"
		} else if !slices.Contains(a.Models, name) {
			p.Only = "B"
		} else {
			p.compareModels(a.Path(name), b.Path(name))
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// byNetwork are the checkpoints of a run by network.
func byNetwork(s *lab.Saved) map[string][]checkpoint {
	out := map[string][]checkpoint{}
	for _, c := range readCheckpoints(s, s.Checkpoints) {
		out[c.Network] = append(out[c.Network], c)
	}
	return out
}

// compareCheckpoints compares the latest checkpoints of the networks of two runs. If any
// one is damaged it may be the latest: there is no comparison then.
func compareCheckpoints(a, b *lab.Saved) (pairs []weightsPair, err error) {
	inA, inB := byNetwork(a), byNetwork(b)
	for _, network := range union(inA, inB) {
		p := weightsPair{Name: "checkpoints/" + network}
		fileA, problemA := latest(inA[network])
		fileB, problemB := latest(inB[network])
		switch {
		case len(inB[network]) == 0:
			p.Only = "A"
		case len(inA[network]) == 0:
			p.Only = "B"
		default:
			if p.Problem = cmp.Or(problemA, problemB); p.Problem != "" {
				break
			}
			if err := p.compareStates(a.Path(fileA), b.Path(fileB)); err != nil {
				return nil, err
			}
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// compareStates compares two checkpoints.
func (p *weightsPair) compareStates(pathA, pathB string) error {
	a, err := pretrain.ReadCheckpoint(pathA)
	if err != nil {
		p.Problem = err.Error()
		return nil
	}
	b, err := pretrain.ReadCheckpoint(pathB)
	if err != nil {
		p.Problem = err.Error()
		return nil
	}
	if x, y := a.State.String(), b.State.String(); x != y {
		p.Other = append(p.Other, fmt.Sprintf("A stands at %s, B at %s", x, y))
		return nil // their tensors are expected to differ
	}
	one, err := json.Marshal(courseOf(a))
	if err != nil {
		return err
	}
	two, err := json.Marshal(courseOf(b))
	if err != nil {
		return err
	}
	if !bytes.Equal(one, two) {
		p.Other = append(p.Other, "histories, positions or random streams")
	}
	p.compareTensors(tensors(a), tensors(b))
	return nil
}

// compareModels compares two files.
func (p *weightsPair) compareModels(pathA, pathB string) {
	a, err := tensorfile.Read(pathA)
	if err != nil {
		p.Problem = err.Error()
		return
	}
	b, err := tensorfile.Read(pathB)
	if err != nil {
		p.Problem = err.Error()
		return
	}
	for _, key := range union(a.Metadata, b.Metadata) {
		x, inA := a.Metadata[key]
		y, inB := b.Metadata[key]
		if inA != inB || x != y {
			p.Other = append(p.Other, "metadata "+key)
		}
	}
	p.compareTensors(a.Tensors, b.Tensors)
}

// compareTensors compares the tensors of two files and completes the verdict.
func (p *weightsPair) compareTensors(a, b []tensorfile.Tensor) {
	byName := map[string]tensorfile.Tensor{}
	for _, t := range b {
		byName[t.Name] = t
	}
	for _, t := range a {
		other, ok := byName[t.Name]
		delete(byName, t.Name)
		if !ok {
			p.Tensors = append(p.Tensors, tensorPair{Name: t.Name, Only: "A", ShapeA: t.Shape})
		} else if d := compareTensor(t, other); d != nil {
			p.Tensors = append(p.Tensors, *d)
		}
	}
	for _, name := range sortedKeys(byName) {
		p.Tensors = append(p.Tensors, tensorPair{Name: name, Only: "B", ShapeB: byName[name].Shape})
	}
	p.Equal = len(p.Other)+len(p.Tensors) == 0
}

// rows is the pair as rows of a table.
func (p weightsPair) rows() [][]string {
	switch {
	case p.Problem != "":
		return [][]string{{p.Name, p.Problem}}
	case p.Equal:
		return [][]string{{p.Name, "equal to the bit"}}
	}
	rows := [][]string{{p.Name, "different"}}
	for _, what := range p.Other {
		rows = append(rows, []string{"", what})
	}
	for _, t := range p.Tensors {
		rows = append(rows, []string{"  " + t.Name, t.text()})
	}
	return rows
}
