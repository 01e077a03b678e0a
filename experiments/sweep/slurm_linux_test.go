package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"capas/experiments/internal/fakes"
	"capas/experiments/internal/labtest"
)

// realSweep has 24 points of a real experiment, of some tenths of a second each, with
// checkpoints to go on from.
const realSweep = `{
	"experiment": "approximation", "preset": "smoke", "flags": {"widths": "2,8", "lr": "0.03", "checkpoint": "20ms"},
	"factors": [
		{"flag": "functions", "values": ["step", "sines"]},
		{"flag": "activation", "values": ["tanh", "relu"]},
		{"flag": "epochs", "values": [60, 80, 100]}
	],
	"seeds": {"count": 2},
	"choose": {"minimize": "{functions}.{activation}.width8.fit", "test": "{functions}.{activation}.width8.inside", "for_each": ["functions"]},
	"record": ["{functions}.{activation}.width2.fit"], "slurm": {"at_once": 8, "poll": "500ms"}
}`

// cluster is the environment that reaches a Slurm of two nodes, which claim four processors each.
type cluster []string

// startSlurm starts a cluster for the test.
func startSlurm(t *testing.T) cluster {
	t.Helper()
	path := os.Getenv("PATH") + ":/usr/sbin:/sbin"
	for _, name := range []string{"slurmctld", "slurmd", "munged", "sbatch"} {
		if !slices.ContainsFunc(filepath.SplitList(path), func(dir string) bool {
			_, err := exec.LookPath(filepath.Join(dir, name))
			return err == nil
		}) {
			t.Skipf("want a Slurm, but %s is not installed: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge", name)
		}
	}
	dir, err := os.MkdirTemp("", "slurm") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := cluster{
		"PATH=" + path, "SLURM_DIR=" + dir, "SLURM_CONF=" + filepath.Join(dir, "slurm.conf"),
		"SLURM_NODES=2", "SLURM_CPUS=4", fmt.Sprintf("SLURM_PORT=%d", freePorts(t, 3)),
	}
	script := filepath.Join("..", "..", "scripts", "slurm")
	t.Cleanup(func() { c.call(t, script, "stop") })
	// Its daemons keep what they inherit: no pipe, whose end would be waited for.
	cmd := exec.Command(script, "start")
	cmd.Env, cmd.Stderr = append(os.Environ(), c...), os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("scripts/slurm start: %v", err)
	}
	return c
}

// call calls a command of Slurm.
func (c cluster) call(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), c...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v: %s", name, args, err, out)
	}
}

// start starts the program there.
func (c cluster) start(t *testing.T, args ...string) *labtest.Process {
	t.Helper()
	return labtest.Start(t, os.Args[0], slices.Concat([]string{fakes.Program("real")}, c, args)...)
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

// look is the state of a process, such as 'T' for one that is stopped, and the one that started
// it, 0 if it is gone.
func look(pid int) (state byte, parent int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0][0], parent
}

// freeze stops the experiment of a point that runs and has a checkpoint, other than but, so that
// it does not end before it is killed, on however slow a machine.
func freeze(t *testing.T, s *sweep, but int) (point, pid int) {
	t.Helper()
	fakes.Await(t, "a point that runs", func() bool {
		for point = 1; point <= s.plan.points(); point++ {
			all, err := s.attempts(point)
			if err != nil || len(all) != 1 || all[0].PID == 0 || !all[0].End.IsZero() || point == but || newest(s.pointDir(point)).IsZero() {
				continue
			}
			if pid = all[0].PID; syscall.Kill(pid, syscall.SIGSTOP) != nil {
				continue
			}
			state := byte('R')
			fakes.Await(t, "a process that stops", func() bool {
				state, _ = look(pid)
				return state == 'T' || state == 'Z' || state == 0
			})
			if state == 'T' && s.result(point) == nil {
				t.Cleanup(func() {
					if state, _ := look(pid); state == 'T' { // the test failed
						syscall.Kill(pid, syscall.SIGKILL)
					}
				})
				return true
			}
			syscall.Kill(pid, syscall.SIGCONT)
		}
		return false
	})
	return point, pid
}

// TestRealSlurm: with a node drained in mid-run, two processes killed and the launcher
// killed and started again, every point is in the table once, and the table is that of the
// local launcher, byte for byte.
func TestRealSlurm(t *testing.T) {
	t.Parallel()
	slurm := startSlurm(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "sweep.json")
	if err := os.WriteFile(file, []byte(realSweep), 0o666); err != nil {
		t.Fatal(err)
	}
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	first := slurm.start(t, "run", file, "-out", there, "-launcher", "slurm")
	fakes.Await(t, "the plan", func() bool {
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
	experiment, pid := freeze(t, s, 0)
	task, alone := freeze(t, s, experiment)
	fakes.Await(t, "two points", func() bool { return finished() >= 2 || first.EndsWithin(0) })
	slurm.call(t, "scontrol", "update", "NodeName=n1", "State=DRAIN", "Reason=test")
	syscall.Kill(pid, syscall.SIGKILL)
	fakes.Await(t, "the end of the experiment", func() bool {
		all, err := s.attempts(experiment)
		return err == nil && !all[0].End.IsZero()
	})
	_, watching := look(alone)
	syscall.Kill(watching, syscall.SIGKILL)
	fakes.Await(t, "the end of the task", func() bool {
		state, _ := look(watching)
		return state == 'Z' || state == 0
	})
	syscall.Kill(alone, syscall.SIGCONT)
	first.Signal(syscall.SIGKILL)
	if _, stderr := first.Wait(); finished() == 24 {
		t.Errorf("the launcher was killed too late: %s", stderr)
	}

	second := slurm.start(t, "resume", there, "-launcher", "slurm")
	// The same program of the experiment, so that it is built once.
	if err := errors.Join(os.MkdirAll(filepath.Join(here, binDir), 0o777), os.Link(s.program(), filepath.Join(here, binDir, "approximation"))); err != nil {
		t.Fatal(err)
	}
	reference := slurm.start(t, "run", file, "-out", here, "-launcher", "local", "-jobs", "2")
	fakes.Await(t, "some more points", func() bool { return finished() >= 8 || second.EndsWithin(0) })
	slurm.call(t, "scontrol", "update", "NodeName=n1", "State=RESUME")
	for _, p := range []*labtest.Process{second, reference} {
		if code, stderr := p.Wait(); code != 0 {
			t.Fatalf("status %d: %s", code, stderr)
		}
	}

	for _, name := range []string{csvName, jsonName, choiceName, "by_functions.svg", "by_activation.svg", "by_epochs.svg", "test.svg"} {
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
	if said := fakes.Read(t, there, fmt.Sprintf("attempts/%05d.log", experiment)); strings.Contains(said, "nothing to resume") {
		t.Errorf("the point whose process was killed was begun anew: %s", said)
	}
	if all, err = s.attempts(task); err != nil || all[0].Outcome == done {
		t.Errorf("the point whose task was killed: %+v, %v", all, err)
	}
}
