package atomicfile

import (
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
