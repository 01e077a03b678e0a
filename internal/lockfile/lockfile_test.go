package lockfile

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"capas/internal/disktest"
)

// TestMain lets the test binary be another process, which holds the lock until it is
// killed.
func TestMain(m *testing.M) {
	path := os.Getenv("LOCKFILE_TEST_CHILD")
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := Acquire(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	bufio.NewReader(os.Stdin).ReadByte() // until the parent ends
}

// child starts a process that locks path, and waits until it says what came of it.
func child(t *testing.T, path string) (cmd *exec.Cmd, said string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOCKFILE_TEST_CHILD="+path)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// kill kills a child as SIGKILL does and waits for its end.
func kill(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

// acquire locks path for the test.
func acquire(t *testing.T, path string) *Lock {
	t.Helper()
	l, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Release() })
	return l
}

func TestSecondIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	l := acquire(t, path)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("lock %s: in use by process %d on host %s", path, os.Getpid(), host)
	if _, err := Acquire(path); !errors.Is(err, ErrInUse) || err.Error() != want {
		t.Errorf("same process: got %v, want %s", err, want)
	}
	if _, said := child(t, path); said != want {
		t.Errorf("another process: got %q, want %q", said, want)
	}
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
	if _, said := child(t, path); said != "locked" {
		t.Errorf("after the release: %q", said)
	}
}

func TestKilledOwnerHoldsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	cmd, said := child(t, path)
	if said != "locked" {
		t.Fatal(said)
	}
	want := fmt.Sprintf("in use by process %d on host ", cmd.Process.Pid)
	if _, err := Acquire(path); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	kill(cmd)
	if err := acquire(t, path).Check(); err != nil {
		t.Error(err)
	}
}

// TestCheck: a directory that was deleted, or replaced by one that is locked too.
func TestCheck(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ".lock")
	l := acquire(t, path)
	if err := os.RemoveAll(dir); err != nil {
		t.Skipf("this system keeps a directory that is in use: %v", err)
	}
	gone := func(when string) {
		t.Helper()
		if err := l.Check(); err == nil || !strings.Contains(err.Error(), dir+": the directory, or .lock in it, was deleted or replaced") {
			t.Errorf("%s: got %v", when, err)
		}
	}
	gone("deleted")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	gone("empty")
	if _, said := child(t, path); said != "locked" {
		t.Fatal(said)
	}
	gone("locked by another")
	if err := l.Release(); err != nil { // which does not touch the other's
		t.Error(err)
	}
	if _, err := Acquire(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("the other's lock: got %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a file in the place of the directory: got %v", err)
	}
}

// TestStrangeContent: what the file held before does not matter.
func TestStrangeContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	if err := os.WriteFile(path, []byte(strings.Repeat("{", 10000)), 0o644); err != nil {
		t.Fatal(err)
	}
	l := acquire(t, path)
	if _, err := Acquire(path); err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid(), " ")) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte("?"), 0o644); err != nil { // someone writes into the lock
		t.Fatal(err)
	}
	if _, err := Acquire(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got %v", err)
	}
	if err := l.Check(); err != nil {
		t.Error(err)
	}
}

func TestNoPlaceForTheFile(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent", ".lock")
	if _, err := Acquire(absent); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), absent) {
		t.Errorf("absent directory: got %v", err)
	}
	dir := disktest.Small(t, 64<<10)
	disktest.ReadOnly(t, dir)
	path := filepath.Join(dir, ".lock")
	if _, err := Acquire(path); !errors.Is(err, syscall.EROFS) || !strings.HasPrefix(err.Error(), "lock "+path+": ") {
		t.Errorf("read-only file system: got %v", err)
	}
}
