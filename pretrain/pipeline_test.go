package pretrain_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/autodiff"
	"capas/pretrain"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// count makes stages count how often they are trained.
func count(stages []pretrain.Stage) map[string]int {
	trained := map[string]int{}
	for i, s := range stages {
		stages[i].Train = func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			trained[s.Name]++
			return s.Train(ctx, hooks)
		}
	}
	return trained
}

// A run that was interrupted within any stage, and is continued in a new process by a
// fresh model from the same seed, ends with the bytes and the history of one that was
// not interrupted. Stages that were completed are not run again.
func TestResume(t *testing.T) {
	boom := errors.New("boom")
	for _, kind := range kinds {
		whole := build(t, kind)
		want := run(t, pretrain.Pipeline{Stages: whole.stages})
		for i, interrupted := range whole.stages {
			for _, how := range []string{"cancelled", "failed"} {
				what := fmt.Sprintf("%s, %s in %s", kind, how, interrupted.Name)
				path := t.TempDir() + "/new/net"
				ctx, cancel := context.WithCancel(t.Context())
				first := build(t, kind)
				p := pretrain.Pipeline{Stages: first.stages, Store: &pretrain.Files{Path: path}, SaveEvery: time.Hour, AfterEpoch: func(stage string, e train.Epoch, _ bool) error {
					if stage == interrupted.Name && e.Epoch == 1 {
						if how == "failed" {
							return boom
						}
						cancel()
					}
					return nil
				}}
				got, err := p.Run(ctx)
				cancel()
				reason := map[string]error{"cancelled": context.Canceled, "failed": boom}[how]
				if !errors.Is(err, reason) || !strings.HasPrefix(err.Error(), "stage "+interrupted.Name+": ") {
					t.Fatalf("%s: want %v, got %v", what, reason, err)
				}
				if d := cmp.Diff(want[:i], got, seconds); i > 0 && d != "" {
					t.Errorf("%s: histories of completed stages (−want +got)\n%s", what, d)
				}
				resume(t, what, kind, path, whole, want, i)
			}
		}
	}
}

// resume continues with a fresh model, of whose stages the first ones are in the store.
func resume(t *testing.T, what, kind, path string, whole *experiment, want []*train.History, completed int) {
	t.Helper()
	for round := range 2 { // the second time, all stages are loaded
		e := build(t, kind)
		trained := count(e.stages)
		var epochs []train.Epoch
		got := run(t, pretrain.Pipeline{Stages: e.stages, Store: &pretrain.Files{Path: path}, SaveEvery: time.Hour, AfterEpoch: func(_ string, e train.Epoch, _ bool) error {
			epochs = append(epochs, e)
			return nil
		}})
		if d := cmp.Diff(want, got, seconds); d != "" {
			t.Errorf("%s: histories (−uninterrupted +resumed)\n%s", what, d)
		}
		if !slices.Equal(bits(whole.params), bits(e.params)) {
			t.Errorf("%s: other parameters than without interruption", what)
		}
		var all []train.Epoch
		for _, h := range got {
			all = append(all, h.Epochs...)
		}
		if d := cmp.Diff(all, epochs); d != "" {
			t.Errorf("%s: AfterEpoch (−histories +seen)\n%s", what, d)
		}
		for i, s := range e.stages {
			n := 1
			if i < completed || round == 1 {
				n = 0
			}
			if trained[s.Name] != n {
				t.Errorf("%s, round %d: stage %s: want it trained %d times, got %d", what, round, s.Name, n, trained[s.Name])
			}
		}
	}
}

// A store changes nothing about an uninterrupted run, and equal runs leave equal
// files.
func TestEqualRunsEqualFiles(t *testing.T) {
	plain := build(t, "dbn")
	want := run(t, pretrain.Pipeline{Stages: plain.stages})
	var files []map[string]string
	for range 2 {
		e, dir := build(t, "dbn"), t.TempDir()
		got := run(t, pretrain.Pipeline{Stages: e.stages, Store: &pretrain.Files{Path: filepath.Join(dir, "net")}, SaveEvery: time.Hour})
		if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(plain.params), bits(e.params)) {
			t.Errorf("with a store: other parameters, or histories (−without +with)\n%s", d)
		}
		contents := map[string]string{}
		for _, f := range must(os.ReadDir(dir))(t) {
			contents[f.Name()] = string(must(os.ReadFile(filepath.Join(dir, f.Name())))(t))
		}
		files = append(files, contents)
	}
	if d := cmp.Diff(files[0], files[1]); d != "" {
		t.Errorf("equal runs left other files:\n%s", d)
	}
	names := slices.Sorted(maps.Keys(files[0]))
	if d := cmp.Diff([]string{"net.a.safetensors", "net.b.safetensors"}, names); d != "" {
		t.Errorf("files (−want +got)\n%s", d)
	}
}

