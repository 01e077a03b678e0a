package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"capas/internal/tensorfile"
)

// TestDamagedLatestCheckpoint: what is taken instead of a damaged checkpoint is said, of
// the network that is asked for alone.
func TestDamagedLatestCheckpoint(t *testing.T) {
	dir := copied(t, finished(t))
	out := t.TempDir()
	other := damageLatest(t, dir, "seed-1-dbn")
	for _, args := range [][]string{
		{"tensors"}, {"tensors", "-json"}, {"export", "-o", out}, {"export", "-tensor", "layer 1/dbn.1.W"},
		{"filters", "-tensor", "layer 1/dbn.1.W", "-o", filepath.Join(out, "x.png")},
	} {
		args = append(args, dir, "-checkpoint", "seed-1-dbn")
		status, stdout, stderr := call(args...)
		if status != 0 || stdout == "" && args[2] != out || strings.Count(stderr, "\n") != 1 ||
			!strings.HasPrefix(stderr, "inspect "+args[0]+": warning: ") || !strings.Contains(stderr, "taking the other checkpoint, "+other) {
			t.Errorf("%q: status %d: %s", args, status, stderr)
		}
	}
	succeed(t, "tensors", dir, "-checkpoint", "seed-2-dbn")
	succeed(t, "tensors", dir, "-model", "seed-1-dbn")
	damageLatest(t, dir, "seed-1-dbn")
	status, _, stderr := call("tensors", dir, "-checkpoint", "seed-1-dbn")
	if status != 1 || !strings.Contains(stderr, filepath.Join(dir, "checkpoints", "seed-1-dbn.")) || strings.Contains(stderr, "has no checkpoint") {
		t.Errorf("both damaged: status %d: %s", status, stderr)
	}
}

// TestNoNull: lists that are empty are lists in JSON.
func TestNoNull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "begun")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "config.json"), read(t, finished(t), "config.json"))
	empty := filepath.Join(t.TempDir(), "empty.safetensors")
	if err := tensorfile.Write(empty, &tensorfile.File{}); err != nil {
		t.Fatal(err)
	}
	null := regexp.MustCompile(`"[^"]*": null`)
	for _, c := range []struct {
		args  []string
		lists string
		null  []string // what is no list
	}{
		{[]string{"show", dir}, "claims stages checkpoints models", []string{`"environment": null`, `"metrics": null`}},
		{[]string{"compare", dir, dir}, "configuration metrics claims stages weights", nil},
		{[]string{"tensors", empty}, "tensors", nil},
	} {
		raw := succeed(t, append(c.args, "-json")...)
		if !json.Valid([]byte(raw)) {
			t.Errorf("%q: no JSON: %s", c.args, raw)
		}
		for _, name := range strings.Fields(c.lists) {
			if !strings.Contains(raw, `"`+name+`": []`) {
				t.Errorf("%q: want an empty list of %s in\n%s", c.args, name, raw)
			}
		}
		if got := null.FindAllString(raw, -1); strings.Join(got, " ") != strings.Join(c.null, " ") {
			t.Errorf("%q: want %q, got %q", c.args, c.null, got)
		}
	}
	if raw := succeed(t, "compare", "-json", finished(t), finished(t)); strings.Count(raw, "[]") < 3 || strings.Contains(raw, `s": null`) {
		t.Errorf("equal runs:\n%s", raw)
	}
}
