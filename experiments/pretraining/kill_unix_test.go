//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/labtest"
	"capas/experiments/internal/runfiles"
)

// everyStage is a run with every kind of stage that writes a checkpoint after every
// step.
func everyStage(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "1000", "-depth", "2", "-width", "30", "-pretrain-epochs", "2",
		"-joint-epochs", "2", "-top-epochs", "2", "-epochs", "2", "-drop-input", "0.1", "-drop-hidden", "0.2",
		"-progress", "none", "-checkpoint", "0", "-out", out, "-resume"}, more...)
}

// stagesNow are the stages in which a run's networks stand, as "dbn layer 1". All
// checkpoints that there are must be whole.
func stagesNow(t *testing.T, out string) []string {
	t.Helper()
	var now []string
	for _, init := range inits() {
		latest, _ := runfiles.Latest(t, filepath.Join(out, "checkpoints", "seed-1-"+init))
		if latest != nil && latest.State.Current != nil {
			now = append(now, init+" "+latest.State.Current.Stage)
		}
	}
	return now
}

// end starts the program, sends it a signal when the moment has come, and returns its
// exit status, −1 if the signal killed it, and its standard error.
func end(t *testing.T, program string, args []string, moment func() bool, s syscall.Signal) (int, string) {
	t.Helper()
	p := labtest.Start(t, program, args...)
	p.Until(moment)
	p.Signal(s)
	return p.Wait()
}

// A run that is killed at twenty random moments and more, in every kind of stage, and
// resumed each time, leaves the bytes of one without a break: weights, result.json, the
// log, the figures. Some rounds end by Ctrl-C or SIGTERM instead, which exits with 130
// and a line on how to go on.
func TestKilledAndResumed(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes half a minute")
	}
	program := labtest.Binary(t)
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for _, run := range []struct {
		args  []string
		kills int
		in    []string
	}{
		{[]string{"-init", "glorot,dbn,sdae"}, 14, []string{"dbn layer 1", "dbn layer 2", "dbn unrolled", "dbn top layer", "dbn fine-tuning",
			"sdae layer 1", "sdae layer 2", "sdae unrolled", "sdae top layer", "sdae fine-tuning", "glorot top layer", "glorot fine-tuning"}},
		{[]string{"-init", "dbn", "-chains", "40"}, 6, []string{"dbn layer 1", "dbn layer 2", "dbn unrolled", "dbn top layer", "dbn fine-tuning"}},
	} {
		whole := t.TempDir()
		start := time.Now()
		if out, err := exec.Command(program, everyStage(whole, run.args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		duration := time.Since(start)
		want, seen, n := runfiles.Read(t, whole), map[string]int{}, 0
		for pass := 0; pass < 20 && (n < run.kills || len(seen) < len(run.in)); pass++ {
			parts := t.TempDir()
			for round := 0; ; round++ {
				signal := syscall.SIGKILL
				if round%5 == 3 {
					signal = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[round%2]
				}
				// In a stage in which no network was killed yet, or at any time, also before the
				// program listens to signals.
				begin, later := time.Now(), time.Duration(random.Int64N(int64(duration)))
				moment := func() bool { return time.Since(begin) > later }
				if round%3 > 0 && len(seen) < len(run.in) {
					later /= 60
					var found time.Time
					moment = func() bool {
						if found.IsZero() && slices.ContainsFunc(stagesNow(t, parts), func(s string) bool { return seen[s] == 0 }) {
							found = time.Now()
						}
						return !found.IsZero() && time.Since(found) > later
					}
				}
				code, stderr := end(t, program, everyStage(parts, run.args...), moment, signal)
				if code == 0 {
					if round == 0 { // the machine has become faster
						duration = min(duration, time.Since(begin))
					}
					break
				}
				switch {
				case code == -1: // also a signal that came before the program listens
					n++
				case code != 130 || signal == syscall.SIGKILL || !strings.Contains(stderr, "resume with: "):
					t.Fatalf("round %d, %v: exit status %d, standard error %q", round, signal, code, stderr)
				}
				for _, stage := range stagesNow(t, parts) {
					seen[stage]++
				}
				if round > 100 {
					t.Fatal("the run does not end")
				}
			}
			runfiles.Equal(t, fmt.Sprintf("%v, a run killed %d times", run.args, n), want, runfiles.Read(t, parts))
		}
		t.Logf("%v: killed %d times; networks in a stage at an end: %v", run.args, n, seen)
		for _, stage := range run.in {
			if seen[stage] == 0 {
				t.Errorf("%v: no end in stage %s, of %v", run.args, stage, seen)
			}
		}
		kills += n
	}
	if kills < 20 {
		t.Errorf("want at least 20 kills, got %d", kills)
	}
}
