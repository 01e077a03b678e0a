//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/fakes"
	"capas/experiments/internal/labtest"
)

// process starts the program over the fake as a process of its own.
func process(t *testing.T, args ...string) *labtest.Process {
	t.Helper()
	return labtest.Start(t, os.Args[0], append([]string{fakes.Program("fake")}, args...)...)
}

// awaitStarts waits until points have been started so often.
func awaitStarts(t *testing.T, out, points string, n int) {
	t.Helper()
	fakes.AwaitNotes(t, filepath.Join(out, pointsDir, points), n)
}

// TestInterrupt: Ctrl-C lets points write their checkpoints; resume goes on with them,
// and no interruption counts as a failure.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	path, out := write(t, `"factors": [{"flag": "kind", "values": ["good", "waits"]}, {"flag": "units", "values": [1, 2]}], "seeds": {"count": 1}, "attempts": 1,
		"choose": {"minimize": "{kind}.validation_error"}, "local": {"processes": 4}`)
	p := process(t, "run", path, "-out", out)
	awaitStarts(t, out, "0*", 4)
	fakes.Await(t, "the good ones", func() bool {
		return strings.Count(mustStatus(t, out), "2 done") == 1
	})
	p.Signal(syscall.SIGINT)
	if code, stderr := p.Wait(); code != cli.Interrupted || !strings.Contains(stderr, "sweep: interrupted; resume with: ") || !strings.HasSuffix(stderr, " resume "+out+"\n") {
		t.Errorf("status %d, %s", code, stderr)
	}
	if said := mustStatus(t, out); !strings.Contains(said, "2 done, 2 interrupted of 4 points") || !strings.Contains(said, "no launcher; go on with: ") {
		t.Errorf("got %s", said)
	}
	if _, err := os.Stat(filepath.Join(out, csvName)); !os.IsNotExist(err) {
		t.Errorf("a table of an interrupted run: %v", err)
	}
	if code, _, said := call(t, "resume", out); code != 0 || noted(out, "00001") != 1 || noted(out, "00003") != 2 || len(table(t, out)) != 4 {
		t.Errorf("resume: status %d, %s", code, said)
	}
}

// TestSecondSignal stops at once, and no process is left behind.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	path, out := write(t, `"flags": {"kind": "deaf", "units": 40}, "seeds": {"count": 1}, `+minimizeError)
	p := process(t, "run", path, "-out", out)
	awaitStarts(t, out, "00001", 1)
	for range 2 {
		p.Signal(syscall.SIGINT)
		time.Sleep(50 * time.Millisecond)
	}
	start := time.Now()
	code, _ := p.Wait()
	fakes.Await(t, "the experiment's end", func() bool { return strings.Contains(mustStatus(t, out), "1 lost of 1 points") })
	if code != cli.Interrupted || time.Since(start) > 30*time.Second {
		t.Errorf("status %d after %v", code, time.Since(start))
	}
}

// TestKilledLauncher: the experiment goes on alone; the next launcher waits for it instead
// of running the point a second time, and a second launcher beside it is refused.
func TestKilledLauncher(t *testing.T) {
	t.Parallel()
	path, out := write(t, `"factors": [{"flag": "kind", "values": ["deaf", "good"]}], "flags": {"units": 2}, "seeds": {"count": 1}, "choose": {"minimize": "{kind}.validation_error"}, "local": {"processes": 1}`)
	p := process(t, "run", path, "-out", out)
	awaitStarts(t, out, "00001", 1)
	p.Signal(syscall.SIGKILL)
	p.Wait()
	if said := mustStatus(t, out); !strings.Contains(said, "1 running, 1 waiting of 2 points") {
		t.Errorf("after the launcher was killed: %s", said)
	}
	next := process(t, "resume", out)
	fakes.Await(t, "the next launcher", func() bool { return strings.Contains(mustStatus(t, out), "launcher: process") })
	if code, _, said := call(t, "resume", out); code != cli.Failed || !strings.Contains(said, "in use by process") {
		t.Errorf("a second launcher: status %d, %s", code, said)
	}
	if code, stderr := next.Wait(); code != 0 || noted(out, "00001") != 1 || noted(out, "00002") != 1 {
		t.Errorf("status %d, %s, %d and %d starts", code, stderr, noted(out, "00001"), noted(out, "00002"))
	}
}

// TestKilledExperiment: a killed process is a failed attempt, and one that was interrupted
// by somebody else and left nothing to go on from too.
func TestKilledExperiment(t *testing.T) {
	t.Parallel()
	path, out := write(t, `"flags": {"kind": "idle"}, "seeds": {"count": 1}, "attempts": 2, `+minimizeError)
	p := process(t, "run", path, "-out", out)
	s := awaitSweep(t, out)
	for i, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		awaitStarts(t, out, "00001", i+1)
		if err := syscall.Kill(awaitPID(t, s, i), signal); err != nil {
			t.Fatal(err)
		}
	}
	code, stderr := p.Wait()
	if code != cli.Failed {
		t.Errorf("status %d, %s", code, stderr)
	}
	for _, want := range []string{"failed for the first time: signal: killed", "failed for the second time and is given up: " + vainText} {
		if !strings.Contains(stderr, want) {
			t.Errorf("got %s, want %q", stderr, want)
		}
	}
	if said := mustStatus(t, out); !strings.Contains(said, "point 1 (seed=1): failed, 2 attempts: "+vainText) || strings.Contains(said, "no launcher") {
		t.Errorf("got %s", said)
	}
}

// awaitPID waits for the number of the process of an attempt at the first point.
func awaitPID(t *testing.T, s *sweep, attempt int) (pid int) {
	t.Helper()
	fakes.Await(t, "an attempt", func() bool {
		if all, err := s.attempts(1); err == nil && len(all) > attempt {
			pid = all[attempt].PID
		}
		return pid > 0
	})
	return pid
}

// awaitSweep loads a sweep as soon as it is there.
func awaitSweep(t *testing.T, out string) (s *sweep) {
	t.Helper()
	fakes.Await(t, "the plan", func() (ok bool) {
		var err error
		s, err = load(out, nil)
		return err == nil
	})
	return s
}

// TestSharedSignal: a task's experiment that gets the signal of Slurm itself, as all
// processes of a job do, is not sent another, which it would take for the order to quit
// at once; one that does not get it is.
func TestSharedSignal(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{true, false} {
		path, out := write(t, `"flags": {"kind": "waits"}, "seeds": {"count": 1}, `+minimizeError)
		f, text, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, lock, err := open(out, f, text, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.build(t.Context(), buildFake); err != nil {
			t.Fatal(err)
		}
		lock.Release()
		p := process(t, "task", out, "1")
		awaitStarts(t, out, "00001", 1)
		pid := awaitPID(t, s, 0)
		if both {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
		p.Signal(syscall.SIGTERM)
		code, stderr := p.Wait()
		all, err := s.attempts(1)
		if err != nil || code != cli.Interrupted || all[0].Outcome != interrupted || !all[0].Progress {
			t.Errorf("both %v: status %d, %s, %+v, %v", both, code, stderr, all, err)
		}
		if said := fakes.Read(t, out, "attempts/00001.log"); strings.Count(said, "stopping; once more") != 1 || !strings.Contains(said, "resume with: ") {
			t.Errorf("both %v: the experiment said %s", both, said)
		}
	}
}
