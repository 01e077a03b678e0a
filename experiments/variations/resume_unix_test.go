//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while it tries draws, or while it trains what was
// chosen, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-seeds", "2", "-sets", "rectangles", "-methods", "sdae,dbn", "-train", "200", "-validation", "40", "-test", "50", "-draws", "2",
			"-widths", "20", "-pretrain-epochs", "4", "-epochs", "6", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-*-short.b.*"}, labtest.Break{Signal: syscall.SIGINT, At: "seed-1-*-long.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-*-long.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-*-long.b.*"},
	)
}
