//go:build unix

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// child names a file, for a process of the test binary that is interrupted: it writes there
// what became of it.
const child = "CLI_TEST_CHILD"

func TestMain(m *testing.M) {
	file := os.Getenv(child)
	if file == "" {
		os.Exit(m.Run())
	}
	ctx, stop := Interruptible(context.Background(), func(s os.Signal) { fmt.Fprintln(os.Stderr, s) }, func() {
		os.WriteFile(file, []byte("killed"), 0o666)
	})
	fmt.Println("ready")
	<-ctx.Done()
	if os.Getenv(child+"_STAYS") == "" {
		stop() // what is said then
	}
	_, err := fmt.Println("stopped")
	os.WriteFile(file, fmt.Append(nil, errors.Is(err, syscall.EPIPE)), 0o666)
	if os.Getenv(child+"_STAYS") != "" {
		fmt.Fprintln(os.Stderr, "stays")
		select {}
	}
}

// start starts such a process, whose standard output and error are one pipe, and waits until it
// is ready.
func start(t *testing.T, env ...string) (cmd *exec.Cmd, file string, pipe *os.File, lines *bufio.Reader) {
	t.Helper()
	pipe, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "end")
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), child+"="+file), env...)
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		pipe.Close()
	})
	write.Close()
	lines = bufio.NewReader(pipe)
	if line, err := lines.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd, file, pipe, lines
}

// TestBrokenPipe: a process whose output nobody reads any more, since the same Ctrl-C ended
// its reader, stops in order.
func TestBrokenPipe(t *testing.T) {
	cmd, file, pipe, _ := start(t)
	pipe.Close()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if text, missing := os.ReadFile(file); err != nil || string(text) != "true" {
		t.Errorf("%v, %q, %v", err, text, missing)
	}
}

// TestSecondSignal kills what is left and ends the process.
func TestSecondSignal(t *testing.T) {
	cmd, file, _, lines := start(t, child+"_STAYS=1")
	for i, s := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		for line := ""; i == 0 && line != "stays\n"; {
			var err error
			if line, err = lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait()
	if text, err := os.ReadFile(file); string(text) != "killed" || cmd.ProcessState.ExitCode() != Interrupted {
		t.Errorf("%q, %v, %v", text, err, cmd.ProcessState)
	}
}
