package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/fakes"
)

const slurmSettings = `"launcher": "slurm", "slurm": {"at_once": 3, "poll": "100ms", "cpus": 2, "time": "1:00:00", "options": ["--partition=x"]}, `

// TestSlurm: arrays within Slurm's bounds, so many tasks at once as there may be, failures
// submitted again up to the limit, and the table of the local launcher.
func TestSlurm(t *testing.T) {
	t.Parallel()
	grid := `"factors": [{"flag": "kind", "values": ["good", "once"]}, {"flag": "units", "values": [1, 2, 3]}], "seeds": {"count": 2}, "choose": {"minimize": "{kind}.validation_error"}`
	path, out := write(t, slurmSettings+grid)
	f := newFakeSlurm(t)
	f.lose["2"] = 2 // points 2, 7 and 12: two of their tasks end before they begin
	f.stuck["4"] = true
	f.broken = 3
	code, _, stderr := callWith(t, f.control, "run", path, "-out", out)
	if code != 0 {
		t.Fatalf("status %d, %s", code, stderr)
	}
	if f.most > 3 {
		t.Errorf("%d tasks at a time, want at most 3", f.most)
	}
	for _, want := range []string{"Socket timed out", "failed for the first time: layer 2: loss is NaN", "failed for the first time: its task ended before it began", "[12/12] "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("got %s, want %q", stderr, want)
		}
	}
	if f.count("scancel 1_4") != 1 {
		t.Errorf("a task that Slurm gave up was not cancelled: %q", f.calls)
	}
	if i := slices.IndexFunc(f.calls, func(c string) bool { return strings.HasPrefix(c, "sbatch") }); !strings.Contains(f.calls[i], "--array=1-5%3 ") || !strings.Contains(f.calls[i], "--cpus-per-task=2 --signal=B:TERM@60 --time=1:00:00 --partition=x ") {
		t.Errorf("got %s", f.calls[i])
	}
	for point := 1; point <= 12; point++ {
		want := 1
		if (point-1)/3%2 == 1 {
			want = 2
		}
		if n := noted(out, fmt.Sprintf("%05d", point)); n != want {
			t.Errorf("point %d was started %d times, want %d", point, n, want)
		}
	}
	if said := mustStatus(t, out); !strings.Contains(said, "12 done of 12 points") {
		t.Errorf("got %s", said)
	}
	here, there := path, out
	if code, _, stderr := call(t, "run", here, "-launcher", "local", "-out", there+"2"); code != 0 {
		t.Fatalf("status %d, %s", code, stderr)
	}
	for _, name := range []string{csvName, jsonName, choiceName, "by_units.svg"} {
		if fakes.Read(t, out, name) != fakes.Read(t, out+"2", name) {
			t.Errorf("%s: the launchers differ", name)
		}
	}
}

// TestSlurmGivesUp after so many failures, also where Slurm does not answer at all.
func TestSlurmGivesUp(t *testing.T) {
	t.Parallel()
	path, out := write(t, slurmSettings+`"attempts": 2, "factors": [{"flag": "kind", "values": ["fails", "good"]}], "seeds": {"count": 1}, "choose": {"minimize": "{kind}.validation_error"}`)
	f := newFakeSlurm(t)
	code, stdout, stderr := callWith(t, f.control, "run", path, "-out", out)
	if code != cli.Failed || noted(out, "00001") != 2 || !strings.Contains(stderr, "1 of 2 points failed") || !strings.Contains(stdout, "chosen: kind=good, ") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
	if said := mustStatus(t, out); !strings.Contains(said, "point 1 (kind=fails seed=1): failed, 2 attempts: layer 2: loss is NaN") {
		t.Errorf("got %s", said)
	}
	path, out2 := write(t, slurmSettings+`"attempts": 2, "flags": {"kind": "good"}, "seeds": {"count": 1}, `+minimizeError)
	f.lose["1"] = 2
	if code, stdout, stderr = callWith(t, f.control, "run", path, "-out", out2); code != cli.Failed || noted(out2, "0*") != 0 || !strings.Contains(stdout, "No choice: no configuration has a result for every seed.") {
		t.Errorf("status %d, %s%s", code, stdout, stderr)
	}
	if said := mustStatus(t, out2); !strings.Contains(said, "point 1 (seed=1): failed, 2 attempts: its task ended before it began: see slurm/out") {
		t.Errorf("got %s", said)
	}
	f.broken = 1000
	code, _, stderr = callWith(t, f.control, "resume", out, "-quiet")
	if code != cli.Failed || strings.Count(stderr, "; again in 100ms\n") != patience-1 || !strings.Contains(stderr, "Socket timed out on send/recv operation (10 times in a row") {
		t.Errorf("status %d, %s", code, stderr)
	}
}

