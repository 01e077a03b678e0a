package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for _, text := range []string{"old", "new"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, path, "new")
	// A directory in the place of the file: the rename fails, nothing is left.
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "b"), []byte("x")); err == nil {
		t.Error("wrote over a directory")
	}
	if err := Write(filepath.Join(path, "below"), []byte("x")); err == nil {
		t.Error("wrote below a file")
	}
	holds(t, path, "new")
}

// A content that comes in pieces is there whole, and not at all if one of them fails.
func TestWriteFunc(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	boom := errors.New("boom")
	for _, end := range []error{nil, boom} {
		err := WriteFunc(path, func(w io.Writer) error {
			for _, piece := range []string{"o", "l", "d"} {
				if _, err := io.WriteString(w, piece); err != nil {
					return err
				}
			}
			return end
		}, nil)
		if !errors.Is(err, end) || end != nil && err.Error() != "write "+path+": boom" {
			t.Errorf("want %v and the path, got %v", end, err)
		}
		holds(t, path, "old")
	}
}

// What WriteIf asks decides on the directory that is written to: one that takes its
// place afterwards stays as it is.
func TestWriteIf(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.json")
	boom := errors.New("boom")
	if err := WriteIf(path, []byte("x"), func() error { return boom }); !errors.Is(err, boom) || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("want %v and %s, got %v", boom, path, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("want an empty directory, got %v, %v", entries, err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("the rest needs to move a directory that is open")
	}
	replace := func() error {
		if err := os.Rename(dir, dir+"-away"); err != nil {
			t.Fatal(err)
		}
		return os.Mkdir(dir, 0o777)
	}
	if err := WriteIf(path, []byte("mine"), replace); err != nil {
		t.Error(err)
	}
	holds(t, filepath.Join(dir+"-away", "a.json"), "mine")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("want the new directory empty, got %v, %v", entries, err)
	}
	err := WriteIf(path, []byte("x"), func() error { return os.RemoveAll(dir) })
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("want no such directory and %s, got %v", path, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory was made anew: %v", err)
	}
}

// holds checks that the file has the content and that nothing unfinished lies beside it.
func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("want %q, got %q, %v", want, got, err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), TempPrefix) {
			t.Errorf("%s was left", e.Name())
		}
	}
}
