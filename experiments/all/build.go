package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

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
	root, err := moduleRoot(ctx)
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
			return goBuild(ctx, root, dir, name)
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
			return usageError{fmt.Errorf("-only: no experiment %q, want some of %s", name, strings.Join(names, ", "))}
		}
	}
	if len(names) == 0 {
		return errors.New("find experiments: want programs that call lab.Main, got none")
	}
	return nil
}

// moduleRoot is the directory of the module capas.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("build experiments: want the go command, which is not in PATH; an experiment's own program needs no go command")
	}
	if err != nil {
		return "", fmt.Errorf("build experiments: go list -m: %s", failure(err))
	}
	for line := range strings.Lines(string(out)) { // a workspace has several
		if path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t"); path == "capas" && dir != "" {
			return dir, nil
		}
	}
	return "", fmt.Errorf("build experiments: want a working directory in the sources of capas, got one in %q", strings.TrimSpace(string(out)))
}

// goBuild makes an experiment's program in dir.
func goBuild(ctx context.Context, root, dir, name string) ([]string, error) {
	file := filepath.Join(dir, name)
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	build := func(flags ...string) ([]byte, error) {
		args := append([]string{"build", "-o", file}, flags...)
		cmd := exec.CommandContext(ctx, "go", append(args, "./experiments/"+name)...)
		cmd.Dir = root
		return cmd.CombinedOutput()
	}
	out, err := build()
	if err != nil && strings.Contains(string(out), "-buildvcs=false") { // a repository that git refuses to read
		out, err = build("-buildvcs=false")
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("go build: %s", lastLine(string(out), err))
	}
	return []string{file}, nil
}

// failure is what a command that was run with Output said before it failed.
func failure(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return lastLine(string(exit.Stderr), err)
	}
	return err.Error()
}

// lastLine is the last line of what a command said, or err where it said nothing.
func lastLine(text string, err error) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}
