package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
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
		})
		if !errors.Is(err, end) || end != nil && err.Error() != "write "+path+": boom" {
			t.Errorf("want %v and the path, got %v", end, err)
		}
		holds(t, path, "old")
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
