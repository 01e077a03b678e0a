package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/fakes"
	"capas/experiments/lab"
)

const gridOfTwelve = `"flags": {"kind": "good"}, "factors": [{"flag": "rate", "values": [0.1, 0.2, 0.4]}, {"flag": "units", "values": [1, 2]}],
	"seeds": {"count": 2}, "record": ["extra"], "recipe": {"extra": 5}, "local": {"processes": 3}, `

// TestRun: every point is run once, and the table, the choice and the summary say what the
// fake's formulas do.
func TestRun(t *testing.T) {
	t.Parallel()
	path, out := write(t, gridOfTwelve+minimizeError)
	code, stdout, stderr := call(t, "run", path, "-out", out)
	if code != 0 || !strings.Contains(stdout, "fake, preset smoke: 6 configurations × 2 seeds = 12 points") || !strings.Contains(stdout, "12 done of 12 points") {
		t.Fatalf("status %d, %s%s", code, stdout, stderr)
	}
	rows := table(t, out)
	if len(rows) != 12 || noted(out, "0*") != 12 {
		t.Fatalf("%d lines of %d starts", len(rows), noted(out, "0*"))
	}
	for i, r := range rows {
		rate, units, seed := []string{"0.1", "0.2", "0.4"}[i/2%3], i%2+1, i/6+1
		want := map[string]string{"point": fmt.Sprint(i + 1), "rate": rate, "units": fmt.Sprint(units), "seed": fmt.Sprint(seed), "extra": "5"}
		for name, v := range want {
			if r[name] != v {
				t.Errorf("line %d: %s is %s, want %s", i+1, name, r[name], v)
			}
		}
		if v := number(t, r["validation_error"]); v != validationError(number(t, rate), units, uint64(seed)) {
			t.Errorf("line %d: validation error %v", i+1, v)
		}
	}
	if head, _, _ := strings.Cut(fakes.Read(t, out, csvName), "\n"); head != "point,rate,units,seed,validation_error,extra" {
		t.Errorf("header %s", head)
	}
	first, _, _ := strings.Cut(fakes.Read(t, out, jsonName), "\n")
	if want := fmt.Sprintf(`{"point":1,"factors":{"rate":0.1,"units":1},"seed":1,"metrics":{"validation_error":%v,"extra":5}}`, validationError(0.1, 1, 1)); first != want {
		t.Errorf("got %s, want %s", first, want)
	}

	// The smallest validation errors are those of rates 0.2 and 0.4 with one unit, in equal
	// distance of 0.3, or nearly so.
	var choice struct {
		Choices []struct {
			Factors          map[string]float64
			Candidates       int
			Points           []int
			Validation, Test measure
		}
	}
	if err := json.Unmarshal([]byte(fakes.Read(t, out, choiceName)), &choice); err != nil || len(choice.Choices) != 1 {
		t.Fatalf("%v: %s", err, fakes.Read(t, out, choiceName))
	}
	best := 0.2
	if validationError(0.4, 1, 1)+validationError(0.4, 1, 2) < validationError(0.2, 1, 1)+validationError(0.2, 1, 2) {
		best = 0.4
	}
	c := choice.Choices[0]
	mean := (testError(best, 1, 1) + testError(best, 1, 2)) / 2
	if c.Factors["rate"] != best || c.Factors["units"] != 1 || c.Candidates != 6 || c.Points[1] != c.Points[0]+6 || math.Abs(float64(c.Test.Mean)-mean) > 1e-15 {
		t.Errorf("got %+v; want rate %v and a test error of %v", c, best, mean)
	}
	for _, name := range []string{"by_rate.svg", "by_units.svg", "test.svg", pageName, timesName} {
		if len(fakes.Read(t, out, name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	for _, word := range []string{"test_error"} {
		for _, name := range []string{csvName, jsonName} {
			if strings.Contains(fakes.Read(t, out, name), word) {
				t.Errorf("%s has %s", name, word)
			}
		}
	}

	// Again: nothing is run.
	if code, _, stderr := call(t, "run", path, "-out", out); code != cli.Failed || !strings.Contains(stderr, "holds this sweep already; resume goes on with it") {
		t.Errorf("run again: status %d, %s", code, stderr)
	}
	before := fakes.Read(t, out, csvName)
	left := filepath.Join(out, pointsDir, "00001", "checkpoints") // as by a point that ended alone
	if err := os.MkdirAll(left, 0o777); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "resume", out); code != 0 || noted(out, "0*") != 12 || fakes.Read(t, out, csvName) != before {
		t.Errorf("resume: status %d, %s, %d starts", code, stderr, noted(out, "0*"))
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("checkpoints of a point that is done: %v", err)
	}
	if code, stdout, _ := call(t, "status", out); code != 0 || !strings.Contains(stdout, "12 done of 12 points") || strings.Contains(stdout, "no launcher") {
		t.Errorf("status %d, %s", code, stdout)
	}
	// More seeds: only theirs are run, and the others keep their numbers.
	rewrite(t, path, strings.Replace(gridOfTwelve, `"count": 2`, `"count": 3`, 1)+minimizeError)
	if code, _, stderr := call(t, "resume", path, "-out", out, "-quiet"); code != 0 || noted(out, "0*") != 18 || !strings.HasPrefix(fakes.Read(t, out, csvName), before) || stderr != "" {
		t.Errorf("more seeds: status %d, %s, %d starts", code, stderr, noted(out, "0*"))
	}
	// Another sweep.
	rewrite(t, path, strings.Replace(gridOfTwelve, "0.4", "0.5", 1)+minimizeError)
	if code, _, stderr := call(t, "resume", path, "-out", out); code != cli.Failed || !strings.Contains(stderr, "holds another sweep: its configurations differ") {
		t.Errorf("another sweep: status %d, %s", code, stderr)
	}
}

// TestTestSet: of the test metric nothing is read but that of the chosen configuration,
// and that only when all points have been run.
func TestTestSet(t *testing.T) {
	t.Parallel()
	path, out := write(t, gridOfTwelve+minimizeError)
	if code, _, stderr := call(t, "run", path, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	choice := fakes.Read(t, out, choiceName)
	s, err := load(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	var points struct{ Choices []struct{ Points []int } }
	if err := json.Unmarshal([]byte(choice), &points); err != nil {
		t.Fatal(err)
	}
	// Without the test metrics of the others the choice is the same.
	forget := func(point int) {
		name := filepath.Join(s.pointDir(point), "result.json")
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(data), "good.test_error", "gone", 1)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	chosen := points.Choices[0].Points
	for point := 1; point <= 12; point++ {
		if !slices.Contains(chosen, point) {
			forget(point)
		}
	}
	if code, _, stderr := call(t, "collect", out); code != 0 || fakes.Read(t, out, choiceName) != choice {
		t.Errorf("status %d, %s", code, stderr)
	}
	forget(chosen[0])
	if code, _, stderr := call(t, "collect", out); code != cli.Failed || !strings.Contains(stderr, "no metric good.test_error, it has extra, gone, good.validation_error") {
		t.Errorf("status %d, %s", code, stderr)
	}
	// With a point left to run there is no choice, and no figure of it; other figures stay.
	if err := os.WriteFile(filepath.Join(out, "thesis.svg"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.pointDir(12)); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := call(t, "collect", out); code != 0 || !strings.Contains(stdout, "No choice yet") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(out, choiceName)); !os.IsNotExist(err) || len(table(t, out)) != 11 {
		t.Errorf("%s: %v, %d lines", choiceName, err, len(table(t, out)))
	}
	for name, there := range map[string]bool{"test.svg": false, "by_rate.svg": true, "thesis.svg": true} {
		if _, err := os.Stat(filepath.Join(out, name)); os.IsNotExist(err) == there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForEach: a best configuration for each kind, and figures by it.
func TestForEach(t *testing.T) {
	t.Parallel()
	path, out := write(t, `"factors": [{"flag": "rate", "from": 0.01, "to": 1, "scale": "log"}, {"flag": "kind", "values": ["good", "nice"]}], "samples": 3, "seeds": {"count": 2},
		"choose": {"minimize": "{kind}.validation_error", "test": "{kind}.test_error", "for_each": ["kind"]}`)
	code, stdout, stderr := call(t, "run", path, "-out", out)
	if code != 0 || !strings.Contains(stdout, "chosen for kind=good: rate=") || !strings.Contains(stdout, "chosen for kind=nice: rate=") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
	for _, name := range []string{"by_rate.svg", "by_kind.svg", "test.svg"} {
		if !strings.Contains(fakes.Read(t, out, name), "nice") {
			t.Errorf("%s lacks a kind", name)
		}
	}
	s, err := load(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	for point := 1; point <= 12; point++ {
		if doc := s.result(point); doc == nil || !slices.Equal(doc.Seeds, []uint64{uint64((point-1)/6 + 1)}) {
			t.Errorf("point %d: %+v", point, doc)
		}
	}
	if _, err := lab.Read(s.pointDir(1)); err != nil {
		t.Error(err)
	}
}
