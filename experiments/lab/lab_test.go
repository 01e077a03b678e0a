package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capas/experiments/lab/figure"
)

type toyRecipe struct {
	Depth  int     `json:"depth"`
	LR     float64 `json:"lr"`
	Widths []int   `json:"widths"`
	Mode   string  `json:"mode"`
}

type toyEpoch struct {
	Stage string  `json:"stage"`
	Epoch int     `json:"epoch"`
	Loss  float64 `json:"loss"`
}

// toy is a complete small experiment, whose recipe says how it ends.
func toy() Experiment[toyRecipe] {
	return Experiment[toyRecipe]{
		Name: "toy", Title: "Toy & <title>", Question: "Does it work?", Section: "3",
		Presets: map[string]toyRecipe{
			"smoke":   {Depth: 1, LR: 0.1, Widths: []int{4}, Mode: "ok"},
			"lecture": {Depth: 5, LR: 0.1, Widths: []int{4, 5}, Mode: "ok"},
		},
		Seeds:    map[string]int{"lecture": 3},
		Datasets: []string{"mnist", "fashion"},
		Flags: func(fs *flag.FlagSet, r *toyRecipe) {
			fs.IntVar(&r.Depth, "depth", r.Depth, "number of hidden `layers`")
			fs.Float64Var(&r.LR, "lr", r.LR, "learning `rate`")
			fs.StringVar(&r.Mode, "mode", r.Mode, "how it ends")
		},
		Validate: func(r *toyRecipe) error {
			if r.Depth < 1 {
				return fmt.Errorf("-depth %d: want at least 1", r.Depth)
			}
			return nil
		},
		Run: runToy,
	}
}

func runToy(ctx context.Context, run *Run[toyRecipe]) error {
	switch run.Recipe.Mode {
	case "fail":
		return errors.New("layer 2: loss is NaN")
	case "panic":
		var m map[string]int
		m["x"] = 1
	case "badmetric":
		run.Metric("dbn.loss", 77, 1)
	case "wait": // until interrupted
		run.Progress.Printf("running")
		<-ctx.Done()
		return fmt.Errorf("epoch 3: %w", ctx.Err())
	case "end": // when the parent process says so
		run.Progress.Printf("running")
		if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
			return err
		}
	case "log": // until something is wrong
		run.Progress.Printf("running")
		for epoch := range 20_000 {
			run.Log(1, "dbn", toyEpoch{"fine-tune", epoch, 1})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			time.Sleep(time.Millisecond)
		}
		run.Progress.Printf("nothing was wrong")
	case "deaf": // to interruptions
		run.Progress.Printf("running")
		select {}
	}
	var jobs []Job
	for _, seed := range run.Seeds {
		for _, name := range []string{"normal", "dbn"} {
			jobs = append(jobs, Job{Name: fmt.Sprintf("seed %d %s", seed, name), Units: 3, Run: func(ctx context.Context, t *Task) error {
				for epoch := range 3 {
					time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond) // another schedule each time
					loss := run.Recipe.LR * float64(seed) / float64(epoch+1)
					if name == "normal" && epoch == 2 {
						loss = math.NaN()
					}
					t.Say("epoch %d/3", epoch+1)
					t.Add(1)
					run.Log(seed, name, toyEpoch{"fine-tune", epoch, loss})
				}
				run.Metric(name+".test_error", seed, float64(seed)/float64(100*len(name)))
				return nil
			}})
		}
	}
	if err := run.Parallel(ctx, 0, jobs); err != nil {
		return err
	}
	if run.Recipe.Mode == "nan" {
		for _, seed := range run.Seeds {
			run.Metric("nan.loss", seed, math.Inf(1))
		}
	}
	svg, err := figure.Lines{XLabel: "epoch", YLabel: "loss (nats)", Series: []figure.Series{{Name: "dbn", X: []float64{1, 2}, Y: [][]float64{{3, 2}}}}}.SVG()
	if err != nil {
		return err
	}
	png, err := figure.Sheet{Tiles: [][]float32{{0, 1, 2, 3}}, Height: 2, Width: 2}.PNG()
	if err != nil {
		return err
	}
	run.Section("Curves <b>", "See https://example.org/x & <script>alert(1)</script>.")
	run.Figure("curves.svg", `Loss "quoted"`, "Falls <fast>.", svg)
	run.Figure("filters.png", "Filters", "All of them.", png)
	run.Table("Errors", []string{"init", "error"}, [][]string{{"dbn", "0.01"}})
	run.Claim(Claim{Section: "3.2", Claim: "Deep & wide", Measured: "p < 0.05", Holds: true, Rule: "Welch", Figure: "curves.svg"})
	run.Claim(Claim{Section: "3.3", Claim: "False claim", Measured: "1 > 2", Holds: false, Rule: "sign"})
	return nil
}

