// Package workers divides work over the processors.
//
// A step of a network is some tens of parallel tasks of 5 to 500 µs, one after the
// other. Starting goroutines for each would cost as much as the second processor gains.
// The workers of a [Pool] therefore wait a while for the next task, spinning, before
// they go to sleep; they yield to other goroutines as they do, and an idle process has
// none that spins.
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

// Pool runs tasks on several goroutines. The zero value is ready; most use Shared.
//
// The processors, GOMAXPROCS of them, are shared among the goroutines that compute,
// between Enter and Leave: with one, its tasks have all of them; with as many as there
// are processors, each goroutine does its tasks alone and none waits for another. What
// a task computes must not depend on that.
type Pool struct {
	computing atomic.Int64
	crew      atomic.Pointer[[]*worker] // grows, never shrinks
	mu        sync.Mutex                // guards growth and idle
	idle      []*job
}

var shared = sync.OnceValue(func() *Pool { return new(Pool) })

// Shared returns the pool of the process.
func Shared() *Pool { return shared() }

// Size is the greatest number of workers that a task can have, the caller among them:
// GOMAXPROCS, at most 256.
func (p *Pool) Size() int { return min(runtime.GOMAXPROCS(0), maxWorkers) }

// Enter says that the calling goroutine begins to compute, until Leave.
func (p *Pool) Enter() { p.computing.Add(1) }

// Leave ends what Enter began.
func (p *Pool) Leave() { p.computing.Add(-1) }

// Run does all units of a task, on at most the given number of workers, and returns
// when they are done; what they wrote is then visible to the caller, which is worker 0.
// Each worker begins with a range of units that depends on nothing but the number of
// workers, so that its part of the data stays in its cache from task to task, and then
// takes over what others have not begun. Run may be called by several goroutines at a
// time, also from within a unit. It allocates nothing once the workers exist.
//
// If a unit panics, Run panics with the same value when the others have come to an end;
// units that have not begun may be left out.
func (p *Pool) Run(units, workers int, t Task) {
	n := min(units, workers, 1+p.helpers())
	if n <= 1 {
		for u := range units {
			t.Do(0, u)
		}
		return
	}
	j := p.begin(units, t)
	j.claim(p.workers(n-1), n-1)
	j.share(0)
	j.finish()
	failure := j.failure.Swap(nil)
	p.end(j)
	if failure != nil {
		panic(failure.value)
	}
}

// helpers is the number of processors besides its own that a goroutine may use.
func (p *Pool) helpers() int {
	computing := max(1, int(p.computing.Load()))
	return (p.Size() - computing) / computing
}

// workers returns the pool's workers, at least n.
func (p *Pool) workers(n int) []*worker {
	if crew := p.crew.Load(); crew != nil && len(*crew) >= n {
		return *crew
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var crew []*worker
	if old := p.crew.Load(); old != nil {
		crew = append(crew, *old...)
	}
	for len(crew) < n {
		w := &worker{wake: make(chan struct{}, 1)}
		crew = append(crew, w)
		go w.work()
	}
	p.crew.Store(&crew)
	return crew
}

// begin returns a job that no one uses.
func (p *Pool) begin(units int, t Task) *job {
	p.mu.Lock()
	var j *job
	if n := len(p.idle); n > 0 {
		j, p.idle = p.idle[n-1], p.idle[:n-1]
	} else {
		j = new(job)
	}
	p.mu.Unlock()
	j.task, j.units = t, units
	return j
}

// end keeps a job for the next task.
func (p *Pool) end(j *job) {
	j.task = nil
	p.mu.Lock()
	p.idle = append(p.idle, j)
	p.mu.Unlock()
}
