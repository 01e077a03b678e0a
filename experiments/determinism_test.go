// Package experiments_test holds what every experiment there is must do.
package experiments_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"capas/experiments/internal/programs"
	"capas/experiments/internal/runfiles"
)

// dependsOnSources makes go test run these tests anew when a source file has changed of
// which the programs are made: it notes which directories a test reads.
func dependsOnSources(t *testing.T) {
	t.Helper()
	dirs, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dir := range strings.Lines(string(dirs)) {
		if _, err := os.ReadDir(strings.TrimSpace(dir)); err != nil {
			t.Fatal(err)
		}
	}
}

// raceDetector says why programs cannot be built with the race detector, "" if they can.
func raceDetector(t *testing.T) string {
	t.Helper()
	data, err := exec.Command("go", "env", "-json", "CGO_ENABLED", "CC").Output()
	var env struct{ CGO_ENABLED, CC string }
	if err == nil {
		err = json.Unmarshal(data, &env)
	}
	if err != nil {
		t.Fatalf("go env: %v", err)
	}
	if env.CGO_ENABLED != "1" {
		return "needs cgo"
	}
	words := strings.Fields(env.CC)
	if len(words) == 0 {
		return "needs a C compiler"
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return fmt.Sprintf("needs a C compiler: %v", err)
	}
	return ""
}

// build makes an experiment's program.
func build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	args := append([]string{"build", "-buildvcs=false", "-ldflags=-s -w", "-o", program}, flags...) // linking is half the time of a small run
	if out, err := exec.Command("go", append(args, "./"+name)...).CombinedOutput(); err != nil {
		t.Fatalf("go build %v: %v: %s", flags, err, out)
	}
	return program
}

// smoke runs the smoke preset into a fresh directory and returns what it left. The race
// detector, if the program has it, fails a run at its end.
func smoke(t *testing.T, program string, procs int) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(program, "-preset", "smoke", "-progress", "none", "-out", out)
	// The race detector waits a second at a program's end, in case that a goroutine is still at it.
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", procs), "GORACE=atexit_sleep_ms=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("GOMAXPROCS=%d: %v: %s", procs, err, stderr.Bytes())
	}
	all := runfiles.Read(t, out)
	all["standard output"] = strings.ReplaceAll(stdout.String(), out, "")
	return all
}

// The smoke preset of every experiment leaves the same bytes with GOMAXPROCS 1, 2 and 8,
// the last with the race detector, which changes what runs when: results, log, figures,
// report, models and checkpoints. -short: two runs.
func TestSameBytes(t *testing.T) {
	names, err := programs.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no program calls lab.Main")
	}
	dependsOnSources(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // programs start, link and draw on one processor
			program := build(t, name)
			want := smoke(t, program, 2)
			for _, file := range []string{"config.json", "metrics.jsonl", "report.html", "result.json"} {
				if want[file] == "" {
					t.Errorf("%s is missing", file)
				}
			}
			if testing.Short() {
				runfiles.Equal(t, "a second run", want, smoke(t, program, 2))
				return
			}
			runfiles.Equal(t, "GOMAXPROCS 2 and 1", want, smoke(t, program, 1))
			t.Run("race detector", func(t *testing.T) {
				if why := raceDetector(t); why != "" {
					runfiles.Equal(t, "GOMAXPROCS 2 and 8", want, smoke(t, program, 8))
					t.Skip(why)
				}
				runfiles.Equal(t, "GOMAXPROCS 2, and 8 with the race detector", want, smoke(t, build(t, name, "-race"), 8))
			})
		})
	}
}
