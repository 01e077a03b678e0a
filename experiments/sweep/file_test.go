package main

import (
	"bytes"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
)

// TestWrongFiles: each is one line that says what is wrong, and status 2.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	seeds := `"seeds": {"count": 1}`
	some := `"factors": [{"flag": "rate", "values": [1, 2]}]`
	for _, test := range []struct{ rest, want string }{
		{`"seds": 1`, `unknown field "seds"`},
		{`"flags": {"kind": {}}, ` + seeds + `,` + minimizeError, "want a string, a number, true or false"},
		{minimizeError, "seeds: want a count from 1, got 0"},
		{seeds + `, "flags": {"out": "x"}`, `flags: "out" is set by the sweep itself`},
		{seeds + `, "flags": {"serve": "localhost:0"}`, "flags: serve: the points of a sweep have no live view"},
		{seeds + `, "flags": {"-kind": "x"}`, `want the name of a flag without dashes, got "-kind"`},
		{seeds + `, "factors": [{"flag": "rate", "values": []}]`, "factor rate: want values, or a range from and to, got neither"},
		{seeds + `, "factors": [{"flag": "rate", "values": [1, 1]}]`, "factor rate: value 1 is given twice"},
		{seeds + `, "factors": [{"flag": "rate", "from": 1, "to": 1}]`, "want a range that rises, got 1 to 1"},
		{seeds + `, "factors": [{"flag": "rate", "from": 0, "to": 1, "scale": "log"}]`, "want a range above 0 for scale log"},
		{seeds + `, "factors": [{"flag": "rate", "from": 1, "to": 2, "scale": "lag"}]`, `scale "lag": want linear or log`},
		{seeds + `, "factors": [{"flag": "units", "from": 0.5, "to": 2, "integer": true}]`, "want a range from one integer to another, got 0.5 to 2"},
		{seeds + `, "factors": [{"flag": "rate", "from": -1e308, "to": 1e308}]`, "want a range whose ends are not so far apart"},
		{seeds + `, "factors": [{"flag": "rate", "from": 1e-200, "to": 1e200, "scale": "log"}]`, "want a range whose ends are not so far apart"},
		{seeds + `, "factors": [{"flag": "rate", "from": 1}]`, "want values, or a range from and to"},
		{seeds + `, "factors": [{"flag": "rate", "from": 1, "to": 2}]`, "samples: want the number of draws"},
		{seeds + `, "samples": 2, ` + some, "samples: want a factor with a range"},
		{seeds + `, "factors": [{"flag": "kind", "values": ["a"]}, {"flag": "kind", "values": ["b"]}]`, "flag kind is given twice"},
		{`"seeds": {"count": 15000}, ` + some, "want at most 20000 points, got 30000"},
		{seeds + `, "choose": {"minimize": "a", "maximize": "b"}`, "choose: want a metric to minimize or one to maximize"},
		{seeds + `, "choose": {"minimize": "good.test_error"}`, "metric good.test_error: want one that is not of the test set"},
		{seeds + `, "choose": {"minimize": "a"}, "record": ["good.width2.test"]`, "metric good.width2.test: want one that is not of the test set"},
		{seeds + `, "choose": {"minimize": "{kind}.a"}`, `metric {kind}.a: no factor and no flag "kind"`},
		{seeds + `, "choose": {"minimize": "a", "for_each": ["rate"]}`, `choose.for_each: want factors that have values, got "rate"`},
		{seeds + `, "choose": {"minimize": "a"}, "launcher": "pbs"`, `launcher "pbs": want local or slurm`},
		{seeds + `, "choose": {"minimize": "a"}, "launcher": "slurm"`, "slurm.at_once: want the number of points"},
		{seeds + `, "choose": {"minimize": "a"}, "slurm": {"options": ["--array=1-3"]}`, "slurm.options: want options of sbatch that the sweep does not set itself"},
		{seeds + `, "choose": {"minimize": "a"}, "slurm": {"poll": "1"}`, "missing unit"},
		{seeds + `, "choose": {"minimize": "a"}, "attempts": -1`, "attempts: want 1 to 10000, got -1"},
		{seeds + `, "choose": {"minimize": "a"}, "attempts": 0`, "attempts: want 1 to 10000, got 0"},
		{seeds + `, "choose": {"minimize": "a"}, "slurm": {"cpus": 0}`, "slurm.cpus: want 1 to 10000, got 0"},
		{seeds + `, "choose": {"minimize": "a"}, "slurm": {"poll": "0s"}`, "slurm.poll: want 100ms or more, got 0s"},
		{seeds + `, "choose": {"minimize": "a"}, "launcher": ""`, `launcher "": want local or slurm`},
		// What the experiment says.
		{seeds + `, "flags": {"rite": 1}, "choose": {"minimize": "a"}`, "fake: unknown flag -rite"},
		{seeds + `, "factors": [{"flag": "units", "values": [1, 0]}], "choose": {"minimize": "a"}`, "fake units=0: want units from 1"},
		{seeds + `, "recipe": {"ixtra": 1}, "choose": {"minimize": "a"}`, `unknown field "ixtra"`},
		{seeds + `, "factors": [{"flag": "rate", "values": [0.1, "0.10"]}], "choose": {"minimize": "a"}`, "fake rate=0.1 and fake rate=0.10 are the same run"},
	} {
		path, out := write(t, test.rest)
		for _, command := range []string{"plan", "run"} {
			args := []string{command, path, "-out", out}
			code, stdout, stderr := call(t, args...)
			if code != cli.Usage || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
				t.Errorf("%s %s: status %d, %q; want %q", command, test.rest, code, stderr, test.want)
			}
		}
	}
	path, out := write(t, seeds+`, "choose": {"minimize": "a"}`)
	for want, args := range map[string][]string{
		"want a command: plan":                   {},
		`unknown command "go"`:                   {"go", path},
		"unknown flag -x":                        {"run", path, "-x"},
		"-jobs 0: want a number from 1":          {"plan", path, "-jobs", "0"},
		"plan: want one sweep file or directory": {"plan"},
		"no such file or directory":              {"status", path + "x"},
		"want a sweep file, got the directory":   {"run", t.TempDir()},
	} {
		if code, _, stderr := call(t, args...); code != cli.Usage || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %q; want %q", args, code, stderr, want)
		}
	}
	if code, _, stderr := call(t, "status", path, "-out", out); code != cli.Failed || !strings.Contains(stderr, "nothing has been run there") {
		t.Errorf("status %d, %q", code, stderr)
	}
}

