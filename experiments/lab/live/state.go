package live

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Statuses of a run.
const (
	Running     = "running"
	Paused      = "paused"
	Stopping    = "stopping"
	Complete    = "complete"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// Info says what runs.
type Info struct {
	Experiment string   `json:"experiment"`
	Title      string   `json:"title"`
	Question   string   `json:"question"`
	Section    string   `json:"section"` // the lecture's
	Preset     string   `json:"preset"`
	Seeds      []uint64 `json:"seeds"`
	Data       string   `json:"data"`
}

// Claim is a statement and its verdict.
type Claim struct {
	Section  string `json:"section"`
	Claim    string `json:"claim"`
	Measured string `json:"measured"`
	Holds    bool   `json:"holds"`
}

// State is what the page shows of a run. Its methods may be called concurrently, and those
// of a nil State do nothing.
type State struct {
	// paused is set while gate is there; tick counts the looks that are due while somebody
	// watches.
	paused  atomic.Bool
	tick    atomic.Uint64
	viewers atomic.Int64
	budget  atomic.Int64 // nanoseconds that looks may take
	running atomic.Int64 // jobs

	mu      sync.Mutex
	seq     uint64 // of the last change
	items   map[string]*item
	points  []point
	metrics map[string][]number
	figures map[string][]byte
	report  []byte
	run     runView
	jobs    int
	shown   []int         // jobs with pictures, the oldest first
	gate    chan struct{} // closed when a pause ends
	since   time.Time     // when the pause began
	pauses  time.Duration // that are over
}

// item is a part of the page, of which only the last state counts.
type item struct {
	seq   uint64
	event string
	value any    // does not change
	text  []byte // its JSON, once somebody has asked for it
}

// point is what a line of the log says, and a place on curves.
type point struct {
	Seq    uint64          `json:"q"`
	Seed   uint64          `json:"seed"`
	Run    string          `json:"run"`
	Stage  string          `json:"stage"`
	Epoch  int             `json:"epoch"`
	Values json.RawMessage `json:"values"`
}

// number is a float64 that is null in JSON where it is not finite.
type number float64

// MarshalJSON implements json.Marshaler.
func (x number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// runView is the event "run".
type runView struct {
	Info
	Status  string `json:"status"`
	Message string `json:"message"`
}

// New returns the state of a run that begins.
func New(info Info) *State {
	s := &State{items: map[string]*item{}, metrics: map[string][]number{}, figures: map[string][]byte{}, run: runView{Info: info, Status: Running}}
	s.budget.Store(int64(lookAllowance))
	s.put("run", "run", s.run)
	return s
}

// put replaces an item; the caller holds mu, or nobody else has the state yet.
func (s *State) put(key, event string, value any) {
	s.seq++
	s.items[key] = &item{seq: s.seq, event: event, value: value}
}

// Log adds a line of the log: values are the numbers in it, a JSON object.
func (s *State) Log(seed uint64, run, stage string, epoch int, values json.RawMessage) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	s.points = append(s.points, point{s.seq, seed, run, stage, epoch, values})
	if len(s.points) > maxPoints {
		s.points = thinned(s.points)
	}
}

// maxPoints bounds the lines that are kept, and manyPoints is how many of one stage always are.
const (
	maxPoints  = 20_000
	manyPoints = 100
)

// thinned leaves out every other point of stages that have many and, where that is not
// enough, the oldest ones.
func thinned(points []point) []point {
	type key struct {
		seed       uint64
		run, stage string
	}
	count, seen := map[key]int{}, map[key]int{}
	for _, p := range points {
		count[key{p.Seed, p.Run, p.Stage}]++
	}
	var kept []point
	for _, p := range points {
		k := key{p.Seed, p.Run, p.Stage}
		seen[k]++
		if count[k] <= manyPoints || (count[k]-seen[k])%2 == 0 {
			kept = append(kept, p)
		}
	}
	return kept[max(len(kept)-maxPoints*3/4, 0):]
}

// Metric tells a metric's value of one seed.
func (s *State) Metric(name string, seed uint64, value float64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.run.Seeds, seed)
	if i < 0 {
		return
	}
	values := slices.Clone(s.metrics[name]) // those that viewers have stay as they are
	for len(values) < len(s.run.Seeds) {
		values = append(values, number(math.NaN()))
	}
	values[i] = number(value)
	s.metrics[name] = values
	s.put("metric/"+name, "metric", struct {
		Name   string   `json:"name"`
		Values []number `json:"values"`
	}{name, values})
}

// Figure tells a figure, an SVG or PNG image in the named file.
func (s *State) Figure(file, title, caption string, data []byte) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.figures[file] = data
	s.put("figure/"+file, "figure", struct {
		File    string `json:"file"`
		Title   string `json:"title"`
		Caption string `json:"caption"`
		Version uint64 `json:"version"`
	}{file, title, caption, s.seq + 1})
}

// Claims tells the verdicts, and the report as a page.
func (s *State) Claims(claims []Claim, report []byte) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = report
	s.put("claims", "claims", struct {
		Claims []Claim `json:"claims"`
		Report bool    `json:"report"`
	}{claims, report != nil})
}

// Progress tells how much of the work is done, the time it has taken, how long the rest will
// take, negative if that is not known, and what is under way.
func (s *State) Progress(fraction float64, elapsed, left time.Duration, message string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put("progress", "progress", struct {
		Fraction number `json:"fraction"`
		Elapsed  number `json:"elapsed"` // seconds
		Left     number `json:"left"`
		Message  string `json:"message"`
	}{number(fraction), number(elapsed.Seconds()), number(left.Seconds()), message})
}

// SetStatus tells where the run stands, and why.
func (s *State) SetStatus(status, message string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setStatus(status, message)
}

func (s *State) setStatus(status, message string) {
	s.run.Status, s.run.Message = status, message
	s.put("run", "run", s.run)
}

// Stopping tells that the run has been asked to stop, unless it is over.
func (s *State) Stopping() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run.Status == Running || s.run.Status == Paused {
		s.setStatus(Stopping, "")
	}
}

// Over tells whether the run has ended.
func (s *State) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run.Status == Complete || s.run.Status == Interrupted || s.run.Status == Failed
}

// pause lets the run pause, or go on; it tells whether the run is one that can.
func (s *State) pause(on bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run.Status != Running && s.run.Status != Paused {
		return false
	}
	switch {
	case on && s.gate == nil:
		s.gate, s.since = make(chan struct{}), time.Now()
		s.paused.Store(true)
		s.setStatus(Paused, "")
	case !on && s.gate != nil:
		close(s.gate)
		s.gate, s.pauses = nil, s.pauses+time.Since(s.since)
		s.paused.Store(false)
		s.setStatus(Running, "")
	}
	return true
}

// Hold waits as long as the run is to pause, or until ctx is cancelled, and returns how long
// that was.
func (s *State) Hold(ctx context.Context) time.Duration {
	if s == nil || !s.paused.Load() {
		return 0
	}
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate == nil {
		return 0
	}
	start := time.Now()
	select {
	case <-gate:
	case <-ctx.Done():
	}
	return time.Since(start)
}

// Pauses is how long the run has paused in all.
func (s *State) Pauses() time.Duration {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate != nil {
		return s.pauses + time.Since(s.since)
	}
	return s.pauses
}
