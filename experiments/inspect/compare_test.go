package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/internal/tensorfile"
)

// compared is the JSON of compare.
type compared struct {
	Equal         bool
	Complete      [2]bool
	Configuration []struct{ Field, A, B string }
	Metrics       []struct {
		Name       string
		Equal      bool
		Difference float64
		Welch      *struct{ T, P float64 }
	}
	Claims []any
	Stages []struct {
		Stage string
		A, B  any
	}
	Weights []struct {
		Name, Only, Problem string
		Equal               bool
		Tensors             []struct {
			Name    string
			Largest float64 `json:"largest_difference"`
		}
	}
}

// copied is a copy of a run's directory.
func copied(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCompareEqualRuns compares runs of one configuration on one and two processors.
func TestCompareEqualRuns(t *testing.T) {
	a, b := finished(t), filepath.Join(t.TempDir(), "b")
	cmd := experiment(t, tiny(b)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := succeed(t, "compare", a, b)
	for _, want := range []string{"No difference.", "dbn.test_error", "checkpoints/seed-1-dbn", "models/seed-2-sdae-pretrained.safetensors  equal to the bit"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	c := decoded[compared](t, "compare", a, b)
	if !c.Equal || len(c.Weights) != 16 || len(c.Configuration)+len(c.Stages)+len(c.Claims) > 0 {
		t.Errorf("got %+v", c)
	}
}

// TestCompareDifferentRuns compares runs that differ in the rate of fine-tuning alone.
func TestCompareDifferentRuns(t *testing.T) {
	a, b := finished(t), finished(t, "-lr", "0.2")
	status, text, stderr := call("compare", a, b)
	if status != 1 || stderr != "" {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"fine_tune.optimizer.rate.start  0.1  0.2", "seed 1 dbn     fine-tuning", "t = "} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	c := decoded[compared](t, "compare", a, b)
	if c.Equal || c.Complete != [2]bool{true, true} {
		t.Errorf("got equal %t, complete %v", c.Equal, c.Complete)
	}
	if len(c.Configuration) != 1 || c.Configuration[0].Field != "recipe.fine_tune.optimizer.rate.start" || c.Configuration[0].A != "0.1" || c.Configuration[0].B != "0.2" {
		t.Errorf("configuration: got %v", c.Configuration)
	}
	// The metrics and Welch's t, by its formula for two seeds a side.
	x, y := readResult(t, a).Metrics, readResult(t, b).Metrics
	if len(c.Metrics) != len(x) || len(x) == 0 {
		t.Errorf("%d metrics of %d", len(c.Metrics), len(x))
	}
	for _, m := range c.Metrics {
		u, v := x[m.Name].Values, y[m.Name].Values
		difference := (v[0]+v[1])/2 - (u[0]+u[1])/2
		spread := math.Sqrt((u[0]-u[1])*(u[0]-u[1])/4 + (v[0]-v[1])*(v[0]-v[1])/4)
		if math.Abs(m.Difference-difference) > 1e-12 {
			t.Errorf("%s: want difference %g, got %g", m.Name, difference, m.Difference)
		}
		if m.Equal != slices.Equal(u, v) || m.Welch == nil {
			t.Errorf("%s: got %+v for %v and %v", m.Name, m, u, v)
		} else if spread > 0 && math.Abs(m.Welch.T-difference/spread) > 1e-9*math.Abs(difference/spread) {
			t.Errorf("%s: want t = %g, got %g", m.Name, difference/spread, m.Welch.T)
		}
	}
	// Pretraining is the same; what follows is not.
	for _, p := range c.Stages {
		if strings.HasPrefix(p.Stage, "layer") || p.A == nil || p.B == nil {
			t.Errorf("got %+v", p)
		}
	}
	for _, p := range c.Weights {
		if same := strings.HasSuffix(p.Name, "-pretrained.safetensors"); p.Equal != same || p.Problem != "" || p.Only != "" {
			t.Errorf("%s: got %+v", p.Name, p)
		}
		for _, d := range p.Tensors {
			if strings.Contains(d.Name, "layer ") {
				t.Errorf("%s: %s is of pretraining", p.Name, d.Name)
			}
		}
	}
}

// TestLargestDifference compares the differences of weights with NumPy's.
func TestLargestDifference(t *testing.T) {
	a, b := finished(t), finished(t, "-lr", "0.2")
	c := decoded[compared](t, "compare", a, b)
	for _, name := range []string{"models/seed-1-dbn.safetensors", "models/seed-2-sdae.safetensors"} {
		want := numpy[map[string]float64](t, safetensors+`
a, b = tensors(sys.argv[1]), tensors(sys.argv[2])
print(json.dumps({k: float(np.max(np.abs(a[k].astype(float) - b[k]))) for k in a if a[k].tobytes() != b[k].tobytes()}))`,
			filepath.Join(a, name), filepath.Join(b, name))
		got := map[string]float64{}
		for _, p := range c.Weights {
			for _, d := range p.Tensors {
				if p.Name == name {
					got[d.Name] = d.Largest
				}
			}
		}
		if len(want) == 0 || !maps.Equal(want, got) {
			t.Errorf("%s: want %v, got %v", name, want, got)
		}
	}
}

// change rewrites a tensor file of a run.
func change(t *testing.T, path string, edit func(f *tensorfile.File)) {
	t.Helper()
	f, err := tensorfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	edit(f)
	if err := tensorfile.Write(path, f); err != nil {
		t.Fatal(err)
	}
}

// damageLatest damages the checkpoint of a network that is the latest of those that can be
// read, and returns the other one.
func damageLatest(t *testing.T, dir, network string) (other string) {
	t.Helper()
	for _, c := range decoded[shown](t, "show", dir).Checkpoints {
		switch {
		case c.Network != network:
		case c.Latest:
			data := read(t, dir, c.File)
			data[len(data)-1] ^= 1
			write(t, filepath.Join(dir, c.File), data)
		default:
			other = filepath.Join(dir, c.File)
		}
	}
	return other
}

// claim gives a run without any a claim.
func claim(t *testing.T, dir, measured string, holds bool) {
	t.Helper()
	data := string(read(t, dir, "result.json"))
	text := fmt.Sprintf(`"claims": [{"section": "3", "claim": "One is less than two.", "measured": %q, "holds": %v, "rule": "smaller"}]`, measured, holds)
	if strings.Count(data, `"claims": []`) != 1 {
		t.Fatalf("want a run without claims, got %s", data)
	}
	write(t, filepath.Join(dir, "result.json"), []byte(strings.Replace(data, `"claims": []`, text, 1)))
}

// The same claim with other numbers, or another verdict, is a difference.
func TestClaims(t *testing.T) {
	one, other := copied(t, finished(t)), copied(t, finished(t))
	claim(t, one, "1 and 2", true)
	for _, c := range []struct {
		measured string
		holds    bool
		pairs    int
	}{{"1 and 2", true, 0}, {"1.1 and 2", true, 1}, {"1 and 2", false, 1}} {
		dir := copied(t, other)
		claim(t, dir, c.measured, c.holds)
		status, raw, stderr := call("compare", "-json", one, dir)
		var got compared
		if err := json.Unmarshal([]byte(raw), &got); err != nil || status != c.pairs || len(got.Claims) != c.pairs || got.Equal != (c.pairs == 0) {
			t.Errorf("%q, %v: status %d, %v, %s: want %d pairs in\n%s", c.measured, c.holds, status, err, stderr, c.pairs, raw)
		}
	}
}

// TestOneChange makes one change in a copy of a run; compare finds it, from both sides.
func TestOneChange(t *testing.T) {
	original := finished(t)
	model := filepath.Join("models", "seed-1-dbn.safetensors")
	for name, c := range map[string]struct {
		edit func(dir string)
		says string // on standard error if that is for trouble
	}{
		"the sign of a zero": {func(dir string) {
			change(t, filepath.Join(dir, model), func(f *tensorfile.File) { f.Tensors[0].Data[0] = float32(math.Copysign(0, -1)) })
		}, "0.bias"},
		"no number": {func(dir string) {
			change(t, filepath.Join(dir, model), func(f *tensorfile.File) { f.Tensors[1].Data[0] = float32(math.NaN()) })
		}, "1 elements, one of them not finite"},
		"another shape": {func(dir string) {
			change(t, filepath.Join(dir, model), func(f *tensorfile.File) { f.Tensors[1].Shape = []int{784, 20} })
		}, "20×784 in "},
		"another name": {func(dir string) {
			change(t, filepath.Join(dir, model), func(f *tensorfile.File) { f.Tensors[0].Name = "1.bias" })
		}, "only in "},
		"metadata": {func(dir string) {
			change(t, filepath.Join(dir, model), func(f *tensorfile.File) { f.Metadata["note"] = "x" })
		}, "metadata note"},
		"a missing model": {func(dir string) { os.Remove(filepath.Join(dir, model)) }, "only in "},
		"a damaged model": {func(dir string) { os.Truncate(filepath.Join(dir, model), 1000) }, "models/seed-1-dbn.safetensors cannot be compared: "},
		"a damaged latest checkpoint": {func(dir string) {
			damageLatest(t, dir, "seed-2-dbn")
		}, "checkpoints/seed-2-dbn cannot be compared: "},
		"a network's damaged checkpoints": {func(dir string) {
			damageLatest(t, dir, "seed-2-dbn")
			damageLatest(t, dir, "seed-2-dbn")
		}, "checkpoints/seed-2-dbn cannot be compared: "},
		"an earlier epoch": {func(dir string) {
			lines := strings.SplitAfter(string(read(t, dir, "metrics.jsonl")), "\n")
			at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, `"fine-tuning"`) && strings.Contains(l, `"epoch":1,`) })
			lines[at] = strings.Replace(lines[at], `"error":0`, `"error":1`, 1)
			write(t, filepath.Join(dir, "metrics.jsonl"), []byte(strings.Join(lines, "")))
		}, "fine-tuning  other lines in metrics.jsonl"},
		"the latest checkpoint": {func(dir string) {
			for _, c := range decoded[shown](t, "show", dir).Checkpoints {
				if c.Latest && c.Network == "seed-2-dbn" {
					os.Remove(filepath.Join(dir, c.File))
				}
			}
		}, "stands at"},
		"a metric": {func(dir string) {
			data := string(read(t, dir, "result.json"))
			value := strings.Fields(data[strings.Index(data, `"dbn.test_error"`):])
			at := slices.Index(value, `"values":`) + 2
			write(t, filepath.Join(dir, "result.json"), []byte(strings.Replace(data, value[at], "0.5,", 1)))
		}, "dbn.test_error"},
		"a claim": {func(dir string) { claim(t, dir, "1 and 2", true) }, "Claims of other verdicts"},
		"an epoch less": {func(dir string) {
			data := string(read(t, dir, "metrics.jsonl"))
			lines := strings.SplitAfter(data, "\n")
			write(t, filepath.Join(dir, "metrics.jsonl"), []byte(strings.Join(lines[:len(lines)-2], "")))
		}, "fine-tuning"},
		"no result": {func(dir string) { os.Remove(filepath.Join(dir, "result.json")) }, "not complete"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, original)
			if text := succeed(t, "compare", original, dir); !strings.Contains(text, "No difference.") {
				t.Fatal(text)
			}
			c.edit(dir)
			for _, args := range [][]string{{original, dir}, {dir, original}} {
				status, text, stderr := call(append([]string{"compare"}, args...)...)
				want := 1
				if strings.Contains(c.says, "cannot be compared") {
					want, text, stderr = 2, stderr, text
				}
				if status != want || want == 1 && stderr != "" || !strings.Contains(text, c.says) {
					t.Errorf("status %d, %s, want %d and %q in\n%s", status, stderr, want, c.says, text)
				}
				if _, raw, _ := call("compare", "-json", args[0], args[1]); !strings.Contains(raw, "\n  \"equal\": false,\n") {
					t.Errorf("equal in\n%s", raw)
				}
			}
		})
	}
	// Times are not compared.
	dir := copied(t, original)
	var doc map[string]any
	if err := json.Unmarshal(read(t, dir, "result.json"), &doc); err != nil {
		t.Fatal(err)
	}
	doc["environment"].(map[string]any)["seconds"] = 1e6
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "result.json"), data)
	log := strings.ReplaceAll(string(read(t, dir, "metrics.jsonl")), `"seconds":`, `"seconds":1`)
	write(t, filepath.Join(dir, "metrics.jsonl"), []byte(log))
	succeed(t, "compare", original, dir)
}

// TestNothingIsTouched: looking at a run changes no file and leaves none.
func TestNothingIsTouched(t *testing.T) {
	dir := copied(t, finished(t))
	state := func() map[string]string {
		all := map[string]string{}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && !d.IsDir() {
				all[path] = info.ModTime().String() + string(read(t, path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := state()
	out := t.TempDir()
	succeed(t, "show", dir)
	succeed(t, "compare", dir, dir)
	succeed(t, "tensors", dir, "-checkpoint", "seed-1-sdae")
	succeed(t, "export", dir, "-model", "seed-1-dbn", "-o", out)
	succeed(t, "filters", dir, "-model", "seed-1-dbn", "-o", filepath.Join(out, "f.png"))
	if !maps.Equal(before, state()) {
		t.Error("files of the run were changed")
	}
}
