package train_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"capas/datasets"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

func TestSchedules(t *testing.T) {
	// Hinton & Salakhutdinov 2006: momentum 0.5 for five epochs, then 0.9.
	momentum := train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 5, Value: 0.9}}}
	for name, c := range map[string]struct {
		s    train.Schedule
		want []float64 // by epoch, of as many
	}{
		"constant":        {train.Constant(0.1), []float64{0.1, 0.1, 0.1}},
		"momentum of H&S": {momentum, []float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9}},
		"two steps":       {train.Schedule{Start: 3, Steps: []train.Step{{1, 2}, {3, 1}}}, []float64{3, 2, 2, 1, 1}},
		"step at once":    {train.Schedule{Start: 3, Steps: []train.Step{{0, 2}}}, []float64{2, 2}},
		"decay":           {train.Schedule{Start: 8, Decay: 0.5}, []float64{8, 4, 2, 1}},
		"linear":          {train.Schedule{Start: 8, Linear: true}, []float64{8, 6, 4, 2}},
		"all":             {train.Schedule{Start: 1, Steps: []train.Step{{2, 16}}, Decay: 0.5, Linear: true}, []float64{1, 0.5 * 0.75, 16 * 0.25 * 0.5, 16 * 0.125 * 0.25}},
		"zero":            {train.Schedule{}, []float64{0, 0}},
	} {
		for e, want := range c.want {
			if got := c.s.At(e, len(c.want)); math.Abs(got-want) > 1e-15 {
				t.Errorf("%s: epoch %d of %d: want %g, got %g", name, e, len(c.want), want, got)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	sgd := func(change func(*train.Recipe)) train.Recipe {
		r := train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1, Batch: 10}
		change(&r)
		return r
	}
	for _, c := range []struct {
		recipe train.Recipe
		want   string // in the error; "" for none
	}{
		{sgd(func(r *train.Recipe) {}), ""},
		{sgd(func(r *train.Recipe) { r.Epochs, r.Batch = 0, 0 }), ""},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Start = 0 }), ""},
		{sgd(func(r *train.Recipe) { r.Patience = &train.Patience{} }), ""},
		{sgd(func(r *train.Recipe) { r.Augment = &datasets.Augmentation{Shift: 2} }), ""},
		{sgd(func(r *train.Recipe) { r.Augment = &datasets.Augmentation{Rotation: nan} }), "a rotation of 0 to 180 degrees"},
		{sgd(func(r *train.Recipe) { r.Epochs = -1 }), "got -1, 10 and 0"},
		{sgd(func(r *train.Recipe) { r.Batch = -3 }), "got 1, -3 and 0"},
		{sgd(func(r *train.Recipe) { r.NormEvery = -2 }), "got 1, 10 and -2"},
		{sgd(func(r *train.Recipe) { r.Patience = &train.Patience{Steps: -1} }), "patience: want steps of at least 0"},
		{sgd(func(r *train.Recipe) { r.Patience = &train.Patience{Factor: 0.5} }), "a factor of at least 1"},
		{sgd(func(r *train.Recipe) { r.Patience = &train.Patience{Factor: nan} }), "a factor of at least 1"},
		{sgd(func(r *train.Recipe) { r.Patience = &train.Patience{Threshold: 1.1} }), "a threshold in [0,1]"},
		{sgd(func(r *train.Recipe) { r.Patience = &train.Patience{Threshold: nan} }), "a threshold in [0,1]"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Kind = "adamw" }), `optimizer "adamw" is unknown, want one of sgd, momentum, nesterov, rmsprop, adam`},
		{sgd(func(r *train.Recipe) { r.Optimizer.Kind = "" }), `optimizer "" is unknown`},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Start = -0.1 }), "sgd: learning rate: want values in [0,"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Start = nan }), "got NaN"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Start = inf }), "got +Inf"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Start = 1e39 }), "got 1e+39"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Steps = []train.Step{{3, 0.1}, {3, 0.2}} }), "want steps at rising epochs, got 3 after 3"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Steps = []train.Step{{3, 0.1}, {2, 0.2}} }), "got 2 after 3"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Steps = []train.Step{{-1, 0.1}} }), "got -1 after 0"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Steps = []train.Step{{3, -1}} }), "got -1"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Decay = 1.5 }), "want a decay in [0,1], got 1.5"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rate.Decay = nan }), "want a decay in [0,1], got NaN"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Momentum.Start = 1.1 }), "sgd: momentum: want values in [0,1], got 1.1"},
		{sgd(func(r *train.Recipe) { r.Optimizer.L2 = -1 }), "want L2 of at least 0"},
		{sgd(func(r *train.Recipe) { r.Optimizer.L2 = inf }), "want L2 of at least 0 and finite, got +Inf"},
		{sgd(func(r *train.Recipe) { r.Optimizer.MaxNorm = nan }), "want max_norm of at least 0 and finite, got NaN"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Epsilon = -1 }), "want epsilon of at least 0"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Rho = 1 }), "want rho in [0,1), got 1"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Beta1 = -0.1 }), "want beta1 in [0,1), got -0.1"},
		{sgd(func(r *train.Recipe) { r.Optimizer.Beta2 = nan }), "want beta2 in [0,1), got NaN"},
	} {
		err := c.recipe.Check()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: got error %v", c.recipe, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: want an error with %q, got %v", c.recipe, c.want, err)
		}
		// What Check refuses, Run refuses before it touches anything.
		if data, _ := counted(t, 4, 2); c.want != "" {
			s := newSums(2)
			if _, runErr := (&train.Trainer{Model: s, Recipe: c.recipe, Data: data}).Run(t.Context()); runErr == nil || runErr.Error() != err.Error() {
				t.Errorf("%+v: Run: want the error of Check, got %v", c.recipe, runErr)
			}
			if s.steps.Value.Float32s()[0] != 0 {
				t.Errorf("%+v: Run took steps", c.recipe)
			}
		}
	}
}

func TestRecipeJSON(t *testing.T) {
	paper := train.Recipe{
		Optimizer: train.Optimizer{
			Kind: "momentum", Rate: train.Constant(0.1), L2: 0.0002,
			Momentum: train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 5, Value: 0.9}}},
		},
		Epochs: 50, Batch: 100, Balanced: true,
		Patience: &train.Patience{Steps: 10000, Factor: 2, Threshold: 0.995}, NormEvery: 7,
	}
	adam := train.Recipe{
		Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 1e-3, Decay: 0.99, Linear: true}, MaxNorm: 3, Rho: 0.9, Beta1: 0.8, Beta2: 0.99, Epsilon: 1e-7},
		Epochs:    3,
	}
	for _, r := range []train.Recipe{paper, adam, {Optimizer: train.SGD(0.1), Epochs: 5, Batch: 1}} {
		text := must(json.Marshal(r))(t)
		var back train.Recipe
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("%s: (−before +after)\n%s", text, diff)
		}
	}
	want := `{"optimizer":{"kind":"momentum","rate":{"start":0.1},"momentum":{"start":0.5,"steps":[{"epoch":5,"value":0.9}]},"l2":0.0002},` +
		`"epochs":50,"batch":100,"balanced":true,"patience":{"steps":10000,"factor":2,"threshold":0.995},"norm_every":7}`
	if got := string(must(json.Marshal(paper))(t)); got != want {
		t.Errorf("want\n%s, got\n%s", want, got)
	}
}
