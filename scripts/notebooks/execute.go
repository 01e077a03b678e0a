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
			start := time.Now()
			wrong[i] = one(ctx, t, dir, out, s, m, same)
			times[i] = time.Since(start)
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
		fmt.Fprintf(stdout, "%s (%.0f s): %s\n", s.name, times[i].Seconds(), verdict)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d notebooks failed", failed, len(all))
	}
	return nil
}

// one executes a notebook and lists what is wrong.
func one(ctx context.Context, t *tools, dir, out string, s *source, m mode, same bool) []string {
	path := english(dir, s.name)
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, "jupyter-nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=600", "--output-dir", out, path)
	cmd.Env, cmd.Stdout, cmd.Stderr = t.env, &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return []string{fmt.Sprintf("%v: %s", err, explain(log.String()))}
	}
	now, err := readNotebook(filepath.Join(out, s.name+".ipynb"))
	if err != nil {
		return []string{err.Error()}
	}
	if wrong := now.faults(); len(wrong) > 0 {
		return wrong
	}
	if m == keep {
		if err := s.write(dir, now.outputs()); err != nil {
			return []string{err.Error()}
		}
		return nil
	}
	kept, err := readNotebook(path)
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
