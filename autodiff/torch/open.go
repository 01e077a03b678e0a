//go:build libtorch && cgo

package torch

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"capas/autodiff"

	lib "github.com/sugarme/gotch/libtch"
)

// backend runs functions on a device. It may be used by any number of goroutines at a time.
type backend struct {
	name   string
	device int32
	known  map[string]translator
}

// Open returns the backend on a device, "cpu" or "cuda:0" or another number. On the processor an
// operation is divided among at most GOMAXPROCS threads, in all of the process.
func Open(device string) (autodiff.Backend, error) {
	b := &backend{name: device, device: deviceCPU, known: translators()}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := setThreads(runtime.GOMAXPROCS(0)); err != nil {
		return nil, fmt.Errorf("libtorch: %w", err)
	}
	if device == "cpu" {
		return b, nil
	}
	number, ok := strings.CutPrefix(device, "cuda:")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 0 || strconv.Itoa(n) != number {
		return nil, fmt.Errorf("device %q: want cpu, or cuda:0 or another number", device)
	}
	available, count := lib.AtcCudaIsAvailable(), int(lib.AtcCudaDeviceCount())
	if err := libError(); err != nil {
		return nil, fmt.Errorf("device %s: %w", device, err)
	}
	if available && n >= count && count > 0 {
		return nil, fmt.Errorf("device %s: libtorch finds %d devices of CUDA here, from cuda:0 to cuda:%d", device, count, count-1)
	}
	if !available || n >= count {
		return nil, fmt.Errorf("device %s: libtorch finds %d devices of CUDA here, which takes a driver, a GPU and a libtorch that was built for CUDA; there is -device cpu", device, max(0, count))
	}
	b.device = int32(n)
	return b, nil
}

// String is such as "torch on cuda:0".
func (b *backend) String() string { return "torch on " + b.name }
