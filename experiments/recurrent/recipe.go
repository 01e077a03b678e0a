package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/train"
)

// Recipe is the experiment's: a network for each of its parts.
type Recipe struct {
	// Parts that are run, of those of parts().
	Parts []string `json:"parts"`
	// Cells are compared in adding, copy and gradient; MNISTCells and TextCells in the others.
	Cells      []blocks.Cell `json:"cells"`
	MNISTCells []blocks.Cell `json:"mnist_cells"`
	TextCells  []blocks.Cell `json:"text_cells"`
	// Lengths are those of the sequences of the adding problem, and the delays of the copy memory.
	Lengths []int `json:"lengths"`
	// Rates are the learning rates that are tried for each cell and length of the two.
	Rates  []float64 `json:"rates"`
	Adding Task      `json:"adding"`
	Copy   Task      `json:"copy"`
	MNIST  Task      `json:"mnist"`
	Text   Task      `json:"text"`
	// XOR and Reber are learned by an Elman and by a Jordan network.
	XOR   Task `json:"xor"`
	Reber Task `json:"reber"`
	// GradientSteps is the length of the sequences through which gradients are followed.
	GradientSteps int `json:"gradient_steps"`
}

// Task is a network and its training.
type Task struct {
	Units int `json:"units"`
	// Sequences of training; of images 0 for all, of a text its characters. A tenth as many validate
	// and test, at least 200.
	Sequences int `json:"sequences,omitempty"`
	// Steps of a sequence; of a text those of a part through which gradients go back.
	Steps int          `json:"steps,omitempty"`
	Train train.Recipe `json:"train"`
}

// parts are those of the experiment.
func parts() []string { return []string{"adding", "copy", "gradient", "mnist", "text", "xor", "reber"} }

