// Package lockfile keeps a directory for one process at a time: an exclusive
// advisory lock on a file in it, which the system frees when the process ends,
// however it ends.
package lockfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"capas/internal/regularfile"
)

// Lock is a lock that this process holds.
type Lock struct {
	path string
	file *os.File    // nil once released
	info os.FileInfo // of the locked file
}

// Owner is what the file of a held lock says. The file of a free lock is empty,
// or holds what an owner left that was killed.
type Owner struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
}

// maxOwner is more than an owner writes, in bytes.
const maxOwner = 1024

// ReadOwner reads who locked the file at path, without touching the lock. ok is false
// if nobody did, or cannot be read. The owner may have been killed since.
func ReadOwner(path string) (who Owner, ok bool) {
	text, err := regularfile.Read(path, maxOwner)
	ok = err == nil && json.Unmarshal(text, &who) == nil && who.PID != 0
	return who, ok
}

// ErrInUse is part of the error of Acquire if another holds the lock.
var ErrInUse = errors.New("in use")

// errLocked is what tryLock returns when another holds the lock.
var errLocked = errors.New("locked")

// Acquire locks the file at path, which it makes if need be, without waiting.
// If the file is locked already, by another process or by this one, the error
// is ErrInUse and names the process and its host. The file's directory must exist and be
// writable.
//
// The locks of processes on several hosts exclude one another as far as the file
// system they share supports that.
func Acquire(path string) (*Lock, error) {
	// Who deletes the file between our open and our lock leaves us a lock on a file
	// that nobody else can find: that takes another try.
	for range 10 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, cause(err))
		}
		l, err := lock(f, path)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, cause(err))
		}
		if l.Check() == nil {
			return l, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("lock %s: the file is replaced all the time", path)
}

// lock locks the open file and writes into it who does.
func lock(f *os.File, path string) (*Lock, error) {
	if err := tryLock(f); errors.Is(err, errLocked) {
		return nil, inUse(path)
	} else if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text, err := json.Marshal(Owner{os.Getpid(), host})
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(append(text, '\n'), 0); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &Lock{path: path, file: f, info: info}, nil
}

// inUse says who holds the lock. An owner that has only just locked the file has
// yet to write its name there.
func inUse(path string) error {
	for range 20 {
		if who, ok := ReadOwner(path); ok {
			return fmt.Errorf("%w by process %d on host %s", ErrInUse, who.PID, who.Host)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%w by another process", ErrInUse)
}

// Check returns an error unless the file at the lock's path is still the locked
// one: its directory may have been deleted or replaced, perhaps by a directory in
// which another process holds the lock. It may be called concurrently.
func (l *Lock) Check() error {
	info, err := os.Stat(l.path)
	if err == nil && os.SameFile(info, l.info) {
		return nil
	}
	dir, name := filepath.Dir(l.path), filepath.Base(l.path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: the directory, or %s in it, was deleted or replaced during the run", dir, name)
	}
	return fmt.Errorf("%s: the directory is no longer what it was when it was locked: %w", dir, cause(err))
}

// Release frees the lock; a second call does nothing. The file stays, empty: another
// process may have opened it already in order to lock it, and if it were deleted a
// third could lock a new one beside it.
func (l *Lock) Release() error {
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.file.Truncate(0), unlock(l.file), l.file.Close())
	l.file = nil
	if err != nil {
		return fmt.Errorf("unlock %s: %w", l.path, cause(err))
	}
	return nil
}

// cause is err without the path, which the caller names.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
