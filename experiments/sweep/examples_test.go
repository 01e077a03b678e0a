package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"capas/experiments/internal/programs"
	"capas/experiments/lab"
)

// TestExamples: the experiment accepts every configuration of the examples and of the
// file in the documentation; the part of a file in the guide is one.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("examples", "*.json"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%q, %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "sweeps.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d files in docs/sweeps.md, want 1", len(blocks))
	}
	if text, err = os.ReadFile(filepath.Join("..", "..", "docs", "guide", "cluster.md")); err != nil {
		t.Fatal(err)
	}
	for _, part := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if err := lab.DecodeStrict([]byte("{"+part[1]+"}"), newFile()); err != nil {
			t.Errorf("cluster.md: %v", err)
		}
	}
	shown := filepath.Join(t.TempDir(), "shown.json")
	if err := os.WriteFile(shown, []byte(blocks[0][1]), 0o666); err != nil {
		t.Fatal(err)
	}
	counts := map[string]string{
		"small.json": "12 configurations × 3 seeds = 36 points", "random.json": "24 configurations × 2 seeds = 48 points",
		"erhan.json": "10 configurations × 400 seeds = 4000 points", "shown.json": "30 configurations × 3 seeds = 90 points",
	}
	built := t.TempDir()
	once := func(ctx context.Context, dir, name string) (file string, err error) {
		file = filepath.Join(built, programs.Executable(name))
		if _, err = os.Stat(file); err != nil {
			if file, err = fromSource(ctx, built, name); err != nil {
				return "", err
			}
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		file = filepath.Join(dir, filepath.Base(file))
		return file, os.WriteFile(file, data, 0o777)
	}
	for _, file := range append(files, shown) {
		var stdout, stderr strings.Builder
		code := runMain([]string{"plan", file}, system{once, realSlurm}, &stdout, &stderr)
		if want := counts[filepath.Base(file)]; code != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: status %d, %s%s; want %q", file, code, &stdout, &stderr, want)
		}
	}
}
