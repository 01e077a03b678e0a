package workers

import (
	"runtime"
	"sync/atomic"
)

// maxWorkers bounds the workers of a task.
const maxWorkers = 256

// job is a task that runs, in memory that workers may look at.
type job struct {
	task    Task
	units   int
	n       int // workers, the caller among them
	helpers [maxWorkers - 1]*worker
	failure atomic.Pointer[failure]
	ranges  [maxWorkers]progress
	ended   atomic.Int64 // helpers that took part and have come to an end
}

// progress counts the units of a worker's range that have been begun, in a cache line
// of its own.
type progress struct {
	begun atomic.Int64
	_     [120]byte
}

// failure is what a unit panicked with.
type failure struct{ value any }

// claim takes idle workers of the crew into the job, at most most, and sets them to
// work. There may be none.
func (j *job) claim(crew []*worker, most int) {
	n := 0
	for _, w := range crew {
		if n == most {
			break
		}
		if w.claim() {
			j.helpers[n] = w
			n++
		}
	}
	j.n = n + 1
	j.ended.Store(0)
	for k := range j.n {
		j.ranges[k].begun.Store(0)
	}
	for k := range n {
		j.helpers[k].start(j, k+1)
	}
}

// share does units until none is left to begin: worker k's own range first, then those
// of the workers after it.
func (j *job) share(k int) {
	defer j.catch()
	for d := range j.n {
		of := k + d
		if of >= j.n {
			of -= j.n
		}
		first, end := j.units*of/j.n, j.units*(of+1)/j.n
		r := &j.ranges[of]
		for int(r.begun.Load()) < end-first && j.failure.Load() == nil {
			unit := first + int(r.begun.Add(1)) - 1
			if unit >= end {
				break
			}
			j.task.Do(k, unit)
		}
	}
}

// catch keeps the first panic of a unit for the caller of Run.
func (j *job) catch() {
	if v := recover(); v != nil {
		j.failure.CompareAndSwap(nil, &failure{v})
	}
}

// finish waits for the helpers that are still in a unit. Those that have not begun by
// now, because no processor was free for them, are not waited for.
func (j *job) finish() {
	began := int64(0)
	for k := range j.n - 1 {
		if !j.helpers[k].retract(j) {
			began++
		}
		j.helpers[k] = nil
	}
	for spins := 0; j.ended.Load() < began; spins++ {
		if spins < patience {
			pause()
		} else {
			runtime.Gosched()
		}
	}
}

// patience is how often the caller looks at once, some 10 µs long, for the end of its
// helpers' last units before it lets other goroutines run.
const patience = 100
