package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shown is the JSON of show.
type shown struct {
	Complete bool
	Owner    *struct {
		PID  int
		Host string
	}
	Experiment, Preset string
	Seeds              []uint64
	Recipe             map[string]any
	Metrics            map[string]struct{ Values []float64 }
	Claims             []any
	Stages             []struct {
		Seed       int
		Run, Stage string
		Lines      int
		Last       struct {
			Epoch  int
			Values map[string]*float64
		}
	}
	Checkpoints []struct {
		Network, File, Problem, Stands string
		Latest                         bool
		Done                           []struct {
			Stage  string
			Epochs int
		}
		Current *struct {
			Stage                string
			Epochs, Batch, Steps int
		}
	}
	Models []struct{ File, Model, Problem string }
	Notes  []string
}

// TestShow compares what is shown with the run's files as JSON has them.
func TestShow(t *testing.T) {
	dir := finished(t)
	got := decoded[shown](t, "show", dir)
	var want shown
	if err := json.Unmarshal(read(t, dir, "result.json"), &want); err != nil {
		t.Fatal(err)
	}
	if !got.Complete || got.Owner != nil || len(got.Notes) > 0 || got.Experiment != "pretraining" {
		t.Errorf("got %+v", got)
	}
	if d := cmp.Diff([]any{want.Preset, want.Seeds, want.Recipe, want.Metrics, want.Claims}, []any{got.Preset, got.Seeds, got.Recipe, got.Metrics, got.Claims}); d != "" {
		t.Errorf("(−result.json +show)\n%s", d)
	}
	// The last line of each stage in metrics.jsonl, whose lines are in order.
	type line struct {
		Seed       int
		Run, Stage string
		Epoch      int
		Train      map[string]float64
	}
	var last []line
	lines := 0
	for text := range bytes.Lines(read(t, dir, "metrics.jsonl")) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		lines++
		if n := len(last); n > 0 && last[n-1].Stage == l.Stage && last[n-1].Run == l.Run && last[n-1].Seed == l.Seed {
			last = last[:n-1]
		}
		last = append(last, l)
	}
	if len(got.Stages) != len(last) {
		t.Fatalf("want %d stages, got %d", len(last), len(got.Stages))
	}
	for i, s := range got.Stages {
		lines -= s.Lines
		w := last[i]
		if s.Seed != w.Seed || s.Run != w.Run || s.Stage != w.Stage || s.Last.Epoch != w.Epoch {
			t.Errorf("want %+v, got %+v", w, s)
		}
		for name, v := range w.Train {
			if x := s.Last.Values["train."+name]; x == nil || *x != v {
				t.Errorf("%s %s: %s: want %g, got %v", s.Run, s.Stage, name, v, x)
			}
		}
	}
	if lines != 0 {
		t.Errorf("%d lines too few", lines)
	}
	latest := 0
	for _, c := range got.Checkpoints {
		if !c.Latest {
			continue
		}
		latest++
		if c.Problem != "" || c.Stands != "fine-tuning complete" || c.Done[len(c.Done)-1].Epochs != 2 || c.Current != nil {
			t.Errorf("got %+v", c)
		}
		if stages := map[bool]int{true: 2, false: 4}[strings.HasSuffix(c.Network, "normal")]; len(c.Done) != stages {
			t.Errorf("%s: want %d stages, got %v", c.Network, stages, c.Done)
		}
	}
	if latest != 6 || len(got.Models) != 10 {
		t.Errorf("%d networks, models %v", latest, got.Models)
	}
	text := succeed(t, "show", dir)
	for _, want := range []string{"pretraining, preset smoke, seeds 1, 2, data mnist\n", ": complete\n", "\nEnvironment\n", "dbn.train.optimizer.l2               0.0002\n",
		"\n  seed 2  sdae    fine-tuning  2 epochs  train.error ", "\nMetrics, mean ± standard deviation, and each seed's\n  dbn.first_validation_error",
		"  seed-1-dbn     checkpoints/seed-1-dbn.", "fine-tuning complete\n", "\nModels\n  models/seed-1-dbn-pretrained.safetensors   dbn 784-20-20\n",
		"  models/seed-1-sdae.safetensors             mlp 784-20-20-10, sigmoid, outputs classes\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// TestRunInProgress looks at a run all the while that it is trained, and after it was
// killed in the middle.
func TestRunInProgress(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := experiment(t, tiny(dir, "-epochs", "5000", "-seeds", "1", "-checkpoint", "1ms", "-init", "dbn")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var got shown
	deadline := time.Now().Add(2 * time.Minute)
	for looks := 0; looks < 30; { // the last ones in the last stage
		select {
		case err := <-ended:
			t.Fatalf("the run ended after %d looks at its last stage: %v: %s", looks, err, stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the run did not come to its last stage: %+v", got)
		}
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		got = decoded[shown](t, "show", dir)
		if got.Complete || got.Owner == nil || got.Owner.PID != cmd.Process.Pid {
			t.Fatalf("got %+v", got)
		}
		for _, c := range got.Checkpoints {
			if c.Problem != "" {
				t.Errorf("%+v", c)
			}
			if c.Latest && c.Current != nil && c.Current.Stage == "fine-tuning" && c.Current.Steps > 0 {
				looks++
			}
		}
		if looks > 0 {
			if status, _, stderr := call("compare", dir, dir); status > 1 { // its files may change in between
				t.Error(stderr)
			}
			succeed(t, "tensors", dir, "-checkpoint", "seed-1-dbn")
			succeed(t, "tensors", dir, "-model", "seed-1-dbn-pretrained")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if len(got.Stages) != 4 || got.Stages[3].Stage != "fine-tuning" || len(got.Models) != 1 || got.Metrics != nil {
		t.Errorf("got %+v", got)
	}
	for _, c := range got.Checkpoints {
		// 1000 images are 10 batches of 100.
		if now := c.Current; now != nil && now.Steps != 10*now.Epochs+now.Batch {
			t.Errorf("got %+v", now)
		}
	}
	// The end of the log may be half a line.
	log := read(t, dir, "metrics.jsonl")
	log = append(log[:bytes.LastIndexByte(log, '\n')+1], `{"seed":1,"run":"dbn","sta`...)
	write(t, filepath.Join(dir, "metrics.jsonl"), log)
	text := succeed(t, "show", dir)
	for _, want := range []string{": not complete; process ", "if it still runs", "Note: metrics.jsonl ends inside a line", "fine-tuning, epoch "} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	// Of a damaged checkpoint there is the reason, and the other one is the latest.
	before := decoded[shown](t, "show", dir)
	for _, c := range before.Checkpoints {
		if c.Latest {
			write(t, filepath.Join(dir, c.File), read(t, dir, c.File)[:100])
		}
	}
	problems := 0
	for i, c := range decoded[shown](t, "show", dir).Checkpoints {
		if c.Latest == before.Checkpoints[i].Latest || (c.Problem == "") == before.Checkpoints[i].Latest {
			t.Errorf("got %+v", c)
		}
		if c.Problem != "" {
			problems++
		}
	}
	if problems != 1 {
		t.Errorf("%d damaged checkpoints", problems)
	}
}

// What a file says is not what a terminal does.
func TestNothingForTheTerminal(t *testing.T) {
	dir := copied(t, finished(t))
	config := strings.Replace(string(read(t, dir, "config.json")), `"smoke"`, `"smo\u001b[31mke\n\u202e"`, 1)
	write(t, filepath.Join(dir, "config.json"), []byte(config))
	if err := os.Remove(filepath.Join(dir, "result.json")); err != nil {
		t.Fatal(err)
	}
	if text := succeed(t, "show", dir); strings.ContainsAny(text, "\x1b\u202e") || !strings.Contains(text, "preset smo") {
		t.Errorf("got %q", text)
	}
}
