//go:build unix

package lab

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
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

// process is the toy experiment as a process of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner // of standard error
	rest  []string       // those that were read
}

// start starts the toy experiment as a process.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), "LAB_TEST_CHILD=1")
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	pipe, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	p.lines = bufio.NewScanner(pipe)
	return p
}

// startRunning is start, and waits until the experiment runs.
func startRunning(t *testing.T, args ...string) *process {
	t.Helper()
	p := start(t, args...)
	if !p.lines.Scan() || p.lines.Text() != "running" {
		t.Fatalf("child said %q", p.lines.Text())
	}
	return p
}

// signal sends a signal and, if the process acknowledges it, waits for that.
func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Error(err)
	}
	for p.lines.Scan() { // it has received the signal when it says so
		p.rest = append(p.rest, p.lines.Text())
		if strings.Contains(p.lines.Text(), "once more to quit") {
			return
		}
	}
}

// end tells the experiment to go on to its end, waits for it and returns its status,
// -1 if a signal killed it, and what it said.
func (p *process) end() (code int, stderr string) {
	p.t.Helper()
	p.stdin.Close()
	for p.lines.Scan() {
		p.rest = append(p.rest, p.lines.Text())
	}
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("child: %v", err)
	}
	return p.cmd.ProcessState.ExitCode(), strings.Join(p.rest, "\n")
}

func TestInterruptedBySignal(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		p := startRunning(t, "-mode", "wait", "-out", filepath.Join(t.TempDir(), "o"))
		if signal.Ignored(s) { // by nohup, which the tests run under: the run goes on
			if err := p.cmd.Process.Signal(s); err != nil {
				t.Error(err)
			}
			p.signal(syscall.SIGTERM)
		} else {
			p.signal(s)
		}
		code, stderr := p.end()
		if code != 130 || signal.Ignored(s) && strings.Contains(stderr, s.String()) || !strings.Contains(stderr, "resume with: ") || !strings.HasSuffix(stderr, " -resume") {
			t.Errorf("%v: got status %d, standard error %q", s, code, stderr)
		}
	}
}

// TestSecondSignal ends a run that does not react, which then leaves nothing locked.
func TestSecondSignal(t *testing.T) {
	args := []string{"-mode", "deaf", "-out", filepath.Join(t.TempDir(), "o")}
	p := startRunning(t, args...)
	p.signal(syscall.SIGINT)
	p.signal(syscall.SIGTERM)
	if code, stderr := p.end(); code != 130 || strings.Contains(stderr, "resume with") {
		t.Errorf("got status %d, standard error %q", code, stderr)
	}
	startRunning(t, args...)
}
