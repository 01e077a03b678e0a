package lockfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockedAt is the upper half of the place of the locked byte, far behind the file's end:
// others could not read locked bytes, and they are to read whose lock it is.
const lockedAt = 1 << 30

// tryLock locks one byte of the open file.
func tryLock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockedAt})
	if err == windows.ERROR_LOCK_VIOLATION || err == windows.ERROR_IO_PENDING {
		return errLocked
	}
	return os.NewSyscallError("LockFileEx", err)
}

// unlock frees the lock at once: when the system does that for a file that is closed is
// left open.
func unlock(f *os.File) error {
	return os.NewSyscallError("UnlockFileEx", windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{OffsetHigh: lockedAt}))
}
