package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// clocked is a plain progress display with a clock of the test's own.
func clocked(mode progressMode) (*Progress, *bytes.Buffer, *time.Time) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgress(&out, mode)
	p.now = func() time.Time { return now }
	p.start, p.shown = now, now
	return p, &out, &now
}

func TestPlainProgress(t *testing.T) {
	p, out, now := clocked(progressAuto) // a buffer is not a terminal
	task := p.Job("seed 1 dbn", 1000)
	for epoch := range 1000 {
		*now = now.Add(500 * time.Millisecond)
		task.Say("epoch %d", epoch+1)
		task.Add(1)
	}
	p.close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	// 500 s: a line at every twentieth and after 10 s of silence, and the end.
	if len(lines) < 20 || len(lines) > 80 {
		t.Errorf("got %d lines:\n%s", len(lines), out)
	}
	// Half of 1000 units in 250 s: as much is left.
	if want := " 50 %  4m10s, 4m10s left  seed 1 dbn: epoch 500"; !strings.Contains(out.String(), want+"\n") {
		t.Errorf("no line %q in:\n%s", want, out)
	}
	if last := lines[len(lines)-1]; last != "100 %  done in 8m20s" {
		t.Errorf("last line %q", last)
	}
}

// TestSkippedUnits: what an earlier process did counts as done, not as fast.
func TestSkippedUnits(t *testing.T) {
	p, out, now := clocked(progressPlain)
	p.Expect(200)
	task := p.Job("a", 100)
	task.Skip(80)
	*now = now.Add(10 * time.Second)
	task.Add(10) // 1 unit a second; 110 of 200 to go
	if want := " 45 %  10s, 1m50s left\n"; out.String() != want {
		t.Errorf("got %q, want %q", out, want)
	}
	task.Add(1000) // more than it has
	if p.done != 100 {
		t.Errorf("done %d, want 100", p.done)
	}
}

func TestNoProgress(t *testing.T) {
	p, out, now := clocked(progressNone)
	task := p.Job("a", 10)
	*now = now.Add(time.Hour)
	task.Say("x")
	task.Add(10)
	p.close()
	if out.Len() > 0 {
		t.Errorf("got %q", out)
	}
	p.Printf("note %d", 1)
	if out.String() != "note 1\n" {
		t.Errorf("got %q", out)
	}
	var none *Progress
	none.Job("a", 1).Add(1) // a nil Progress is fine
	none.Job("a", 1).Say("x")
}

// TestBar: on a terminal all of it stays on one line and fits in it.
func TestBar(t *testing.T) {
	p, out, now := clocked(progressPlain)
	p.width = func() int { return 60 }
	task := p.Job("seed 1 dbn", 10)
	for range 10 {
		*now = now.Add(time.Second)
		task.Say("layer 2/5 epoch 3/5 %s", strings.Repeat("long ", 30))
		task.Add(1)
		time.Sleep(110 * time.Millisecond) // the library's own throttle
	}
	p.Printf("a note")
	p.close()
	text := out.String()
	if !strings.Contains(text, "%") || !strings.Contains(text, "5s left") || !strings.Contains(text, "a note\n") {
		t.Errorf("got %q", text)
	}
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if n := len([]rune(line)); n > 60 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestParallel(t *testing.T) {
	var running, most, ran atomic.Int32
	var jobs []Job
	for i := range 20 {
		jobs = append(jobs, Job{Name: fmt.Sprint(i), Run: func(ctx context.Context, _ *Task) error {
			n := running.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			time.Sleep(time.Millisecond)
			running.Add(-1)
			ran.Add(1)
			return nil
		}})
	}
	if err := Parallel(context.Background(), nil, 3, jobs); err != nil || ran.Load() != 20 || most.Load() > 3 {
		t.Errorf("error %v, %d ran, %d at once", err, ran.Load(), most.Load())
	}
	if err := Parallel(context.Background(), nil, 3, nil); err != nil {
		t.Errorf("no jobs: %v", err)
	}
}

// The longest jobs begin first, equal ones in their order; how many run at a
// time does not depend on it.
func TestParallelBeginsWithTheLongest(t *testing.T) {
	var order []string
	var jobs []Job
	for i, units := range []int64{1, 5, 1, 7, 5, 0} {
		name := fmt.Sprint(i)
		jobs = append(jobs, Job{Name: name, Units: units, Run: func(context.Context, *Task) error {
			order = append(order, name)
			return nil
		}})
	}
	if err := Parallel(context.Background(), nil, 1, jobs); err != nil {
		t.Fatal(err)
	}
	if want := "3 1 4 0 2 5"; strings.Join(order, " ") != want {
		t.Errorf("began in the order %v, want %s", order, want)
	}
}

func TestParallelErrors(t *testing.T) {
	cause := errors.New("disk full")
	waiting := Job{Name: "other", Run: func(ctx context.Context, _ *Task) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	failing := Job{Name: "seed 2 dbn", Run: func(context.Context, *Task) error { return cause }}
	panicking := Job{Name: "seed 3 dbn", Run: func(context.Context, *Task) error { panic("index\nout of range") }}

	err := Parallel(context.Background(), nil, 4, []Job{waiting, waiting, failing, waiting})
	if !errors.Is(err, cause) || err.Error() != "seed 2 dbn: disk full" {
		t.Errorf("got %v", err)
	}
	err = Parallel(context.Background(), nil, 4, []Job{waiting, panicking})
	if err == nil || !strings.HasPrefix(err.Error(), "seed 3 dbn: panic at progress_test.go:") || !strings.HasSuffix(err.Error(), ": index out of range") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := Parallel(ctx, nil, 1, []Job{waiting, waiting}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}
