package autodiff

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Referee is a backend that runs each function twice, on Capas's kernels and on another backend, and
// takes note of how far the two differ. What a function gives, and what its updates leave, is
// the result of Capas's kernels. Both begin each run with the same values and have the same random
// draws, so that differences do not add up from run to run.
//
// Compared are the outputs, the values that updates leave, and what these are computed from, such as
// the gradient of a parameter. Any number of goroutines may use it at the same time.
type Referee struct {
	other Backend
	name  string // of the function, to be
	table *differences
}

// Difference says how far the two engines were apart at a node of a function.
type Difference struct {
	Function string
	Node     string
	// Relative is the largest difference of two elements divided by the largest
	// magnitude of the node's elements on either engine, in the run where that was
	// largest. It is infinite if only one of the engines gave a number.
	Relative float64
	// Magnitude is that largest magnitude: of a node whose elements are 0 but for rounding, such
	// as the gradient of a bias before a normalisation, all is a difference.
	Magnitude float64
	// Run is the number of that run of the function, from 1, and Runs that of all.
	Run  int
	Runs int
}

// differences are shared by a referee and those that Under makes.
type differences struct {
	mu sync.Mutex
	of map[[2]string]*Difference
}

// NewReferee returns a referee between Capas's kernels and another backend.
func NewReferee(other Backend) *Referee {
	return &Referee{other: other, table: &differences{of: map[[2]string]*Difference{}}}
}

// Under returns a referee with the same notes that puts name before the names of functions.
func (r *Referee) Under(name string) Backend {
	if r.name != "" {
		name = r.name + " " + name
	}
	return &Referee{r.other, name, r.table}
}

// String is such as "check by torch on cpu".
func (r *Referee) String() string { return fmt.Sprintf("check by %v", r.other) }

// Differences returns what was noted, the largest first.
func (r *Referee) Differences() []Difference {
	r.table.mu.Lock()
	defer r.table.mu.Unlock()
	var all []Difference
	for _, d := range r.table.of {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(b.Relative, a.Relative), cmp.Compare(a.Function, b.Function), cmp.Compare(a.Node, b.Node))
	})
	return all
}

// note takes the difference of a run.
func (t *differences) note(function, node string, relative, magnitude float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]string{function, node}
	d := t.of[key]
	if d == nil {
		d = &Difference{Function: function, Node: node}
		t.of[key] = d
	}
	d.Runs++
	if relative > d.Relative || d.Run == 0 {
		d.Relative, d.Magnitude, d.Run = relative, magnitude, d.Runs
	}
}

// match is a function on both engines.
type match struct {
	referee  *Referee
	plan     *plan
	outputs  []int
	own      *Function
	other    Machine
	compared []compared
	draws    []int
	saved    map[int]G.Value // what leaves that are assigned to held before the run
	values   []G.Value       // of the other engine
}

// compared is a value that is looked at.
type compared struct {
	value int
	node  string
}

// Build implements Backend.
func (r *Referee) Build(p *Program) (Machine, error) {
	m := &match{referee: r, plan: p.plan, outputs: p.Outputs, saved: map[int]G.Value{}}
	m.choose(p)
	theirs := &Program{Values: slices.Clone(p.Values)}
	drawn := map[int]bool{}
	for _, s := range p.Order {
		if op := own(&p.plan.entries[s]); op != nil && op.Draw != nil {
			theirs.Values[s].Op, theirs.Values[s].In = nil, nil
			drawn[s] = true
			m.draws = append(m.draws, s)
		} else {
			theirs.Order = append(theirs.Order, s)
		}
	}
	m.values = make([]G.Value, len(p.Values))
	for s, v := range p.Values {
		if v.Constant() {
			m.values[s] = v.Node.Value()
		}
	}
	ours := &Function{}
	for _, c := range m.compared {
		ours.outputs = append(ours.outputs, c.value)
		if !drawn[c.value] {
			n := p.Values[c.value].Node
			m.values[c.value] = ops.NewValue(n.Dtype(), n.Shape())
			theirs.Outputs = append(theirs.Outputs, c.value)
		}
	}
	m.compared = slices.DeleteFunc(m.compared, func(c compared) bool { return drawn[c.value] })
	ours.outputs = append(ours.outputs, m.draws...)
	for _, a := range p.Assignments {
		n := p.Values[a.To].Node
		m.saved[a.To] = ops.NewValue(n.Dtype(), n.Shape())
	}
	var err error
	if m.other, err = r.other.Build(theirs); err != nil {
		return nil, err
	}
	p.plan.updateInPlaces()
	m.own = ours
	return m, ours.build(p.plan, p.plan.schedule())
}

