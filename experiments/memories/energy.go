package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/experiments/lab"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// energyResult is what one seed's energies showed.
type energyResult struct {
	// course is the energy of a recall after each unit that turned, by rule.
	course map[rule][]float64
	// turns of all recalls, those after which the energy was higher, and the ends that are no
	// local minima, of recalls in number.
	turns, rises, recalls, open int
	// Of the overloaded network, updated at once: the shares of starts that end in a cycle of
	// two states, in a state, and in neither; of those whose energy rose on the way. inTurn is
	// the share that came to rest when units were updated one after the other.
	cycles, fixed, neither, rose, inTurn float64
	// at once and in turn, the energies of the start that ended in the cycle whose two states
	// differ most in energy.
	atOnceCourse, inTurnCourse []float64
}

// rounding of energies in float64, whose size is that of the number of units.
const rounding = 1e-9

// sweep is one of a Hopfield network in an order that is drawn, which is returned.
func (m *memory) sweep(start *tensor.Dense, order *random.Stream) (units []int, after *tensor.Dense, err error) {
	n := start.Shape()[1]
	draws := make([]float64, n)
	order.Normal64(draws)
	keys := tensor.New(tensor.Of(start.Dtype()), tensor.WithShape(n))
	for i, v := range draws {
		if units = append(units, i); start.Dtype() == tensor.Float64 {
			keys.Float64s()[i] = v
		} else {
			keys.Float32s()[i] = float32(v)
		}
	}
	slices.SortStableFunc(units, func(a, b int) int {
		switch {
		case draws[a] < draws[b]:
			return -1
		case draws[a] > draws[b]:
			return 1
		}
		return 0
	})
	p := &blocks.Param{Name: "keys", Value: keys}
	run, err := models.NewRecallWith(m.run.Compiler, "sweep", func(s G.Nodes) (G.Nodes, error) {
		var c ops.Chain
		return G.Nodes{c.Do(m.hopfield.Sweep(s[0], c.Do(p.Node(s[0].Graph()))))}, c.Err()
	}, start)
	if err != nil {
		return nil, nil, err
	}
	defer run.Close()
	_, err = run.Step()
	return units, run.States[0], err
}

// follow recalls a probe (1,n) unit by unit, and returns the energies: at first, and after
// each unit that turned.
func (m *memory) follow(probe *tensor.Dense, order *random.Stream) (energies []float64, end *tensor.Dense, err error) {
	n := probe.Shape()[1]
	now := append([]float64(nil), probe.Float64s()...)
	states := slices.Clone(now)
	for range mostSteps {
		units, after, err := m.sweep(tensor.New(tensor.WithShape(1, n), tensor.WithBacking(slices.Clone(now))), order)
		if err != nil {
			return nil, nil, err
		}
		moved := false
		for _, i := range units {
			if v := after.Float64s()[i]; v != now[i] {
				now[i], moved = v, true
				states = append(states, now...)
			}
		}
		if !moved {
			break
		}
	}
	all := tensor.New(tensor.WithShape(len(states)/n, n), tensor.WithBacking(states))
	energies, err = evaluate(func(s G.Nodes) (*G.Node, error) { return m.hopfield.Energy(s[0]) }, all)
	return energies, tensor.New(tensor.WithShape(1, n), tensor.WithBacking(now)), err
}

// energies follows recalls of digits, and runs an overloaded network at once.
func (j *job) energies(ctx context.Context, t *lab.Task) (*energyResult, error) {
	r, s := j.run.Recipe, random.New(j.seed).Split("energy")
	digits, err := j.images(r.Stored)
	if err != nil {
		return nil, err
	}
	out := &energyResult{course: map[rule][]float64{}}
	start := probes(first(digits, min(r.Stored, r.Followed)), r.Flipped, s.Split("noise"))
	for _, rule := range []rule{hebbian, centered, inverse} {
		m, err := j.memory(rule, digits)
		if err != nil {
			return nil, err
		}
		h := &models.Hopfield{W: wideParam(m.hopfield.W), B: wideParam(m.hopfield.B)}
		m.hopfield = h
		n := digits.Shape()[1]
		for i := range start.Shape()[0] {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			probe := wide(matrix(start.Float32s()[i*n:(i+1)*n], n))
			energies, end, err := m.follow(probe, s.Split(fmt.Sprintf("%s %d", rule, i)))
			if err != nil {
				return nil, err
			}
			for k := 1; k < len(energies); k++ {
				out.turns++
				if energies[k] > energies[k-1]+rounding {
					out.rises++
				}
			}
			open, err := lower(h, end)
			if err != nil {
				return nil, err
			}
			if out.recalls++; open {
				out.open++
			}
			if i == 0 {
				out.course[rule] = energies
			}
		}
		t.Add(1)
	}
	return out, j.overloaded(out, s.Split("overloaded"))
}