// call runs the toy experiment with a context of its own.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runMain(context.Background(), toy(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestExitStatus(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		code int
		want string // in the single line on standard error
	}{
		{[]string{"-deph", "3"}, 2, "unknown flag -deph"},
		{[]string{"-depth", "x"}, 2, `invalid value "x" for flag -depth`},
		{[]string{"-depth", "0"}, 2, "-depth 0: want at least 1"},
		{[]string{"mnist"}, 2, `unexpected argument "mnist"`},
		{[]string{"-preset", "big"}, 2, `-preset "big": want one of lecture, smoke`},
		{[]string{"-seeds", "-1"}, 2, "-seeds -1"},
		{[]string{"-seeds", "0"}, 2, "-seeds 0: want a number from 1"},
		{[]string{"-seed", "18446744073709551615", "-seeds", "2"}, 2, "exceeds"},
		{[]string{"-seed", "-1"}, 2, "-seed"},
		{[]string{"-data", "imagenet"}, 2, `-data "imagenet": want one of mnist, fashion`},
		{[]string{"-data-dir", filepath.Join(file, "no")}, 2, "-data-dir"},
		{[]string{"-data-dir", file}, 2, "not a directory"},
		{[]string{"-data-dir", t.TempDir(), "-download"}, 2, "want one of the two"},
		{[]string{"-progress", "loud"}, 2, `-progress "loud"`},
		{[]string{"-lr", "NaN"}, 2, "NaN"},
		{[]string{"-out", ""}, 2, "-out"},
		{[]string{"-checkpoint", "-1s"}, 2, "-checkpoint -1s: want a time of 0 or more"},
		{[]string{"-checkpoint", "5"}, 2, `invalid value "5" for flag -checkpoint`},
		{[]string{"-serve", ":8080"}, 2, "-serve :8080: want a host too: localhost:8080"},
		{[]string{"-serve", "8080"}, 2, "-serve 8080: want HOST:PORT"},
		{[]string{"-recipe", filepath.Join(file, "no")}, 2, "-recipe"},
		{[]string{"-recipe", t.TempDir()}, 2, "want a regular file, got a directory"},
		{[]string{"-out", filepath.Join(file, "sub")}, 1, "-out " + filepath.Join(file, "sub")},
		{[]string{"-out", file}, 1, "-out " + file},
		{[]string{"-mode", "fail", "-out", filepath.Join(t.TempDir(), "o")}, 1, "toy: layer 2: loss is NaN"},
		{[]string{"-mode", "panic", "-out", filepath.Join(t.TempDir(), "o")}, 1, "panic at lab_test.go:"},
		{[]string{"-mode", "badmetric", "-progress", "none", "-out", filepath.Join(t.TempDir(), "o")}, 1, "metric dbn.loss: seed 77"},
	}
	for _, test := range tests {
		code, stdout, stderr := call(t, test.args...)
		if code != test.code || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%q: got status %d, standard error %q, output %q; want %d and one line with %q", test.args, code, stderr, stdout, test.code, test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := call(t, "-preset", "smoke", "-h")
	if code != 0 || stderr != "" {
		t.Errorf("got status %d, standard error %q", code, stderr)
	}
	for _, want := range []string{"Does it work?", "lecture (-seeds 3)", "-resume", "-depth layers\n", "(default 1)", "preset smoke"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help lacks %q:\n%s", want, stdout)
		}
	}
}

