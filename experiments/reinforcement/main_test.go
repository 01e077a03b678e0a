package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/experiments/internal/labtest"
	"capas/models"
	"capas/random"
	"capas/reinforce"
	"capas/train"

	"gonum.org/v1/gonum/stat"
)

// tiny is a run of all methods on both tasks.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-limit", "50", "-memory", "300", "-q-rounds", "50", "-q-epochs", "2", "-policy-epochs", "2", "-policy-rounds", "3", "-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "cartpole_test.svg", "catch_dqn.svg", "cartpole_reinforce.svg", "catch_values.svg", "cartpole_variance.svg",
		"trace_angle.svg", "trace_q.svg", "catch.png", "checkpoints/seed-1-cartpole-dqn", "models/seed-1-catch-reinforce.safetensors")
}

func TestPresetsAreValid(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	out := t.TempDir()
	doc := program().ResultIn(t, out, "-seeds", "3")
	for _, name := range []string{"cartpole.dqn.test_return", "catch.dqn-neither.training_caught", "catch.reinforce.variance", "cartpole.chance_return", "cartpole.dqn-no-target.overestimate"} {
		if len(doc.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, doc.Metrics[name].Values)
		}
	}
	if len(doc.Claims) != 14 {
		t.Errorf("want 14 claims of 3 seeds, got %d", len(doc.Claims))
	}
	// What models holds plays as the result says, in episodes that are begun anew.
	r := experiment().Presets["smoke"]
	if err := validate(&r); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		model, _, err := models.Load(filepath.Join(out, "models", spec{catch, dqn, seed + 1}.file()+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := reinforce.NewPlayer(r.screen(), model.(*models.MLP), r.Test, r.limit(catch), autodiff.Compiler{})
		if err != nil {
			t.Fatal(err)
		}
		played, err := p.Play(1, random.New(seed+1).Split("catch").Split("test"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if caught := (1 + stat.Mean(played.Returns, nil)) / 2; math.Abs(caught-doc.Metrics["catch.dqn.test_caught"].Values[seed]) > 1e-12 {
			t.Errorf("seed %d: the saved model catches %g, the result says %g", seed+1, caught, doc.Metrics["catch.dqn.test_caught"].Values[seed])
		}
	}
}

// By chance a pole stands for as long as is known of it, 22 steps, and a ball is caught as
// often as the walk of the paddle says: for each column of the ball by dynamic programming.
func TestChance(t *testing.T) {
	r := experiment().Presets["lecture"]
	if err := validate(&r); err != nil {
		t.Fatal(err)
	}
	r.Test = 10_000
	pole, err := newLearner(&r, spec{cartpole, dqn, 1})
	if err != nil {
		t.Fatal(err)
	}
	if steps, err := pole.chance(&r); err != nil || math.Abs(steps-22.2) > 0.6 {
		t.Errorf("a pole stands for %g steps (%v)", steps, err)
	}
	// The paddle's column after Rows−1 steps, from the middle.
	p := make([]float64, r.Columns)
	p[r.Columns/2] = 1
	for range r.Rows - 1 {
		next := make([]float64, r.Columns)
		for c, v := range p {
			for _, move := range []int{-1, 0, 1} {
				next[min(max(c+move, 0), r.Columns-1)] += v / 3
			}
		}
		p = next
	}
	var want float64
	for _, v := range p {
		want += v / float64(r.Columns)
	}
	player, err := newLearner(&r, spec{catch, dqn, 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := player.chance(&r)
	if got = catch.measure(got); err != nil || math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/float64(r.Test)) {
		t.Errorf("a share of %g of the balls is caught, want %g (%v)", got, want, err)
	}
}

// Methods that are compared begin with the same network, and play the same test episodes.
func TestMethodsBeginAlike(t *testing.T) {
	r := experiment().Presets["smoke"]
	if err := validate(&r); err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks() {
		for _, group := range [][]method{qMethods(), policyMethods()} {
			var first []float32
			for _, m := range group {
				l, err := newLearner(&r, spec{task, m, 3})
				if err != nil {
					t.Fatal(err)
				}
				var all []float32
				for _, p := range l.net.Params() {
					all = append(all, p.Value.Float32s()...)
				}
				if first == nil {
					first = all
				} else if !slices.Equal(first, all) {
					t.Errorf("%s, %s: other first weights", task, m)
				}
			}
		}
	}
}

// Trainings that diverge, all of a kind or of every kind, are told of in the report, and no claim
// about them holds.
func TestDivergence(t *testing.T) {
	r := experiment().Presets["smoke"]
	r.CartPole.Q.Optimizer = train.SGD(1e38)
	r.Catch.Policy.Optimizer = train.SGD(1e38)
	recipe := filepath.Join(t.TempDir(), "recipe.json")
	text, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(recipe, text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	doc := program().Result(t, "-recipe", recipe, "-seeds", "3")
	diverged := 0
	for _, c := range doc.Claims {
		if strings.Contains(c.Measured, "diverged") || strings.Contains(c.Measured, "not finite") {
			diverged++
			if c.Holds {
				t.Errorf("claim of trainings that diverged: %+v", c)
			}
		}
	}
	if diverged != 1+3+1+2 { // solved and compared: Q-learning of the cart-pole, and REINFORCE of Catch
		t.Errorf("%d claims say that trainings diverged", diverged)
	}
	if slices.Contains(doc.Figures, "cartpole_dqn.svg") || !slices.Contains(doc.Figures, "catch_dqn.svg") || len(doc.Claims) != 14 {
		t.Errorf("figures %v, %d claims", doc.Figures, len(doc.Claims))
	}
}

func TestBadInput(t *testing.T) {
	program().BadInput(t,
		labtest.Bad{Name: "no layer", Status: 2, Says: "", Args: []string{"-hidden", ""}},
		labtest.Bad{Name: "no units", Status: 2, Says: "1 to 10000 units in a hidden layer, got 0", Args: []string{"-hidden", "16,0"}},
		labtest.Bad{Name: "units beyond the memory", Status: 2, Says: "1 to 10000 units", Args: []string{"-hidden", "1000000000"}},
		labtest.Bad{Name: "too many layers", Status: 2, Says: "1 to 10 hidden layers, got 11", Args: []string{"-hidden", "2,2,2,2,2,2,2,2,2,2,2"}},
		labtest.Bad{Name: "softmax", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "a wide screen", Status: 2, Says: "catch: want", Args: []string{"-columns", "50"}},
		labtest.Bad{Name: "a huge screen", Status: 2, Says: "catch: want", Args: []string{"-rows", "100000"}},
		labtest.Bad{Name: "no limit", Status: 2, Says: "a limit of at least one step, got -1", Args: []string{"-limit", "-1"}},
		labtest.Bad{Name: "screens beyond the memory", Status: 2, Says: "catch: reinforce: want observations", Args: []string{"-rows", "100", "-columns", "100", "-episodes", "10000", "-q-rounds", "100"}},
		labtest.Bad{Name: "no test", Status: 2, Says: "1 to 10000 test episodes, got 0", Args: []string{"-test-episodes", "0"}},
		labtest.Bad{Name: "no validation", Status: 2, Says: "validation episodes, got", Args: []string{"-validation-episodes", "0"}},
		labtest.Bad{Name: "solved beyond the limit", Status: 2, Says: "solved in (0,10], the limit of an episode", Args: []string{"-limit", "10"}},
		labtest.Bad{Name: "a limit beyond the epoch", Status: 2, Says: "cartpole: q-learning: want a limit", Args: []string{"-limit", "200"}},
		labtest.Bad{Name: "no rounds", Status: 2, Says: "cartpole: reinforce: want", Args: []string{"-policy-rounds", "0"}},
		labtest.Bad{Name: "no whole number", Status: 2, Says: "want a whole number", Args: []string{"-batch", "x"}},
		labtest.Bad{Name: "a batch beyond the memory", Status: 2, Says: "cartpole: q-learning: want batches", Args: []string{"-batch", "2000"}},
		labtest.Bad{Name: "a memory beyond the machine's", Status: 2, Says: "q-learning: want batches", Args: []string{"-memory", "1000000000"}},
		labtest.Bad{Name: "no target network", Status: 2, Says: "leaves out by itself", Args: []string{"-target-every", "0"}},
		labtest.Bad{Name: "data", Status: 2, Says: "data", Args: []string{"-data", "mnist"}},
	)
}
