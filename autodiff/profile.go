package autodiff

import (
	"sync"
	"time"
)

// Profile adds up what the operations of functions cost. Several functions may record
// into one profile at the same time.
type Profile struct {
	mu   sync.Mutex
	rows map[string]*profileRow
}

// profileRow is one operation of a function.
type profileRow struct {
	calls int
	time  time.Duration
	flop  float64 // of one call
	bytes float64 // of one call
}

// NewProfile returns an empty profile.
func NewProfile() *Profile { return &Profile{rows: map[string]*profileRow{}} }

// record adds one call of an operation: name tells function and operation, flop its
// floating-point operations, bytes what it reads and writes.
func (p *Profile) record(name string, d time.Duration, flop, bytes float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rows[name]
	if r == nil {
		r = &profileRow{flop: flop, bytes: bytes}
		p.rows[name] = r
	}
	r.calls++
	r.time += d
}