// planOf is the plan of a file.
func planOf(t *testing.T, rest string) (*file, *plan) {
	t.Helper()
	path, _ := write(t, rest)
	f, _, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlan(f)
	if err != nil {
		t.Fatal(err)
	}
	return f, p
}

// TestGrid: all combinations of the lists with all draws, seed by seed.
func TestGrid(t *testing.T) {
	t.Parallel()
	_, p := planOf(t, `"flags": {"b": true, "a": "x y"}, "factors": [{"flag": "kind", "values": ["u", "v"]}, {"flag": "rate", "from": 1, "to": 2}, {"flag": "units", "values": [1, 2.50]}],
		"samples": 3, "seeds": {"first": 7, "count": 2}, "choose": {"minimize": "{kind}.e"}`)
	if p.points() != 2*2*3*2 || !slices.Equal(p.Flags, []string{"-preset=smoke", "-a=x y", "-b=true"}) {
		t.Errorf("%d points, flags %q", p.points(), p.Flags)
	}
	seen := map[string]bool{}
	rates := map[string][]string{}
	for point := 1; point <= p.points(); point++ {
		c := p.Configs[p.config(point)]
		if seed := p.Seeds[p.seed(point)]; seed != uint64(7+(point-1)/12) {
			t.Errorf("point %d has seed %d", point, seed)
		}
		if p.point(p.config(point), p.seed(point)) != point || seen[p.name(point)] {
			t.Errorf("%s", p.name(point))
		}
		seen[p.name(point)] = true
		rates[c[0]+c[2]] = append(rates[c[0]+c[2]], c[1])
	}
	if len(rates) != 4 || !slices.Equal(rates["u1"], rates["v2.50"]) || len(rates["u2.50"]) != 6 {
		t.Errorf("draws by combination: %v", rates)
	}
	if got := p.expand("{kind}.{b}.e{units}", 0); got != "u.true.e1" || label("{kind}.width3.e") != "width3.e" {
		t.Errorf("%s, %s", got, label("{kind}.width3.e"))
	}
}

// TestCommonFlags: each flag that all experiments have is either the sweep's or of use to
// points; a new one belongs into one of the two lists.
func TestCommonFlags(t *testing.T) {
	t.Parallel()
	useful := []string{"backend", "checkpoint", "data", "data-dir", "device", "download"}
	var help bytes.Buffer
	lab.Main(fake(), []string{"-h"}, &help, io.Discard)
	_, rest, _ := strings.Cut(help.String(), "Flags of every experiment:")
	common, _, _ := strings.Cut(rest, "\nHyperparameters")
	found := regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllStringSubmatch(common, -1)
	if len(found) < 15 {
		t.Fatalf("flags: %q", found)
	}
	for _, m := range found {
		if refused := checkFlag(m[1]) != nil; refused == slices.Contains(useful, m[1]) {
			t.Errorf("-%s: refused %v", m[1], refused)
		}
	}
}

