package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"capas/experiments/lab"
	"capas/internal/regularfile"
)

// file is a sweep file: what is run, over what, and how its results are read. newFile has
// what may be left out.
type file struct {
	Experiment string `json:"experiment"`
	// Preset is the experiment's.
	Preset string `json:"preset"`
	// Flags are the experiment's flags that all points have, without the dash.
	Flags map[string]scalar `json:"flags"`
	// Recipe is for hyperparameters without a flag: what a file of the experiment's -recipe
	// holds.
	Recipe json.RawMessage `json:"recipe"`
	// Factors are the flags that vary.
	Factors []factor `json:"factors"`
	// Samples is the number of draws of the factors that are ranges, from SampleSeed.
	Samples    int    `json:"samples"`
	SampleSeed uint64 `json:"sample_seed"`
	Seeds      seeds  `json:"seeds"`
	Choose     choice `json:"choose"`
	// Record are further metrics for the table.
	Record []string `json:"record"`
	// Attempts is how often a point may fail before it is given up.
	Attempts int `json:"attempts"`
	// KeepCheckpoints keeps the checkpoints of points that are done: nobody needs them any
	// more, and they are most of what a point leaves.
	KeepCheckpoints bool `json:"keep_checkpoints"`

	Local    local    `json:"local"`
	Slurm    slurm    `json:"slurm"`
	Launcher launches `json:"launcher"`
}

// factor is a flag of the experiment with the values that it takes: a list of them, or a
// range that they are drawn from.
type factor struct {
	Flag    string   `json:"flag"`
	Values  []scalar `json:"values"`
	From    *float64 `json:"from"`
	To      *float64 `json:"to"`
	Scale   string   `json:"scale"`   // linear, also if it is left out, or log
	Integer bool     `json:"integer"` // drawn values are rounded
}

// drawn tells that the factor is a range.
func (f factor) drawn() bool { return f.From != nil || f.To != nil }

// seeds are First, First+1, …
type seeds struct {
	First uint64 `json:"first"`
	Count int    `json:"count"`
}

// choice says how configurations are judged: the best one by the mean of a validation
// metric over the seeds, of which alone the test metric is read. ForEach names factors
// that are compared instead of chosen: there is a best configuration for each of their
// combinations.
type choice struct {
	Minimize string   `json:"minimize"`
	Maximize string   `json:"maximize"`
	Test     string   `json:"test"`
	ForEach  []string `json:"for_each"`
}

// metric is the one that is minimised or maximised.
func (c choice) metric() string {
	if c.Minimize != "" {
		return c.Minimize
	}
	return c.Maximize
}

// launches says which launcher starts the points.
type launches string

const (
	byLocal launches = "local"
	bySlurm launches = "slurm"
)

// local are the settings of the local launcher.
type local struct {
	// Processes is how many points run at a time; if it is left out, as many as there are
	// processors, which is what small networks are trained fastest with.
	Processes int `json:"processes"`
	// Cores is how many processors they share; all if it is left out.
	Cores int `json:"cores"`
}

// slurm are the settings of the Slurm launcher.
type slurm struct {
	// AtOnce is how many points run at a time: the throttle of the job arrays.
	AtOnce int `json:"at_once"`
	// CPUs of a point.
	CPUs int `json:"cpus"`
	// Time is the limit of a task, as sbatch --time takes it, such as "2:00:00"; the
	// partition's if it is left out. A point that reaches it goes on from its checkpoint.
	Time string `json:"time"`
	// Options are further ones of sbatch, such as "--partition=gpu" or "--mem=4G".
	Options []string `json:"options"`
	// Poll is the time between two looks at the queue.
	Poll duration `json:"poll"`
}

// duration is a time.Duration whose JSON is text such as "10s".
type duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// scalar is a value of a flag, a string, a number or a truth value in JSON, as the text
// that the flag gets: a number as it stands in the file.
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '{', '[', 'n':
		return fmt.Errorf("want a string, a number, true or false, got %s", data)
	case '"':
		return json.Unmarshal(data, (*string)(s))
	}
	*s = scalar(data)
	return nil
}

// Bounds of a sweep.
const (
	maxFile    = 1 << 20 // bytes of the file
	maxPoints  = 20_000
	maxFactors = 16
)

// newFile is a file that leaves everything out.
func newFile() *file {
	return &file{
		Preset: "lecture", SampleSeed: 1, Seeds: seeds{First: 1}, Attempts: 3,
		Launcher: byLocal, Slurm: slurm{CPUs: 1, Poll: duration(10 * time.Second)},
	}
}

// readFile reads a sweep file. Errors are one line and name the file.
func readFile(path string) (*file, []byte, error) {
	data, err := regularfile.Read(path, maxFile)
	if err != nil {
		return nil, nil, fmt.Errorf("sweep %s: %w", path, errors.Unwrap(err))
	}
	f := newFile()
	if err = lab.DecodeStrict(data, f); err == nil {
		err = f.check()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("sweep %s: %w", path, err)
	}
	return f, data, nil
}
