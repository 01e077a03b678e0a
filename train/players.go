package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Move is how a player of an objective moves.
type Move struct {
	Optimizer Optimizer `json:"optimizer"`
	// Every is the number of steps of which the player takes part in the last; 0 stands for 1.
	// It cannot be more for the player that moves first, whose batch shows the monitors.
	Every int `json:"every,omitempty"`
}

func (m Move) check(simultaneous bool) error {
	if m.Every < 0 || simultaneous && m.Every > 1 {
		return fmt.Errorf("want a move every step, or of players that take turns every so many steps, got %d", m.Every)
	}
	return m.Optimizer.Check()
}

// NewState returns the state before the first step on parameters of the given dtype, of the
// recipe's optimiser and of those of its players.
func (r Recipe) NewState(dt tensor.Dtype) (*State, error) {
	s, err := r.Optimizer.NewState(dt)
	if err != nil {
		return nil, err
	}
	s.players = &players{simultaneous: r.Simultaneous, every: map[string]int{}, states: map[string]*State{}}
	for name, m := range r.Players {
		own, err := m.Optimizer.NewState(dt)
		if err != nil {
			return nil, fmt.Errorf("player %s: %w", name, err)
		}
		own.Slots, own.watch, own.player = s.Slots, s.watch, name+"."
		s.players.states[name], s.players.every[name] = own, max(m.Every, 1)
	}
	return s, nil
}

// players are the states of a recipe's players.
type players struct {
	simultaneous bool
	every        map[string]int
	states       map[string]*State
}

// advance sets the values of the moves in a step. Each optimiser counts its own.
func (p *players) advance(step, epoch, epochs int) {
	if p == nil {
		return
	}
	for name, s := range p.states {
		s.Steps = step / p.every[name]
		s.prepare(epoch, epochs)
	}
}

// check reports moves of players that an objective does not have.
func (p *players) check(o *models.Objective) error {
	if p == nil {
		return nil
	}
	var known []string
	for _, x := range o.Players {
		known = append(known, x.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.states)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("want moves of the players [%s], got one of %q", strings.Join(known, ", "), name)
		}
	}
	return nil
}

// of returns the state by which a player moves, and every how many steps.
func (s *State) of(player string) (*State, int) {
	if s.players != nil && s.players.states[player] != nil {
		return s.players.states[player], s.players.every[player]
	}
	return s, 1
}

// turn is what one compiled function does of a step: the moves of all players, or of one.
type turn struct {
	player  string // "" for all
	every   int    // steps
	params  []*blocks.Param
	grads   G.Nodes
	updates []autodiff.Update // of the parameters, and of what the optimiser keeps
}

// turns builds what a step does to the parameters that are trained.
func turns(o *models.Objective, trained []*blocks.Param, state *State) ([]turn, error) {
	if err := state.players.check(o); err != nil {
		return nil, err
	}
	all := o.Players
	switch {
	case (o.Cost == nil) == (len(all) == 0):
		return nil, fmt.Errorf("want an objective with a cost or with players, got cost %t and %d players", o.Cost != nil, len(all))
	case len(all) == 0:
		all = []models.Player{{Cost: o.Cost, Params: trained}}
	}
	var out []turn
	moved := map[*blocks.Param]bool{}
	for _, p := range all {
		t, err := turnOf(p, trained, state)
		if err != nil {
			return nil, fmt.Errorf("%s%w", heading(p.Name), err)
		}
		for _, x := range t.params {
			if moved[x] {
				return nil, fmt.Errorf("player %s: want parameters of its own, got %s of another player too", p.Name, x.Name)
			}
			moved[x] = true
		}
		switch last := len(out) - 1; {
		case len(t.params) == 0: // train.Only
		case state.players != nil && state.players.simultaneous && last >= 0:
			out[last].params = append(out[last].params, t.params...)
			out[last].grads = append(out[last].grads, t.grads...)
			out[last].updates = append(out[last].updates, t.updates...)
			out[last].player = ""
		default:
			out = append(out, t)
		}
	}
	for _, p := range trained {
		if !moved[p] {
			return nil, fmt.Errorf("want every parameter to be a player's, got %s of none", p.Name)
		}
	}
	if len(out) == 0 || out[0].every > 1 {
		return nil, fmt.Errorf("want a player that moves first, in every step")
	}
	return out, nil
}

func heading(player string) string {
	if player == "" {
		return ""
	}
	return "player " + player + ": "
}

// ownOf are a player's parameters, as far as they are trained.
func ownOf(p models.Player, trained []*blocks.Param) (own []*blocks.Param) {
	for _, x := range p.Params {
		if slices.Contains(trained, x) {
			own = append(own, x)
		}
	}
	return own
}

// turnOf builds the move of one player with those of its parameters that are trained.
func turnOf(p models.Player, trained []*blocks.Param, state *State) (turn, error) {
	own, every := state.of(p.Name)
	t := turn{player: p.Name, every: every}
	t.params = ownOf(p, trained)
	if len(t.params) == 0 {
		return t, nil
	}
	if p.Cost == nil {
		return t, fmt.Errorf("has no cost")
	}
	leaves, err := blocks.Nodes(p.Cost.Graph(), t.params)
	if err != nil {
		return t, err
	}
	if t.grads, err = autodiff.Grad(p.Cost, leaves...); err != nil {
		return t, err
	}
	t.updates, err = own.Updates(t.params, leaves, t.grads)
	return t, err
}
