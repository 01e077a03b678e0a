//go:build !linux

package disktest

import "testing"

// Small skips the test: it mounts on Linux only.
func Small(t testing.TB, size int) string {
	t.Helper()
	t.Skip("needs to mount a tmpfs, which is done on Linux only")
	return ""
}

// ReadOnly skips the test, as Small does.
func ReadOnly(t testing.TB, dir string) { Small(t, 0) }

// Fill skips the test, as Small does.
func Fill(t testing.TB, dir string) string { return Small(t, 0) }

// Resize skips the test, as Small does.
func Resize(t testing.TB, dir string, size int) { Small(t, size) }

// Freeze skips the test, as Small does.
func Freeze(t testing.TB, dir string) (thaw func()) {
	Small(t, 0)
	return nil
}
