package regularfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("ten bytes."), 0o644); err != nil {
		t.Fatal(err)
	}
	f, size, err := Open(path)
	if err != nil || size != 10 {
		t.Fatalf("want 10 bytes, got %d, %v", size, err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || string(text) != "ten bytes." {
		t.Errorf("got %q, %v", text, err)
	}
	if text, err := Read(path, 10); err != nil || string(text) != "ten bytes." {
		t.Errorf("limit 10: got %q, %v", text, err)
	}
	if _, err := Read(path, 9); err == nil || !strings.Contains(err.Error(), "want a file of at most 9 bytes, got 10") {
		t.Errorf("limit 9: got error %v", err)
	}
	if _, err := Read(path+"s", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got error %v", err)
	}
}

// refuses checks that neither function opens what is at path.
func refuses(t *testing.T, path, kind string) {
	t.Helper()
	_, _, err := Open(path)
	_, readErr := Read(path, 1<<20)
	for _, err := range []error{err, readErr} {
		var p *fs.PathError
		if !errors.As(err, &p) || p.Path != path || !strings.Contains(err.Error(), "want a regular file, got "+kind) {
			t.Errorf("%s: got error %v, want one that names it and %s", path, err, kind)
		}
	}
}

func TestDirectory(t *testing.T) { refuses(t, t.TempDir(), "a directory") }
