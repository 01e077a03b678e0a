package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"capas/experiments/lab/live"
)

// progressMode is how progress is shown.
type progressMode int

const (
	progressAuto  progressMode = iota // a bar on a terminal, lines elsewhere
	progressPlain                     // lines
	progressNone                      // nothing
)

func parseProgressMode(s string) (progressMode, error) {
	switch s {
	case "auto":
		return progressAuto, nil
	case "plain":
		return progressPlain, nil
	case "none":
		return progressNone, nil
	}
	return 0, fmt.Errorf("-progress %q: want auto, plain or none", s)
}

// Lines in a pipe come at steps of a twentieth of the work, but not closer
// than plainPause; and after plainSilence whenever something was reported.
const (
	plainSteps   = 20
	plainPause   = time.Second
	plainSilence = 10 * time.Second
	barWidth     = 24
	barSteps     = 1000
)

// Progress shows how much of a run's work is done and how long the rest will
// take, on standard error and in the live view. Its methods are safe for concurrent use, and a nil
// *Progress shows nothing.
type Progress struct {
	mu       sync.Mutex
	w        io.Writer
	mode     progressMode
	bar      *progressbar.ProgressBar // nil until the first message, or without a terminal
	width    func() int               // columns of the terminal
	now      func() time.Time
	start    time.Time
	expected int64 // units announced by Expect
	total    int64 // units of all jobs so far
	done     int64 // units finished, skipped ones among them
	skipped  int64 // units that cost no time in this process
	message  string
	shown    time.Time // when the last plain line was
	step     int64     // and how many steps of plainSteps were done then
	live     *live.State
	ctx      context.Context // of the run, which may pause
}

// newProgress shows progress on w as mode says.
func newProgress(w io.Writer, mode progressMode) *Progress {
	p := &Progress{w: w, mode: mode, now: time.Now, ctx: context.Background()}
	if f := terminal(w); f != nil && mode == progressAuto {
		p.width = func() int {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		}
	} else if mode == progressAuto {
		p.mode = progressPlain
	}
	p.start = p.now()
	p.shown = p.start
	return p
}

// terminal is the terminal that w is, or nil.
func terminal(w io.Writer) *os.File {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Expect announces the units of the whole run, so that jobs that are created
// later do not make the percentage fall. Without it the total is the units of
// the jobs created so far.
func (p *Progress) Expect(units int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = units
}

// note is Printf for what is not worth a line with -progress none.
func (p *Progress) note(format string, args ...any) {
	if p != nil && p.mode != progressNone {
		p.Printf(format, args...)
	}
}

// Printf writes a message of its own line, above the bar.
func (p *Progress) Printf(format string, args ...any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear()
	}
	fmt.Fprintf(p.w, "%s\n", strings.TrimSuffix(fmt.Sprintf(format, args...), "\n"))
	if p.bar != nil {
		p.bar.RenderBlank()
	}
}

