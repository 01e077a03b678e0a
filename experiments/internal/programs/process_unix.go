//go:build unix

package programs

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from the process, which would get two signals
// then, its own and the one passed on.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks a process that ownGroup was called for to stop.
func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
