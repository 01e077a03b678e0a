package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"capas/experiments/lab/figure"
)

func TestCurves(t *testing.T) {
	dir := t.TempDir()
	write := func(run, text string) string {
		t.Helper()
		out := filepath.Join(dir, run)
		if err := os.MkdirAll(out, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(out, "metrics.jsonl"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return out
	}
	a := write("first", `{"seed":1,"run":"dbn","stage":"fine-tuning","epoch":1,"train":{"loss":0.5}}
{"seed":1,"run":"dbn","stage":"fine-tuning","epoch":2,"train":{"loss":0.25}}
{"seed":1,"run":"dbn","stage":"layer 1","epoch":1,"train":{"reconstruction":9}}
`)
	b := write("second", `{"seed":1,"run":"dbn","stage":"fine-tuning","epoch":1,"train":{"loss":0.75}}`+"\n")
	svg := filepath.Join(dir, "loss.svg")
	var stderr bytes.Buffer
	if status := run([]string{"-o", svg, a, b}, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	text, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first dbn", "second dbn", "train loss"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the chart lacks %q", want)
		}
	}
	// Directories of one name are told apart, and a chart's bytes do not depend on chance.
	var charts [3]string
	c, d := write("c/out", `{"seed":7,"run":"dbn","stage":"fine-tuning","epoch":3,"train":{"loss":0.5}}
{"seed":5,"run":"dbn","stage":"fine-tuning","epoch":2,"train":{"loss":null}}
{"seed":5,"run":"dbn","stage":"fine-tuning","epoch":3,"train":{"loss":0.25}}
{"seed":1,"run":"dbn","stage":"fine-tuning","epoch":3,"train":{"loss":0.3}}
`), write("d/out", `{"seed":1,"run":"dbn","stage":"fine-tuning","epoch":1,"train":{"loss":0.75}}`+"\n")
	for i := range charts {
		if status := run([]string{"-o", svg, c, d}, &stderr); status != 0 {
			t.Fatalf("status %d: %s", status, stderr.String())
		}
		text, err := os.ReadFile(svg)
		if err != nil {
			t.Fatal(err)
		}
		charts[i] = string(text)
		for _, want := range []string{c + " dbn", d + " dbn"} {
			if !strings.Contains(charts[i], want) {
				t.Errorf("the chart lacks %q", want)
			}
		}
		if charts[i] != charts[0] {
			t.Error("two charts of the same runs differ")
		}
	}
	got, err := curves(c, "c", "fine-tuning", "train.loss")
	if want := []figure.Series{{Name: "c dbn", X: []float64{3}, Y: [][]float64{{0.3}, {0.25}, {0.5}}}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %v, want %+v: each value at its epoch", got, err, want)
	}
	broken := write("third", "{\n")
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{2, "want directories", nil},
		{2, "-nonsense", []string{"-nonsense"}},
		{1, "metrics.jsonl", []string{filepath.Join(dir, "nowhere")}},
		{1, `want lines of stage "layer 7"`, []string{"-stage", "layer 7", a}},
		{1, "line 1: unexpected end", []string{broken}},
		{1, "line 1: json: cannot unmarshal array", []string{write("fourth", "[]\n")}},
	} {
		stderr.Reset()
		if status := run(c.args, &stderr); status != c.status || !strings.Contains(stderr.String(), c.says) || c.status == 1 && strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: status %d, %q, want %d and %q", c.args, status, stderr.String(), c.status, c.says)
		}
	}
}
