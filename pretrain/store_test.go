package pretrain_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/pretrain"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

func history() *train.History {
	return &train.History{
		Epochs: []train.Epoch{
			{Epoch: 1, Train: train.Values{{Name: "loss", Value: 1.0 / 3}}, GradNorms: train.Values{{Name: "W", Value: math.SmallestNonzeroFloat64}}},
			{Epoch: 2, Train: train.Values{{Name: "loss", Value: -math.MaxFloat64}}, Validation: train.Values{{Name: "loss", Value: 0}, {Name: "error", Value: 0.1}}},
		},
		Best: 2, Stopped: true,
	}
}

func params() []*blocks.Param {
	W := blocks.NewParam("layer 1.W", 3, 2)
	for i := range W.Value.Float32s() {
		W.Value.Float32s()[i] = float32(i) / 3
	}
	return []*blocks.Param{W, blocks.NewParam("layer 1.b", 2)}
}

func TestDir(t *testing.T) {
	dir := pretrain.Dir{Path: filepath.Join(t.TempDir(), "a", "b")}
	got := params()
	if h, ok, err := dir.Load("layer 1", got); h != nil || ok || err != nil {
		t.Errorf("before saving: got %v, %t, %v", h, ok, err)
	}
	for _, h := range []*train.History{{}, history()} { // the second one replaces the first
		if err := dir.Save("layer 1", params(), h); err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			p.Value.Zero()
		}
		back, ok, err := dir.Load("layer 1", got)
		if !ok || err != nil {
			t.Fatalf("got %t, %v", ok, err)
		}
		if d := cmp.Diff(h, back); d != "" {
			t.Errorf("history (−saved +loaded)\n%s", d)
		}
		if !slices.Equal(bits(params()), bits(got)) {
			t.Error("other parameters")
		}
	}
	if _, err := os.Stat(filepath.Join(dir.Path, "layer-1.safetensors")); err != nil {
		t.Error(err)
	}
	if _, ok, err := dir.Load("layer 2", got); ok || err != nil {
		t.Errorf("another stage: got %t, %v", ok, err)
	}
}

// What cannot be read, or is of something else, is an error that names the file.
func TestDirErrors(t *testing.T) {
	dir := pretrain.Dir{Path: t.TempDir()}
	path := filepath.Join(dir.Path, "layer-1.safetensors")
	if err := dir.Save("layer 1", params(), history()); err != nil {
		t.Fatal(err)
	}
	good := must(os.ReadFile(path))(t)
	other := params()
	other[1] = blocks.NewParam("layer 1.b", 3)
	spoiled := func(from, to string) []byte {
		if !strings.Contains(string(good), from) {
			t.Fatalf("the file has no %q", from)
		}
		return []byte(strings.Replace(string(good), from, to, 1))
	}
	for name, c := range map[string]struct {
		stage  string
		file   []byte
		params []*blocks.Param
		want   string
	}{
		"empty":             {"layer 1", nil, params(), "header too small"},
		"truncated":         {"layer 1", good[:len(good)-1], params(), "incomplete"},
		"half":              {"layer 1", good[:len(good)/2], params(), ""},
		"no such file type": {"layer 1", []byte("PK\x03\x04 something else altogether"), params(), ""},
		"damaged header":    {"layer 1", spoiled(`"dtype"`, `"dtypo"`), params(), ""},
		"damaged history":   {"layer 1", spoiled(`\"epochs\"`, `\"epochs\\`), params(), "history"},
		"no history":        {"layer 1", spoiled(`"history"`, `"hystory"`), params(), "history"},
		"other parameters":  {"layer 1", good, other, "layer 1.b: want float32 of shape (3)"},
		"fewer parameters":  {"layer 1", good, params()[:1], "want 1 tensors, got 2"},
		"of another stage":  {"layer-1", good, params(), `want stage "layer-1", got "layer 1"`},
		"another stage's":   {"layer 1", spoiled(`"layer 1"`, `"layer 7"`), params(), `want stage "layer 1", got "layer 7"`},
	} {
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		h, ok, err := dir.Load(c.stage, c.params)
		if err == nil || ok || h != nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want an error with %q and the path, got %v, %t, %v", name, c.want, h, ok, err)
		}
	}
	// The pipeline stops there instead of training the stage again.
	e := build(t, "dbn")
	trained := count(e.stages)
	p := pretrain.Pipeline{Stages: e.stages, Store: dir}
	if _, err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), path) || !strings.HasPrefix(err.Error(), "stage layer 1: ") || len(trained) != 0 {
		t.Errorf("want an error that names the file, got %v after training %v", err, trained)
	}
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "c:d", ".hidden"} {
		if err := dir.Save(name, params(), history()); err == nil {
			t.Errorf("stage %q: want an error", name)
		}
		if _, _, err := dir.Load(name, params()); err == nil {
			t.Errorf("stage %q: want an error", name)
		}
	}
}
