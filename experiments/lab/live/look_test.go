package live

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const side = 6 // of images, in pixels

// images are n images of two classes: bright on the left, or on the right.
func images(t testing.TB, n, planes int) *datasets.Set {
	t.Helper()
	x, labels, s := make([]float32, n*planes*side*side), make([]uint8, n), random.New(5)
	s.Uniform(x)
	for i := range x {
		labels[i/(planes*side*side)] = uint8(i / (planes * side * side) % 2)
		if (i%side < side/2) == (i/(planes*side*side)%2 == 0) {
			x[i] = (1 + x[i]) / 2
		} else {
			x[i] /= 4
		}
	}
	return must(datasets.NewColorSet("images", tensor.New(tensor.WithShape(n, planes*side*side), tensor.WithBacking(x)), labels, 2, planes, side, side))(t)
}

// recipe is that of all trainings.
func recipe(epochs int) train.Recipe {
	return train.Recipe{Optimizer: train.SGD(0.1), Epochs: epochs, Batch: 10}
}

// stages are those of a stack with a labelled machine on top, its joint training, and the
// classifier that the layers become; params are all that they train.
func stages(t testing.TB, epochs int) (all []pretrain.Stage, params []*blocks.Param) {
	t.Helper()
	data, s := images(t, 40, 1), random.New(1)
	dbn, machines, err := models.NewLabelDBN("dbn", []int{side * side, 12, 9}, 2, blocks.Gaussian(0.1), s)
	if err != nil {
		t.Fatal(err)
	}
	first := &models.CD{Model: machines[0], K: 1, Noise: s.Split("1")}
	top := &models.LabelCD{Model: dbn.Top, K: 1, Noise: s.Split("top")}
	all = pretrain.Greedy([]pretrain.Layer{{Model: first, Code: machines[0].Encoder(), Recipe: recipe(epochs)}, {Model: top, Recipe: recipe(epochs)}}, data, s.Split("order"))
	if err := dbn.Untie(); err != nil {
		t.Fatal(err)
	}
	all = append(all, pretrain.UpDown("up-down", &models.UpDown{Model: dbn, K: 1, Noise: s.Split("up-down")}, true, recipe(epochs), data, data, s.Split("order")))
	net := must(models.NewMLP("net", []int{side * side, 12, 2}, blocks.Sigmoid(), blocks.Glorot(), blocks.Glorot(), s))(t)
	net.DropInput, net.DropHidden, net.Noise = 0.2, 0.5, s.Split("dropout")
	return append(all, pretrain.FineTune(net, recipe(epochs), data, data, s.Split("order"))), append(dbn.Params(), net.Params()...)
}

// watched calls a job's Between as if somebody watched and a look were due at every step.
func watched(s *State, j *Job) func(context.Context, *pretrain.Stage, train.Moment) time.Duration {
	s.viewers.Store(1)
	return func(ctx context.Context, stage *pretrain.Stage, at train.Moment) time.Duration {
		s.tick.Add(1)
		s.budget.Store(int64(time.Second))
		j.look.next = time.Time{}
		return j.Between(ctx, stage, at)
	}
}

