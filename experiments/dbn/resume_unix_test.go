//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed in any kind of stage, and resumed, leaves the bytes of
// one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return program().Tiny(out, "-images", "1000", "-greedy-epochs", "3", "-epochs", "3", "-up-down-epochs", "3", "-seeds", "2", "-checkpoint", "0s")
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-dbn.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-dbn.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-dbn.a.*"},
	)
}
