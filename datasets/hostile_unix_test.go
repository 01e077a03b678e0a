//go:build unix

package datasets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A named pipe without writer, or an endless device, must not be waited for: neither in the user's directory nor in the
// cache.
func TestPipeForFile(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a named pipe": func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a device":     func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		dir := small().write(t, plainNames())
		path := filepath.Join(dir, "t10k-labels-idx1-ubyte")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(t.Context(), "mnist", Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), path+": want a regular file, got "+name) {
			t.Errorf("data directory: error %v, want one that names %s and %s", err, path, name)
		}

		c, _ := published()
		cache := t.TempDir()
		path = filepath.Join(cache, "small", c.trainImages.name)
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t.Context(), c, Options{CacheDir: cache}); err == nil || !strings.Contains(err.Error(), path+": want a regular file, got "+name) {
			t.Errorf("cache: error %v, want one that names %s and %s", err, path, name)
		}
	}
}
