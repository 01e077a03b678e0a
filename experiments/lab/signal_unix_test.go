//go:build unix

package lab

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary be the experiment's binary.
func TestMain(m *testing.M) {
	if os.Getenv("LAB_TEST_CHILD") == "1" {
		os.Exit(Main(toy(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// child starts the toy experiment as a process, waits until it runs, sends it
// the signals and returns its status and the rest of its standard error.
func child(t *testing.T, mode string, signals ...os.Signal) (int, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-mode", mode, "-out", filepath.Join(t.TempDir(), "o"))
	cmd.Env = append(os.Environ(), "LAB_TEST_CHILD=1")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	if !lines.Scan() || lines.Text() != "running" {
		t.Errorf("child said %q", lines.Text())
	}
	var rest []string
	for _, s := range signals {
		if err := cmd.Process.Signal(s); err != nil {
			t.Error(err)
		}
		for lines.Scan() { // it has received the signal when it says so
			rest = append(rest, lines.Text())
			if strings.Contains(lines.Text(), "once more to quit") {
				break
			}
		}
	}
	for lines.Scan() {
		rest = append(rest, lines.Text())
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("child: %v", err)
	}
	return exit.ExitCode(), strings.Join(rest, "\n")
}

func TestInterruptedBySignal(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		code, stderr := child(t, "wait", s)
		if code != 130 || !strings.Contains(stderr, "resume with: ") || !strings.HasSuffix(stderr, " -resume") {
			t.Errorf("%v: got status %d, standard error %q", s, code, stderr)
		}
	}
	code, stderr := child(t, "deaf", syscall.SIGINT, syscall.SIGTERM)
	if code != 130 || strings.Contains(stderr, "resume with") {
		t.Errorf("second signal: got status %d, standard error %q", code, stderr)
	}
}
