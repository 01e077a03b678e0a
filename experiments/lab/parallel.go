package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Job is a piece of work that runs beside others.
type Job struct {
	// Name heads its progress messages and its error, such as "seed 1 dbn".
	Name string
	// Units is its amount of work, in any unit that all jobs of the run
	// share (floating-point operations, say); it must report as much with
	// Task.Add or Task.Skip, and what is missing counts when it ends.
	Units int64
	// Run does the work and stops soon after ctx is cancelled.
	Run func(ctx context.Context, t *Task) error
}

// Parallel runs jobs, at most workers at a time (workers ≤ 0: GOMAXPROCS), and
// waits for all. Those with most units begin first, jobs of equal units in
// their order, so that the short ones fill the cores at the end. The first
// error cancels the others and is returned, headed by its job's name; a panic
// in a job is such an error, and so is what goes wrong in a job that was cancelled:
// a last checkpoint that can't be written. Otherwise, if ctx is cancelled, the error
// wraps ctx.Err(). p
// may be nil: no progress.
//
// Results do not depend on scheduling as long as each job writes only what is
// its own.
func Parallel(ctx context.Context, p *Progress, workers int, jobs []Job) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	tasks := make([]*Task, len(jobs))
	for i, j := range jobs {
		tasks[i] = p.Job(j.Name, j.Units)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	next := make(chan int)
	for range min(workers, len(jobs)) {
		wg.Go(func() {
			for i := range next {
				if err := runJob(ctx, jobs[i], tasks[i]); err != nil {
					mu.Lock()
					if first == nil || errors.Is(first, context.Canceled) && !errors.Is(err, context.Canceled) {
						first = err
					}
					mu.Unlock()
					cancel()
				}
			}
		})
	}
	for _, i := range longestFirst(jobs) {
		if ctx.Err() != nil {
			break
		}
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	if first != nil {
		return first
	}
	return ctx.Err()
}

// longestFirst is the order in which jobs begin, as indices.
func longestFirst(jobs []Job) []int {
	order := make([]int, len(jobs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(jobs[b].Units, jobs[a].Units) })
	return order
}

// runJob runs one job, ends its task and names it in its error.
func runJob(ctx context.Context, j Job, t *Task) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.ctx = ctx
	t.live.Start()
	err := noPanic(func() error { return j.Run(ctx, t) })
	if err != nil {
		t.live.End(err)
		return fmt.Errorf("%s: %w", j.Name, err)
	}
	t.Done()
	t.live.End(nil)
	return nil
}

// noPanic turns a panic of f into an error that says where it happened.
func noPanic(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic at %s: %s", panicSite(), oneLine(r))
		}
	}()
	return f()
}

// oneLine is the text of a panic's value on one line, wrapping nothing: a
// panic with a context's error is not an interruption.
func oneLine(r any) string {
	return strings.Join(strings.Fields(fmt.Sprint(r)), " ")
}

// panicSite finds, from a deferred function, the first frame below the runtime
// that panicked, as "file.go:12".
func panicSite() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicking := false
	for {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panicking && !inRuntime {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
		panicking = panicking || frame.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}

// interrupted reports whether err says that ctx was cancelled.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}
