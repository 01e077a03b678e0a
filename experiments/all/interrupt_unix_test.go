//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/fakes"
	"capas/internal/lockfile"
)

// process starts the program over fakes as a process of its own, in a group of its own,
// and returns its lines on standard error.
func process(t *testing.T, names string, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), fakes.Program(names), "TMPDIR="+t.TempDir()) // which a second signal leaves full
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return cmd, bufio.NewScanner(pipe)
}

// TestInterrupt: Ctrl-C, which a terminal sends to all of the group, lets experiments
// write their checkpoints; -resume goes on with them.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o")
	args := []string{"-preset", "smoke", "-progress", "none", "-out", out}
	cmd, lines := process(t, "good,waits,zuletzt", args...)
	fakes.AwaitNotes(t, filepath.Join(out, "waits"), 1)
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	cmd.Wait()
	if code, last := cmd.ProcessState.ExitCode(), said[len(said)-1]; code != 130 || !strings.HasPrefix(last, "all: interrupted; resume with: ") || !strings.HasSuffix(last, " -out "+out+" -resume") {
		t.Errorf("status %d, standard error %q", code, said)
	}
	if got := states(card(t, fakes.Read(t, out, cardFile))); got != "good: done, waits: interrupted, zuletzt: not run" {
		t.Error(got)
	}
	if _, err := os.Stat(filepath.Join(out, "waits", "checkpoints", "network.a.safetensors")); err != nil {
		t.Errorf("the experiment did not end by itself: %v", err)
	}

	if code, _, stderr := call(t, "good,waits,zuletzt", args...); code != 1 || !strings.Contains(stderr, "waits holds an unfinished run; -resume continues it") {
		t.Errorf("without -resume: status %d, standard error %q", code, stderr)
	}
	if code, _, stderr := call(t, "good,waits,zuletzt", append(args, "-resume")...); code != 0 {
		t.Errorf("status %d, standard error %q", code, stderr)
	}
	if got := states(card(t, fakes.Read(t, out, cardFile))); got != "good: done, waits: done, zuletzt: done" {
		t.Error(got)
	}
	if fakes.Noted(filepath.Join(out, "good")) != 1 || fakes.Noted(filepath.Join(out, "waits")) != 2 {
		t.Errorf("runs of good and waits: %d, %d; want 1 and 2", fakes.Noted(filepath.Join(out, "good")), fakes.Noted(filepath.Join(out, "waits")))
	}
}

// TestSecondSignal stops at once what does not react, and leaves no process behind: the
// experiment's directory is free.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o")
	args := []string{"-preset", "smoke", "-progress", "none", "-out", out}
	cmd, lines := process(t, "deaf", args...)
	fakes.AwaitNotes(t, filepath.Join(out, "deaf"), 1)
	start := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() && !strings.Contains(lines.Text(), "once more to quit") {
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until the experiment, which has the pipe of its own, and the program are gone
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || time.Since(start) > 30*time.Second {
		t.Errorf("status %d after %v", code, time.Since(start))
	}
	// The system frees a killed process's lock when it is gone.
	for ; ; time.Sleep(10 * time.Millisecond) {
		lock, err := lockfile.Acquire(filepath.Join(out, "deaf", lockFile))
		if err == nil {
			lock.Release()
			return
		}
		if time.Since(start) > 30*time.Second {
			t.Fatal(err)
		}
	}
}
