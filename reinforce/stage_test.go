package reinforce

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// setup is a stage and the parameters that it changes.
type setup struct {
	stage  pretrain.Stage
	params []*blocks.Param
}

func qRecipe() QRecipe {
	return QRecipe{
		Copies: 3, Limit: 12, Discount: 0.9, Epochs: 3, Rounds: 20, Batch: 8, Memory: 50, Warmup: 20, Epsilon: 0.1, Anneal: 30, TargetEvery: 7, Validation: 5,
		Optimizer: train.Optimizer{Kind: "adam", Rate: train.Constant(0.01)},
	}
}

func policyRecipe() PolicyRecipe {
	return PolicyRecipe{
		Episodes: 4, Limit: 12, Discount: 0.9, Epochs: 3, Rounds: 6, Scale: 5, Validation: 5, Measure: 3,
		Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.01), Momentum: train.Constant(0.9)},
	}
}

// setups make fresh stages of each kind.
var setups = map[string]func(testing.TB) setup{
	"dqn on cart-pole": func(t testing.TB) setup {
		net := network(t, "q", 4, 6, 2)
		return setup{QStage(CartPole{}, net, qRecipe(), random.New(7)), net.Params()}
	},
	"q-learning without memory and target on catch": func(t testing.TB) setup {
		net, r := network(t, "q", 20, 6, 3), qRecipe()
		r.Latest, r.TargetEvery = true, 0
		return setup{QStage(Catch{4, 5}, net, r, random.New(8)), net.Params()}
	},
	"dqn on a stochastic process": func(t testing.TB) setup {
		net := network(t, "q", 3, 2)
		return setup{QStage(maze(), net, qRecipe(), random.New(9)), net.Params()}
	},
	"reinforce on cart-pole": func(t testing.TB) setup {
		net, b := network(t, "pi", 4, 6, 2), network(t, "b", 4, 6, 1)
		return setup{PolicyStage(CartPole{}, net, b, policyRecipe(), random.New(10)), append(net.Params(), b.Params()...)}
	},
	"reinforce without baseline on catch": func(t testing.TB) setup {
		net := network(t, "pi", 20, 6, 3)
		return setup{PolicyStage(Catch{4, 5}, net, nil, policyRecipe(), random.New(11)), net.Params()}
	},
}

// bits are those of the parameters.
func bits(params []*blocks.Param) (out []uint32) {
	for _, p := range params {
		for _, v := range p.Value.Float32s() {
			out = append(out, math.Float32bits(v))
		}
	}
	return out
}

// killed is a store whose process ends right after a number of saves.
type killed struct {
	pretrain.Store
	left int
}

var errKilled = errors.New("killed")

func (k *killed) Save(s *pretrain.State) error {
	if err := k.Store.Save(s); err != nil {
		return err
	}
	if k.left--; k.left == 0 {
		return errKilled
	}
	return nil
}

var seconds = cmpopts.IgnoreFields(train.Epoch{}, "Seconds")

// A stage that is killed after any round, and goes on from the file in a fresh process, ends
// with the bytes and the history of one without a break; so does one that is killed again
// and again.
func TestKilledAfterAnyRound(t *testing.T) {
	for name, make := range setups {
		whole := make(t)
		want := must((&pretrain.Pipeline{Stages: []pretrain.Stage{whole.stage}}).Run(context.Background()))(t)
		for _, after := range []int{1, 2, 5, 9, 14, 17} {
			store := filepath.Join(t.TempDir(), "net")
			p := pretrain.Pipeline{Stages: []pretrain.Stage{make(t).stage}, Store: &killed{&pretrain.Files{Path: store}, after}}
			if _, err := p.Run(context.Background()); !errors.Is(err, errKilled) {
				t.Fatalf("%s, save %d: want %v, got %v", name, after, errKilled, err)
			}
			again := make(t)
			p = pretrain.Pipeline{Stages: []pretrain.Stage{again.stage}, Store: &pretrain.Files{Path: store}, SaveEvery: time.Hour}
			got := must(p.Run(context.Background()))(t)
			if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(whole.params), bits(again.params)) {
				t.Fatalf("%s, killed at save %d: other bytes, or another history\n%s", name, after, d)
			}
		}
		store := filepath.Join(t.TempDir(), "net")
		for round := 0; ; round++ {
			again := make(t)
			p := pretrain.Pipeline{Stages: []pretrain.Stage{again.stage}, Store: &killed{&pretrain.Files{Path: store}, 7}}
			got, err := p.Run(context.Background())
			if err == nil {
				if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(whole.params), bits(again.params)) {
					t.Errorf("%s: other bytes after %d rounds, or another history\n%s", name, round, d)
				}
				break
			}
			if !errors.Is(err, errKilled) || round > 100 {
				t.Fatalf("%s, round %d: %v", name, round, err)
			}
		}
	}
}

