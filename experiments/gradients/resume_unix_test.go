//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed in the middle of a training and resumed leaves the
// bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return tiny(out, "-seeds", "1", "-epochs", "5", "-networks", "tanh/xavier", "-checkpoint", "0s")
	},
		labtest.Break{Signal: syscall.SIGINT, At: "*.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "*.b.*"},
	)
}
