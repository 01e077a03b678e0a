//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/runfiles"
)

// A run that is interrupted or killed in the middle of a search for the least width, or
// of the trainings after the rates were chosen, and resumed leaves the bytes of one that
// was not.
func TestResumed(t *testing.T) {
	program := filepath.Join(t.TempDir(), "depth")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	args := func(out string) []string {
		return tiny(out, "-rates", "0.03", "-function-depth", "1", "-checkpoint", "10ms")
	}
	whole := t.TempDir()
	if out, err := exec.Command(program, args(whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := runfiles.Read(t, whole)
	for _, c := range []struct {
		signal syscall.Signal
		when   string // there is a checkpoint of this name
	}{{syscall.SIGINT, "seed-1-tent-2-depth-1.*"}, {syscall.SIGKILL, "seed-1-tent-2-depth-1.*"}, {syscall.SIGKILL, "*-overfitting.*"}} {
		out, middle := "", false
		for range 20 {
			out = t.TempDir()
			cmd := exec.Command(program, args(out)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
				if found, _ := filepath.Glob(filepath.Join(out, "checkpoints", c.when)); len(found) > 0 {
					break
				}
			}
			cmd.Process.Signal(c.signal)
			err := cmd.Wait()
			_, missing := os.Stat(filepath.Join(out, "result.json"))
			if middle = err != nil && errors.Is(missing, os.ErrNotExist); middle {
				break
			}
		}
		if !middle {
			t.Fatalf("%v: twenty runs came to their ends", c.signal)
		}
		if text, err := exec.Command(program, append(args(out), "-resume")...).CombinedOutput(); err != nil {
			t.Fatalf("%v at %s: resumed: %v: %s", c.signal, c.when, err, text)
		}
		runfiles.Equal(t, c.signal.String()+" at "+c.when, want, runfiles.Read(t, out))
	}
}
