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

	"capas/experiments/internal/labtest"
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

// watched is smoke with a viewer at the live view, who pauses the run now and then.
func watched(t *testing.T, program string, procs int) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(program, "-preset", "smoke", "-progress", "none", "-out", out, "-serve", "localhost:0")
	cmd.Env = environment(procs)
	stdout, events := labtest.Watched(t, cmd)
	t.Logf("GOMAXPROCS=%d: the viewer saw %v", procs, events)
	all := runfiles.Read(t, out)
	all["standard output"] = strings.ReplaceAll(stdout, out, "")
	return all
}

// environment is that of a program. The race detector waits a second at its end, in case that a goroutine is still at it.
func environment(procs int) []string {
	return append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", procs), "GORACE=atexit_sleep_ms=0")
}

// envRuns names the environment variable with the directory where every experiment's first run is kept, as experiments/all
// keeps it, for those who have more to do with the smoke presets' results than to compare them.
const envRuns = "CAPAS_SMOKE_RUNS"

// smoke runs the smoke preset into a fresh directory and returns what it left. The race
// detector, if the program has it, fails a run at its end.
func smoke(t *testing.T, program, name string, procs int) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if dir := os.Getenv(envRuns); dir != "" {
		out = filepath.Join(dir, name)
	}
	cmd := exec.Command(program, "-preset", "smoke", "-progress", "none", "-out", out)
	cmd.Env = environment(procs)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("GOMAXPROCS=%d: %v: %s", procs, err, stderr.Bytes())
	}
	all := runfiles.Read(t, out)
	all["standard output"] = strings.ReplaceAll(stdout.String(), out, "")
	return all
}

// The smoke preset of every experiment leaves the same bytes with GOMAXPROCS 1, 2 and 8, the
// last with the race detector, which changes what runs when, and whether or not it is watched
// and paused: results, log, figures, report, models and checkpoints. -short: two runs.
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
			want := smoke(t, program, name, 2)
			for _, file := range []string{"config.json", "metrics.jsonl", "report.html", "result.json"} {
				if want[file] == "" {
					t.Errorf("%s is missing", file)
				}
			}
			if testing.Short() {
				runfiles.Equal(t, "a second run, watched", want, watched(t, program, 2))
				return
			}
			runfiles.Equal(t, "GOMAXPROCS 2, and 1 watched", want, watched(t, program, 1))
			t.Run("race detector", func(t *testing.T) {
				if why := raceDetector(t); why != "" {
					runfiles.Equal(t, "GOMAXPROCS 2, and 8 watched", want, watched(t, program, 8))
					t.Skip(why)
				}
				runfiles.Equal(t, "GOMAXPROCS 2, and 8 watched with the race detector", want, watched(t, build(t, name, "-race"), 8))
			})
		})
	}
}
