//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while it pretrains, or while it learns labels from
// pretrained weights, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-seeds", "2", "-models", "deep-pretrained", "-labels", "20,50", "-few", "50", "-width", "5", "-images", "500",
			"-pretrain-epochs", "5", "-steps", "100", "-rates", "0.01,0.02", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-pretraining.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-pretraining.b.*"},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-deep-pretrained-50-*.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-deep-pretrained-20-*.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-deep-pretrained-50-*.b.*"},
	)
}
