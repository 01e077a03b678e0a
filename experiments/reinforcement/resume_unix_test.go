//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while an agent learns, and resumed, leaves the bytes of
// one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string { return tiny(out, "-checkpoint", "0s") },
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-cartpole-dqn.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-catch-dqn-neither.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-cartpole-reinforce.b.*"}, labtest.Break{Signal: syscall.SIGINT, At: "seed-1-catch-reinforce-no-baseline.b.*"},
	)
}
