//go:build unix

package lockfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the open file. The lock belongs to what this open made: another open
// of the same file conflicts even in the same process, and no child inherits it.
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
