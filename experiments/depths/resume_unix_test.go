//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed, while a stack is pretrained or while a network whose
// trajectory is followed is fine-tuned, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return tiny(out, "-epochs", "4", "-checkpoint", "0s")
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-random-depth2-width8-rate0.5.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-sdae-depth2-width8-rate1.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-sdae-width8.b.*"},
	)
}
