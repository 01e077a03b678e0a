package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"time"
)

// result is the measurement of one workload, a line of -json.
type result struct {
	Name     string  `json:"name"`
	MedianUS float64 `json:"median_us"`
	MinUS    float64 `json:"min_us"`
	// GFLOP counts the arithmetic of the step's matrix products, 2·m·k·n each, in 10⁹.
	GFLOP float64 `json:"gflop"`
	// Allocs is the number of heap allocations a step, rounded down: now and then the
	// runtime makes one of its own.
	Allocs uint64 `json:"allocs"`
	// Kernels is the family of kernels, or "stock" where Gorgonia's machine ran, "torch" where libtorch did.
	Kernels string `json:"kernels"`
	Threads int    `json:"threads"`
}

const (
	warmUp  = 5  // steps that are not measured
	counted = 20 // steps whose allocations are counted
)

// measure times single steps for so long, at least one.
func measure(step func() error, d time.Duration) (result, error) {
	for range warmUp {
		if err := step(); err != nil {
			return result{}, err
		}
	}
	allocs, err := allocations(step, d)
	if err != nil {
		return result{}, err
	}
	var times []time.Duration
	for start := time.Now(); len(times) == 0 || time.Since(start) < d; {
		t := time.Now()
		if err := step(); err != nil {
			return result{}, err
		}
		times = append(times, time.Since(t))
	}
	slices.Sort(times)
	return result{MedianUS: micros(times[len(times)/2]), MinUS: micros(times[0]), Allocs: allocs}, nil
}

// allocations counts those of a few steps, of fewer if these take longer than d.
// Unlike testing.AllocsPerRun it leaves GOMAXPROCS alone.
func allocations(step func() error, d time.Duration) (uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var n uint64
	for start := time.Now(); n == 0 || n < counted && time.Since(start) < d; n++ {
		if err := step(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / n, nil
}

// micros is d in µs, to a tenth.
func micros(d time.Duration) float64 { return math.Round(float64(d)/100) / 10 }

// printer prints results as they come, as JSON lines or as a table.
type printer struct {
	json   bool
	w      io.Writer
	headed bool
}

func (p *printer) print(r result) error {
	if p.json {
		return json.NewEncoder(p.w).Encode(r)
	}
	if !p.headed {
		p.headed = true
		fmt.Fprintf(p.w, "%s kernels, %d threads\n%-26s %11s %11s %8s %8s %7s\n", r.Kernels, r.Threads, "workload", "median µs", "min µs", "GFLOP", "GFLOP/s", "allocs")
	}
	_, err := fmt.Fprintf(p.w, "%-26s %11.1f %11.1f %8.4f %8.1f %7d\n", r.Name, r.MedianUS, r.MinUS, r.GFLOP, r.GFLOP/r.MedianUS*1e6, r.Allocs)
	return err
}
