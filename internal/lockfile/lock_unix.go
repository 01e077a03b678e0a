//go:build unix

package lockfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the open file. The lock belongs to what this open made: another open
// of the same file conflicts even in the same process. A child shares it between fork and
// exec, and no longer: files are closed on exec.
func tryLock(f *os.File) error {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
		case unix.EINTR:
		case unix.EWOULDBLOCK:
			return errLocked
		default:
			return os.NewSyscallError("flock", err)
		}
	}
}

// unlock frees the lock. Closing the file is not enough: a child that another goroutine
// starts at this moment holds the file too until its exec.
func unlock(f *os.File) error {
	return os.NewSyscallError("flock", unix.Flock(int(f.Fd()), unix.LOCK_UN))
}
