//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that was interrupted or killed in the middle of its training and resumed leaves the
// bytes of one without a break.
func TestInterrupted(t *testing.T) {
	args := func(out string) []string {
		return []string{"-preset", "smoke", "-games", "connect4", "-connect4-iterations", "4", "-connect4-steps", "30", "-checkpoint", "0", "-progress", "none", "-out", out}
	}
	labtest.Resumed(t, args, labtest.Break{Signal: syscall.SIGINT, At: "seed-1-connect4.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-connect4.b.*"})
}
