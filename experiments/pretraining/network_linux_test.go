package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
)

// traced runs a program under strace and returns its status, what it printed, and the sockets of the internet that it or a
// process it started opened.
func traced(t *testing.T, env []string, program string, args ...string) (status int, output string, sockets []string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", append([]string{"-f", "-qq", "-e", "trace=network", "-o", log, program}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	trace, err := os.ReadFile(log)
	if err != nil {
		t.Fatalf("no trace: %v: %s", err, text)
	}
	for line := range strings.Lines(string(trace)) {
		if strings.Contains(line, "socket(AF_INET") || strings.Contains(line, "sa_family=AF_INET") {
			sockets = append(sockets, strings.TrimSpace(line))
		}
	}
	return cmd.ProcessState.ExitCode(), string(text), sockets
}

// TestNoNetwork watches the system calls of the built binary: without -download it opens no socket of the internet, whether
// the data set is here or not. That it does with -download shows that a socket would be seen; it leads to a proxy which is
// not there, on this machine.
func TestNoNetwork(t *testing.T) {
	if out, err := exec.Command("strace", "-qq", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("needs strace and the right to trace a process: %v: %s", err, out)
	}
	dir, program := t.TempDir(), labtest.Binary(t)
	status, text, sockets := traced(t, nil, program, "-preset", "smoke", "-progress", "none", "-out", filepath.Join(dir, "smoke"))
	if status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	if len(sockets) > 0 {
		t.Errorf("the smoke run opened sockets: %q", sockets)
	}

	const nowhere = "http://127.0.0.1:1"
	env := []string{"XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere, "NO_PROXY=", "no_proxy="}
	absent := []string{"-preset", "smoke", "-progress", "none", "-data", "fashion-mnist", "-out", filepath.Join(dir, "absent")}
	status, text, sockets = traced(t, env, program, absent...)
	if status != 1 || !strings.Contains(text, "allow the download (-download)") || len(sockets) > 0 {
		t.Errorf("without the data set: status %d, sockets %q: %s", status, sockets, text)
	}
	status, text, sockets = traced(t, env, program, append(absent, "-download")...)
	if status != 1 || !strings.Contains(text, "connection refused") || len(sockets) == 0 {
		t.Errorf("with -download: status %d, sockets %q, want some: %s", status, sockets, text)
	}
}
