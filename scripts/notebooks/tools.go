package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What apt-get installs where a program of Jupyter is missing: what executes notebooks, what trusts their outputs, and the page that
// shows them.
var packages = []string{"jupyter-nbconvert", "jupyter-nbformat", "jupyter-notebook"}

// programs are what these are needed for.
var programs = []string{"jupyter-nbconvert", "jupyter-trust", "jupyter-notebook"}

// tools are the environment in which Jupyter finds the Go kernel.
type tools struct{ env []string }

// install makes sure of Jupyter, builds GoNB and goimports in the versions that the notebooks' go.mod names, and describes the
// kernel to Jupyter, all in the user's cache directory: other installations of Jupyter and of GoNB are left alone.
func install(ctx context.Context, dir string, log io.Writer) (*tools, error) {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if err := installJupyter(ctx, p, log); err != nil {
			return nil, err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	home := filepath.Join(cache, "capas", "notebooks")
	bin, kernel := filepath.Join(home, "bin"), filepath.Join(home, "kernels", "gonb")
	if err := os.MkdirAll(kernel, 0o777); err != nil {
		return nil, err
	}
	// Nothing is built again that is there.
	build := exec.CommandContext(ctx, "go", "install", "github.com/janpfeifer/gonb", "golang.org/x/tools/cmd/goimports")
	build.Dir, build.Env = dir, append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	build.Stdout, build.Stderr = log, log
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build GoNB and goimports: %w", err)
	}
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	spec, err := json.Marshal(map[string]any{
		"argv":         []string{filepath.Join(bin, "gonb"), "--kernel", "{connection_file}"},
		"display_name": "Go (gonb)", "language": "go", "interrupt_mode": "message",
	})
	if err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(kernel, "kernel.json"), spec); err != nil {
		return nil, err
	}
	jupyter := home
	if more := os.Getenv("JUPYTER_PATH"); more != "" {
		jupyter += string(os.PathListSeparator) + more
	}
	return &tools{env: append(os.Environ(), "PATH="+path, "JUPYTER_PATH="+jupyter)}, nil
}

// installJupyter installs Debian's packages, for which it must be root, or says what is missing.
func installJupyter(ctx context.Context, missing string, log io.Writer) error {
	args := append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...)
	advice := fmt.Errorf("want %s in PATH: apt-get install %s, or pip install notebook nbconvert", missing, strings.Join(packages, " "))
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return advice
	}
	for _, a := range [][]string{{"update", "-qq"}, args} {
		cmd := exec.CommandContext(ctx, "apt-get", a...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stderr = log
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%w (apt-get %s: %v)", advice, a[0], err)
		}
	}
	return nil
}

// open opens the notebooks in a browser, until it is interrupted.
func open(ctx context.Context, dir string, spanish bool, log io.Writer) error {
	t, err := install(ctx, dir, log)
	if err != nil {
		return err
	}
	all, err := sources(dir, nil)
	if err != nil {
		return err
	}
	var files []string
	for _, s := range all {
		file := english(".", s.name)
		if spanish {
			file = inSpanish(file)
		}
		files = append(files, file)
	}
	// Pictures of notebooks that are not trusted are hidden.
	trust := exec.CommandContext(ctx, "jupyter", append([]string{"trust"}, files...)...)
	trust.Dir, trust.Env, trust.Stderr = dir, t.env, log
	if err := trust.Run(); err != nil {
		return fmt.Errorf("jupyter trust: %w", err)
	}
	fmt.Fprintf(log, "Opening %s: Ctrl-C here ends it.\n", dir)
	args := []string{"notebook", files[0]}
	if os.Geteuid() == 0 {
		args = append(args, "--allow-root") // in a container, say; the server listens on the loopback and asks for a token
	}
	cmd := exec.CommandContext(ctx, "jupyter", args...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, t.env, os.Stdin, log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it then ends its kernels
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("jupyter notebook: %w", err)
	}
	return nil
}
