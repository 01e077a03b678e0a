package main

import (
	"flag"
	"os"
	"path"
	"strings"

	"capas/experiments/lab"
)

// source says which file of a run an argument stands for.
type source struct{ model, checkpoint string }

// bindModel adds -model.
func (s *source) bindModel(fs *flag.FlagSet) {
	fs.StringVar(&s.model, "model", "", "`name` of the model, if the argument is a directory of results")
}

// bind adds -model and -checkpoint.
func (s *source) bind(fs *flag.FlagSet) {
	s.bindModel(fs)
	fs.StringVar(&s.checkpoint, "checkpoint", "", "`name` of the network whose latest checkpoint it is, if the argument is a directory of results")
}

// path is the file that an argument names: itself, or a model or a checkpoint of the
// run whose directory it is. A directory with one model needs no name.
func (s *source) path(arg string) (string, error) {
	if s.model != "" && s.checkpoint != "" {
		return "", usagef("-model and -checkpoint: want one of them")
	}
	info, err := os.Stat(arg)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		if name := s.model + s.checkpoint; name != "" {
			return "", usagef("%s is a file: a name, %s, is for directories of results", arg, name)
		}
		return arg, nil
	}
	run, err := lab.Read(arg)
	if err != nil {
		return "", err
	}
	if s.checkpoint != "" {
		return s.latestOf(run)
	}
	var names []string
	for _, file := range run.Models {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "models/"), path.Ext(file))
		if name == s.model || s.model == "" && len(run.Models) == 1 {
			return run.Path(file), nil
		}
		names = append(names, name)
	}
	if s.model == "" {
		return "", usagef("run %s: want -model and a name: %s", arg, known(names))
	}
	return "", usagef("run %s has no model %q: %s", arg, s.model, known(names))
}

// latestOf is the latest checkpoint of the network.
func (s *source) latestOf(run *lab.Saved) (string, error) {
	var names []string
	for _, c := range readCheckpoints(run) {
		if c.Latest && c.Network == s.checkpoint {
			return run.Path(c.File), nil
		}
		if c.Latest {
			names = append(names, c.Network)
		}
	}
	return "", usagef("run %s has no checkpoint of a network %q: %s", run.Dir, s.checkpoint, known(names))
}

// known lists what there is to choose from.
func known(names []string) string {
	if len(names) == 0 {
		return "it has none yet"
	}
	return "it has " + clipped(strings.Join(names, ", "), 500)
}
