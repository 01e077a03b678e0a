package lockfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks one byte far behind the end of the open file: others could not read
// locked bytes, and they are to read whose lock it is.
func tryLock(f *os.File) error {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if err == windows.ERROR_LOCK_VIOLATION || err == windows.ERROR_IO_PENDING {
		return errLocked
	}
	return os.NewSyscallError("LockFileEx", err)
}
