package programs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ModuleRoot is the directory of the module capas, which the working directory must
// belong to. It asks the go command; errors are one line.
func ModuleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("build experiments: want the go command, which is not in PATH; an experiment's own program needs no go command")
	}
	if err != nil {
		return "", fmt.Errorf("build experiments: go list -m: %s", Failure(err))
	}
	for line := range strings.Lines(string(out)) { // a workspace has several
		if path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t"); path == "capas" && dir != "" {
			return dir, nil
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("build experiments: %w", err)
	}
	return "", fmt.Errorf("build experiments: want a working directory in the sources of capas, got %s", wd)
}

// Build makes the program of experiments/<name> of the module with the given root in dir
// and returns its file.
func Build(ctx context.Context, root, dir, name string) (file string, err error) {
	file = filepath.Join(dir, Executable(name))
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
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("go build: %s", lastLine(string(out), err))
	}
	return file, nil
}

// Executable is the file name of a program on this system.
func Executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// Failure is what a command that was run with Output said last before it failed with err.
func Failure(err error) string {
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
