package main

import (
	"encoding/csv"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
)

// realSweep has 24 points of a real experiment, of less than a second each.
const realSweep = `{
	"experiment": "pretraining", "preset": "smoke", "flags": {"images": 500, "epochs": 1, "width": 10},
	"factors": [
		{"flag": "init", "values": ["glorot", "normal"]},
		{"flag": "depth", "values": [1, 2]},
		{"flag": "lr", "values": [0.1, 0.5, 1]}
	],
	"seeds": {"count": 2},
	"choose": {"minimize": "{init}.validation_error", "test": "{init}.test_error", "for_each": ["init"]},
	"record": ["{init}.train_loss"], "slurm": {"at_once": 8, "poll": "500ms"}
}`

// startSlurm starts a Slurm of two nodes, which claim four processors each, for the test.
func startSlurm(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, name := range []string{"slurmctld", "slurmd", "munged", "sbatch"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("want a Slurm, but %s is not installed: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge", name)
		}
	}
	dir, err := os.MkdirTemp("", "slurm") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("SLURM_DIR", dir)
	t.Setenv("SLURM_NODES", "2")
	t.Setenv("SLURM_CPUS", "4")
	t.Setenv("SLURM_PORT", strconv.Itoa(freePorts(t, 3)))
	t.Setenv("SLURM_CONF", filepath.Join(dir, "slurm.conf"))
	script := filepath.Join("..", "..", "scripts", "slurm")
	t.Cleanup(func() {
		if out, err := exec.Command(script, "stop").CombinedOutput(); err != nil {
			t.Errorf("scripts/slurm stop: %v: %s", err, out)
		}
	})
	// Its daemons keep what they inherit: no pipe, whose end would be waited for.
	cmd := exec.Command(script, "start")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("scripts/slurm start: %v", err)
	}
}

// freePorts finds n ports one after the other that nobody listens to.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for first := 20_000 + os.Getpid()%10_000; first < 60_000; first += n {
		free := true
		for i := range n {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports")
	return 0
}

// control calls a command of Slurm.
func control(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// parent is the process that started another, 0 if it is gone.
func parent(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}

// killOne kills a process of a point that runs, other than but: that which pick makes of the
// experiment's. It returns the point once it is sure that the attempt did not end well.
func killOne(t *testing.T, s *sweep, but int, pick func(pid int) int) (killed int) {
	t.Helper()
	await(t, "a point to be killed", func() bool {
		for point := 1; point <= s.plan.points(); point++ {
			all, err := s.attempts(point)
			if err != nil || len(all) != 1 || all[0].PID == 0 || !all[0].End.IsZero() || point == but {
				continue
			}
			watching, pid := parent(all[0].PID), pick(all[0].PID)
			if watching < 2 || pid < 2 || syscall.Kill(pid, syscall.SIGKILL) != nil {
				continue
			}
			await(t, "its end", func() bool {
				all, err = s.attempts(point)
				return parent(watching) == 0 || err == nil && !all[0].End.IsZero()
			})
			if all, err = s.attempts(point); err == nil && all[0].Outcome != done {
				killed = point
				return true
			}
		}
		return false
	})
	return killed
}

// TestRealSlurm: with a node drained in mid-run, two processes killed and the launcher
// killed and started again, every point is in the table once, and the table is that of the
// local launcher, byte for byte.
func TestRealSlurm(t *testing.T) {
	startSlurm(t)
	dir := t.TempDir()
	program, file := labtest.Binary(t), filepath.Join(dir, "sweep.json")
	if err := os.WriteFile(file, []byte(realSweep), 0o666); err != nil {
		t.Fatal(err)
	}
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	first := labtest.Start(t, program, "run", file, "-out", there, "-launcher", "slurm")
	await(t, "the plan", func() bool {
		_, err := os.Stat(filepath.Join(there, planName))
		return err == nil || first.EndsWithin(0)
	})
	s, err := load(there, nil)
	if err != nil {
		_, stderr := first.Wait()
		t.Fatalf("%v: %s", err, stderr)
	}
	finished := func() (n int) {
		for point := 1; point <= 24; point++ {
			if s.result(point) != nil {
				n++
			}
		}
		return n
	}
	await(t, "two points", func() bool { return finished() >= 2 || first.EndsWithin(0) })
	control(t, "scontrol", "update", "NodeName=n1", "State=DRAIN", "Reason=test")
	experiment := killOne(t, s, 0, func(pid int) int { return pid })
	task := killOne(t, s, experiment, parent)
	first.Signal(syscall.SIGKILL)
	if _, stderr := first.Wait(); finished() == 24 {
		t.Errorf("the launcher was killed too late: %s", stderr)
	}

	second := labtest.Start(t, program, "resume", there, "-launcher", "slurm")
	reference := labtest.Start(t, program, "run", file, "-out", here, "-launcher", "local", "-jobs", "2")
	await(t, "some more points", func() bool { return finished() >= 8 || second.EndsWithin(0) })
	control(t, "scontrol", "update", "NodeName=n1", "State=RESUME")
	for _, p := range []*labtest.Process{second, reference} {
		if code, stderr := p.Wait(); code != 0 {
			t.Fatalf("status %d: %s", code, stderr)
		}
	}

	for _, name := range []string{csvName, jsonName, choiceName, "by_init.svg", "by_depth.svg", "by_lr.svg", "test.svg"} {
		a, errA := os.ReadFile(filepath.Join(here, name))
		b, errB := os.ReadFile(filepath.Join(there, name))
		if errA != nil || errB != nil || len(a) == 0 || string(a) != string(b) {
			t.Errorf("%s: the launchers differ (%v, %v):\n%s\n%s", name, errA, errB, a, b)
		}
	}
	table, err := os.Open(filepath.Join(there, csvName))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	lines, err := csv.NewReader(table).ReadAll()
	if err != nil || len(lines) != 25 {
		t.Fatalf("%d lines, %v; want a header and 24 points", len(lines), err)
	}
	for point := 1; point <= 24; point++ {
		if lines[point][0] != strconv.Itoa(point) {
			t.Errorf("line %d is point %s", point, lines[point][0])
		}
		all, err := s.attempts(point)
		if err != nil || len(all) == 0 {
			t.Errorf("point %d: no attempt, %v", point, err)
		}
		for i, a := range all {
			if a.Outcome == done && i < len(all)-1 {
				t.Errorf("point %d was run again after it was done: %+v", point, all)
			}
		}
	}
	all, err := s.attempts(experiment)
	if err != nil || len(all) != 2 || all[0].Outcome != failed || !strings.Contains(all[0].Error, "killed") || all[1].Outcome != done {
		t.Errorf("the point whose process was killed: %+v, %v", all, err)
	}
	if all, err = s.attempts(task); err != nil || all[0].Outcome == done {
		t.Errorf("the point whose task was killed: %+v, %v", all, err)
	}
}
