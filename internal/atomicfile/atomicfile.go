// Package atomicfile writes files that appear whole or not at all.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// TempPrefix starts the names of files that are not complete yet.
const TempPrefix = ".partial-"

// Write writes data to path so that a reader, or the next process after a
// crash, finds the old content or the new one and nothing between: it writes a
// temporary file beside path, syncs it, renames it and syncs the directory. The
// directory must exist. On failure the temporary file is removed and the old
// content stays, unless only the last step failed: then the new content is
// there, but may not survive a loss of power. Errors name path.
func Write(path string, data []byte) error { return WriteIf(path, data, nil) }

// WriteIf is Write, and nothing is written if ready, unless it is nil, returns an
// error, which is WriteIf's too. ready is called when the directory is open: if it
// finds there the directory that it expects, that one is written to, whatever somebody
// puts in its place meanwhile.
func WriteIf(path string, data []byte, ready func() error) error {
	return WriteFunc(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}, ready)
}

// WriteFunc is WriteIf of what content writes, piece by piece, so that a large file
// need not be in memory. The error of content is that of a write.
func WriteFunc(path string, content func(w io.Writer) error, ready func() error) error {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, cause(err))
	}
	defer dir.Close()
	if ready != nil {
		if err := ready(); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	if err := write(dir, filepath.Base(path), content); err != nil {
		return fmt.Errorf("write %s: %w", path, cause(err))
	}
	return nil
}

// write writes a file of dir.
func write(dir *os.Root, name string, content func(w io.Writer) error) (err error) {
	f, temp, err := create(dir, TempPrefix+name+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			dir.Remove(temp)
		}
	}()
	if err = content(f); err != nil {
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
	if err = replace(dir, temp, name); err != nil {
		return err
	}
	return syncDir(dir)
}

// create makes a new file in dir whose name is the prefix and a number.
func create(dir *os.Root, prefix string) (f *os.File, name string, err error) {
	for range 10_000 {
		name = fmt.Sprint(prefix, rand.Uint32())
		f, err = dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, name, err
}

// replace renames a file of dir over another. Windows refuses that while a reader has
// the other one open, a look at a run in progress or a virus scanner: there it is tried
// for a second.
func replace(dir *os.Root, from, to string) error {
	err := dir.Rename(from, to)
	for tries := 0; err != nil && runtime.GOOS == "windows" && tries < 20; tries++ {
		time.Sleep(50 * time.Millisecond)
		err = dir.Rename(from, to)
	}
	return err
}

// SyncDir makes what was made, renamed or removed directly in a directory survive a loss
// of power, where the system can.
func SyncDir(path string) error {
	dir, err := os.OpenRoot(path)
	if err == nil {
		defer dir.Close()
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("sync %s: %w", path, cause(err))
	}
	return nil
}

// syncDir makes a rename in dir survive a loss of power, where the system can:
// Windows has no such call, and some file systems refuse it.
func syncDir(dir *os.Root) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

// cause is err without the temporary file's name, which tells nobody anything.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Sweep removes the temporary files that processes which died inside Write left
// directly in dir. The caller makes sure that no other process writes there.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("remove unfinished files: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), TempPrefix) || e.IsDir() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("remove unfinished files: %w", err)
		}
	}
	return nil
}
