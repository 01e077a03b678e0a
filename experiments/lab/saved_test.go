package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// savedRun is the directory of a finished run of the toy experiment.
func savedRun(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "o")
	if code, _, stderr := call(t, append([]string{"-progress", "none", "-out", out}, args...)...); code != 0 {
		t.Fatal(stderr)
	}
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestReadFinishedRun expects the numbers that runToy computes.
func TestReadFinishedRun(t *testing.T) {
	out := savedRun(t, "-seeds", "2", "-mode", "nan")
	write(t, filepath.Join(out, "checkpoints", "deep", "b.safetensors"), "")
	write(t, filepath.Join(out, "checkpoints", "a.safetensors"), "")
	write(t, filepath.Join(out, "checkpoints", ".partial-c.safetensors"), "")
	write(t, filepath.Join(out, "checkpoints", "notes.txt"), "")
	write(t, filepath.Join(out, "models", "m.safetensors"), "")
	s, err := Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if s.Config.Experiment != "toy" || s.Config.Preset != "lecture" || s.Config.Data != "mnist" || s.Cut || s.Again {
		t.Errorf("got %+v", s)
	}
	var recipe toyRecipe
	if err := json.Unmarshal(s.Config.Recipe, &recipe); err != nil || recipe.Depth != 5 || recipe.Mode != "nan" {
		t.Errorf("recipe: got %+v, %v", recipe, err)
	}
	if s.Result == nil || s.Result.Environment.Go != runtime.Version() || len(s.Result.Claims) != 2 || !s.Result.Claims[0].Holds {
		t.Fatalf("result: got %+v", s.Result)
	}
	if d := cmp.Diff([]float64{1. / 300, 2. / 300}, s.Result.Metrics["dbn.test_error"].Floats()); d != "" {
		t.Errorf("dbn.test_error (−want +got)\n%s", d)
	}
	for _, x := range append(s.Result.Metrics["nan.loss"].Floats(), float64(s.Result.Metrics["nan.loss"].Mean)) {
		if !math.IsNaN(x) {
			t.Errorf("null: got %g", x)
		}
	}
	var got []string
	for _, st := range s.Stages {
		loss, ok := st.Last.Values.Get("loss")
		if !ok || len(st.Last.Values) != 1 {
			t.Errorf("got values %v", st.Last.Values)
		}
		got = append(got, fmt.Sprintf("%d %s %s %d %d %.4f", st.Seed, st.Run, st.Name, st.Lines, st.Last.Epoch, loss))
	}
	want := []string{"1 dbn fine-tune 3 2 0.0333", "1 normal fine-tune 3 2 NaN", "2 dbn fine-tune 3 2 0.0667", "2 normal fine-tune 3 2 NaN"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("stages (−want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"checkpoints/a.safetensors", "checkpoints/deep/b.safetensors"}, s.Checkpoints); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"models/m.safetensors"}, s.Models); d != "" {
		t.Error(d)
	}
}

// TestReadUnfinishedRun reads what there is at moments of a run.
func TestReadUnfinishedRun(t *testing.T) {
	done := savedRun(t, "-seeds", "1")
	log, err := os.ReadFile(filepath.Join(done, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(done, configFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, configFile), string(config))
	if s, err := Read(dir); err != nil || s.Result != nil || len(s.Stages) != 0 || s.Cut {
		t.Fatalf("config.json alone: got %+v, %v", s, err)
	}
	for n := range len(log) + 1 { // whatever part of the log is written
		write(t, filepath.Join(dir, metricsFile), string(log[:n]))
		s, err := Read(dir)
		if err != nil {
			t.Fatalf("%d bytes of metrics.jsonl: %v", n, err)
		}
		lines := 0
		for _, st := range s.Stages {
			lines += st.Lines
		}
		// A line counts from its brace on, and what is left after it is cut.
		whole := bytes.Count(log[:n], []byte("}"))
		ended := n == 0 || log[n-1] == '\n' || log[n-1] == '}'
		if lines != whole || s.Cut == ended {
			t.Errorf("%q: got %d lines, cut %t", log[:n], lines, s.Cut)
		}
	}
	// Begun again, with results of the time before.
	if err := os.WriteFile(filepath.Join(done, unfinishedFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err := Read(done); err != nil || !s.Again {
		t.Errorf("begun again: got %+v, %v", s, err)
	}
}

func TestReadErrors(t *testing.T) {
	config := `{"experiment":"toy","preset":"smoke","seeds":[1],"recipe":{"depth":1}}`
	result := `{"experiment":"toy","preset":"smoke","seeds":[1],"recipe":{"depth":1},"metrics":{"a":{"values":[1]}}}`
	line := `{"seed":1,"run":"a","loss":1}` + "\n"
	for name, c := range map[string]struct{ file, text, want string }{
		"empty configuration":     {configFile, "", "config.json: "},
		"configuration of null":   {configFile, "null", "config.json: want the experiment's name"},
		"no seeds":                {configFile, strings.Replace(config, "[1]", "[]", 1), "want at least one seed"},
		"seeds of another type":   {configFile, strings.Replace(config, "[1]", `["1"]`, 1), "config.json: line 1: field"},
		"recipe of another type":  {configFile, strings.Replace(config, `{"depth":1}`, "3", 1), "want a recipe"},
		"long names in a recipe":  {configFile, strings.Replace(config, "depth", strings.Repeat("x", 2000), 1), "config.json: want names of at most"},
		"half a result":           {resultFile, result[:len(result)/2], "result.json: "},
		"more than a result":      {resultFile, result + "{}", "result.json: line 1: "},
		"of another seed":         {resultFile, strings.Replace(result, "[1]", "[2]", 1), "result.json: is of another configuration: seeds is [1] in config.json, [2] here"},
		"of another recipe":       {resultFile, strings.Replace(result, `"depth":1`, `"depth":2`, 1), "recipe.depth is 1 in config.json, 2 here"},
		"too few values":          {resultFile, strings.Replace(result, `"values":[1]`, `"values":[]`, 1), "metric a: want a value for each of 1 seeds, got 0"},
		"value of text":           {resultFile, strings.Replace(result, `"values":[1]`, `"values":["1"]`, 1), "result.json: "},
		"deep result":             {resultFile, strings.Repeat("[", 1<<20), "result.json: line 1: want at most"},
		"many values":             {resultFile, `{"metrics":{"a":{"values":[1` + strings.Repeat(",1", 1<<20) + "]}}}", "want at most"},
		"many metrics":            {resultFile, `{"metrics":{"a":{}` + strings.Repeat(`,"a":{}`, 1<<18) + "}}", "want at most"},
		"as many metrics as fit":  {resultFile, manyMetrics(maxValues/2 - 10), "want the experiment's name"},
		"large result":            {resultFile, strings.Repeat(" ", maxDocument+1), "want a file of at most"},
		"log line of no object":   {metricsFile, "[1]\n" + line, "metrics.jsonl: line 1: "},
		"log line cut inside":     {metricsFile, line + line[:9] + "\n" + line, "metrics.jsonl: line 2: "},
		"log line without a run":  {metricsFile, `{"seed":1}` + "\n", "want an object with seed and run"},
		"log line that is long":   {metricsFile, line + strings.Repeat(" ", maxLine+1), "line 2: want at most"},
		"log line that is deep":   {metricsFile, strings.Repeat("[", 1<<19) + "\n", "want at most"},
		"log line of a long name": {metricsFile, `{"seed":1,"run":"a","` + strings.Repeat("x", 2000) + `":[1,1]}` + "\n", "want names of at most"},
		"log of a huge number":    {metricsFile, `{"seed":1,"run":"a","loss":1e999}` + "\n", "line 1: "},
		"long names together":     {configFile, strings.Replace(config, `{"depth":1}`, longNames(), 1), "config.json: want names of at most 1048576 bytes together"},
		"log line of long names":  {metricsFile, `{"seed":1,"run":"a","names":` + longNames() + "}\n", "want names of at most 1048576 bytes together"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, configFile), config)
			write(t, filepath.Join(dir, resultFile), result)
			write(t, filepath.Join(dir, metricsFile), line)
			if _, err := Read(dir); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, c.file), c.text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := Read(dir)
			elapsed := time.Since(start)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.HasPrefix(err.Error(), "run "+dir+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("want one line with %q, got %v", c.want, err)
			}
			// The promise is 100 ms, and 100 MB for what is no long log; all that was ever
			// allocated is more than what is held.
			if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 || elapsed > 2*time.Second {
				t.Errorf("took %v and %d bytes", elapsed, used)
			}
			t.Logf("%v, %d kB", elapsed.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10)
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "nowhere")); err == nil || !strings.Contains(err.Error(), "no such directory") {
		t.Errorf("no directory: got %v", err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a directory of results") {
		t.Errorf("empty directory: got %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, configFile), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "want a regular file") {
		t.Errorf("directory config.json: got %v", err)
	}
}

func manyMetrics(n int) string {
	var b strings.Builder
	b.WriteString(`{"metrics":{"a":{}`)
	for i := range n {
		fmt.Fprintf(&b, `,"metric %d":{}`, i)
	}
	return b.String() + "}}"
}

// longNames is an object of 60,000 numbers, whose names, with the way to them, have 60 MB.
func longNames() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"%s":{"0":0`, strings.Repeat("x", maxPath-50))
	for i := range 60_000 {
		fmt.Fprintf(&b, `,"%d":1`, i+1)
	}
	return b.String() + "}}"
}

// TestLineRoundTrip reads lines that encodeLine wrote.
func TestLineRoundTrip(t *testing.T) {
	text, err := encodeLine(math.MaxUint64, "a\n<b>", map[string]any{
		"stage": "layer 1", "epoch": 3, "loss": math.Inf(1), "train": map[string]float64{"x": 0.1, "y": -1e-300},
		"norms": []float32{1, 0.5}, "kind": "text", "best": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := parseLine(text)
	if err != nil {
		t.Fatal(err)
	}
	want := Line{Seed: math.MaxUint64, Run: "a\n<b>", Stage: "layer 1", Epoch: 3,
		Values: Fields{{"loss", math.NaN()}, {"norms.0", 1}, {"norms.1", 0.5}, {"train.x", 0.1}, {"train.y", -1e-300}}}
	if d := cmp.Diff(want, l, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); d != "" {
		t.Errorf("(−want +got)\n%s", d)
	}
	if text, err := json.Marshal(l); err != nil || string(text) != `{"epoch":3,"values":{"loss":null,"norms.0":1,"norms.1":0.5,"train.x":0.1,"train.y":-1e-300}}` {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestDigest changes one thing in a line that is not the last: the digest of its stage
// is another one, unless it was a time.
func TestDigest(t *testing.T) {
	lines := `{"seed":1,"run":"a","epoch":1,"loss":0.5,"best":true,"kind":"x","norms":[1,null],"seconds":1.5,"step_seconds":{"mean":2}}` + "\n" +
		`{"seed":1,"run":"b","epoch":1,"loss":0.5}` + "\n" + `{"seed":1,"run":"a","epoch":2,"loss":0.25}` + "\n"
	dir := t.TempDir()
	write(t, filepath.Join(dir, configFile), `{"experiment":"toy","preset":"smoke","seeds":[1],"recipe":{"depth":1}}`)
	digests := func(log string) [2]string {
		write(t, filepath.Join(dir, metricsFile), log)
		s, err := Read(dir)
		if err != nil || len(s.Stages) != 2 {
			t.Fatalf("got %+v, %v", s, err)
		}
		return [2]string{s.Stages[0].Digest, s.Stages[1].Digest}
	}
	want := digests(lines)
	for _, c := range []struct {
		from, to string
		differs  bool
	}{
		{`0.5,"best"`, `0.50000000000000011,"best"`, true}, {"true", "false", true}, {`"x"`, `"y"`, true}, {"null", "0", true}, {`"epoch":1,`, `"epoch":3,`, true},
		{`[1,null]`, `[1]`, true}, {`"kind":"x",`, "", true}, {`[1,null]`, `{"0":1,"1":null}`, true}, {"1.5", "2.5", false}, {`"seconds":1.5,`, "", false}, {`{"mean":2}`, `[3]`, false}, {"0.5,", "0.50, ", false},
	} {
		got := digests(strings.Replace(lines, c.from, c.to, 1))
		if (got[0] != want[0]) != c.differs || got[1] != want[1] {
			t.Errorf("%s for %s: differs %t and %t", c.to, c.from, got[0] != want[0], got[1] != want[1])
		}
	}
}

// TestReadWhileFilesAreReplaced reads a directory of results while runs of the
// same configuration write to it: every reading sees a run.
func TestReadWhileFilesAreReplaced(t *testing.T) {
	out := savedRun(t, "-seeds", "1")
	done := make(chan error)
	go func() {
		for range 5 {
			if code, _, stderr := call(t, "-progress", "none", "-out", out, "-seeds", "1"); code != 0 {
				done <- fmt.Errorf("run: %s", stderr)
				return
			}
		}
		done <- nil
	}()
	for n := 0; ; n++ {
		select {
		case err := <-done:
			if err != nil || n == 0 {
				t.Errorf("%d readings, %v", n, err)
			}
			return
		default:
		}
		if _, err := Read(out); err != nil {
			t.Fatal(err)
		}
	}
}
