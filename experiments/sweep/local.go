package main

import (
	"context"
	"runtime"
	"sync"
)

// localLauncher runs points as processes of this machine, which share its processors.
type localLauncher struct {
	processes, cores int
}

// newLocal completes the settings of a file.
func newLocal(l local) localLauncher {
	cores := l.Cores
	if cores == 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	if l.Processes == 0 {
		return localLauncher{cores, cores}
	}
	return localLauncher{l.Processes, cores}
}

// share are the processors of the i-th process: all are given out as evenly as they can
// be, one at least.
func (l localLauncher) share(i int) int {
	return max(1, l.cores*(i+1)/l.processes-l.cores*i/l.processes)
}

// launch implements launcher. Points that failed come again after all others.
func (l localLauncher) launch(ctx context.Context, b *board) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q := &queue{points: b.todo}
	q.changed.L = &q.mu
	defer context.AfterFunc(ctx, q.close)()
	var all sync.WaitGroup
	for i := range min(l.processes, len(b.todo)) {
		all.Go(func() {
			for {
				point, ok := q.next()
				if !ok {
					return
				}
				o, err := b.run(ctx, point, worker{cores: l.share(i)})
				if err != nil {
					cancel(err)
				}
				again := false
				switch {
				case ctx.Err() != nil && o != done: // it is gone on with later
				case o == done:
					b.isDone(point)
				default:
					why, counts := b.counted(point)
					again = !counts || b.failed(point, why)
				}
				q.ended(point, again)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
}

// queue are points to run. The last one may come back as long as it runs.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	points  []int
	running int
	closed  bool
}

// next waits for a point; ok is false if there will be none.
func (q *queue) next() (point int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && len(q.points) == 0 && q.running > 0 {
		q.changed.Wait()
	}
	if q.closed || len(q.points) == 0 {
		return 0, false
	}
	point, q.points = q.points[0], q.points[1:]
	q.running++
	return point, true
}

// ended gives a point back that next returned.
func (q *queue) ended(point int, again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	if again {
		q.points = append(q.points[:len(q.points):len(q.points)], point)
	}
	q.changed.Broadcast()
}

// close lets all next calls return.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
