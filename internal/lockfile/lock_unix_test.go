//go:build unix

package lockfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestChildWithTheFile: a lock is free after its release although a child still has the
// locked file, as each child has between fork and exec.
func TestChildWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	l := acquire(t, path)
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{l.file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer kill(cmd)
	if _, err := Acquire(path); err == nil {
		t.Error("locked twice")
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	acquire(t, path)
}
