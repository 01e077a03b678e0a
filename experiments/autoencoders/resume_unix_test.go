//go:build unix

package main

import (
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// A run that is interrupted or killed while a layer is pretrained, in each way, or
// fine-tuned, and resumed leaves the bytes of one that was not.
func TestResumed(t *testing.T) {
	labtest.Resumed(t, func(out string) []string {
		return []string{"-preset", "smoke", "-part", "variants", "-seeds", "2", "-variants", "supervised,dae-masking,cae,rbm", "-hidden", "5", "-images", "200",
			"-pretrain-epochs", "2", "-epochs", "2", "-rates", "0.1,0.3", "-drop-input", "0.1", "-drop-hidden", "0.2", "-checkpoint", "0s", "-progress", "none", "-out", out}
	},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-supervised.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-1-dae-masking-*.b.*"},
		labtest.Break{Signal: syscall.SIGINT, At: "seed-1-rbm.b.*"}, labtest.Break{Signal: syscall.SIGKILL, At: "seed-2-cae-*.b.*"},
	)
}