// presets are the recipes by name.
func presets() map[string]Recipe {
	adam := func(rate float64, epochs, batch int) train.Recipe {
		return train.Recipe{Optimizer: train.Optimizer{Kind: "adam", Rate: train.Constant(rate), Clip: 1}, Epochs: epochs, Batch: batch}
	}
	falling := func(r train.Recipe) train.Recipe {
		r.Optimizer.Rate.Linear = true
		return r
	}
	cells := []blocks.Cell{blocks.BasicCell("tanh"), blocks.LSTM(), blocks.GRU()}
	lecture := Recipe{
		Parts: parts(), Cells: cells, MNISTCells: []blocks.Cell{blocks.LSTM()}, TextCells: []blocks.Cell{blocks.LSTM()},
		Lengths: []int{20, 100}, Rates: []float64{0.01},
		Adding:        Task{Units: 32, Sequences: 5000, Train: adam(0.01, 6, 50)},
		Copy:          Task{Units: 32, Sequences: 5000, Train: adam(0.01, 10, 25)},
		MNIST:         Task{Units: 64, Train: falling(adam(0.005, 5, 100))},
		Text:          Task{Units: 128, Steps: 40, Train: falling(adam(0.005, 24, 16))},
		XOR:           Task{Units: 8, Sequences: 500, Steps: 30, Train: falling(adam(0.02, 60, 20))},
		Reber:         Task{Units: 8, Sequences: 1000, Steps: 20, Train: falling(adam(0.02, 12, 20))},
		GradientSteps: 200,
	}
	smoke := lecture
	smoke.Lengths, smoke.GradientSteps = []int{10}, 20
	smoke.Adding, smoke.Copy = Task{Units: 8, Sequences: 200, Train: adam(0.01, 2, 50)}, Task{Units: 8, Sequences: 200, Train: adam(0.01, 2, 50)}
	smoke.MNIST = Task{Units: 8, Sequences: 1000, Train: falling(adam(0.01, 1, 100))}
	smoke.Text = Task{Units: 8, Sequences: 5000, Steps: 20, Train: falling(adam(0.01, 2, 8))}
	smoke.XOR, smoke.Reber = Task{Units: 4, Sequences: 100, Steps: 12, Train: adam(0.02, 2, 20)}, Task{Units: 4, Sequences: 100, Steps: 12, Train: adam(0.02, 2, 20)}
	paper := lecture
	paper.MNISTCells, paper.TextCells = cells, cells
	paper.Lengths, paper.Rates = []int{20, 50, 100, 200, 400}, []float64{0.003, 0.01}
	paper.Adding.Sequences, paper.Copy.Sequences = 10_000, 10_000
	paper.Adding.Train, paper.Copy.Train = adam(0.01, 10, 50), adam(0.01, 10, 25)
	paper.MNIST = Task{Units: 128, Train: falling(adam(0.002, 10, 100))}
	paper.Text = Task{Units: 256, Steps: 50, Train: falling(adam(0.003, 40, 16))}
	paper.GradientSteps = 400
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	known := strings.Join(blocks.Cells(), ", ")
	lab.ListFlag(fs, &r.Parts, "parts", "comma-separated `list` of what is run: "+strings.Join(parts(), ", "), parsePart)
	lab.ListFlag(fs, &r.Cells, "cells", "comma-separated `list` of the cells compared at long sequences: "+known, blocks.ParseCell)
	lab.ListFlag(fs, &r.MNISTCells, "mnist-cells", "comma-separated `list` of the cells that read images", blocks.ParseCell)
	lab.ListFlag(fs, &r.TextCells, "text-cells", "comma-separated `list` of the cells that read text", blocks.ParseCell)
	lab.ListFlag(fs, &r.Lengths, "lengths", "comma-separated `list` of the lengths of the adding problem and of the delays of the copy memory, in steps", strconv.Atoi)
	lab.ListFlag(fs, &r.Rates, "rates", "comma-separated `list` of the learning rates tried for each cell and length", lab.ParseNumber)
	fs.IntVar(&r.GradientSteps, "gradient-steps", r.GradientSteps, "`steps` through which gradients are followed")
	for _, t := range []struct {
		name, what string
		task       *Task
	}{{"adding", "adding problem", &r.Adding}, {"copy", "copy memory", &r.Copy}, {"mnist", "images", &r.MNIST}, {"text", "text", &r.Text}, {"xor", "temporal XOR", &r.XOR}, {"reber", "Reber's grammar", &r.Reber}} {
		fs.IntVar(&t.task.Units, t.name+"-units", t.task.Units, "recurrent `units`: "+t.what)
		fs.IntVar(&t.task.Sequences, t.name+"-sequences", t.task.Sequences, "training `sequences` (characters of the text; 0: all): "+t.what)
		fs.IntVar(&t.task.Train.Epochs, t.name+"-epochs", t.task.Train.Epochs, "`epochs` of training: "+t.what)
	}
}

