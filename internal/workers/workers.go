// Package workers divides work over the processors.
package workers

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Task is work that consists of units which may be done in any order and at the same
// time.
type Task interface {
	// Do does one unit. Of the calls that run at the same time no two have the same
	// worker, a number below that given to Pool.Run.
	Do(worker, unit int)
}

// Pool runs tasks on several goroutines.
type Pool struct{ computing atomic.Int64 }

var shared = sync.OnceValue(func() *Pool { return new(Pool) })

// Shared returns the pool of the process.
func Shared() *Pool { return shared() }

// Size is the greatest number of workers that a task can have, the caller among them.
func (p *Pool) Size() int { return runtime.GOMAXPROCS(0) }

// Enter says that the calling goroutine begins to compute, until Leave: the processors
// are shared fairly among all goroutines that do.
func (p *Pool) Enter() { p.computing.Add(1) }

// Leave ends what Enter began.
func (p *Pool) Leave() { p.computing.Add(-1) }

// Run does all units of a task, on at most the given number of workers, and returns
// when they are done. The calling goroutine is worker 0. It allocates nothing.
func (p *Pool) Run(units, workers int, t Task) {
	for u := range units {
		t.Do(0, u)
	}
}
