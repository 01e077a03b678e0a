//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/labtest"
	"capas/experiments/internal/runfiles"
)

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
	if code, stderr := labtest.Start(t, program, short(out)...).Wait(); code != 0 || stderr != "" {
		t.Fatalf("status %d: %s", code, stderr)
	}
	return runfiles.Read(t, out)
}

// halted starts a run and stops it, as with Ctrl-Z, once it has written a checkpoint.
func halted(t *testing.T, program string, args ...string) *labtest.Process {
	t.Helper()
	out := args[slices.Index(args, "-out")+1]
	for range 10 {
		p := labtest.Start(t, program, args...)
		p.UntilCheckpoint(out, "*.safetensors")
		p.Signal(syscall.SIGSTOP)
		if !p.EndsWithin(10 * time.Millisecond) { // time to stop
			return p
		}
		if code, stderr := p.Wait(); code != 0 {
			t.Fatalf("status %d: %s", code, stderr)
		}
		if err := os.RemoveAll(out); err != nil { // finished before the signal: once more
			t.Fatal(err)
		}
	}
	t.Fatal("ten runs ended before they could be stopped")
	return nil
}
