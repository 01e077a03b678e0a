//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while a GAN, or a discriminator ahead of one, learns and resumed
// leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-points", "512", "-ring-width", "4", "-ring-epochs", "3", "-variants", "wasserstein", "-networks", "dcgan", "-images", "640",
			"-maps", "2", "-conv-epochs", "2", "-ahead-epochs", "4", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-ring-wasserstein.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-dcgan.b.*"},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-ahead.b.*"},
	)
}
