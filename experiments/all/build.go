package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/programs"
)

// program is an experiment.
type program struct {
	name     string
	selected bool // by -only
	// build makes the program and returns the command that runs it, to which flags are
	// added.
	build func(ctx context.Context) ([]string, error)
}

// found are the programs there are, sorted by name; remove deletes what was built.
type found struct {
	programs []program
	remove   func()
}

// finder finds the programs and selects those named in only, all if that is empty.
type finder func(ctx context.Context, only []string) (found, error)

// fromSource finds the programs in the sources of the module that the working directory
// belongs to.
func fromSource(ctx context.Context, only []string) (found, error) {
	root, err := programs.ModuleRoot(ctx)
	if err != nil {
		return found{}, err
	}
	names, err := programs.Find(filepath.Join(root, "experiments"))
	if err != nil {
		return found{}, err
	}
	// lab names a program below a directory of this name by its "go run" command: the
	// reports shall not name a file that is gone.
	dir, err := os.MkdirTemp("", "go-build-all-")
	if err != nil {
		return found{}, fmt.Errorf("build experiments: %w", err)
	}
	f := found{remove: func() { os.RemoveAll(dir) }}
	for _, name := range names {
		f.programs = append(f.programs, program{name: name, build: func(ctx context.Context) ([]string, error) {
			file, err := programs.Build(ctx, root, dir, name)
			return []string{file}, err
		}})
	}
	if err := f.choose(only); err != nil {
		f.remove()
		return found{}, err
	}
	return f, nil
}

// choose selects the programs named in only, all if it is empty.
func (f *found) choose(only []string) error {
	var names []string
	for i := range f.programs {
		p := &f.programs[i]
		p.selected = len(only) == 0 || slices.Contains(only, p.name)
		names = append(names, p.name)
	}
	for _, name := range only {
		if !slices.Contains(names, name) {
			return cli.Usagef("-only: no experiment %q, want some of %s", name, strings.Join(names, ", "))
		}
	}
	if len(names) == 0 {
		return errors.New("find experiments: want programs that call lab.Main, got none")
	}
	return nil
}
