//go:build unix

package labtest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/runfiles"
)

// Binary builds the program in the test's directory and returns its path.
func Binary(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "experiment")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return program
}

// Process is an experiment as a process of its own. The test's end kills it.
type Process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan struct{} // closed at its end
}

// Start starts the program, with variables of the environment before its arguments:
// "CAPAS_KERNELS=portable".
func Start(t *testing.T, program string, args ...string) *Process {
	t.Helper()
	var env []string
	for len(args) > 0 && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	p := &Process{t: t, cmd: exec.Command(program, args...), done: make(chan struct{})}
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

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Until waits for the moment, or for the process's end.
func (p *Process) Until(moment func() bool) {
	for !p.EndsWithin(time.Millisecond) && !moment() {
	}
}

// UntilCheckpoint waits until there is a checkpoint in out whose file name matches the
// pattern of filepath.Match, or for the process's end. A name with ".b." is that of a
// network's second checkpoint: the network is in the middle of its training then.
func (p *Process) UntilCheckpoint(out, pattern string) {
	p.Until(func() bool {
		found, _ := filepath.Glob(filepath.Join(out, "checkpoints", pattern))
		return len(found) > 0
	})
}

// EndsWithin waits for the process's end, so long at most, and tells whether it came.
func (p *Process) EndsWithin(d time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(d):
		return false
	}
}

// Signal sends a signal; that the process has ended is no error.
func (p *Process) Signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// Wait waits for the end and returns the exit status, −1 if a signal killed the process,
// and standard error.
func (p *Process) Wait() (code int, stderr string) {
	<-p.done
	return p.cmd.ProcessState.ExitCode(), p.stderr.String()
}

// Fails checks that the process ends with status 1 and one line that has all of want.
func (p *Process) Fails(want ...string) (line string) {
	p.t.Helper()
	code, stderr := p.Wait()
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

// Succeeds checks that the process ends with status 0 and has left in out what another
// run did, and returns its standard error.
func (p *Process) Succeeds(out string, want map[string]string) (stderr string) {
	p.t.Helper()
	code, stderr := p.Wait()
	if code != 0 {
		p.t.Errorf("status %d: %s", code, stderr)
	}
	runfiles.Equal(p.t, "a run without a break and "+strings.Join(p.cmd.Args, " "), want, runfiles.Read(p.t, out))
	return stderr
}

// Break is an end before a run's own: the signal, and the checkpoint, as for
// UntilCheckpoint, after which it is sent.
type Break struct {
	Signal syscall.Signal
	At     string
}

// Resumed builds the program, runs it with the command line for a directory, and once
// more for each break, where it is ended and resumed: all are to leave the same bytes. A
// run that comes to its end before the signal does is done again.
func Resumed(t *testing.T, args func(out string) []string, breaks ...Break) {
	t.Helper()
	program := Binary(t)
	whole := t.TempDir()
	if code, stderr := Start(t, program, args(whole)...).Wait(); code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	want := runfiles.Read(t, whole)
	for _, b := range breaks {
		broken := ""
		for range 20 {
			out := t.TempDir()
			p := Start(t, program, args(out)...)
			p.UntilCheckpoint(out, b.At)
			p.Signal(b.Signal)
			code, stderr := p.Wait()
			_, err := os.Stat(filepath.Join(out, "result.json"))
			if code == 0 || !errors.Is(err, os.ErrNotExist) {
				continue
			}
			if code != 130 && b.Signal != syscall.SIGKILL {
				t.Fatalf("%v at %s: want status 130, got %d: %s", b.Signal, b.At, code, stderr)
			}
			broken = out
			break
		}
		if broken == "" {
			t.Fatalf("%v at %s: twenty runs came to their ends", b.Signal, b.At)
		}
		Start(t, program, append(args(broken), "-resume")...).Succeeds(broken, want)
	}
}
