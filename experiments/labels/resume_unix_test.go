//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while it pretrains, or while it learns labels, and
// resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-seeds", "2", "-labels", "20,50", "-width", "5", "-layers", "5,4", "-images", "500",
			"-pretrain-epochs", "4", "-steps", "60", "-rates", "0.01", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-dbn-pretraining.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-rbm-pretraining.b.*"},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-dbn-50-*.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-rbm-random-20-*.b.*"},
	)
}
