package autodiff

import (
	"strings"
	"sync"
	"time"
)

// Profile adds up what the operations of functions cost: a row for each operation of
// each function, by their names. Several functions may record into one profile at the
// same time, those of one name into the same rows. WriteTo prints it as a table.
type Profile struct {
	rows *profileRows
	name string // before the names of functions, with a space behind it; "" for none
}

// profileRows are shared by a profile and those that Under makes.
type profileRows struct {
	mu sync.Mutex
	of map[string]*profileRow
}

// profileRow is one operation of a function: the sums over its calls.
type profileRow struct {
	calls int
	time  time.Duration
	flop  float64
	bytes float64
}

// NewProfile returns an empty profile.
func NewProfile() *Profile { return &Profile{rows: &profileRows{of: map[string]*profileRow{}}} }

// Under returns a profile that records into the same table, with name before the names
// of its functions: p.Under("dbn").Under("layer 1") gives "dbn layer 1 step" for a
// function "step". Of nil, which records nothing, it is nil.
func (p *Profile) Under(name string) *Profile {
	if p == nil || name == "" {
		return p
	}
	return &Profile{rows: p.rows, name: p.name + name + " "}
}

// SetProfile makes later runs record the time of each operation in p, under the name of
// the function; nil ends that.
func (f *Function) SetProfile(p *Profile, name string) {
	f.profile, f.profileName = p, name
	if p != nil {
		f.profileName = p.name + name
		f.nameRows()
	}
}

// rowSeparator stands between function and operation in the name of a row; no name
// has it.
const rowSeparator = "\t"

// rowName is the name of the row of an operation of a function.
func rowName(function, operation string) string {
	return strings.ReplaceAll(function, rowSeparator, " ") + rowSeparator + operation
}

// record adds one call of an operation: name is what rowName makes, flop the call's
// floating-point operations, bytes what it reads and writes. It allocates at the first
// call of a name only.
func (p *Profile) record(name string, d time.Duration, flop, bytes float64) {
	p.rows.mu.Lock()
	defer p.rows.mu.Unlock()
	r := p.rows.of[name]
	if r == nil {
		r = &profileRow{}
		p.rows.of[name] = r
	}
	r.add(profileRow{1, d, flop, bytes})
}

func (r *profileRow) add(o profileRow) {
	r.calls += o.calls
	r.time += o.time
	r.flop += o.flop
	r.bytes += o.bytes
}