func parsePart(s string) (string, error) {
	if !slices.Contains(parts(), s) {
		return "", fmt.Errorf("part %q is unknown, want one of %s", s, strings.Join(parts(), ", "))
	}
	return s, nil
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	maxUnits     = 2000
	maxSequences = 200_000
	maxLength    = 2000
	maxEpochs    = 2000
	maxList      = 8
	maxNumbers   = 1 << 28        // 1 GiB
	statesKept   = 8              // of a unit and step, about: an LSTM's gates, states and inputs
	leastText    = 10 * blockSize // so that some of it validates and tests
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Parts) == 0 {
		return fmt.Errorf("want parts of %s, got none", strings.Join(parts(), ", "))
	}
	for _, p := range r.Parts {
		if _, err := parsePart(p); err != nil {
			return err
		}
	}
	if err := lab.Unique("parts", r.Parts); err != nil {
		return err
	}
	for _, l := range []struct {
		name  string
		cells []blocks.Cell
	}{{"cells", r.Cells}, {"mnist_cells", r.MNISTCells}, {"text_cells", r.TextCells}} {
		if len(l.cells) < 1 || len(l.cells) > maxList {
			return fmt.Errorf("want 1 to %d %s, got %d", maxList, l.name, len(l.cells))
		}
		if err := lab.Unique(l.name, l.cells); err != nil {
			return err
		}
	}
	if len(r.Lengths) < 1 || len(r.Lengths) > maxList || len(r.Rates) < 1 || len(r.Rates) > maxList {
		return fmt.Errorf("want 1 to %d lengths and rates, got %d and %d", maxList, len(r.Lengths), len(r.Rates))
	}
	for i, n := range r.Lengths {
		if n < 2 || n > maxLength || i > 0 && n <= r.Lengths[i-1] {
			return fmt.Errorf("want lengths of 2 to %d in rising order, got %v", maxLength, r.Lengths)
		}
	}
	for i, rate := range r.Rates {
		if !(rate > 0 && rate <= 1) || i > 0 && rate <= r.Rates[i-1] {
			return fmt.Errorf("want rates in (0,1] in rising order, got %v", r.Rates)
		}
	}
	if r.GradientSteps < 2 || r.GradientSteps > maxLength {
		return fmt.Errorf("want gradient_steps of 2 to %d, got %d", maxLength, r.GradientSteps)
	}
	longest := r.Lengths[len(r.Lengths)-1]
	for _, t := range []struct {
		name         string
		task         Task
		least, steps int // at least; steps 0 where they are not a task's own
		longest      int // sequence
		inputs       int // of a step, with what belongs to it
	}{
		{"adding", r.Adding, 10, 0, max(longest, r.GradientSteps), 2}, {"copy", r.Copy, 10, 0, copySteps(longest), copyInputs}, {"mnist", r.MNIST, 0, 0, 28, 28},
		{"text", r.Text, 0, 1, r.Text.Steps, 1}, {"xor", r.XOR, 10, 3, r.XOR.Steps, 1}, {"reber", r.Reber, 10, 8, r.Reber.Steps, len(reberSymbols) + 1},
	} {
		err := t.task.check(t.least, t.steps)
		batch, evaluated := t.task.Train.Batch, min(t.task.held(), train.EvaluationBatch)
		switch {
		case t.name == "text": // its sequences are as many as fit into a batch, and its pieces few
			evaluated = 0
		case t.task.Sequences > 0:
			batch = min(batch, t.task.Sequences)
		}
		if err == nil && t.name != "text" {
			err = bound("inputs of all sequences", t.task.Sequences, t.longest, t.inputs)
		}
		if err == nil {
			err = bound("states of a batch", max(batch, evaluated), t.longest, statesKept*t.task.Units)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if n := r.Text.Sequences; n != 0 && n < leastText {
		return fmt.Errorf("text: want sequences, its characters, of at least %d, or 0 for all, got %d", leastText, n)
	}
	return nil
}

// bound reports so many rows of steps of so many numbers that they are too many.
func bound(what string, rows, steps, each int) error {
	if n := int64(rows) * int64(steps) * int64(each); n > maxNumbers {
		return fmt.Errorf("want at most %d numbers as %s, got %d sequences · %d steps · %d", maxNumbers, what, rows, steps, each)
	}
	return nil
}

// check reports what is wrong with a task, which needs so many sequences and steps; 0 steps if others
// decide on them.
func (t Task) check(sequences, steps int) error {
	switch {
	case t.Units < 1 || t.Units > maxUnits:
		return fmt.Errorf("want 1 to %d units, got %d", maxUnits, t.Units)
	case t.Sequences < sequences || t.Sequences > maxSequences:
		return fmt.Errorf("want %d to %d sequences, got %d", sequences, maxSequences, t.Sequences)
	case steps == 0 && t.Steps != 0:
		return fmt.Errorf("want no steps, which its sequences have from elsewhere, got %d", t.Steps)
	case t.Steps < steps || t.Steps > maxLength:
		return fmt.Errorf("want %d to %d steps, got %d", steps, maxLength, t.Steps)
	case t.Train.Epochs < 1 || t.Train.Epochs > maxEpochs:
		return fmt.Errorf("want 1 to %d epochs, got %d", maxEpochs, t.Train.Epochs)
	case t.Train.Batch < 1:
		return fmt.Errorf("want batches of at least one sequence, got %d", t.Train.Batch)
	}
	return t.Train.Check()
}

// held is the number of sequences that validate, and of those that test.
func (t Task) held() int { return max(200, t.Sequences/10) }
