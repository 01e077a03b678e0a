package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// launcher starts points: here, or elsewhere.
type launcher interface {
	// launch runs the points of the board until each is done or has failed as often as it
	// may, or ctx is cancelled: then it stops what it started. Its error is one of the
	// launcher; what becomes of points it tells the board.
	launch(ctx context.Context, b *board) error
}

// board is what a launcher has to do. Its methods may be called concurrently.
type board struct {
	*sweep
	todo  []int // in their order
	stop  context.CancelCauseFunc
	mu    sync.Mutex
	w     io.Writer // for people
	quiet bool      // say nothing about single points
	total int
	ended map[int]outcome // of points that are done or given up
	fails map[int]int     // attempts that failed since the start
}

// newBoard is that of the points that are not done.
func newBoard(s *sweep, all []state, stop context.CancelCauseFunc, w io.Writer, quiet bool) *board {
	b := &board{sweep: s, stop: stop, w: w, quiet: quiet, total: len(all), ended: map[int]outcome{}, fails: map[int]int{}}
	for _, st := range all {
		if st.status == isDone {
			b.ended[st.point] = done
			continue
		}
		b.todo = append(b.todo, st.point)
	}
	return b
}

// say prints a line of the launcher.
func (b *board) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(b.w, format+"\n", args...)
}

// report prints a line about a point; the caller holds mu.
func (b *board) report(point int, format string, args ...any) {
	if !b.quiet {
		fmt.Fprintf(b.w, "[%d/%d] %s: %s\n", len(b.ended), b.total, b.plan.name(point), fmt.Sprintf(format, args...))
	}
}

// isDone records that a point is done. The first results show whether the metrics are
// there that the sweep asks for: it is stopped if not.
func (b *board) isDone(point int) {
	values, err := b.values(point)
	if err != nil {
		b.stop(err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended[point] == "" {
		b.ended[point] = done
		b.report(point, "done, %s %.4g", label(b.file.Choose.metric()), values[0])
	}
}

// failed records that an attempt failed, and tells whether there is to be another.
func (b *board) failed(point int, why string) (again bool) {
	if why == vainText {
		if err := b.blame(point); err != nil {
			b.stop(pointError(context.Background(), point, err))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails[point]++
	text := fmt.Sprintf("failed for the %s time", ordinal(b.fails[point]))
	if again = b.fails[point] < b.file.Attempts; !again {
		b.ended[point] = failed
		text += " and is given up"
	}
	b.report(point, "%s: %s", text, why)
	return again
}

// counted tells whether an attempt that ended without a result counts as a failure, and
// why it did: one that was interrupted does only if it left nothing to go on from.
func (s *sweep) counted(point int) (why string, counts bool) {
	all, err := s.attempts(point)
	if err != nil {
		return err.Error(), true
	}
	if len(all) == 0 {
		return "the attempt did not begin", true
	}
	switch last := all[len(all)-1]; {
	case last.End.IsZero():
		return lostText, true
	case last.Outcome == interrupted:
		return vainText, !last.Progress
	default:
		return last.Error, true
	}
}

// open are the points that are neither done nor given up.
func (b *board) open() (points []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.todo {
		if b.ended[p] == "" {
			points = append(points, p)
		}
	}
	return points
}

// failures is the number of points that were given up.
func (b *board) failures() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.ended {
		if o == failed {
			n++
		}
	}
	return n
}

func ordinal(n int) string {
	switch n {
	case 1:
		return "first"
	case 2:
		return "second"
	case 3:
		return "third"
	}
	return fmt.Sprintf("%dth", n)
}

// work runs a launcher over what is not done. That of ctx is among the errors if it was
// interrupted.
func (s *sweep) work(ctx context.Context, l launcher, w io.Writer, quiet bool) error {
	all := s.states()
	for _, st := range all { // those that came to their ends alone
		if st.status == isDone {
			if err := s.tidy(st.point); err != nil {
				return pointError(ctx, st.point, err)
			}
		}
	}
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	b := newBoard(s, all, stop, w, quiet)
	if len(b.todo) == 0 {
		return nil
	}
	err := l.launch(inner, b)
	if cause := context.Cause(inner); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	if err != nil {
		return err
	}
	if n := b.failures(); n > 0 {
		return fmt.Errorf("%d of %d points failed; status says why, resume tries them again", n, b.total)
	}
	return nil
}