// Equal seeds give equal bytes on any number of processors, other seeds other bytes.
func TestSameBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, make := range setups {
		var want []uint32
		for _, n := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(n)
			s := make(t)
			before := bits(s.params)
			train1(t, s.stage)
			if slices.Equal(before, bits(s.params)) {
				t.Errorf("%s: nothing changed", name)
			}
			if want == nil {
				want = bits(s.params)
			} else if !slices.Equal(want, bits(s.params)) {
				t.Errorf("%s: other bytes on %d processors", name, n)
			}
		}
	}
}

// A snapshot that belongs to another stage, or to no moment of one, is refused.
func TestRestoreErrors(t *testing.T) {
	var taken *train.Snapshot
	boom := errors.New("boom")
	hooks := func(from *train.Snapshot) pretrain.Hooks {
		return pretrain.Hooks{AfterEpoch: func(train.Epoch) error { return nil }, From: from}
	}
	h := hooks(nil)
	h.Save = func(s *train.Snapshot) error {
		if s.Epoch == 1 && s.Batch == 3 {
			c := *s
			c.Tensors = nil
			for _, p := range s.Tensors {
				c.Tensors = append(c.Tensors, p.Clone(p.Name))
			}
			taken = &c
			return boom
		}
		return nil
	}
	if _, err := setups["dqn on cart-pole"](t).stage.Train(context.Background(), h); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*train.Snapshot){
		"":                           func(*train.Snapshot) {},
		"position":                   func(s *train.Snapshot) { s.Batch = 21 },
		"epoch 9":                    func(s *train.Snapshot) { s.Epoch = 9 },
		"step -1":                    func(s *train.Snapshot) { s.Steps = -1 },
		"epoch 1 of a history of 0":  func(s *train.Snapshot) { s.History.Epochs = nil },
		"want 25 tensors, got 24":    func(s *train.Snapshot) { s.Tensors = s.Tensors[1:] },
		"states of 3 streams, got 2": func(s *train.Snapshot) { s.Streams = s.Streams[:2] },
		"a state of the stream": func(s *train.Snapshot) {
			s.Streams = append(train.StreamStates([]*random.Stream{random.New(99)}), s.Streams[1:]...)
		},
		"sums of 4 values, got 1":      func(s *train.Snapshot) { s.Train.Values = s.Train.Values[:1] },
		"want one in 3 epochs of 20 r": func(s *train.Snapshot) { s.Score = nil },
	} {
		s := *taken
		change(&s)
		_, err := setups["dqn on cart-pole"](t).stage.Train(context.Background(), hooks(&s))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// A training that diverges says where and in what: a parameter in the round that made it so,
// whatever the loss was before it.
func TestDivergence(t *testing.T) {
	hooks := pretrain.Hooks{AfterEpoch: func(train.Epoch) error { return nil }}
	net, q, p := network(t, "q", 3, 2), qRecipe(), policyRecipe()
	q.Optimizer, p.Optimizer = train.SGD(1e38), train.SGD(3e38)
	for says, stage := range map[string]pretrain.Stage{
		"loss is ":                       QStage(maze(), net, q, random.New(1)),
		"epoch 1, round 1: pi.1.W[0] is": PolicyStage(bandit(1000, 0), network(t, "pi", 2, 2), nil, p, random.New(1)),
	} {
		_, err := stage.Train(context.Background(), hooks)
		if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "epoch 1, round ") || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	net = network(t, "q", 3, 2)
	net.Layers[0].W.Value.Float32s()[3] = float32(math.NaN())
	for name, stage := range map[string]pretrain.Stage{"round 7": QStage(maze(), net, qRecipe(), random.New(1)), "round 1": PolicyStage(maze(), net, nil, policyRecipe(), random.New(1))} {
		_, err := stage.Train(context.Background(), hooks)
		if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "epoch 1, "+name) || !strings.Contains(err.Error(), "q.1.W[0] is NaN") {
			t.Errorf("want %s and the parameter, got %v", name, err)
		}
	}
}

