//go:build unix

package regularfile

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSpecialFiles would wait for ever if one of them were opened and read.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	refuses(t, pipe, "a named pipe")
	refuses(t, link, "a named pipe")
	refuses(t, "/dev/zero", "a device")

	short, err := os.MkdirTemp("", "s") // the name of a socket has at most a hundred characters
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	socket := filepath.Join(short, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	refuses(t, socket, "a socket")
}