// TestSeedZero: a seed like any other.
func TestSeedZero(t *testing.T) {
	t.Parallel()
	_, p := planOf(t, `"seeds": {"first": 0, "count": 2}, "choose": {"minimize": "a"}`)
	if !slices.Equal(p.Seeds, []uint64{0, 1}) {
		t.Errorf("got %d", p.Seeds)
	}
	_, p = planOf(t, `"seeds": {"count": 2}, "choose": {"minimize": "a"}`)
	if !slices.Equal(p.Seeds, []uint64{1, 2}) {
		t.Errorf("left out: got %d", p.Seeds)
	}
}

// TestDataElsewhere: a sweep that is gone on with by its own directory keeps that of its
// data set, which the file there may name from another working directory on; another file
// may not name another.
func TestDataElsewhere(t *testing.T) {
	t.Parallel()
	rest := `"flags": {"data-dir": "one"}, "seeds": {"count": 1}, "choose": {"minimize": "a"}`
	path, out := write(t, rest)
	want, err := filepath.Abs("one")
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range [][]byte{[]byte("{}"), nil, []byte("{}")} {
		if i > 0 { // as "one" would be understood elsewhere
			rewrite(t, path, strings.Replace(rest, "one", "two", 1))
		}
		f, _, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, lock, err := open(out, f, text, i > 0)
		if i == 2 {
			if err == nil || !strings.Contains(err.Error(), "holds another sweep: its flags differ") {
				t.Errorf("another file: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lock.Release()
		if s, err := load(out, f); err != nil || !slices.Equal(s.plan.Flags, []string{"-preset=smoke", "-data-dir=" + want}) {
			t.Errorf("%d: got %+v, %v; want %s", i, s, err, want)
		}
	}
}

// TestDraws: ranges are drawn evenly, by their scale, and the same for a seed whatever
// other factors there are.
func TestDraws(t *testing.T) {
	t.Parallel()
	const n = 400
	rest := func(more string) string {
		return more + `"factors": [{"flag": "lr", "from": 0.001, "to": 1, "scale": "log"}, {"flag": "p", "from": -1, "to": 1}, {"flag": "k", "from": 1, "to": 4, "integer": true}],
			"samples": ` + strconv.Itoa(n) + `, "seeds": {"count": 1}, "choose": {"minimize": "a"}`
	}
	f, p := planOf(t, rest(""))
	counts := map[string]int{}
	var logs, linear []float64
	for _, c := range p.Configs {
		logs = append(logs, math.Log10(number(t, c[0])))
		linear = append(linear, number(t, c[1]))
		counts[c[2]]++
	}
	// Kolmogorov and Smirnov: the distance from a uniform distribution is below 1.95/√n with
	// probability 0.999.
	for name, u := range map[string][]float64{"log": logs, "linear": linear} {
		slices.Sort(u)
		from, to := -3.0, 0.0
		if name == "linear" {
			from, to = -1, 1
		}
		for i, v := range u {
			if d := math.Abs((v-from)/(to-from) - float64(i)/n); v < from || v > to || d > 1.95/math.Sqrt(n) {
				t.Fatalf("%s: value %g is the %dth of %d", name, v, i, n)
			}
		}
	}
	for k, c := range counts {
		if i := number(t, k); i < 1 || i > 4 || math.Abs(float64(c)-n/4) > 4*math.Sqrt(n*0.25*0.75) {
			t.Errorf("integers: %v", counts)
		}
	}
	again, err := newPlan(f)
	if err != nil || !slices.EqualFunc(p.Configs, again.Configs, slices.Equal) {
		t.Error("two draws of one seed differ")
	}
	if _, other := planOf(t, rest(`"sample_seed": 2, `)); slices.EqualFunc(p.Configs, other.Configs, slices.Equal) {
		t.Error("two seeds have the same draws")
	}
	few, _ := write(t, `"factors": [{"flag": "k", "from": 1, "to": 3, "integer": true}], "samples": 4, "seeds": {"count": 1}, "choose": {"minimize": "a"}`)
	if code, _, stderr := call(t, "plan", few); code != cli.Usage || !strings.Contains(stderr, "want 4 different draws, the ranges give 3") {
		t.Errorf("status %d, %q", code, stderr)
	}
}
