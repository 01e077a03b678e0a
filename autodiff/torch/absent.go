//go:build !libtorch || !cgo

package torch

import (
	"errors"

	"capas/autodiff"
)

// Open returns the backend on a device, "cpu" or "cuda:0" or another number. This program was built
// without it: the error says how to build it.
func Open(device string) (autodiff.Backend, error) {
	return nil, errors.New("this program was built without libtorch: scripts/libtorch sets it up and then runs a command, such as scripts/libtorch go run -tags libtorch ./experiments/pretraining -backend torch")
}
