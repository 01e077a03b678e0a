//go:build unix

package lab

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPipes would wait for their writer, for ever, if they were opened.
func TestPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), configFile)
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, value := range map[string]string{"-recipe": pipe, "-out": filepath.Dir(pipe)} {
		code, _, stderr := call(t, flag, value)
		if code == 0 || !strings.Contains(stderr, pipe) || !strings.Contains(stderr, "want a regular file, got a named pipe") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, standard error %q, want one line that names the pipe", flag, code, stderr)
		}
	}
}
