//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed in the middle of a search for the least width, or
// of the trainings after the rates were chosen, and resumed leaves the bytes of one that
// was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return tiny(out, "-rates", "0.03", "-function-depth", "1", "-checkpoint", "10ms")
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-tent-2-depth-1.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-tent-2-depth-1.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "*-overfitting.*"},
	)
}
