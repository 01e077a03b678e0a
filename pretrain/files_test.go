package pretrain_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/pretrain"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// killed is a store whose process ends right after a number of saves, of which only the
// last two are written.
type killed struct {
	pretrain.Store
	left int
}

var errKilled = errors.New("killed")

func (k *killed) Save(s *pretrain.State) error {
	if k.left--; k.left > 0 {
		return nil
	}
	if err := k.Store.Save(s); err != nil || k.left == 0 {
		return err
	}
	return errKilled
}

// saves counts what a whole run saves when it does so after every step.
func saves(t *testing.T, kind string) int {
	t.Helper()
	counting := &killed{&pretrain.Files{Path: t.TempDir() + "/net"}, 1 << 30}
	run(t, pretrain.Pipeline{Stages: build(t, kind).stages, Store: counting})
	return 1<<30 - counting.left
}

// A run that is killed after any step of any stage, and goes on from the file in a
// fresh process, ends with the bytes and the histories of one without a break.
func TestKilledAfterAnyStep(t *testing.T) {
	for _, kind := range kinds {
		whole := build(t, kind)
		want := run(t, pretrain.Pipeline{Stages: whole.stages})
		for n := 0; n < saves(t, kind); n += 17 {
			path := t.TempDir() + "/net"
			p := pretrain.Pipeline{Stages: build(t, kind).stages, Store: &killed{&pretrain.Files{Path: path}, n}}
			if _, err := p.Run(t.Context()); !errors.Is(err, errKilled) {
				t.Fatalf("%s, save %d: want %v, got %v", kind, n, errKilled, err)
			}
			store := &pretrain.Files{Path: path}
			e := build(t, kind)
			got := run(t, pretrain.Pipeline{Stages: e.stages, Store: store, SaveEvery: time.Hour})
			if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(whole.params), bits(e.params)) {
				t.Fatalf("%s, killed at save %d: other bytes, or histories\n%s", kind, n, d)
			}
		}
	}
}

// Killed again and again, every few steps, a run gets there too.
func TestKilledAgainAndAgain(t *testing.T) {
	for _, kind := range kinds {
		whole := build(t, kind)
		want := run(t, pretrain.Pipeline{Stages: whole.stages})
		path := t.TempDir() + "/net"
		for round := 0; ; round++ {
			e := build(t, kind)
			p := pretrain.Pipeline{Stages: e.stages, Store: &killed{&pretrain.Files{Path: path}, 6}}
			got, err := p.Run(t.Context())
			if err == nil {
				if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(whole.params), bits(e.params)) {
					t.Errorf("%s: other bytes after %d rounds, or histories\n%s", kind, round, d)
				}
				break
			}
			if !errors.Is(err, errKilled) || round > 200 {
				t.Fatalf("%s, round %d: %v", kind, round, err)
			}
		}
	}
}

