package workers

import (
	"runtime"
	"sync/atomic"
	"time"
)

// worker is a goroutine of the pool, with what tells it what to do in cache lines of its
// own.
type worker struct {
	_      [64]byte
	status atomic.Uint32
	job    atomic.Pointer[job] // what it is to do next
	number int                 // in that job; written before job, read after it was taken
	wake   chan struct{}       // holds a token if it sleeps and shall not
	_      [64]byte
}

// The status of a worker. One that is claimed has a job, or will have it at once, or
// had one that was retracted a moment ago.
const (
	spinning uint32 = iota // looks for a job again and again
	asleep
	claimed
)

// spin is how long a worker waits for a job before it sleeps: longer than what a step
// of a network does between two parallel tasks, and than the preparation of its next
// batch.
const spin = 150 * time.Microsecond

// work does the jobs that the worker is given. It never ends.
func (w *worker) work() {
	for {
		j := w.await()
		j.share(w.number)
		w.status.Store(spinning)
		j.ended.Add(1) // the last access: the job may now serve another task
	}
}

// await takes the next job.
func (w *worker) await() *job {
	start := time.Now()
	for {
		for range looks {
			if j := w.job.Load(); j != nil && w.job.CompareAndSwap(j, nil) {
				return j
			}
			pause()
		}
		runtime.Gosched() // other goroutines first
		if time.Since(start) > spin && w.status.CompareAndSwap(spinning, asleep) {
			<-w.wake
			start = time.Now()
		}
	}
}

// looks is how often a worker looks for a job between two yields, about 2 µs long.
const looks = 20

// claim reserves the worker for the caller, who must start it; false if it is taken.
func (w *worker) claim() bool {
	if w.status.CompareAndSwap(spinning, claimed) {
		return true
	}
	if !w.status.CompareAndSwap(asleep, claimed) {
		return false
	}
	w.wake <- struct{}{} // has room: only one who found it asleep sends
	return true
}

// start gives a claimed worker a job.
func (w *worker) start(j *job, number int) {
	w.number = number
	w.job.Store(j)
}

// retract takes back a job that the worker has not begun, and tells whether it could.
func (w *worker) retract(j *job) bool {
	if !w.job.CompareAndSwap(j, nil) {
		return false
	}
	w.status.Store(spinning)
	return true
}
