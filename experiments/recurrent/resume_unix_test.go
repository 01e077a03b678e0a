//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while it learns a text, whose states it carries on, long
// sequences, or strings, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-parts", "copy,text,xor", "-cells", "lstm", "-text-sequences", "5000", "-text-epochs", "3", "-copy-sequences", "200", "-copy-epochs", "3",
			"-xor-epochs", "4", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-text-lstm.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-copy-lstm-10-rate-0.01.b.*"},
		labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-xor-jordan.b.*"},
	)
}
