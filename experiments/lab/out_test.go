package lab

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"capas/internal/atomicfile"

	"github.com/google/go-cmp/cmp"
)

// setProcs sets GOMAXPROCS and returns what restores it.
func setProcs(n int) func() {
	old := runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(old) }
}

func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAnotherConfigurationIsRefused(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	if code, _, stderr := call(t, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	before := readTree(t, out)
	for _, resume := range []string{"-resume", "-resume=false"} {
		code, _, stderr := call(t, "-out", out, "-depth", "3", "-seeds", "2", resume)
		want := "recipe.depth is 5 there, 3 here; seeds is [1,2,3] there, [1,2] here"
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: got status %d, %q; want 1 and %q", resume, code, stderr, want)
		}
		if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
			t.Errorf("%s: files changed: %s", resume, diff)
		}
	}
}

// TestChangesBeforeTheLock: what comes into the directory between the first look and
// the lock is seen under the lock.
func TestChangesBeforeTheLock(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	if code, _, stderr := call(t, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	before := readTree(t, out)
	if _, err := prepareOut(out, Config{Experiment: "other"}, false); err == nil || !strings.Contains(err.Error(), "another configuration") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
		t.Error(diff)
	}
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	out := t.TempDir()
	thesis := filepath.Join(out, "thesis.tex")
	if err := os.WriteFile(thesis, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := readTree(t, out)
	code, _, stderr := call(t, "-out", out, "-resume")
	if code != 1 || !strings.Contains(stderr, "thesis.tex") || !strings.Contains(stderr, "config.json") {
		t.Errorf("got status %d, %q", code, stderr)
	}
	if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
		t.Error(diff)
	}
	if err := os.Rename(thesis, filepath.Join(out, configFile)); err != nil { // not JSON
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "-out", out); code != 1 || !strings.Contains(stderr, "config.json: ") {
		t.Errorf("corrupt config.json: got status %d, %q", code, stderr)
	}
}

// storing is the toy experiment, but it stores a checkpoint and a model, says what of
// them it found before, and ends with an error unless fail is nil.
func storing(found *[]string, fail error) Experiment[toyRecipe] {
	e := toy()
	e.Run = func(ctx context.Context, run *Run[toyRecipe]) error {
		there := ""
		for _, path := range []string{run.Checkpoint("seed-1/dbn"), run.Model("seed-1/dbn")} {
			if err := run.CheckOut(); err != nil {
				return err
			}
			if _, err := os.Stat(path); err == nil {
				there += filepath.Base(filepath.Dir(filepath.Dir(path))) + " "
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				return err
			}
			if err := atomicfile.Write(path, []byte("weights")); err != nil {
				return err
			}
		}
		*found = append(*found, there)
		return fail
	}
	return e
}

// TestCheckpoints: a fresh start clears them and the models, -resume keeps both, and a
// file that a crash left incomplete bothers nobody.
func TestCheckpoints(t *testing.T) {
	out := filepath.Join(t.TempDir(), "deep", "o")
	var found []string
	e := storing(&found, nil)
	for i, args := range [][]string{{"-resume"}, {"-resume"}, {}, {"-resume"}} {
		var stdout, stderr bytes.Buffer
		if code := runMain(context.Background(), e, append(args, "-progress", "none", "-out", out), &stdout, &stderr); code != 0 {
			t.Fatal(stderr.String())
		}
		want := ""
		if i == 0 {
			want = "toy: nothing to resume in " + out + ", starting\n"
		}
		if stderr.String() != want {
			t.Errorf("start %d: want %q, got %q", i, want, stderr.String())
		}
	}
	if diff := cmp.Diff([]string{"", "checkpoints models ", "", "checkpoints models "}, found); diff != "" {
		t.Error(diff)
	}

	crashed := t.TempDir()
	if err := os.WriteFile(filepath.Join(crashed, atomicfile.TempPrefix+"config.json-123"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "-out", crashed); code != 0 {
		t.Errorf("after a crash: %s", stderr)
	}
}

// TestUnfinishedRun: its checkpoints are thrown away by whoever deletes the directory,
// and by nobody else.
func TestUnfinishedRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	var found []string
	begin := func(fail error, args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		args = append(args, "-progress", "none", "-out", out)
		code := runMain(context.Background(), storing(&found, fail), args, &stdout, &stderr)
		return code, stderr.String()
	}
	if code, stderr := begin(os.ErrDeadlineExceeded); code != 1 {
		t.Fatalf("status %d, %s", code, stderr)
	}
	left := []string{
		filepath.Join(out, atomicfile.TempPrefix+"report.html-1"),
		filepath.Join(out, checkpointsDir, "seed-1", atomicfile.TempPrefix+"dbn-1"),
		filepath.Join(out, modelsDir, atomicfile.TempPrefix+"dbn-1"),
	}
	for _, path := range left {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := readTree(t, out)
	want := "toy: -out " + out + ": holds an unfinished run; -resume continues it, or delete the directory to start anew\n"
	if code, stderr := begin(nil); code != 1 || stderr != want {
		t.Errorf("got status %d, %q; want %q", code, stderr, want)
	}
	if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
		t.Error(diff)
	}
	if code, stderr := begin(nil, "-resume"); code != 0 || stderr != "" {
		t.Errorf("-resume: got status %d, %q", code, stderr)
	}
	after := readTree(t, out)
	for _, path := range left {
		if _, there := after[path]; there {
			t.Errorf("%s was left", path)
		}
	}
	if code, stderr := begin(nil); code != 0 { // finished: the next starts anew
		t.Errorf("got status %d, %s", code, stderr)
	}
	// Started anew over a finished run, and interrupted: its result is of the run before.
	if code, _ := begin(os.ErrDeadlineExceeded); code != 1 {
		t.Errorf("got status %d", code)
	}
	if code, stderr := begin(nil); code != 1 || stderr != want {
		t.Errorf("over an earlier result: got status %d, %q; want %q", code, stderr, want)
	}
	if diff := cmp.Diff([]string{"", "checkpoints models ", "", ""}, found); diff != "" {
		t.Error(diff)
	}
}

