package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/fakes"
	"capas/internal/atomicfile"
)

// TestFailures: what fails is tried again, so often as the file says; the others are run,
// and a configuration that lacks a seed is not chosen.
func TestFailures(t *testing.T) {
	t.Parallel()
	const failing = `"factors": [{"flag": "kind", "values": ["fails", "once", "crashes", "quits", "good"]}], "flags": {"rate": 0.3}, "seeds": {"count": 1}, "attempts": 2,
		"choose": {"minimize": "{kind}.validation_error"}`
	path, out := write(t, failing)
	code, stdout, stderr := call(t, "run", path, "-out", out)
	if code != cli.Failed || !strings.HasSuffix(stderr, "sweep: 3 of 5 points failed; status says why, resume tries them again\n") {
		t.Errorf("status %d, %s", code, stderr)
	}
	for point, starts := range map[string]int{"00001": 2, "00002": 2, "00003": 2, "00004": 2, "00005": 1} {
		if noted(out, point) != starts {
			t.Errorf("point %s: %d starts, want %d", point, noted(out, point), starts)
		}
	}
	// Where a third attempt is allowed, points are left to run, and nothing is chosen.
	more := filepath.Join(filepath.Dir(out), "more.json")
	rewrite(t, more, strings.Replace(failing, `"attempts": 2`, `"attempts": 3`, 1))
	if code, stdout, stderr := call(t, "collect", more, "-out", out); code != 0 || !strings.Contains(stdout, "No choice yet") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
	if page := fakes.Read(t, out, pageName); !strings.Contains(page, "layer 2: loss is NaN") || !strings.Contains(page, " resume "+out) {
		t.Error("the page lacks an error, or the command that goes on")
	}
	_, said, _ := call(t, "status", out)
	for _, want := range []string{
		"2 done, 3 failed of 5 points", "point 1 (kind=fails seed=1): failed, 2 attempts: layer 2: loss is NaN",
		"point 3 (kind=crashes seed=1): failed, 2 attempts: panic at fakes_test.go:", ": of the fake", "point 4 (kind=quits seed=1): failed, 2 attempts: ended without a result",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("status says %s, want %q", said, want)
		}
	}
	// Of equally good ones the first is chosen.
	if !strings.Contains(stdout, "chosen: kind=once, validation_error 0.011\n") {
		t.Errorf("got %s", stdout)
	}
	if code, _, _ := call(t, "resume", out); code != cli.Failed || noted(out, "00001") != 4 || noted(out, "00005") != 1 {
		t.Errorf("resume: status %d, %d and %d starts", code, noted(out, "00001"), noted(out, "00005"))
	}
}

// TestMissingMetric: the first result shows it, and the rest is not run.
func TestMissingMetric(t *testing.T) {
	t.Parallel()
	path, out := write(t, goodFlag+`, "factors": [{"flag": "rate", "values": [1, 2, 3, 4, 5, 6]}], "seeds": {"count": 1}, "choose": {"minimize": "{kind}.error"}, "local": {"processes": 1}`)
	if code, _, stderr := call(t, "run", path, "-out", out); code != cli.Failed || !strings.Contains(stderr, "no metric good.error, it has extra, good.test_error, good.validation_error\n") || strings.Count(stderr, "no metric") != 1 {
		t.Errorf("status %d, %s", code, stderr)
	}
	if n := noted(out, "0*"); n > 2 {
		t.Errorf("%d points were run", n)
	}
	// The file may be corrected.
	rewrite(t, path, goodFlag+`, "factors": [{"flag": "rate", "values": [1, 2, 3, 4, 5, 6]}], "seeds": {"count": 1}, "choose": {"maximize": "{kind}.validation_error"}`)
	if code, stdout, stderr := call(t, "resume", path, "-out", out); code != 0 || noted(out, "0*") != 6 || !strings.Contains(stdout, "chosen: rate=6, ") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
}

// TestNearest: of many names, those are shown that begin like the one that is missing.
func TestNearest(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("depth%02d.error", i))
	}
	if got := nearest("depth31.validation", names); !strings.HasPrefix(got, "depth31.error, depth30.error, depth32.error, ") || !strings.HasSuffix(got, " and 28 more") {
		t.Errorf("got %s", got)
	}
}

// TestDamagedAttempts: the file of a point's attempts says nothing of its results; where it
// is needed, the error names it.
func TestDamagedAttempts(t *testing.T) {
	t.Parallel()
	path, out := write(t, goodFlag+`, "seeds": {"count": 1}, `+minimizeError)
	if code, _, stderr := call(t, "run", path, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	name := filepath.Join(out, attemptsDir, "00001.json")
	if err := os.WriteFile(name, []byte("["), 0o666); err != nil {
		t.Fatal(err)
	}
	if said := mustStatus(t, out); !strings.Contains(said, "1 done of 1 points") {
		t.Errorf("got %s", said)
	}
	if code, stdout, stderr := call(t, "collect", out); code != 0 || !strings.Contains(stdout, "chosen: ") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
	if err := os.RemoveAll(filepath.Join(out, pointsDir, "00001")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "resume", out); code != cli.Failed || !strings.Contains(stderr, name+": ") {
		t.Errorf("status %d, %s", code, stderr)
	}
}

// TestNewest: half a checkpoint is none.
func TestNewest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(dir, "checkpoints", "seed-1", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	write(atomicfile.TempPrefix + "1")
	if at := newest(dir); !at.IsZero() {
		t.Errorf("got %v", at)
	}
	write("network.a.safetensors")
	if newest(dir).IsZero() {
		t.Error("a checkpoint is not seen")
	}
}

// TestTwoAttempts: of several at a time one runs the point, and the others find it done.
func TestTwoAttempts(t *testing.T) {
	t.Parallel()
	path, out := write(t, goodFlag+`, "seeds": {"count": 1}, `+minimizeError)
	if code, _, stderr := call(t, "run", path, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	if err := os.RemoveAll(filepath.Join(out, pointsDir, "00001")); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if code, _, stderr := call(t, "task", out, "1"); code != 0 {
				t.Errorf("status %d, %s", code, stderr)
			}
		})
	}
	all.Wait()
	if noted(out, "00001") != 2 {
		t.Errorf("%d starts, want that of the launcher and one", noted(out, "00001"))
	}
	if code, _, stderr := call(t, "task", out, "2"); code != cli.Usage || !strings.Contains(stderr, "want a point of 1 to 1, got 2") {
		t.Errorf("status %d, %s", code, stderr)
	}
}

// TestForeignDirectory: what is not a sweep's stays as it is.
func TestForeignDirectory(t *testing.T) {
	t.Parallel()
	path, _ := write(t, goodFlag+`, "seeds": {"count": 1}, `+minimizeError)
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "thesis.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "run", path, "-out", out); code != cli.Failed || !strings.Contains(stderr, "not empty (thesis.txt) and without plan.json: not the directory of a sweep") {
		t.Errorf("status %d, %s", code, stderr)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
