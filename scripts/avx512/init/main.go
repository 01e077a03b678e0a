//go:build linux

// Command init is the first and only process of the emulated machine that run.sh starts: it runs the test binary
// /test/binary with its own arguments, says how that ended, and switches the machine off.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

func main() {
	// The kernel also hands on words of its command line that it does not know.
	args := os.Args[1:]
	if i := slices.Index(args, "-test.timeout=0"); i > 0 {
		args = args[i:]
	}
	test := exec.Command("/test/binary", args...)
	test.Dir = "/test"
	test.Env = []string{"HOME=/", "TMPDIR=/tmp", "CAPAS_KERNELS=avx512"}
	test.Stdout, test.Stderr = os.Stdout, os.Stdout
	status := 0
	if err := test.Run(); err != nil {
		fmt.Println("init:", err)
		status = 1
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() > 0 {
			status = exit.ExitCode()
		}
	}
	fmt.Println("init: exit status", status)
	time.Sleep(200 * time.Millisecond) // the serial line is slower than the machine
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}
