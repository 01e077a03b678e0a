package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/cpu"
)

// mode says what becomes of what cells show.
type mode int

const (
	keep    mode = iota // it is written into the notebooks
	compare             // it is compared with what is in them
)

// limit is the processor time that a notebook may take: in class it must show its figures within minutes.
const limit = 2 * time.Minute

// execute executes the notebooks of the sources, so many side by side.
func execute(ctx context.Context, dir string, names []string, jobs int, m mode, stdout, stderr io.Writer) error {
	all, err := sources(dir, names)
	if err != nil {
		return err
	}
	if m == keep {
		if err := write(dir, names); err != nil {
			return err
		}
	}
	t, err := install(ctx, dir, stderr)
	if err != nil {
		return err
	}
	same := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	switch {
	case same:
		t.env = append(t.env, "CAPAS_KERNELS=avx2")
	case m == keep:
		return errors.New("run: want a processor with AVX2, whose results are kept")
	default:
		fmt.Fprintln(stdout, "This processor has no AVX2: outputs are not compared.")
	}
	// What debuggers need takes as long to link as the rest, and notebooks side by side need no more than a processor each.
	t.env = append(t.env, "GOFLAGS=-ldflags=-s", "GOMAXPROCS=1")
	// What cells import is compiled once, not by each of those that begin side by side.
	build := exec.CommandContext(ctx, "go", "build", "./...", "capas/pretrain")
	build.Dir, build.Env, build.Stdout, build.Stderr = dir, t.env, stderr, stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build what notebooks import: %w", err)
	}
	out, err := os.MkdirTemp("", "notebooks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	var wait sync.WaitGroup
	slots := make(chan struct{}, jobs)
	wrong := make([][]string, len(all))
	times := make([]time.Duration, len(all))
	for i, s := range all {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			wrong[i], times[i] = one(ctx, t, dir, out, s, m, same)
		})
	}
	wait.Wait()
	failed := 0
	for i, s := range all {
		verdict := "ok"
		if len(wrong[i]) > 0 {
			failed++
			verdict = "\n\t" + strings.Join(wrong[i], "\n\t")
		}
		fmt.Fprintf(stdout, "%s (%.0f s of processor time): %s\n", s.name, times[i].Seconds(), verdict)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d notebooks failed", failed, len(all))
	}
	return nil
}

// one executes a notebook and lists what is wrong; used is the processor time that it took.
func one(ctx context.Context, t *tools, dir, out string, s *source, m mode, same bool) (wrong []string, used time.Duration) {
	path := english(dir, s.name)
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, "jupyter-nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=600", "--output-dir", out, path)
	cmd.Env, cmd.Stdout, cmd.Stderr = t.env, &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if p := cmd.ProcessState; p != nil {
		used = p.UserTime() + p.SystemTime() // with the kernel's and the cells', for which it waits
	}
	if err != nil {
		return []string{fmt.Sprintf("%v: %s", err, explain(log.String()))}, used
	}
	if used > limit {
		return []string{fmt.Sprintf("want at most %v of processor time", limit)}, used
	}
	now, err := readNotebook(filepath.Join(out, s.name+".ipynb"))
	if err != nil {
		return []string{err.Error()}, used
	}
	return judge(dir, s, now, m, same), used
}

// judge lists what is wrong with an executed notebook and, in the mode keep, keeps one with which nothing is.
func judge(dir string, s *source, now *notebook, m mode, same bool) []string {
	if wrong := now.faults(); len(wrong) > 0 {
		return wrong
	}
	if m == keep {
		if err := s.write(dir, now.outputs()); err != nil {
			return []string{err.Error()}
		}
		return nil
	}
	kept, err := readNotebook(english(dir, s.name))
	if err != nil {
		return []string{err.Error()}
	}
	if kept.code != s.code() {
		return []string{"the source's code has changed since it was executed: notebooks run"}
	}
	if !same {
		return nil
	}
	return differences(kept, now)
}

// explain is what says why an execution failed, of all that Jupyter and the kernel wrote: without tracebacks and what the kernel
// logs of its own life.
func explain(log string) string {
	var out []string
	for _, line := range strings.Split(log, "\n") {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "  ") && !kernelLog.MatchString(line) {
			out = append(out, line)
		}
	}
	return strings.Join(out[max(0, len(out)-40):], "\n\t\t")
}

// kernelLog are the kernel's informations and warnings, and its demand for gopls, without which it does.
var kernelLog = regexp.MustCompile(`^([IW]\d{4} |E\d{4} .*(Error message|\x1b\[0m ?$)|Program gopls|and provide contextual|standard Go toolkit|with:|!go install|\x60)`)