func TestRecipeFile(t *testing.T) {
	tests := []struct {
		text string
		want string // error; "" means none
	}{
		{`{"depth": 7, "widths": [9]}`, ""},
		{`{"depht": 7}`, `unknown field "depht"`},
		{"{\"depth\": 7}\n{}", "line 2: something follows"},
		{`{"depth": 7} x`, "something follows"},
		{"{\n\"depth\": \"7\"}", `line 2: field "depth": want int, got string`},
		{`{"depth": 1.5}`, "number 1.5"},
		{`{"depth": 7, "depth": 8}`, `"depth" occurs twice`},
		{`{"depth": 7, "Depth": 8}`, `"Depth" occurs twice`},
		{`{"widths": [7], "widthſ": [8]}`, `"widthſ" occurs twice`},
		{`{"depth": 7,`, "ends inside"},
		{"{\n\"depth\" 7}", "line 2"},
		{`null`, "want one JSON object"},
		{``, "want one JSON object"},
		{`[1]`, "want one JSON object"},
	}
	for _, test := range tests {
		file := filepath.Join(t.TempDir(), "recipe.json")
		if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := parse(toy(), []string{"-preset", "lecture", "-lr", "0.5", "-recipe", file})
		if test.want == "" {
			want := toyRecipe{Depth: 7, LR: 0.5, Widths: []int{9}, Mode: "ok"}
			if err != nil {
				t.Errorf("%s: %v", test.text, err)
			} else if diff := cmp.Diff(want, set.recipe); diff != "" {
				t.Errorf("%s: %s", test.text, diff)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got error %v, want %q and the file's name", test.text, err, test.want)
		}
	}
}

// TestPresetsAreIsolated: what a flag or the experiment does to its recipe
// does not reach the preset.
func TestPresetsAreIsolated(t *testing.T) {
	e := toy()
	set, err := parse(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	set.recipe.Widths[0] = 99
	if e.Presets["lecture"].Widths[0] != 4 {
		t.Errorf("preset changed: %v", e.Presets["lecture"])
	}
}

func TestSettings(t *testing.T) {
	set, err := parse(toy(), []string{"-seed", "5", "-resume", "-download"})
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{Preset: "lecture", Seeds: []uint64{5, 6, 7}, Data: "mnist", Download: true, Out: "runs/toy", Resume: true, Backend: "capas", CheckpointEvery: time.Minute}
	if diff := cmp.Diff(want, set.Settings); diff != "" {
		t.Error(diff)
	}
	e := toy()
	e.Datasets = nil
	for _, args := range [][]string{{"-data", "mnist"}, {"-data-dir", t.TempDir()}, {"-download"}} {
		if _, err := parse(e, args); err == nil {
			t.Errorf("%s accepted by an experiment without data", args[0])
		}
	}
}

var secondsPattern = regexp.MustCompile(`"seconds": [0-9.e+-]+`)

// artefacts are the files of a run that must not depend on time or schedule.
func artefacts(t *testing.T, out string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{configFile, resultFile, metricsFile, "curves.svg", "filters.png"} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = secondsPattern.ReplaceAllString(string(data), `"seconds": 0`)
	}
	return files
}

func TestJSONDocument(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	code, stdout, stderr := call(t, "-json", "-out", out, "-mode", "nan")
	if code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	saved, err := os.ReadFile(filepath.Join(out, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(saved) != stdout {
		t.Errorf("-json output differs from result.json")
	}
	// The schema, read as a stranger would.
	dec := json.NewDecoder(strings.NewReader(stdout))
	dec.DisallowUnknownFields()
	var doc struct {
		Experiment, Preset, Data, Title string
		Seeds                           []int
		Recipe                          map[string]any
		Environment                     struct {
			Go, Platform, CPU, Kernels, Revision string
			Seconds                              *float64
		}
		Metrics map[string]struct {
			Mean, SD *float64
			Values   []*float64
		}
		Claims []struct {
			Section, Claim, Measured, Rule, Figure string
			Holds                                  bool
		}
		Figures []string
	}
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Errorf("standard output holds more than the document: %v", err)
	}
	if doc.Experiment != "toy" || doc.Preset != "lecture" || !slices.Equal(doc.Seeds, []int{1, 2, 3}) || doc.Data != "mnist" || doc.Title != toy().Title ||
		doc.Recipe["depth"] != 5.0 || doc.Environment.Seconds == nil || doc.Environment.CPU == "" || doc.Environment.Kernels == "" ||
		doc.Environment.Go == "" || doc.Environment.Revision == "" {
		t.Errorf("got %+v", doc)
	}
	// Values seed/(100·3): mean 2/300, sample sd 1/300.
	m := doc.Metrics["dbn.test_error"]
	if len(m.Values) != 3 || math.Abs(*m.Mean-2./300) > 1e-15 || math.Abs(*m.SD-1./300) > 1e-15 || *m.Values[2] != 0.01 {
		t.Errorf("dbn.test_error: got %+v", m)
	}
	if m := doc.Metrics["nan.loss"]; m.Mean != nil || m.SD != nil || len(m.Values) != 3 || m.Values[0] != nil {
		t.Errorf("nan.loss: want nulls, got %+v", m)
	}
	if len(doc.Claims) != 2 || doc.Claims[0].Measured != "p < 0.05" || !doc.Claims[0].Holds || doc.Claims[1].Holds {
		t.Errorf("claims: got %+v", doc.Claims)
	}
	if !slices.Equal(doc.Figures, []string{"curves.svg", "filters.png"}) {
		t.Errorf("figures: got %v", doc.Figures)
	}
	if !strings.Contains(stdout, "p < 0.05") {
		t.Error("< is escaped in the document")
	}
}

// TestPrintConfig: it is what the run with the same flags writes, and touches nothing.
func TestPrintConfig(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	args := []string{"-preset", "smoke", "-seed", "7", "-depth", "4", "-out", out}
	code, stdout, stderr := call(t, append(args, "-print-config")...)
	if code != 0 || stderr != "" {
		t.Fatalf("status %d: %s", code, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the directory of results was made")
	}
	if code, _, stderr := call(t, args...); code != 0 {
		t.Fatal(stderr)
	}
	written, err := os.ReadFile(filepath.Join(out, configFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), stdout); diff != "" {
		t.Error(diff)
	}
}

func TestSameBytesWhateverTheSchedule(t *testing.T) {
	var first map[string]string
	for i, procs := range []int{1, 4, 4} {
		t.Run(fmt.Sprint(procs), func(t *testing.T) {
			defer setProcs(procs)()
			out := filepath.Join(t.TempDir(), "o")
			if code, _, stderr := call(t, "-json", "-out", out); code != 0 {
				t.Fatalf("status %d: %s", code, stderr)
			}
			got := artefacts(t, out)
			if i == 0 {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	lines := strings.Split(strings.TrimSpace(first[metricsFile]), "\n")
	if len(lines) != 3*2*3 ||
		lines[0] != `{"seed":1,"run":"dbn","stage":"fine-tune","epoch":0,"loss":0.1}` ||
		lines[5] != `{"seed":1,"run":"normal","stage":"fine-tune","epoch":2,"loss":null}` {
		t.Errorf("metrics.jsonl: got %d lines\n%s", len(lines), first[metricsFile])
	}
}

func TestSummaryOnStandardOutput(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	code, stdout, stderr := call(t, "-out", out, "-progress", "plain")
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"0.0067 ± 0.0033", "[holds] 3.2: Deep & wide", "[does not hold] 3.3", filepath.Join(out, "report.html")} {
		if !strings.Contains(stdout, want) {
			t.Errorf("summary lacks %q:\n%s", want, stdout)
		}
	}
	if !strings.Contains(stderr, "100 %") {
		t.Errorf("standard error lacks progress: %q", stderr)
	}
}
