//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed in the middle of a network's training and resumed
// leaves the bytes of one that was not: chains, biases that a stage puts together, and inputs
// that are computed from the machine among them.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-hidden", "8,10", "-images", "300", "-greedy-epochs", "2,2", "-joint-epochs", "8", "-epochs", "8", "-updates", "3",
			"-temperatures", "20", "-runs", "10", "-shown", "1,5", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-dbm.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-rbm.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-dbn.b.*"},
	)
}
