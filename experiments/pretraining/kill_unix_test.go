//go:build unix

package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/runfiles"
)

// everyStage is a run with every kind of stage, of some seconds, that writes
// checkpoints all the time.
func everyStage(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-init", "glorot,dbn,sdae", "-images", "2000", "-depth", "2", "-width", "50", "-pretrain-epochs", "4",
		"-joint-epochs", "4", "-top-epochs", "4", "-epochs", "4", "-drop-input", "0.1", "-drop-hidden", "0.2",
		"-progress", "none", "-checkpoint", "5ms", "-out", out, "-resume"}, more...)
}

// stagesNow are the stages in which a killed run's networks stand, as "dbn layer 1".
func stagesNow(t *testing.T, out string) []string {
	t.Helper()
	var now []string
	for _, init := range []string{"glorot", "dbn", "sdae"} {
		latest, _ := runfiles.Latest(t, filepath.Join(out, "checkpoints", "seed-1-"+init))
		if latest != nil && latest.State.Current != nil {
			now = append(now, init+" "+latest.State.Current.Stage)
		}
	}
	return now
}

// end starts the program, waits until it has written a checkpoint, if wait says so, and
// a while longer, sends it a signal and returns its exit status, −1 if the signal
// killed it, and its standard error.
func end(t *testing.T, program string, args []string, out string, wait bool, longer time.Duration, s syscall.Signal) (int, string) {
	t.Helper()
	p := start(t, program, args...)
	if wait {
		p.written(out)
	}
	select {
	case <-p.done:
	case <-time.After(longer):
		p.signal(s)
	}
	return p.wait()
}

// A run that is killed at twenty random moments, in every kind of stage, and resumed
// each time, leaves the bytes of one without a break: weights, result.json, the log,
// the figures. Some rounds end by Ctrl-C or SIGTERM instead, which exits with 130 and a
// line on how to go on.
func TestKilledAndResumed(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes about a minute")
	}
	program := binary(t)
	for _, chains := range []string{"0", "40"} { // contrastive divergence from the data, and persistent
		whole := t.TempDir()
		start := time.Now()
		if out, err := exec.Command(program, everyStage(whole, "-chains", chains)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		tenth := int(time.Since(start) / 10) // so that some twenty rounds make a run
		want := runfiles.Read(t, whole)
		seen, kills := map[string]int{}, 0
		random := rand.New(rand.NewPCG(1, 2))
		for pass := 0; pass < 5 && (kills < 10 || len(seen) < 12); pass++ {
			parts := t.TempDir()
			for round := 0; ; round++ {
				signal := syscall.SIGKILL
				if round%7 == 3 {
					signal = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[round%2]
				}
				started := round%5 > 0 // others end at any moment, also before the program listens to signals
				code, stderr := end(t, program, everyStage(parts, "-chains", chains), parts, started, time.Duration(random.IntN(tenth)), signal)
				if code == 0 {
					break
				}
				if signal == syscall.SIGKILL && code == -1 {
					kills++
				} else if code == -1 && !started {
					continue
				} else if signal == syscall.SIGKILL || code != 130 || !strings.Contains(stderr, "resume with: ") {
					t.Fatalf("round %d, %v: exit status %d, standard error %q", round, signal, code, stderr)
				}
				for _, stage := range stagesNow(t, parts) {
					seen[stage]++
				}
				if round > 300 {
					t.Fatal("the run does not end")
				}
			}
			runfiles.Equal(t, fmt.Sprintf("chains %s, a run killed %d times", chains, kills), want, runfiles.Read(t, parts))
		}
		t.Logf("chains %s: %d kills; networks that were in a stage at one: %v", chains, kills, seen)
		for _, stage := range []string{"dbn layer 1", "dbn layer 2", "sdae layer 1", "sdae layer 2", "dbn unrolled", "sdae unrolled", "dbn top layer", "dbn fine-tuning", "glorot fine-tuning"} {
			if seen[stage] == 0 {
				t.Errorf("chains %s: no kill in stage %s: %v", chains, stage, slices.Sorted(maps.Keys(seen)))
			}
		}
		if kills < 10 {
			t.Errorf("chains %s: want at least 10 kills, got %d", chains, kills)
		}
	}
}
