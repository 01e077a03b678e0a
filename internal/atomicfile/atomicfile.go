// Package atomicfile writes files that appear whole or not at all.
package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
)

// TempPrefix starts the names of files that are not complete yet.
const TempPrefix = ".partial-"

// Write writes data to path so that a reader, or the next process after a
// crash, finds the old content or the new one and nothing between: it writes a
// temporary file beside path, syncs it and renames it. The directory must
// exist. The temporary file is removed on failure.
func Write(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), TempPrefix+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
