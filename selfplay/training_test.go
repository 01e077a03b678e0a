package selfplay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/games"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/search"
	"capas/train"
)

// training is a small one of tic-tac-toe, measured by its loss in a few games against chance.
func training(t testing.TB, r Recipe) *Training {
	g := games.TicTacToe()
	net := network(t, g, 0, 16)
	out := &Training{Game: g, Net: net, Recipe: r, Stream: random.New(3)}
	out.Measure = func(ctx context.Context, iteration int) (train.Values, error) {
		p, err := NewPlayer(g, net, search.Options{Simulations: 5, Rule: search.PUCT, Exploration: 1}, autodiff.Compiler{})
		if err != nil {
			return nil, err
		}
		score, _, err := search.Match(ctx, g, p, search.Random{Game: g}, 6, random.New(uint64(iteration)))
		return train.Values{{Name: "won", Value: float64(score.All().Won)}}, err
	}
	return out
}

// result is everything that a training leaves.
func result(t testing.TB, tr *Training, h *train.History) string {
	t.Helper()
	text := string(must[[]byte](t)(json.Marshal(h)))
	for _, p := range tr.Net.Params() {
		text += fmt.Sprintln(p.Name, p.Value.Float32s())
	}
	return text
}

// store keeps copies of every state that it is given.
type store struct {
	states []*pretrain.State
	cancel func() // called after each
}

func (s *store) Load() (*pretrain.State, error) {
	if len(s.states) == 0 {
		return nil, nil
	}
	return s.states[len(s.states)-1], nil
}

func (s *store) Save(state *pretrain.State) error {
	c := &pretrain.State{Done: slices.Clone(state.Done)}
	if now := state.Current; now != nil {
		snapshot := &train.Snapshot{Position: now.Snapshot.Position}
		text, err := json.Marshal(now.Snapshot.Position) // as a file keeps it
		if err != nil {
			return err
		}
		snapshot.Position = train.Position{}
		if err := json.Unmarshal(text, &snapshot.Position); err != nil {
			return err
		}
		for _, p := range now.Snapshot.Tensors {
			snapshot.Tensors = append(snapshot.Tensors, p.Clone(p.Name))
		}
		c.Current = &pretrain.Current{Stage: now.Stage, Snapshot: snapshot}
	}
	s.states = append(s.states, c)
	if s.cancel != nil {
		s.cancel()
	}
	return nil
}

func (s *store) Last() string { return "" }

