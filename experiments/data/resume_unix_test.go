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

// A run that is interrupted or killed while it pretrains, or while it learns labels from
// pretrained weights, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	program := filepath.Join(t.TempDir(), "data")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	args := func(out string) []string {
		return []string{"-preset", "smoke", "-seeds", "2", "-models", "deep-pretrained", "-labels", "20,50", "-few", "50", "-width", "5", "-images", "500",
			"-pretrain-epochs", "5", "-steps", "100", "-rates", "0.01,0.02", "-checkpoint", "0s", "-progress", "none", "-out", out}
	}
	whole := t.TempDir()
	if out, err := exec.Command(program, args(whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := runfiles.Read(t, whole)
	for _, test := range []struct {
		signal syscall.Signal
		until  string // there is such a checkpoint
	}{
		{syscall.SIGINT, "seed-1-pretraining.b.*"}, {syscall.SIGKILL, "seed-2-pretraining.b.*"},
		{syscall.SIGINT, "seed-1-deep-pretrained-50-*.b.*"}, {syscall.SIGKILL, "seed-1-deep-pretrained-20-*.b.*"},
		{syscall.SIGKILL, "seed-2-deep-pretrained-50-*.b.*"},
	} {
		out, middle := "", false
		for range 20 {
			out = t.TempDir()
			if middle = stopped(t, exec.Command(program, args(out)...), out, test.signal, test.until); middle {
				break
			}
		}
		if !middle {
			t.Fatalf("%v at %s: twenty runs came to their ends", test.signal, test.until)
		}
		if text, err := exec.Command(program, append(args(out), "-resume")...).CombinedOutput(); err != nil {
			t.Fatalf("%v at %s: resumed: %v: %s", test.signal, test.until, err, text)
		}
		runfiles.Equal(t, test.signal.String()+" at "+test.until, want, runfiles.Read(t, out))
	}
}

// stopped runs a command until there is a checkpoint and ends it with a signal; it tells
// whether that was before the run's end.
func stopped(t *testing.T, cmd *exec.Cmd, out string, s syscall.Signal, until string) bool {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(out, "checkpoints", until)); len(found) > 0 {
			break
		}
	}
	cmd.Process.Signal(s)
	err := cmd.Wait()
	_, missing := os.Stat(filepath.Join(out, "result.json"))
	return err != nil && errors.Is(missing, os.ErrNotExist)
}