// choose lists what is compared.
func (m *match) choose(p *Program) {
	seen, names := map[int]bool{}, map[string]int{}
	add := func(s int, node string) {
		if seen[s] || p.Values[s].Op == nil {
			return
		}
		seen[s] = true
		if names[node]++; names[node] > 1 {
			node = fmt.Sprintf("%s, no. %d", node, names[node])
		}
		m.compared = append(m.compared, compared{s, node})
	}
	label := func(s int) string { return fmt.Sprintf("%v %v", p.Values[s].Op, p.Values[s].Node.Shape()) }
	for _, a := range p.Assignments {
		add(a.From, fmt.Sprintf("new %s", p.Values[a.To].Node.Name()))
	}
	for _, a := range p.Assignments {
		to := p.Values[a.To].Node
		for _, x := range p.Values[a.From].In {
			if v := p.Values[x]; v.Op != nil && v.Node.Shape().Eq(to.Shape()) && to.Shape().Dims() > 0 {
				add(x, fmt.Sprintf("for %s: %s", to.Name(), label(x)))
			}
		}
	}
	for _, s := range p.Outputs {
		add(s, "output: "+label(s))
	}
}

// Run implements Machine.
func (m *match) Run(values []G.Value) error {
	for s, v := range m.saved {
		if err := assign(v, values[s]); err != nil {
			return err
		}
	}
	for _, l := range m.own.leaves {
		m.own.values[l.slot] = values[l.slot]
		m.values[l.slot] = values[l.slot]
	}
	for s, v := range m.saved {
		m.values[s] = v
	}
	if err := m.own.compute(); err != nil {
		return err
	}
	for _, s := range m.draws {
		m.values[s] = m.ours(s)
	}
	if err := m.other.Run(m.values); err != nil {
		return err
	}
	for _, c := range m.compared {
		relative, magnitude, err := relativeDifference(m.ours(c.value), m.values[c.value])
		if err != nil {
			return fmt.Errorf("%s: %w", c.node, err)
		}
		m.referee.table.note(m.referee.name, c.node, relative, magnitude)
	}
	for _, s := range m.outputs {
		values[s] = m.ours(s)
	}
	return nil
}

// ours is the value that Capas's kernels gave.
func (m *match) ours(s int) G.Value {
	if t := m.plan.entries[s].target; t >= 0 {
		return m.own.values[t]
	}
	return m.own.values[s]
}

// Close implements Machine.
func (m *match) Close() error {
	m.own.Close()
	return m.other.Close()
}

// relativeDifference is the largest difference of elements over the largest magnitude of any, and
// that magnitude.
func relativeDifference(a, b G.Value) (relative, magnitude float64, err error) {
	if x, err := ops.Elements[float32](a); err == nil {
		y, err := ops.Elements[float32](b)
		if err != nil {
			return 0, 0, err
		}
		relative, magnitude = relativeOf(x, y)
		return relative, magnitude, nil
	}
	x, err := ops.Elements[float64](a)
	if err != nil {
		return 0, 0, err
	}
	y, err := ops.Elements[float64](b)
	if err != nil {
		return 0, 0, err
	}
	relative, magnitude = relativeOf(x, y)
	return relative, magnitude, nil
}

func relativeOf[T ops.Float](a, b []T) (relative, magnitude float64) {
	var largest float64
	for i, v := range a {
		x, y := float64(v), float64(b[i])
		if x == y || math.IsNaN(x) && math.IsNaN(y) {
			magnitude = max(magnitude, finiteMagnitude(x))
			continue
		}
		if math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
			return math.Inf(1), math.Abs(x)
		}
		largest, magnitude = max(largest, math.Abs(x-y)), max(magnitude, math.Abs(x), math.Abs(y))
	}
	if magnitude == 0 { // all are 0
		return 0, 0
	}
	return largest / magnitude, magnitude
}

func finiteMagnitude(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Abs(x)
}