// TestLogOfAResumedRun: what the process before logged stays until there is something
// to log, as the run may be refused for its checkpoints.
func TestLogOfAResumedRun(t *testing.T) {
	const line = `{"seed":1,"run":"a","n":1}` + "\n"
	for _, c := range []struct {
		resumed bool
		start   string
	}{{true, "old\n"}, {false, ""}} {
		out := t.TempDir()
		path := filepath.Join(out, metricsFile)
		if err := os.WriteFile(path, []byte("old\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := newResults(out, []uint64{1}, c.resumed, func() error { return nil }, func() {})
		if err != nil {
			t.Fatal(err)
		}
		start := readTree(t, out)[path]
		r.Log(1, "a", map[string]int{"n": 1})
		first := readTree(t, out)[path]
		r.Log(1, "a", map[string]int{"n": 1})
		if second := readTree(t, out)[path]; start != c.start || first != line || second != line+line || r.failure() != nil {
			t.Errorf("resumed %t: got %q, then %q and %q, %v", c.resumed, start, first, second, r.failure())
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestEarlierResultsSurviveAFailure: a failing repetition leaves result.json.
func TestEarlierResultsSurviveAFailure(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	if code, _, stderr := call(t, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	before := artefacts(t, out)[resultFile]
	e := toy()
	e.Run = func(context.Context, *Run[toyRecipe]) error { return os.ErrDeadlineExceeded }
	var stdout, stderr bytes.Buffer
	if code := runMain(context.Background(), e, []string{"-out", out}, &stdout, &stderr); code != 1 {
		t.Fatalf("status %d", code)
	}
	if after := artefacts(t, out)[resultFile]; after != before {
		t.Error("result.json changed")
	}
}

func TestMisuseIsReported(t *testing.T) {
	tests := map[string]func(r *Results){
		"second value for seed 1":       func(r *Results) { r.Metric("a", 1, 1); r.Metric("a", 1, 2) },
		"metric a: no value for seed 2": func(r *Results) { r.Metric("a", 1, 1) },
		"figure ../x.svg: want a bare":  func(r *Results) { r.Figure("../x.svg", "t", "c", []byte("<svg/>")) },
		"figure x.png: want an SVG":     func(r *Results) { r.Figure("x.png", "t", "c", []byte("<svg/>")) },
		"figure x.svg: second figure": func(r *Results) {
			r.Figure("x.svg", "t", "c", []byte("<svg/>"))
			r.Figure("x.svg", "t", "c", []byte("<svg/>"))
		},
		`table "t": row 0 has 1 cells`:     func(r *Results) { r.Table("t", []string{"a", "b"}, [][]string{{"1"}}) },
		`log of seed 1 x: field "seed"`:    func(r *Results) { r.Log(1, "x", map[string]int{"seed": 3}) },
		"log of seed 1 x: a record is":     func(r *Results) { r.Log(1, "x", 3) },
		"claim, measured and rule must":    func(r *Results) { r.Claim(Claim{Claim: "c", Measured: "m"}) },
		`log of seed 1 x: field "f": json`: func(r *Results) { r.Log(1, "x", map[string]any{"f": func() {}}) },
	}
	for want, misuse := range tests {
		r, err := newResults(t.TempDir(), []uint64{1, 2}, false, func() error { return nil }, func() {})
		if err != nil {
			t.Fatal(err)
		}
		misuse(r)
		if _, err := r.document(Config{}, Environment{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLogLine(t *testing.T) {
	type base struct {
		Stage string `json:"stage"`
	}
	record := struct {
		base             // unexported type, exported fields
		Z        int     `json:"z"`
		A        float32 `json:"a"`
		Norms    []float64
		Skip     int `json:"-"`
		Absent   int `json:"absent,omitempty"`
		hidden   int
		Optional *float64 `json:"optional"`
	}{base: base{"<1>"}, Z: 1, A: 0.1, Norms: []float64{1, nan(), 1e-9}, hidden: 1}
	got, err := encodeLine(1<<63, `a"b`, &record)
	want := `{"seed":9223372036854775808,"run":"a\"b","stage":"<1>","z":1,"a":0.1,"Norms":[1,null,1e-9],"optional":null}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	got, err = encodeLine(1, "x", map[string]any{"b": 2, "a": nan()})
	if want := `{"seed":1,"run":"x","a":null,"b":2}` + "\n"; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
