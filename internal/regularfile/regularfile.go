// Package regularfile opens files that others made, and nothing but files: a named
// pipe would wait for its writer, a device may have no end.
package regularfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens the regular file at path, or that a symbolic link there leads to, for
// reading, and returns its size in bytes. Errors are *fs.PathError and name the path;
// one of them is that path is something else, which is never opened then.
func Open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	// What was looked at may have been replaced since.
	if info, err = f.Stat(); err == nil {
		err = regular(path, info)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Read returns the content of the regular file at path, which may have at most limit
// bytes. Errors are those of Open, and that of a larger file, before it is read.
func Read(path string, limit int64) ([]byte, error) {
	f, size, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, problem(path, "want a file of at most %d bytes, got %d", limit, size)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit { // it grew, or is a file of the system's whose size is said to be 0
		err = problem(path, "want a file of at most %d bytes, got more", limit)
	}
	return data, err
}

func regular(path string, info fs.FileInfo) error {
	if mode := info.Mode(); !mode.IsRegular() {
		return problem(path, "want a regular file, got %s", kind(mode))
	}
	return nil
}

// kind names what is no regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "mode " + mode.String()
}

func problem(path, format string, args ...any) error {
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf(format, args...)}
}
