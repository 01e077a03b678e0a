package main

import (
	"errors"
	"flag"
	"os"
	"path"
	"slices"
	"strings"

	"capas/experiments/internal/cli"
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
// run whose directory it is. A directory with one model needs no name. out is warned of
// a damaged checkpoint that may have been the latest.
func (s *source) path(arg string, out *output) (string, error) {
	if s.model != "" && s.checkpoint != "" {
		return "", cli.Usagef("-model and -checkpoint: want one of them")
	}
	info, err := os.Stat(arg)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		if name := s.model + s.checkpoint; name != "" {
			return "", cli.Usagef("%s is a file: a name, %s, is for directories of results", arg, name)
		}
		return arg, nil
	}
	run, err := lab.Read(arg)
	if err != nil {
		return "", err
	}
	if s.checkpoint != "" {
		return s.latestOf(run, out)
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
		return "", cli.Usagef("run %s: want -model and a name: %s", arg, known(names))
	}
	return "", cli.Usagef("run %s has no model %q: %s", arg, s.model, known(names))
}

// latestOf is the latest checkpoint of the network.
func (s *source) latestOf(run *lab.Saved, out *output) (string, error) {
	var files, names []string
	for _, file := range run.Checkpoints {
		network := networkOf(file)
		if network == s.checkpoint {
			files = append(files, file)
		}
		names = append(names, network)
	}
	file, problem := latest(readCheckpoints(run, files))
	switch {
	case problem == "" && file == "":
		return "", cli.Usagef("run %s has no checkpoint of a network %q: %s", run.Dir, s.checkpoint, known(slices.Compact(names)))
	case file == "":
		return "", errors.New(problem)
	case problem != "":
		out.warnf("%s; taking the other checkpoint, %s", problem, run.Path(file))
	}
	return run.Path(file), nil
}

// latest is the latest of a network's checkpoints that can be read, "" if there is none;
// problem says why another one cannot be, which may be later.
func latest(checkpoints []checkpoint) (file, problem string) {
	for _, c := range checkpoints {
		if c.Latest {
			file = c.File
		}
		if c.Problem != "" {
			problem = c.Problem
		}
	}
	return file, problem
}

// known lists what there is to choose from.
func known(names []string) string {
	if len(names) == 0 {
		return "it has none yet"
	}
	return "it has " + clipped(strings.Join(names, ", "), 500)
}
