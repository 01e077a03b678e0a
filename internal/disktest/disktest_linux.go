package disktest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Small mounts an empty file system of size bytes, rounded up to whole pages, for the
// time of the test and returns its directory.
func Small(t testing.TB, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("capas-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		skipOrFail(t, "mount a tmpfs", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// Resize changes the size of the file system that Small mounted at dir.
func Resize(t testing.TB, dir string, size int) {
	t.Helper()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, fmt.Sprintf("size=%d", size)); err != nil {
		skipOrFail(t, "remount a tmpfs", err)
	}
}

// Freeze makes dir and what is below it read-only for who opens or changes files by
// their paths, until thaw is called or the test ends. Unlike ReadOnly it does not
// mind files that are open for writing: these can be written to on.
func Freeze(t testing.TB, dir string) (thaw func()) {
	t.Helper()
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		skipOrFail(t, "mount a directory", err)
	}
	thaw = sync.OnceFunc(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	t.Cleanup(thaw)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		skipOrFail(t, "remount a directory read-only", err)
	}
	return thaw
}

// ReadOnly makes the file system that Small mounted at dir read-only. No file in it
// may be open for writing.
func ReadOnly(t testing.TB, dir string) {
	t.Helper()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		skipOrFail(t, "remount a tmpfs read-only", err)
	}
}

// Fill writes a file called fill into dir until its file system has no room left, and
// returns the file's path.
func Fill(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "fill")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); errors.Is(err, unix.ENOSPC) {
			return path
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// skipOrFail skips where mounting is not allowed.
func skipOrFail(t testing.TB, what string, err error) {
	t.Helper()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENODEV) {
		t.Skipf("needs to %s, as root can: %v", what, err)
	}
	t.Fatalf("%s: %v", what, err)
}
