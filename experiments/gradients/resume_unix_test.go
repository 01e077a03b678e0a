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

// A run that is interrupted or killed in the middle of a training and resumed leaves the
// bytes of one that was not.
func TestResumed(t *testing.T) {
	program := filepath.Join(t.TempDir(), "gradients")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	args := func(out string, more ...string) []string {
		return tiny(out, append(more, "-seeds", "1", "-epochs", "5", "-networks", "tanh/xavier", "-checkpoint", "0s")...)
	}
	whole := t.TempDir()
	if out, err := exec.Command(program, args(whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := runfiles.Read(t, whole)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		out, middle := t.TempDir(), false
		for range 20 {
			out = t.TempDir()
			cmd := exec.Command(program, args(out)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
				if found, _ := filepath.Glob(filepath.Join(out, "checkpoints", "*.safetensors")); len(found) > 2 {
					break
				}
			}
			cmd.Process.Signal(s)
			err := cmd.Wait()
			_, missing := os.Stat(filepath.Join(out, "result.json"))
			if middle = err != nil && errors.Is(missing, os.ErrNotExist); middle {
				break
			}
		}
		if !middle {
			t.Fatalf("%v: twenty runs came to their ends", s)
		}
		if text, err := exec.Command(program, args(out, "-resume")...).CombinedOutput(); err != nil {
			t.Fatalf("%v: resumed: %v: %s", s, err, text)
		}
		runfiles.Equal(t, s.String(), want, runfiles.Read(t, out))
	}
}