// A profile shows what was run, under the names of the stages, and changes nothing.
func TestPipelineProfile(t *testing.T) {
	plain, e := build(t, "sdae"), build(t, "sdae")
	want := run(t, pretrain.Pipeline{Stages: plain.stages})
	profile := autodiff.NewProfile()
	got := run(t, pretrain.Pipeline{Stages: e.stages[:2], Compiler: autodiff.Compiler{Profile: profile}}) // all rows of two stages are shown
	var table strings.Builder
	if _, err := profile.WriteTo(&table); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"layer 1 step", "layer 1 measured step", "layer 2 map", "layer 2 step"} {
		if !strings.Contains(table.String(), "\n"+name+"  ") {
			t.Errorf("no row of %q in\n%s", name, &table)
		}
	}
	profile = autodiff.NewProfile()
	got = append(got, run(t, pretrain.Pipeline{Stages: e.stages[2:], Compiler: autodiff.Compiler{Profile: profile}.Under("net")})...)
	if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(plain.params), bits(e.params)) {
		t.Errorf("other parameters with a profile, or histories (−without +with)\n%s", d)
	}
	table.Reset()
	if _, err := profile.WriteTo(&table); err != nil || !strings.Contains(table.String(), "\nnet fine-tuning evaluation  ") {
		t.Errorf("error %v, no row of the evaluation in\n%s", err, &table)
	}
}

func TestPipelineErrors(t *testing.T) {
	boom := errors.New("boom")
	stage := func(name string, err error) pretrain.Stage {
		return pretrain.Stage{Name: name, Train: func(context.Context, pretrain.Hooks) (*train.History, error) { return &train.History{}, err }}
	}
	blocked := t.TempDir() + "/file"
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		p         pretrain.Pipeline
		want      string
		completed int
	}{
		"duplicate names": {pretrain.Pipeline{Stages: []pretrain.Stage{stage("a", nil), stage("b", nil), stage("a", nil)}}, `two stages are called "a"`, 0},
		"no training":     {pretrain.Pipeline{Stages: []pretrain.Stage{stage("a", nil), {Name: "b"}}}, `stage "b" has no training`, 0},
		"stage fails":     {pretrain.Pipeline{Stages: []pretrain.Stage{stage("a", nil), stage("b", boom)}}, "stage b: boom", 1},
		"after stage": {pretrain.Pipeline{Stages: []pretrain.Stage{stage("a", nil), stage("b", nil)},
			AfterStage: func(string, *train.History) error { return boom }}, "after stage a: boom", 1},
		"no place to store": {pretrain.Pipeline{Stages: []pretrain.Stage{stage("a", nil)}, Store: &pretrain.Files{Path: blocked + "/net"}}, blocked, 0},
		"bad name":          {pretrain.Pipeline{Stages: []pretrain.Stage{stage("../a", nil)}, Store: &pretrain.Files{Path: t.TempDir() + "/net"}}, `stage "../a": want a name without /`, 0},
	} {
		h, err := c.p.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: want one line with %q, got %v", name, c.want, err)
		}
		if len(h) != c.completed {
			t.Errorf("%s: want %d completed stages, got %d", name, c.completed, len(h))
		}
	}
	// AfterEpoch may also refuse the record of a stage that was loaded.
	e, path := build(t, "random"), t.TempDir()+"/net"
	run(t, pretrain.Pipeline{Stages: e.stages, Store: &pretrain.Files{Path: path}, SaveEvery: time.Hour})
	p := pretrain.Pipeline{Stages: build(t, "random").stages, Store: &pretrain.Files{Path: path}, AfterEpoch: func(string, train.Epoch, bool) error { return boom }}
	if _, err := p.Run(t.Context()); !errors.Is(err, boom) {
		t.Errorf("loaded stage: want %v, got %v", boom, err)
	}
	if h := run(t, pretrain.Pipeline{}); len(h) != 0 {
		t.Errorf("no stages: got %v", h)
	}
}