// Job adds a job of the given number of work units. Parallel calls it for its
// jobs; call it for work outside of Parallel.
func (p *Progress) Job(name string, units int64) *Task {
	if p == nil {
		return &Task{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	units = max(units, 0)
	p.total += units
	return &Task{p: p, name: name, left: units, ctx: p.ctx, live: p.live.Job(name, units)}
}

// Task is a job's side of the progress display; it belongs to one goroutine.
type Task struct {
	p    *Progress
	name string
	left int64
	done int64
	ctx  context.Context // of the job
	live *live.Job
}

// Live is the job in the live view, nil without one: for a pipeline's training to be looked
// at.
func (t *Task) Live() *live.Job { return t.live }

// Add reports units of work as done; beyond the job's units it does nothing.
func (t *Task) Add(units int64) { t.add(units, false) }

// Skip reports units that an earlier process did: they count as done, but not
// in the rate that the estimate of the remaining time rests on.
func (t *Task) Skip(units int64) { t.add(units, true) }

// Done reports all units that are left as skipped.
func (t *Task) Done() { t.add(t.left, true) }

// Say shows what the job is at, such as "layer 2/5 epoch 3/5".
func (t *Task) Say(format string, args ...any) {
	if t.p == nil {
		return
	}
	t.p.live.Hold(t.ctx)
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.p.message = fmt.Sprintf(format, args...)
	t.live.Tell(t.p.message, t.done)
	if t.name != "" {
		t.p.message = t.name + ": " + t.p.message
	}
	t.p.show()
}

func (t *Task) add(units int64, skip bool) {
	if t.p == nil {
		return
	}
	if !skip {
		t.p.live.Hold(t.ctx)
	}
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	units = min(max(units, 0), t.left)
	t.left -= units
	t.done += units
	t.live.Tell("", t.done)
	t.p.done += units
	if skip {
		t.p.skipped += units
	}
	t.p.show()
}

// fraction is the part of the work that is done; the caller holds mu.
func (p *Progress) fraction() float64 {
	if total := max(p.total, p.expected); total > 0 {
		return float64(p.done) / float64(total)
	}
	return 0
}

// eta estimates the time left from the rate so far; ok is false before there
// is one.
func (p *Progress) eta() (left time.Duration, ok bool) {
	worked := p.done - p.skipped
	if worked <= 0 {
		return 0, false
	}
	rest := max(p.total, p.expected) - p.done
	perUnit := float64(p.elapsed()) / float64(worked)
	return time.Duration(perUnit * float64(rest)), true
}

// elapsed is the time since the start, without that in which the run paused.
func (p *Progress) elapsed() time.Duration { return p.now().Sub(p.start) - p.live.Pauses() }

// times formats elapsed time and estimate.
func (p *Progress) times() string {
	text := short(p.elapsed())
	if left, ok := p.eta(); ok {
		text += ", " + short(left) + " left"
	}
	return text
}

// short formats a duration to the second.
func short(d time.Duration) string { return d.Round(time.Second).String() }

// show draws the bar or, where it is time, a plain line; the caller holds mu.
func (p *Progress) show() {
	if p.live != nil {
		left, ok := p.eta()
		if !ok {
			left = -1
		}
		p.live.Progress(p.fraction(), p.elapsed(), left, p.message)
	}
	switch {
	case p.mode == progressNone:
	case p.width != nil:
		p.showBar()
	default:
		step := int64(p.fraction() * plainSteps)
		since := p.now().Sub(p.shown)
		if since >= plainSilence || step > p.step && since >= plainPause {
			p.step, p.shown = step, p.now()
			fmt.Fprintf(p.w, "%s\n", p.line())
		}
	}
}

// line is the plain form of the state.
func (p *Progress) line() string {
	return strings.TrimRight(fmt.Sprintf("%3.0f %%  %s  %s", 100*p.fraction(), p.times(), p.message), " ")
}

// showBar draws the bar with times and message behind it, on one line.
func (p *Progress) showBar() {
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(barSteps,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetWidth(barWidth),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
			progressbar.OptionThrottle(100*time.Millisecond),
		)
	}
	behind := p.times()
	if p.message != "" {
		behind += "  " + p.message
	}
	room := p.width() - barWidth - 12 // percentage, bar ends and spaces
	if text := []rune(behind); len(text) > room {
		behind = string(text[:max(room, 0)])
	}
	p.bar.Describe(behind)
	// The library ends a full bar for good; more jobs may follow.
	p.bar.Set64(min(int64(p.fraction()*barSteps), barSteps-1))
}

// close removes the bar and says how long the work took, if it is complete.
// Later calls do nothing.
func (p *Progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
	}
	if p.mode != progressNone && p.total > 0 && p.done >= p.total {
		fmt.Fprintf(p.w, "100 %%  done in %s\n", short(p.elapsed()))
	}
	p.mode, p.width = progressNone, nil
}
