package atomicfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"capas/internal/disktest"
)

// TestFullDisk: what does not fit is an error that names the file, and the old
// content is there.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(disktest.Small(t, 256<<10), "a.json")
	if err := Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	err := Write(path, bytes.Repeat([]byte("x"), 512<<10))
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("want no space left and %s, got %v", path, err)
	}
	holds(t, path, "old")
	if err := Write(path, []byte("new")); err != nil { // the room is free again
		t.Error(err)
	}
	holds(t, path, "new")
}

func TestReadOnlyDisk(t *testing.T) {
	dir := disktest.Small(t, 256<<10)
	path := filepath.Join(dir, "a.json")
	if err := Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	disktest.ReadOnly(t, dir)
	if err := Write(path, []byte("new")); !errors.Is(err, syscall.EROFS) || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("want read-only file system and %s, got %v", path, err)
	}
	holds(t, path, "old")
}

// TestSweep removes what Write calls its temporary files, in one directory.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	keep := []string{"a.json", ".hidden", TempPrefix + "folder/x", "sub/" + TempPrefix + "b"}
	for _, name := range append([]string{TempPrefix + "a.json-1", TempPrefix + "a.json-2"}, keep...) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range keep {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("got %v, %v; want the four that stay", entries, err)
	}
	if err := Sweep(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent directory: got %v", err)
	}
}