// interrupted runs a launcher, and interrupts it when it has submitted an array.
func (f *fakeSlurm) interrupted(s *sweep, l launcher) (said string, err error) {
	ctx, cancel := context.WithCancel(f.t.Context())
	defer cancel()
	var b bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- s.work(ctx, l, &b, false) }()
	fakes.Await(f.t, "an array", func() bool { return f.count("sbatch") > 0 })
	cancel()
	err = <-ended
	return b.String(), err
}

// TestSlurmLeft: a launcher that is gone leaves its array; the next one follows it, and
// submits nothing twice.
func TestSlurmLeft(t *testing.T) {
	t.Parallel()
	path, out := write(t, slurmSettings+goodFlag+`, "factors": [{"flag": "units", "values": [1, 2, 3, 4]}], "seeds": {"count": 1}, `+minimizeError)
	f := newFakeSlurm(t)
	f.hold = true
	file, text, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, lock, err := open(out, file, text, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.build(t.Context(), buildFake); err != nil {
		t.Fatal(err)
	}
	said, err := f.interrupted(s, slurmLauncher{settings: file.Slurm, control: f.control, leave: true})
	lock.Release()
	if !errors.Is(err, context.Canceled) || len(f.queue) != 4 || !strings.Contains(said, "the tasks stay in the queue") {
		t.Errorf("%v, %d tasks, %s", err, len(f.queue), said)
	}
	// A start that fails leaves the plan, which the tasks need.
	if err := os.Remove(s.program()); err != nil {
		t.Fatal(err)
	}
	broken := func(context.Context, string, string) (string, error) { return "", errors.New("go build: broken") }
	var both bytes.Buffer
	if code := runMain([]string{"resume", out}, system{broken, f.control}, &both, &both); code != cli.Failed || !strings.Contains(both.String(), "broken") {
		t.Errorf("status %d, %s", code, &both)
	}
	if _, err := os.Stat(s.at(planName)); err != nil {
		t.Error(err)
	}
	f.hold = false
	code, _, stderr := callWith(t, f.control, "resume", out)
	if code != 0 || f.count("sbatch") != 1 || noted(out, "0*") != 4 {
		t.Errorf("status %d, %s, %d arrays, %d starts", code, stderr, f.count("sbatch"), noted(out, "0*"))
	}
}

// TestSlurmCancelled: an interruption cancels what is in the queue.
func TestSlurmCancelled(t *testing.T) {
	t.Parallel()
	path, out := write(t, slurmSettings+goodFlag+`, "factors": [{"flag": "units", "values": [1, 2, 3, 4]}], "seeds": {"count": 1}, `+minimizeError)
	f := newFakeSlurm(t)
	f.hold = true
	file, text, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, lock, err := open(out, file, text, false)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	_, err = f.interrupted(s, slurmLauncher{settings: file.Slurm, control: f.control})
	if !errors.Is(err, context.Canceled) || len(f.queue) != 0 || f.count("sbatch") != 1 {
		t.Errorf("%v, %d tasks are left", err, len(f.queue))
	}
}

func TestThrottles(t *testing.T) {
	t.Parallel()
	queue := map[int]task{}
	for i := range 3 {
		queue[i] = task{job: "9"}
	}
	for i := range 10 {
		queue[100+i] = task{job: "10"}
	}
	queue[200] = task{job: "11"}
	for atOnce, want := range map[int][]int{8: {8, 5, 0}, 2: {2, 0, 0}, 20: {20, 17, 7}} {
		got := throttles(queue, atOnce)
		if !slices.Equal([]int{got["9"], got["10"], got["11"]}, want) {
			t.Errorf("%d at once: got %v, want %v", atOnce, got, want)
		}
	}
	if got := ranges([]int{11, 12, 13, 15, 20}, 10); got != "1-3,5,10" {
		t.Errorf("got %s", got)
	}
}