// A training that is looked at before every step, and paused, leaves the same parameters and history as
// one that is not, on one processor and on two; and all that can be seen is.
func TestLooksChangeNothing(t *testing.T) {
	all, params := stages(t, 2)
	want := must((&pretrain.Pipeline{Stages: all}).Run(context.Background()))(t)
	for _, procs := range []int{1, 2} {
		before := runtime.GOMAXPROCS(procs)
		again, same := stages(t, 2)
		s := New(Info{})
		j := s.Job("seed 1 dbn", 1)
		j.Pipeline(1, "dbn", again, map[string]int{"layer 1": 2})
		p := &pretrain.Pipeline{Stages: again, Between: watched(s, j)}
		p.AfterEpoch = func(stage string, e train.Epoch, _ bool) error {
			if stage == "layer 2" && e.Epoch == 1 {
				s.pause(true)
				time.AfterFunc(20*time.Millisecond, func() { s.pause(false) })
			}
			return nil
		}
		seen := map[string]map[string]bool{} // events by the stage that they tell of
		p.AfterStage = func(stage string, _ *train.History) error {
			seen[stage] = map[string]bool{}
			events, _ := s.after(0)
			for _, e := range events {
				var v struct{ Caption, Kind, Data string }
				if err := json.Unmarshal(e.data, &v); err != nil {
					t.Error(err)
				}
				if strings.HasPrefix(v.Caption, stage+", at the end: ") || strings.HasPrefix(v.Caption, stage+", epoch 2 of 2: ") {
					seen[stage][e.name+v.Kind] = true
				}
				if e.name == "picture" {
					decode(t, v.Data)
				}
			}
			return nil
		}
		got := must(p.Run(context.Background()))(t)
		runtime.GOMAXPROCS(before)
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(train.Epoch{}, "Seconds")); d != "" {
			t.Errorf("%d processors: histories (−unwatched +watched)\n%s", procs, d)
		}
		for i, x := range params {
			if !slices.EqualFunc(x.Value.Float32s(), same[i].Value.Float32s(), func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Errorf("%d processors: %s is another", procs, x.Name)
			}
		}
		for stage, events := range map[string]string{
			"layer 1": "norms picturefilters picturesamples", "layer 2": "norms picturesamples", "up-down": "norms picturefilters picturesamples", "fine-tuning": "norms picturefilters",
		} {
			for _, e := range strings.Fields(events) {
				if !seen[stage][e] {
					t.Errorf("%s: no %s, of %v", stage, e, seen[stage])
				}
			}
		}
		if s.Pauses() < 20*time.Millisecond {
			t.Error("there was no pause")
		}
	}
}

// decode checks that a picture is one.
func decode(t *testing.T, uri string) (width, height int) {
	t.Helper()
	text, ok := strings.CutPrefix(uri, "data:image/png;base64,")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !ok {
		t.Fatalf("picture %.40s: %v", uri, err)
	}
	img := must(png.Decode(bytes.NewReader(data)))(t)
	return img.Bounds().Dx(), img.Bounds().Dy()
}

// Machines of other kinds, and convolutions, are looked at too; what has no filters or samples has none.
func TestLooks(t *testing.T) {
	s := random.New(1)
	machine := func() *models.RBM {
		return must(models.NewRBM("rbm", side*side, 8, blocks.Gaussian(0.1), s))(t)
	}
	conv := func(planes int) *models.ConvNet {
		return must(models.NewConvNet("net", [3]int{planes, side, side}, []models.ConvSpec{{Maps: 4, Kernel: [2]int{3, 3}, Pool: ops.SquarePool(2)}}, []int{2}, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), s))(t)
	}
	dbm := must(models.NewDBM("dbm", []int{side * side, 8, 6}, blocks.Gaussian(0.01), s))(t)
	pair := &models.CD{Model: machine(), K: 1, Noise: s.Split("below")}
	above := &models.CD{Model: must(models.NewRBM("top", 8, 5, blocks.Gaussian(0.1), s))(t), K: 1, Noise: s.Split("above")}
	base := must(models.BaseRates(images(t, 20, 1).X))(t)
	for _, c := range []struct {
		name   string
		model  train.Model
		stack  []train.Model
		planes int
		want   string
	}{
		{"persistent", must(models.NewPersistentCD(machine(), 1, 10, s.Split("chains")))(t), nil, 1, "norms filters samples"},
		{"tempering", must(models.NewTempering(machine(), 1, 10, models.Ladder(3, 0.5), base, s.Split("tempering")))(t), nil, 1, "norms filters samples"},
		{"deep machine", must(models.NewDBMTraining(dbm, 2, 1, 10, s.Split("dbm")))(t), nil, 1, "norms filters samples"},
		{"kernels", conv(1), nil, 1, "norms filters"},
		{"coloured kernels", conv(3), nil, 3, "norms filters"},
		{"some of them", train.Only{Model: pair, Trained: pair.Params()[:1]}, nil, 1, "norms filters samples"},
		{"on another one", above, []train.Model{pair, above}, 0, "norms samples"},
		{"on something else", above, []train.Model{conv(1), above}, 0, "norms"},
	} {
		state := New(Info{})
		j := state.Job(c.name, 1)
		stage := &pretrain.Stage{Name: "stage", Stack: c.stack}
		between := watched(state, j)
		data := images(t, 20, max(c.planes, 1))
		if c.planes == 0 {
			data = must(data.WithX(tensor.New(tensor.WithShape(20, 8), tensor.WithBacking(data.X.Float32s()[:160]))))(t)
		}
		tr := train.Trainer{Model: c.model, Recipe: recipe(2), Data: data, Between: func(ctx context.Context, at train.Moment) time.Duration { return between(ctx, stage, at) }}
		must(tr.Run(context.Background()))(t)
		seen := map[string]string{}
		events, _ := state.after(0)
		for _, e := range events {
			var v struct{ Kind, Data string }
			if err := json.Unmarshal(e.data, &v); err != nil {
				t.Fatal(err)
			}
			seen[e.name], seen[v.Kind] = "there", v.Data
		}
		for _, what := range []string{"norms", "filters", "samples"} {
			if got, want := seen[what] != "", strings.Contains(c.want, what); got != want {
				t.Errorf("%s: %s: want %t, got %t", c.name, what, want, got)
			}
		}
		if uri := seen["filters"]; uri != "" {
			if w, h := decode(t, uri); strings.Contains(c.name, "kernels") && (w != 4*(3*5+7)+7 || h != 3*5+2*7) {
				t.Errorf("%s: picture of %d×%d", c.name, w, h)
			}
		}
	}
}