func run(ctx context.Context, tr *Training, s pretrain.Store) (*train.History, error) {
	p := pretrain.Pipeline{Stages: []pretrain.Stage{tr.Stage("self-play")}, Store: s}
	all, err := p.Run(ctx)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// A training that is resumed from any of its snapshots, between two steps, before the games
// or before the measurement, ends with the same bytes, whatever the number of processors.
func TestResumeIsExact(t *testing.T) {
	whole := training(t, small())
	all := &store{}
	h := must[*train.History](t)(run(context.Background(), whole, all))
	want := result(t, whole, h)
	if len(h.Epochs) != 4 || len(all.states) < 4*5 {
		t.Fatalf("%d iterations, %d snapshots", len(h.Epochs), len(all.states))
	}
	seen := map[string]bool{}
	for i, state := range all.states {
		if state.Current == nil {
			continue
		}
		p := state.Current.Snapshot.Position
		switch {
		case len(p.Train.Values) == 0:
			seen["before the games"] = true
		case p.Batch == 5:
			seen["before the measurement"] = true
		case p.Batch == 0:
			seen["before the steps"] = true
		default:
			seen["between steps"] = true
		}
		if i%3 != 0 && i < len(all.states)-3 {
			continue // every third, and the last ones
		}
		before := runtime.GOMAXPROCS(1 + i%2)
		again := training(t, small())
		for _, q := range again.Net.Params() { // whatever was there
			q.Value.Float32s()[0] = 77
		}
		h, err := run(context.Background(), again, &store{states: []*pretrain.State{state}})
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if got := result(t, again, h); got != want {
			t.Fatalf("resumed at %v: another result", p)
		}
	}
	if len(seen) != 4 {
		t.Errorf("only snapshots %v", seen)
	}
}

// A training that is cancelled hands over where it stands, from where it goes on exactly.
func TestCancelled(t *testing.T) {
	whole := training(t, small())
	want := result(t, whole, must[*train.History](t)(run(context.Background(), whole, nil)))
	s := &store{}
	for n := 0; ; n++ {
		tr := training(t, small())
		ctx, cancel := context.WithCancel(context.Background())
		saved := 0
		s.cancel = func() {
			if saved++; saved == 7 {
				cancel()
			}
		}
		h, err := run(ctx, tr, s)
		cancel()
		if err == nil {
			if n < 2 {
				t.Errorf("the training was cancelled only %d times", n)
			}
			if got := result(t, tr, h); got != want {
				t.Error("another result")
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

// Snapshots that are none of this training's are refused, and change nothing.
func TestWrongSnapshots(t *testing.T) {
	all := &store{}
	must[*train.History](t)(run(context.Background(), training(t, small()), all))
	for says, change := range map[string]func(*train.Snapshot){
		"position: want one in 4 iterations": func(s *train.Snapshot) { s.Steps++ },
		"5 sums":                             func(s *train.Snapshot) { s.Train.Values = s.Train.Values[:5] },
		"tensors, got 0":                     func(s *train.Snapshot) { s.Tensors = nil },
		"want 300 examples":                  func(s *train.Snapshot) {},
		"has no tensor net.1.W":              func(s *train.Snapshot) { s.Tensors[0] = s.Tensors[0].Clone("other") },
		"their number and the next place":    func(s *train.Snapshot) { s.Tensors[len(s.Tensors)-1].Value.Float32s()[0] = 0.5 },
	} {
		state := all.states[7]
		snapshot := &train.Snapshot{Position: state.Current.Snapshot.Position}
		for _, p := range state.Current.Snapshot.Tensors {
			snapshot.Tensors = append(snapshot.Tensors, p.Clone(p.Name))
		}
		snapshot.Train.Values = slices.Clone(snapshot.Train.Values)
		change(snapshot)
		tr := training(t, small())
		if says == "want 300 examples" {
			tr.Recipe.Buffer = 200
			says = "buffer of 200 examples"
		}
		before := result(t, tr, &train.History{})
		_, err := run(context.Background(), tr, &store{states: []*pretrain.State{{Current: &pretrain.Current{Stage: "self-play", Snapshot: snapshot}}}})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
		if result(t, tr, &train.History{}) != before {
			t.Errorf("%s: the network was changed", says)
		}
	}
}

// What a training lacks is an error of one line.
func TestMissing(t *testing.T) {
	for says, change := range map[string]func(*Training){
		"want a game and a policy-value network": func(tr *Training) { tr.Net = nil },
		"want a stream":                          func(tr *Training) { tr.Stream = nil },
		"iterations, got 0":                      func(tr *Training) { tr.Recipe.Iterations = 0 },
	} {
		tr := training(t, small())
		change(tr)
		if _, err := run(context.Background(), tr, nil); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}

// A rate that makes the weights infinite is a divergence that names what broke.
func TestDivergence(t *testing.T) {
	r := small()
	r.Optimizer = train.SGD(1e30)
	_, err := run(context.Background(), training(t, r), &store{})
	if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "iteration 1: step") {
		t.Errorf("got %v", err)
	}
}

// From random weights tic-tac-toe is learnt: a network of 64 units that has seen 3000 games
// draws against a perfect player, from both sides, and a turned position has nearly the same
// value.
func TestLearnsTicTacToe(t *testing.T) {
	g := games.TicTacToe()
	net := must[*models.PolicyValue](t)(models.NewPolicyValue("net", [3]int{games.Planes, 3, 3}, nil, []int{64, 64}, 9, blocks.ReLU(), blocks.He(), random.New(2)))
	r := small()
	r.Iterations, r.Games, r.Chance, r.Steps, r.Batch, r.Buffer = 25, 128, 6, 40, 128, 20_000
	r.Search.Simulations, r.Search.Exploration = 50, 4
	tr := &Training{Game: g, Net: net, Recipe: r, Stream: random.New(4)}
	h := must[*train.History](t)(run(context.Background(), tr, nil))
	loss := func(i int) float64 { v, _ := h.Epochs[i].Train.Get("loss"); return v }
	if !(loss(24) < 0.85*loss(0)) {
		t.Errorf("loss %g at first, %g at last", loss(0), loss(24))
	}
	o := search.Options{Simulations: 100, Rule: search.PUCT, Exploration: 4}
	player := must[*search.Searcher](t)(NewPlayer(g, net, o, autodiff.Compiler{}))
	solver := games.NewSolver(g)
	score, _, err := search.Match(context.Background(), g, player, search.Perfect{Solver: solver}, 60, random.New(5))
	if err != nil {
		t.Fatal(err)
	}
	if score.All().Lost > 0 {
		t.Errorf("against a perfect player: %+v", score)
	}
	if score, _, err = search.Match(context.Background(), g, player, search.Random{Game: g}, 60, random.New(6)); err != nil || score.All().Lost > 0 || score.First.Won < 27 {
		t.Errorf("against a random player: %+v, %v", score, err)
	}
}
