package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"capas/experiments/internal/fakes"
	"capas/internal/lockfile"
)

// card reads scorecard.json.
func card(t *testing.T, text string) *scorecard {
	t.Helper()
	c := new(scorecard)
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFailuresDoNotStop: what fails is on the scorecard with its error, and all others
// are run.
func TestFailuresDoNotStop(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o")
	code, stdout, stderr := call(t, "broken,crashes,fails,good", "-preset", "smoke", "-seeds", "2", "-json", "-out", out)
	if code != 1 || !strings.HasSuffix(stderr, "all: broken, crashes, fails failed\n") {
		t.Errorf("status %d, standard error %s", code, stderr)
	}
	if stdout != fakes.Read(t, out, cardFile) {
		t.Errorf("-json output differs from %s", cardFile)
	}
	c := card(t, stdout)
	if got, want := states(c), "broken: failed, crashes: failed, fails: failed, good: done"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, want := range []string{"go build: undefined: x", "panic: of the <crash>", "layer <2>: loss is NaN", ""} {
		if c.Experiments[i].Error != want {
			t.Errorf("%s: error %q, want %q", c.Experiments[i].Experiment, c.Experiments[i].Error, want)
		}
	}
	if e := c.Experiments[3]; e.Claims != 2 || e.Holding != 1 || len(e.Seeds) != 2 || e.Title != "Title of <good>" || e.Environment.CPU == "" {
		t.Errorf("good: got %+v", e)
	}
	page := fakes.Read(t, out, indexFile)
	for _, want := range []string{"layer &lt;2&gt;: loss is NaN", "panic: of the &lt;crash&gt;", "Title of &lt;good&gt;", "1 of 2 claims hold; 1 of 4 experiments are done."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

var references = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// TestScorecard: claims in the lecture's order, each with its figure and its place in the
// report, and text of experiments as text.
func TestScorecard(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o")
	code, stdout, stderr := call(t, "one,two", "-preset", "smoke", "-progress", "none", "-out", out)
	if code != 0 || !strings.Contains(stdout, "2 of 4 claims hold; 2 of 2 experiments are done") {
		t.Fatalf("status %d, output %q, standard error %s", code, stdout, stderr)
	}
	c := card(t, fakes.Read(t, out, cardFile))
	if len(c.Sections) != 2 || c.Sections[0].Section != "2.1" || c.Sections[1].Section != "3.4" || c.Sections[1].Holding != 2 {
		t.Fatalf("sections: got %+v", c.Sections)
	}
	want := verdict{
		Experiment: "two", Claim: "two <b>claims</b> & more", Measured: "1 < 2", Holds: true, Rule: "less",
		Figure: "two/curve.svg", Report: "two/report.html#claim-1",
	}
	if got := c.Sections[1].Claims[1]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	page := fakes.Read(t, out, indexFile)
	for _, m := range references.FindAllStringSubmatch(page, -1) {
		file, id, linked := strings.Cut(m[1], "#")
		target := page
		if file != "" {
			target = fakes.Read(t, out, filepath.FromSlash(file))
		}
		if n := strings.Count(target, ` id="`+id+`"`); linked && n != 1 {
			t.Errorf("%s: the place is there %d times", m[1], n)
		}
	}
	for _, want := range []string{
		"two &lt;b&gt;claims&lt;/b&gt; &amp; more", `<img loading="lazy" src="two/curve.svg"`, "✗ does not hold", "2.1 What width and depth are good for",
		"The preset smoke shows", `name="viewport"`, "prefers-color-scheme: dark",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "are still running") {
		t.Error("a script, or a run that has not ended")
	}
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestResume: what is finished is not run again, what failed is, and -only leaves the
// others as they are.
func TestResume(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o")
	run := func(want int, args ...string) *scorecard {
		t.Helper()
		code, _, stderr := call(t, "fails,one,two", append([]string{"-preset", "smoke", "-out", out}, args...)...)
		if code != want {
			t.Fatalf("%v: status %d: %s", args, code, stderr)
		}
		return card(t, fakes.Read(t, out, cardFile))
	}
	if got := states(run(0, "-only", "two")); got != "fails: not run, one: not run, two: done" {
		t.Error(got)
	}
	if got := states(run(0, "-only", "one")); got != "fails: not run, one: done, two: done" {
		t.Error(got)
	}
	if got := states(run(1, "-resume")); got != "fails: failed, one: done, two: done" {
		t.Error(got)
	}
	if fakes.Noted(filepath.Join(out, "one")) != 1 || fakes.Noted(filepath.Join(out, "two")) != 1 || fakes.Noted(filepath.Join(out, "fails")) != 1 {
		t.Errorf("runs of one, two and fails: %d, %d, %d; want 1 each", fakes.Noted(filepath.Join(out, "one")), fakes.Noted(filepath.Join(out, "two")), fakes.Noted(filepath.Join(out, "fails")))
	}
	run(1) // without -resume all are run again
	if fakes.Noted(filepath.Join(out, "one")) != 2 || fakes.Noted(filepath.Join(out, "fails")) != 2 {
		t.Errorf("runs of one and fails: %d, %d; want 2 each", fakes.Noted(filepath.Join(out, "one")), fakes.Noted(filepath.Join(out, "fails")))
	}
}

// TestResumeDamaged: where a file cannot be read, -resume keeps the checkpoints beside it,
// and what has no directory yet begins without.
func TestResumeDamaged(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o")
	args := []string{"-preset", "smoke", "-out", out}
	if code, _, stderr := call(t, "log,new,result", append(args, "-only", "log,result")...); code != 0 {
		t.Fatal(stderr)
	}
	checkpoint := func(name string) string {
		return filepath.Join(out, name, "checkpoints", "network.a.safetensors")
	}
	for path, text := range map[string]string{
		checkpoint("log"): "", checkpoint("result"): "",
		filepath.Join(out, "log", "metrics.jsonl"):  "{}\n{}\n",
		filepath.Join(out, "result", "result.json"): "{",
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := call(t, "log,new,result", append(args, "-resume")...)
	if got := states(card(t, fakes.Read(t, out, cardFile))); code != 0 || got != "log: done, new: done, result: done" {
		t.Errorf("status %d, %s, standard error %s", code, got, stderr)
	}
	if strings.Contains(stderr, "nothing to resume") {
		t.Errorf("the experiment without a directory was resumed: %s", stderr)
	}
	for _, name := range []string{"log", "result"} {
		if _, err := os.Stat(checkpoint(name)); err != nil {
			t.Errorf("%s: the checkpoint is gone: %v", name, err)
		}
	}
}

// TestTwoAtATime: of two experiments that wait for each other, both end.
func TestTwoAtATime(t *testing.T) {
	t.Parallel()
	if code, _, stderr := call(t, "meets-a,meets-b", "-preset", "smoke", "-jobs", "2", "-out", filepath.Join(t.TempDir(), "o")); code != 0 {
		t.Errorf("status %d: %s", code, stderr)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	out, other := filepath.Join(t.TempDir(), "o"), t.TempDir()
	if code, _, stderr := call(t, "one", "-preset", "smoke", "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	file := filepath.Join(other, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(t.TempDir(), "l")
	if err := os.Mkdir(locked, 0o777); err != nil {
		t.Fatal(err)
	}
	lock, err := lockfile.Acquire(filepath.Join(locked, lockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	tests := []struct {
		code int
		want string // in the only line on standard error
		args []string
	}{
		{2, "unknown flag -depth", []string{"-depth", "3"}},
		{2, `unexpected argument "one"`, []string{"one"}},
		{2, `-preset "big": want one of smoke, lecture, paper`, []string{"-preset", "big"}},
		{2, "-seeds 0: want a number from 1", []string{"-seeds", "0"}},
		{2, "-jobs 3: want 1 or 2", []string{"-jobs", "3"}},
		{2, `-progress "loud"`, []string{"-progress", "loud"}},
		{2, "-out: want a directory", []string{"-out", ""}},
		{2, "want names between the commas", []string{"-only", "one,"}},
		{2, "one is given twice", []string{"-only", "one,one"}},
		{2, `-only: no experiment "three", want some of one`, []string{"-only", "three"}},
		{2, "want one of the two flags", []string{"-data-dir", other, "-download"}},
		{2, "not a directory", []string{"-data-dir", file}},
		{1, "one holds results of another configuration: preset is \"smoke\" there, \"lecture\" here", []string{"-out", out}},
		{1, "seeds is [1] there, [2] here", []string{"-out", out, "-preset", "smoke", "-seed", "2", "-resume"}},
		{1, "not empty (file) and without scorecard.json", []string{"-out", other}},
		{1, "single experiment; choose another -out", []string{"-out", filepath.Join(out, "one")}},
		{1, "in use by process", []string{"-out", locked}},
	}
	for _, test := range tests {
		code, stdout, stderr := call(t, "one", append([]string{"-progress", "none"}, test.args...)...)
		if code != test.code || stdout != "" || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: got status %d, output %q, standard error %q; want %d and one line with %q", test.args, code, stdout, stderr, test.code, test.want)
		}
	}
	if fakes.Noted(filepath.Join(out, "one")) != 1 {
		t.Error("a refused command ran something")
	}
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := call(t, "one", "-h")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "-only list") || !strings.Contains(stdout, "130 interrupted") {
		t.Errorf("status %d, output %q, standard error %q", code, stdout, stderr)
	}
}

func TestCompareSections(t *testing.T) {
	order := []string{"1", "2.1", "2.4", "2.10", "3", "3.1", "3.2", ""}
	for i, a := range order {
		for j, b := range order {
			if got := compareSections(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%q and %q: got %d", a, b, got)
			}
		}
	}
}

// TestFromSource finds and builds a real experiment; the sources know where they are.
func TestFromSource(t *testing.T) {
	f, err := fromSource(t.Context(), []string{"losses"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.remove()
	for _, p := range f.programs {
		if p.selected != (p.name == "losses") || p.name == "all" || p.name == "inspect" {
			t.Errorf("%s: selected %t", p.name, p.selected)
		}
		e := experiment{program: p}
		if !p.selected {
			continue
		}
		if err := e.configure(t.Context(), options{preset: "smoke", seed: 5, dataDir: "here"}); err != nil {
			t.Fatal(err)
		}
		if e.config.Experiment != "losses" || e.config.Seeds[0] != 5 || !strings.Contains(strings.Join(e.command, " "), "-data-dir here") {
			t.Errorf("got %+v, %q", e.config, e.command)
		}
	}
}

// TestNoSources: outside of the module, and without a go command, the error says so.
func TestNoSources(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GOFLAGS", "")
	if _, err := fromSource(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "build experiments: ") {
		t.Errorf("outside of the module: %v", err)
	}
	t.Setenv("PATH", "")
	if _, err := fromSource(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "want the go command") {
		t.Errorf("without a go command: %v", err)
	}
}