// lower tells whether a state (1,n) has a neighbour, a unit turned, of lower energy: turning
// it takes 2·s_i·h_i.
func lower(h *models.Hopfield, state *tensor.Dense) (bool, error) {
	field, err := evaluate(func(s G.Nodes) (*G.Node, error) { return h.Field(s[0]) }, state)
	if err != nil {
		return false, err
	}
	for i, v := range state.Float64s() {
		if 2*v*field[i] < -rounding {
			return true, nil
		}
	}
	return false, nil
}

// overloaded runs a network with as many patterns as units from random states, all units at
// once, and one after the other.
func (j *job) overloaded(out *energyResult, s *random.Stream) error {
	n, count := j.run.Recipe.Overloaded, j.run.Recipe.Starts
	m, err := j.memory(hebbian, coins(s.Split("patterns"), n, n))
	if err != nil {
		return err
	}
	energy := func(s G.Nodes) (*G.Node, error) { return m.hopfield.Energy(s[0]) }
	start := coins(s.Split("starts"), count, n)
	// course are the last three states, and the energies of all.
	course := func(step func(G.Nodes) (G.Nodes, error)) (states []*tensor.Dense, energies [][]float64, err error) {
		run, err := models.NewRecallWith(j.run.Compiler, "overloaded", step, start)
		if err != nil {
			return nil, nil, err
		}
		defer run.Close()
		for i := range mostSteps + 1 {
			e, err := evaluate(energy, run.States[0])
			if err != nil {
				return nil, nil, err
			}
			energies = append(energies, e)
			if i > mostSteps-3 {
				states = append(states, run.States[0].Clone().(*tensor.Dense))
			}
			if i == mostSteps {
				break
			}
			if _, err := run.Step(); err != nil {
				return nil, nil, err
			}
		}
		return states, energies, nil
	}
	states, energies, err := course(atOnce(m.hopfield))
	if err != nil {
		return err
	}
	chosen, most := 0, -1.0
	changed, again := wrong(states[2], states[1]), wrong(states[2], states[0])
	for i := range count {
		part := 1 / float64(count)
		switch {
		case changed[i] == 0:
			out.fixed += part
		case again[i] == 0:
			out.cycles += part
			if by := math.Abs(energies[mostSteps][i] - energies[mostSteps-1][i]); by > most {
				chosen, most = i, by
			}
		default:
			out.neither += part
		}
		for k := 1; k < len(energies); k++ {
			if energies[k][i] > energies[k-1][i]+1e-6*float64(n) { // float32, of the size of n
				out.rose += part
				break
			}
		}
	}
	for _, e := range energies[:courseSteps] {
		out.atOnceCourse = append(out.atOnceCourse, e[chosen])
	}
	if states, energies, err = course(inTurn(m.hopfield, s.Split("order"))); err != nil {
		return err
	}
	for _, e := range energies[:courseSteps] {
		out.inTurnCourse = append(out.inTurnCourse, e[chosen])
	}
	out.inTurn = share(wrong(states[2], states[1]), func(v float64) bool { return v == 0 })
	j.run.Log(j.seed, "energy", energyLine{"recalls", out.turns, out.rises, out.open, out.cycles, out.rose, out.inTurn})
	return nil
}

// courseSteps are the steps of a run at once that are shown, after its start.
const courseSteps = 21

// energyLine is a line of metrics.jsonl.
type energyLine struct {
	Stage  string  `json:"stage"`
	Turns  int     `json:"turns"`
	Rises  int     `json:"rises"`
	Open   int     `json:"no_minima"`
	Cycles float64 `json:"cycles"`
	Rose   float64 `json:"rose"`
	InTurn float64 `json:"in_turn_at_rest"`
}
