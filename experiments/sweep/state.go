package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"capas/experiments/lab"
	"capas/internal/lockfile"
)

// status is where a point stands.
type status string

const (
	isDone        status = "done"
	isRunning     status = "running"
	isFailed      status = "failed"      // its last attempt did
	isLost        status = "lost"        // its last attempt was killed, and could not say why it ended
	isInterrupted status = "interrupted" // its last attempt was, and can be gone on with
	isWaiting     status = "waiting"     // there was none
)

// state is what the files of a point say.
type state struct {
	point    int
	status   status
	result   *lab.Document // of one that is done
	attempts []attempt
	err      string // why the last attempt failed
}

// state reads where a point stands.
func (s *sweep) state(point int) state {
	st := state{point: point}
	var err error
	st.attempts, err = s.attempts(point)
	if st.result = s.result(point); st.result != nil {
		st.status = isDone
		return st
	}
	if err != nil {
		st.status, st.err = isFailed, err.Error()
		return st
	}
	if len(st.attempts) == 0 {
		st.status = isWaiting
		return st
	}
	switch last := st.attempts[len(st.attempts)-1]; {
	case last.End.IsZero() && s.inUse(point):
		st.status = isRunning
	case last.End.IsZero():
		st.status, st.err = isLost, lostText
	case last.Outcome == interrupted:
		st.status = isInterrupted
	case last.Outcome == failed:
		st.status, st.err = isFailed, last.Error
	default: // its results were deleted
		st.status = isWaiting
	}
	return st
}

// inUse tells whether a process works at a point: the one that watches it, or, after that
// was killed, the experiment alone, which nobody starts while the first lock is held here.
func (s *sweep) inUse(point int) bool {
	lock, err := lockfile.Acquire(s.attemptFile(point, ".lock"))
	if err != nil {
		return true // or it cannot be told, in somebody else's directory
	}
	defer lock.Release()
	inner := filepath.Join(s.pointDir(point), lockName)
	if _, err := os.Stat(inner); err != nil {
		return false
	}
	orphan, err := lockfile.Acquire(inner)
	if err != nil {
		return true
	}
	orphan.Release()
	return false
}

// states are those of all points.
func (s *sweep) states() []state {
	all := make([]state, s.plan.points())
	forEach(len(all), runtime.GOMAXPROCS(0), func(i int) { all[i] = s.state(i + 1) })
	return all
}

// forEach calls do for 0 … n−1, some at a time.
func forEach(n, workers int, do func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range min(workers, n) {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// counts are the numbers of points by status.
func counts(all []state) map[status]int {
	n := map[status]int{}
	for _, st := range all {
		n[st.status]++
	}
	return n
}

// settled tells that there is nothing left to run: each point is done, or has failed as
// often as it may.
func (s *sweep) settled(all []state) bool {
	return !slices.ContainsFunc(all, func(st state) bool {
		return st.status != isDone && (st.status != isFailed || st.failures() < s.file.Attempts)
	})
}

// lostText says why an attempt has no end, vainText why an interrupted one counts as a failure.
const (
	lostText = "killed, or its machine stopped"
	vainText = "interrupted before it wrote a checkpoint"
)

// countText is such as "18 done, 4 running, 2 waiting of 24 points".
func countText(all []state) string {
	n := counts(all)
	text := ""
	for _, s := range []status{isDone, isRunning, isFailed, isLost, isInterrupted, isWaiting} {
		if n[s] > 0 {
			text += fmt.Sprintf("%d %s, ", n[s], s)
		}
	}
	return fmt.Sprintf("%sof %d points", text[:len(text)-2]+" ", len(all))
}

// seconds are the wall time of all attempts at a point that have ended.
func (st state) seconds() (sum float64) {
	for _, a := range st.attempts {
		if a.timed() {
			sum += a.End.Sub(a.Start).Seconds()
		}
	}
	return sum
}

// since is how long ago the last attempt began.
func (st state) since() time.Duration {
	return time.Since(st.attempts[len(st.attempts)-1].Start).Round(time.Second)
}