// Wrong recipes and networks are errors of one line.
func TestStageErrors(t *testing.T) {
	hooks := pretrain.Hooks{AfterEpoch: func(train.Epoch) error { return nil }}
	var stages []pretrain.Stage
	good := network(t, "q", 4, 6, 2)
	for _, change := range []func(*QRecipe){
		func(r *QRecipe) { r.Copies = 0 }, func(r *QRecipe) { r.Limit = 0 }, func(r *QRecipe) { r.Rounds = r.Limit - 1 }, func(r *QRecipe) { r.Epochs = 0 },
		func(r *QRecipe) { r.Batch = 0 }, func(r *QRecipe) { r.Memory = r.Batch - 1 }, func(r *QRecipe) { r.Memory = 1 << 40 }, func(r *QRecipe) { r.Warmup = 7 },
		func(r *QRecipe) { r.Warmup = 61 }, func(r *QRecipe) { r.Epsilon = math.NaN() }, func(r *QRecipe) { r.Anneal = -1 }, func(r *QRecipe) { r.Discount = 1.1 },
		func(r *QRecipe) { r.TargetEvery = -1 }, func(r *QRecipe) { r.Validation = 0 }, func(r *QRecipe) { r.Optimizer.Kind = "none" },
	} {
		r := qRecipe()
		change(&r)
		stages = append(stages, QStage(CartPole{}, good, r, random.New(1)))
	}
	for _, change := range []func(*PolicyRecipe){
		func(r *PolicyRecipe) { r.Episodes = 0 }, func(r *PolicyRecipe) { r.Limit = 0 }, func(r *PolicyRecipe) { r.Limit = 1 << 40 }, func(r *PolicyRecipe) { r.Rounds = 0 },
		func(r *PolicyRecipe) { r.Epochs = -1 }, func(r *PolicyRecipe) { r.Measure = 1 }, func(r *PolicyRecipe) { r.Scale = math.Inf(-1) },
		func(r *PolicyRecipe) { r.Limit = 100_001 }, func(r *PolicyRecipe) { r.Limit, r.Episodes = 1001, 1000 }, func(r *PolicyRecipe) { r.Discount = math.NaN() }, func(r *PolicyRecipe) { r.Validation = -1 }, func(r *PolicyRecipe) { r.Optimizer.Rate.Start = -1 },
	} {
		r := policyRecipe()
		change(&r)
		stages = append(stages, PolicyStage(CartPole{}, good, nil, r, random.New(1)))
	}
	for _, net := range []*models.MLP{network(t, "q", 3, 2), network(t, "q", 4, 3)} {
		stages = append(stages, QStage(CartPole{}, net, qRecipe(), random.New(1)), PolicyStage(CartPole{}, net, nil, policyRecipe(), random.New(1)))
	}
	stages = append(stages, PolicyStage(CartPole{}, good, network(t, "b", 4, 2), policyRecipe(), random.New(1)), PolicyStage(CartPole{}, good, network(t, "b", 3, 1), policyRecipe(), random.New(1)))
	stages = append(stages, QStage(CartPole{}, nil, qRecipe(), random.New(1)), PolicyStage(CartPole{}, nil, nil, policyRecipe(), random.New(1)))
	stages = append(stages, QStage(CartPole{}, good, qRecipe(), nil), PolicyStage(CartPole{}, good, nil, policyRecipe(), nil))
	huge := policyRecipe() // a million steps are fine, and 10,000 pixels, but not both
	huge.Limit, huge.Episodes = 99, 10_000
	stages = append(stages, PolicyStage(Catch{100, 100}, network(t, "q", 10_000, 3), nil, huge, random.New(1)))
	for i, s := range stages {
		if _, err := s.Train(context.Background(), hooks); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d: want an error of one line, got %v", i, err)
		}
	}
	if _, err := NewPlayer(CartPole{}, good, 0, 1, autodiff.Compiler{}); err == nil {
		t.Error("no episodes: want an error")
	}
	if _, err := NewCopies(nil, 1, 1, random.New(1)); err == nil {
		t.Error("no environment: want an error")
	}
	for _, screen := range []Catch{{}, {Rows: 1, Columns: 5}, {Rows: 3, Columns: 9}} {
		if _, err := NewCopies(screen, 1, 1, random.New(1)); err == nil {
			t.Errorf("%+v: want an error", screen)
		}
	}
	if _, err := NewCopies(CartPole{}, 0, 1, random.New(1)); err == nil {
		t.Error("no copies: want an error")
	}
	if _, err := NewQLearning(nil, 0.9, true); err == nil {
		t.Error("no network: want an error")
	}
	if _, err := (&QLearning{Q: good, Discount: 0.9}).Objective(0); err == nil {
		t.Error("no transitions: want an error")
	}
	if _, err := (&Policy{Net: good}).Objective(0); err == nil {
		t.Error("no steps: want an error")
	}
	if _, err := rowMax(nil); err == nil {
		t.Error("no matrix: want an error")
	}
}
