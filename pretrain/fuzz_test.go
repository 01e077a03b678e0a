package pretrain

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/internal/tensorfile"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// held is a store with a state that nothing is saved over.
type held struct{ state *State }

func (h held) Load() (*State, error) { return h.state, nil }
func (h held) Save(*State) error     { return nil }
func (h held) Last() string          { return "the checkpoint" }

// small is a pipeline with one unsupervised and one supervised stage, and their
// parameters.
func small(t testing.TB) (*Pipeline, []*blocks.Param) {
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x := tensor.New(tensor.WithShape(6, 2), tensor.WithBacking([]float32{0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 0}))
	data, err := datasets.NewSet("s", x, []uint8{0, 1, 1, 0, 0, 1}, 2, 0, 0)
	check(err)
	s := random.New(1)
	dbn, err := models.NewDBN("d", []int{2, 2}, blocks.Gaussian(0.1), s)
	check(err)
	recipe := train.Recipe{Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5)}, Epochs: 2, Batch: 4}
	layers, err := DBNLayers(dbn, 1, 0, func(int) train.Recipe { return recipe }, s.Split("noise"))
	check(err)
	net, err := models.Classifier("d", dbn.Encoder(), 2, 2, blocks.LeCun(), s)
	check(err)
	stages := append(Greedy(layers, data, s.Split("order")), FineTune(net, recipe, data, data, s.Split("order")))
	return &Pipeline{Stages: stages}, append(dbn.Layers[0].Params(), net.Params()...)
}

// states are those of a whole run of the small pipeline, after each step.
func states(t testing.TB) (files [][]byte, texts []string) {
	p, _ := small(t)
	p.Store = recording{func(s *State) {
		f, err := encode(&Checkpoint{Generation: len(files) + 1, Identity: map[string]string{"recipe": "{}"}, State: s})
		if err != nil {
			t.Fatal(err)
		}
		data, err := tensorfile.Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		files, texts = append(files, data), append(texts, f.Metadata[checkpointKey])
	}}
	if _, err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return files, texts
}

type recording struct{ save func(*State) }

func (r recording) Load() (*State, error) { return nil, nil }
func (r recording) Save(s *State) error   { r.save(s); return nil }
func (r recording) Last() string          { return "" }

// FuzzCheckpoint reads any file as a checkpoint, and any JSON as that of one whose
// tensors and checksum are right: it is an error, or a state that a pipeline goes on
// from or refuses, without a panic.
func FuzzCheckpoint(f *testing.F) {
	files, texts := states(f)
	for i := range files {
		f.Add(files[i], texts[i], uint8(i))
	}
	f.Fuzz(func(t *testing.T, file []byte, text string, which uint8) {
		if read, err := tensorfile.Decode(file); err == nil {
			if c, err := decode(read); err == nil {
				goOn(t, c.State)
			}
		}
		base, err := tensorfile.Decode(files[int(which)%len(files)])
		if err != nil {
			t.Fatal(err)
		}
		base.Metadata[checkpointKey] = text
		c, err := decode(base)
		if err != nil {
			return
		}
		goOn(t, c.State)
		again, err := encode(c)
		if err != nil {
			t.Fatalf("a checkpoint that was read can't be written: %v", err)
		}
		var before, after document
		if json.Unmarshal([]byte(text), &before) != nil || json.Unmarshal([]byte(again.Metadata[checkpointKey]), &after) != nil || before.Generation != after.Generation {
			t.Errorf("read %s, written %s", text, again.Metadata[checkpointKey])
		}
	})
}

// goOn lets a pipeline take up a state and take one step at most.
func goOn(t *testing.T, s *State) {
	p, params := small(t)
	p.Store = held{s}
	ctx, cancel := context.WithCancel(context.Background())
	p.AfterEpoch = func(string, train.Epoch, bool) error { cancel(); return nil }
	_, err := p.Run(ctx)
	cancel()
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	for _, p := range params {
		if p.Value.Dims() == 0 {
			t.Errorf("%s lost its shape", p.Name)
		}
	}
}
