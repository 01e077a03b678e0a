//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/runfiles"
)

// binary builds the experiment.
func binary(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "pretraining")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return program
}

// process is the experiment as a process of its own.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	stderr  bytes.Buffer
	started time.Time
	done    chan struct{} // closed at its end
}

// start starts the program, with variables of the environment before its arguments:
// "CAPAS_KERNELS=portable".
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	var env []string
	for len(args) > 0 && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	p := &process{t: t, cmd: exec.Command(program, args...), started: time.Now(), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

// written waits until the process has written a checkpoint in out, or has ended.
func (p *process) written(out string) {
	for {
		files, _ := filepath.Glob(filepath.Join(out, "checkpoints", "*.safetensors"))
		if slices.ContainsFunc(files, func(path string) bool {
			info, err := os.Stat(path)
			return err == nil && info.ModTime().After(p.started)
		}) {
			return
		}
		select {
		case <-p.done:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// signal sends a signal; that the process has ended is no error.
func (p *process) signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// wait waits for the end and returns the exit status, −1 if a signal killed the
// process, and standard error.
func (p *process) wait() (code int, stderr string) {
	<-p.done
	return p.cmd.ProcessState.ExitCode(), p.stderr.String()
}

// fails checks that the process ends with status 1 and one line that has all of want.
func (p *process) fails(want ...string) (line string) {
	p.t.Helper()
	code, stderr := p.wait()
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		p.t.Errorf("want status 1 and one line, got %d, %q", code, stderr)
	}
	for _, w := range want {
		if !strings.Contains(stderr, w) {
			p.t.Errorf("want %q, got %q", w, stderr)
		}
	}
	return stderr
}

// succeeds checks that the process ends with status 0 and has left in out what another
// run did, and returns its standard error.
func (p *process) succeeds(out string, want map[string]string) (stderr string) {
	p.t.Helper()
	code, stderr := p.wait()
	if code != 0 {
		p.t.Errorf("status %d: %s", code, stderr)
	}
	runfiles.Equal(p.t, "a run without a break and "+strings.Join(p.cmd.Args, " "), want, runfiles.Read(p.t, out))
	return stderr
}

// short is a run of one network, of about a second, that writes checkpoints all the
// time.
func short(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-init", "dbn", "-images", "1000", "-depth", "2", "-width", "30", "-pretrain-epochs", "3",
		"-epochs", "4", "-progress", "none", "-checkpoint", "1ms", "-out", out}, more...)
}

// shortNetwork is the path of the checkpoints of short's network, without the ending.
func shortNetwork(out string) string { return filepath.Join(out, "checkpoints", "seed-1-dbn") }

// whole is what short's run leaves.
func whole(t *testing.T, program string) map[string]string {
	t.Helper()
	out := t.TempDir()
	if code, stderr := start(t, program, short(out)...).wait(); code != 0 || stderr != "" {
		t.Fatalf("status %d: %s", code, stderr)
	}
	return runfiles.Read(t, out)
}

// halted starts a run and stops it, as with Ctrl-Z, once it has written a checkpoint.
func halted(t *testing.T, program string, args ...string) *process {
	t.Helper()
	out := args[slices.Index(args, "-out")+1]
	for range 10 {
		p := start(t, program, args...)
		p.written(out)
		p.signal(syscall.SIGSTOP)
		select {
		case <-p.done:
		case <-time.After(10 * time.Millisecond): // time to stop
			return p
		}
		if code, stderr := p.wait(); code != 0 {
			t.Fatalf("status %d: %s", code, stderr)
		}
		if err := os.RemoveAll(out); err != nil { // finished before the signal: once more
			t.Fatal(err)
		}
	}
	t.Fatal("ten runs ended before they could be stopped")
	return nil
}