// stopped leaves two generations of a run that was killed in the top layer, and returns
// the store's path.
func stopped(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/net"
	p := pretrain.Pipeline{Stages: build(t, "random").stages, Store: &killed{&pretrain.Files{Path: path}, 9}}
	if _, err := p.Run(t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	return path
}

// resumed runs the rest of a stopped run and returns what it warned of.
func resumed(t *testing.T, path string) (params []uint32, warnings []string, err error) {
	e := build(t, "random")
	store := &pretrain.Files{Path: path, Warn: func(w string) { warnings = append(warnings, w) }}
	_, err = (&pretrain.Pipeline{Stages: e.stages, Store: store, SaveEvery: time.Hour}).Run(t.Context())
	return bits(e.params), warnings, err
}

// A damaged checkpoint is never used: the other generation is, with a warning, and
// gives the same bytes; where both are damaged it is an error that names them.
func TestDamagedGenerations(t *testing.T) {
	whole := build(t, "random")
	run(t, pretrain.Pipeline{Stages: whole.stages})
	want := bits(whole.params)
	damages := map[string]func(data []byte) []byte{
		"empty":         func([]byte) []byte { return nil },
		"truncated":     func(data []byte) []byte { return data[:len(data)-1] },
		"half":          func(data []byte) []byte { return data[:len(data)/2] },
		"a bit flipped": func(data []byte) []byte { data[len(data)-7] ^= 4; return data },
		"longer":        func(data []byte) []byte { return append(data, 0) },
		"another file":  func([]byte) []byte { return []byte("PK\x03\x04 something else altogether") },
	}
	spoil := func(path string, damage func([]byte) []byte) {
		if err := os.WriteFile(path, damage(must(os.ReadFile(path))(t)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, damage := range damages {
		for which := range 2 {
			path := stopped(t)
			file := (&pretrain.Files{Path: path}).Generations()[which]
			spoil(file, damage)
			got, warnings, err := resumed(t, path)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, file %d: error %v, or other bytes", name, which, err)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], file) {
				t.Errorf("%s, file %d: want one warning that names it, got %q", name, which, warnings)
			}
		}
		path := stopped(t)
		files := (&pretrain.Files{Path: path}).Generations()
		spoil(files[0], damage)
		spoil(files[1], damage)
		if _, _, err := resumed(t, path); err == nil || !strings.Contains(err.Error(), files[0]) || !strings.Contains(err.Error(), files[1]) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s, both: want one line that names both files, got %v", name, err)
		}
		// One generation alone, damaged: nothing is begun anew.
		path = stopped(t)
		files = (&pretrain.Files{Path: path}).Generations()
		spoil(files[0], damage)
		if err := os.Remove(files[1]); err != nil {
			t.Fatal(err)
		}
		if _, _, err := resumed(t, path); err == nil || !strings.Contains(err.Error(), files[0]) {
			t.Errorf("%s, alone: want an error that names it, got %v", name, err)
		}
	}
	path := stopped(t)
	if err := os.Remove((&pretrain.Files{Path: path}).Generations()[0]); err != nil {
		t.Fatal(err)
	}
	if got, warnings, err := resumed(t, path); err != nil || len(warnings) > 0 || !slices.Equal(got, want) {
		t.Errorf("one generation missing: error %v, warnings %q, or other bytes", err, warnings)
	}
}

// The byte at every position of a checkpoint, changed in one bit: never a panic, and
// never anything but the error or the other generation.
func TestEveryByteOfACheckpoint(t *testing.T) {
	path := stopped(t)
	file := (&pretrain.Files{Path: path}).Generations()[0]
	good := must(os.ReadFile(file))(t)
	bad := filepath.Join(t.TempDir(), "bad.safetensors")
	for i := range good {
		data := slices.Clone(good)
		data[i] ^= 1 << (i % 8)
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := pretrain.ReadCheckpoint(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Fatalf("bit %d of byte %d of %d: want an error that names the file, got %v", i%8, i, len(good), err)
		}
	}
	if _, err := pretrain.ReadCheckpoint(file); err != nil {
		t.Error(err)
	}
}

// A checkpoint of another run is refused, whatever differs.
func TestCheckpointOfAnotherRun(t *testing.T) {
	path := t.TempDir() + "/net"
	p := pretrain.Pipeline{Stages: build(t, "dbn").stages, Store: &killed{&pretrain.Files{Path: path, Identity: map[string]string{"kernels": "avx2", "recipe": "{}"}}, 40}}
	if _, err := p.Run(t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	for want, p := range map[string]pretrain.Pipeline{
		`is of another run: kernels is "avx2" there, "portable" here`: {Stages: build(t, "dbn").stages,
			Store: &pretrain.Files{Path: path, Identity: map[string]string{"kernels": "portable", "recipe": "{}"}}},
		`kernels is "avx2" there, "" here (get avx2); recipe is "{}" there, "" here`: {Stages: build(t, "dbn").stages,
			Store: &pretrain.Files{Path: path, Advise: func(entry, value string) string {
				if entry != "kernels" {
					return ""
				}
				return "get " + value
			}}},
		`recipe is "{}" there, "" here`:                {Stages: build(t, "dbn").stages, Store: &pretrain.Files{Path: path}},
		"want the state of 2 stages, got that of more": {Stages: build(t, "random").stages},
		`stage 1: want "layer 2", got "layer 1"`:       {Stages: build(t, "dbn").stages[1:]},
		"stage layer 1: has no tensor sdae.1.W":        {Stages: build(t, "sdae").stages},
		`stage 3: want "top layer", got "layer 3"`:     {Stages: slices.Delete(build(t, "dbn").stages, 2, 3)},
	} {
		if p.Store == nil {
			p.Store = &pretrain.Files{Path: path, Identity: map[string]string{"kernels": "avx2", "recipe": "{}"}}
		}
		if _, err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("want an error with %q and the path, got %v", want, err)
		}
	}
}

// A training that diverges names the checkpoint before.
func TestDivergenceNamesTheLastGoodCheckpoint(t *testing.T) {
	for saved, want := range map[bool]string{true: "the last good checkpoint is ", false: "there is no checkpoint yet"} {
		path := t.TempDir() + "/net"
		stage := pretrain.Stage{Name: "layer 1", Train: func(_ context.Context, h pretrain.Hooks) (*train.History, error) {
			if saved {
				if err := h.Save(&train.Snapshot{Position: train.Position{Epoch: 2, Batch: 7, Steps: 27}, Tensors: build(t, "dbn").params[:1]}); err != nil {
					return nil, err
				}
			}
			return nil, fmt.Errorf("epoch 3, batch 9: loss is NaN: %w", train.ErrDiverged)
		}}
		p := pretrain.Pipeline{Stages: []pretrain.Stage{stage}, Store: &pretrain.Files{Path: path}}
		_, err := p.Run(t.Context())
		if err == nil || !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "stage layer 1: epoch 3, batch 9: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		if saved && !strings.Contains(err.Error(), path+".a.safetensors (layer 1, epoch 3, batch 7)") {
			t.Errorf("want the checkpoint's path and place, got %v", err)
		}
	}
}

// What may not be written is not.
func TestCheckBeforeSave(t *testing.T) {
	boom := errors.New("the directory is gone")
	path := t.TempDir() + "/net"
	p := pretrain.Pipeline{Stages: build(t, "random").stages, Store: &pretrain.Files{Path: path, Check: func() error { return boom }}}
	if _, err := p.Run(t.Context()); !errors.Is(err, boom) {
		t.Errorf("want %v, got %v", boom, err)
	}
	if left := must(os.ReadDir(filepath.Dir(path)))(t); len(left) != 0 {
		t.Errorf("wrote %v", left)
	}
}

// CutGeneration takes the paths of Generations apart, and leaves others alone.
func TestCutGeneration(t *testing.T) {
	for _, store := range []string{"seed-1-dbn", "runs/x.a/net.b", "a.a.safetensors"} {
		for _, path := range (&pretrain.Files{Path: store}).Generations() {
			if network, ok := pretrain.CutGeneration(path); network != store || !ok {
				t.Errorf("%s: want %s, got %s, %t", path, store, network, ok)
			}
		}
	}
	for _, path := range []string{"", "net.safetensors", "net.c.safetensors", "net.a.safetensors.old"} {
		if network, ok := pretrain.CutGeneration(path); network != path || ok {
			t.Errorf("%q: got %q, %t", path, network, ok)
		}
	}
}
