//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed in the middle of a training, of a function or of
// noisy points, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	tiny := program().Tiny
	labtest.Resumed(t, func(out string) []string {
		return tiny(out, "-lr", "0.01", "-epochs", "4", "-passes", "20", "-checkpoint", "0s")
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-sines-tanh-*.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-saddle-tanh-*.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-noisy-sines-*.b.*"},
	)
}