// Without viewers nothing is computed, and looks take no more than their share of the time.
func TestBudget(t *testing.T) {
	s := New(Info{})
	j := s.Job("x", 1)
	j.Start()
	j.s.due(time.Hour)
	if b := s.budget.Load(); b != int64(lookAllowance) {
		t.Errorf("a budget of %v", time.Duration(b))
	}
	s.budget.Store(0)
	s.due(time.Second)
	if b := time.Duration(s.budget.Load()); b != 10*time.Millisecond {
		t.Errorf("want 10 ms of a second, got %v", b)
	}
	data := images(t, 20, 1)
	tr := &train.Trainer{Model: &models.CD{Model: must(models.NewRBM("rbm", side*side, 8, blocks.Gaussian(0.1), random.New(1)))(t), K: 1, Noise: random.New(2)}, Data: data, Recipe: recipe(2)}
	look := func() bool {
		s.tick.Add(1)
		j.Between(context.Background(), &pretrain.Stage{Name: "stage"}, train.Moment{Trainer: tr})
		_, ok := s.items["job/1/norms"]
		delete(s.items, "job/1/norms")
		return ok
	}
	if look() {
		t.Error("a look without a viewer")
	}
	s.viewers.Store(1)
	if !look() {
		t.Error("no look with a viewer")
	}
	s.budget.Store(int64(time.Second))
	if look() {
		t.Error("a second look at once")
	}
	j.look.next = time.Time{}
	s.budget.Store(-1)
	if look() {
		t.Error("a look beyond the budget")
	}
}

// What cannot be looked at harms nobody.
func TestBlindLook(t *testing.T) {
	s := New(Info{})
	j := s.Job("x", 1)
	between := watched(s, j)
	for range 2 {
		between(context.Background(), &pretrain.Stage{Name: "stage"}, train.Moment{Trainer: &train.Trainer{}}) // which panics
	}
	if !j.look.none {
		t.Error("looks go on after a panic")
	}
	between(context.Background(), &pretrain.Stage{Name: "stage"}, train.Moment{}) // another kind of training
}

// Of many jobs the pictures of the last ones are kept.
func TestKeptPictures(t *testing.T) {
	s := New(Info{})
	for range keptPictures + 5 {
		j := s.Job("x", 1)
		j.picture("filters", "", "", nil)
		j.norms("", nil)
	}
	pictures := 0
	for key := range s.items {
		if strings.HasSuffix(key, "/filters") || strings.HasSuffix(key, "/norms") {
			pictures++
		}
	}
	if pictures != 2*keptPictures || s.items["job/5/norms"] != nil || s.items["job/6/norms"] == nil {
		t.Errorf("%d pictures and norms are kept, want %d", pictures, 2*keptPictures)
	}
}
