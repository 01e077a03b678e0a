package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"capas/experiments/internal/programs"
)

// slurmControl runs a command of Slurm and returns what it prints.
type slurmControl func(ctx context.Context, name string, args ...string) (string, error)

// slurmTimeout bounds a command of Slurm, whose controller may be away.
const slurmTimeout = 2 * time.Minute

// realSlurm is the Slurm of this machine.
func realSlurm(ctx context.Context, name string, args ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, slurmTimeout)
	defer stop()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("want the commands of Slurm, but %s is not in PATH", name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %s", name, strings.TrimPrefix(programs.Failure(err), name+": "))
	}
	return string(out), nil
}

// tasks are the tasks of a sweep in the queue of a Slurm. A task has a number within its
// array, and the array's name says from which point on it counts, since Slurm bounds these
// numbers.
type tasks struct {
	*sweep
	settings slurm
	control  slurmControl
	id       string // of the sweep, in the names of its jobs
	chunk    int    // points an array
}

// task is a task in the queue.
type task struct {
	job, index string
	running    bool
	reason     string // why it waits
}

func (t task) id() string { return t.job + "_" + t.index }

// stuck tells that Slurm has given up to start the task, and keeps it.
func (t task) stuck() bool {
	reason := strings.ToLower(strings.ReplaceAll(t.reason, "_", " "))
	return reason == "launch failed requeued held" || reason == "jobholdmaxrequeue"
}

// unusual tells that it waits for something else than its turn.
func (t task) unusual() bool {
	return !slices.Contains([]string{"None", "Priority", "Resources", "JobArrayTaskLimit", "BeginTime", "Cleaning", ""}, t.reason)
}

// olderJob orders the numbers of jobs.
func olderJob(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// newTasks makes ready what tasks need: this program, a script that starts it, and the
// directory of what it says, without which Slurm would fail them.
func newTasks(ctx context.Context, s *sweep, settings slurm, control slurmControl) (tasks, error) {
	t := tasks{sweep: s, settings: settings, control: control}
	config, err := control(ctx, "scontrol", "show", "config")
	if err != nil {
		return t, fmt.Errorf("slurm: %w", err)
	}
	t.chunk = chunkSize(config)
	if err := os.MkdirAll(s.at(slurmDir, "out"), 0o777); err != nil {
		return t, err
	}
	name, err := os.ReadFile(s.at(slurmDir, "name"))
	if errors.Is(err, fs.ErrNotExist) {
		name = fmt.Appendf(nil, "%08x", rand.Uint32())
		err = s.write(slurmDir+"/name", name)
	}
	if err != nil {
		return t, err
	}
	t.id = strings.TrimSpace(string(name))
	if err := s.copySelf(); err != nil {
		return t, err
	}
	script := fmt.Sprintf("#!/bin/sh\n# One point of a sweep: that of the number $1 plus the task's.\nexec %s task %s \"$(($1 + SLURM_ARRAY_TASK_ID))\"\n",
		shellQuote(s.taskProgram()), shellQuote(s.dir))
	return t, s.write(slurmDir+"/task.sh", []byte(script))
}

// taskProgram is the copy of this program.
func (s *sweep) taskProgram() string { return s.at(binDir, programs.Executable("sweep")) }

// shellQuote quotes a word for sh.
func shellQuote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// chunkSize is how many points an array may have: 1000, or less where Slurm's numbers of
// tasks, which are below MaxArraySize, do not go so far.
func chunkSize(config string) int {
	for line := range strings.Lines(config) {
		if name, value, _ := strings.Cut(line, "="); strings.TrimSpace(name) == "MaxArraySize" {
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
				return min(1000, max(1, n-1))
			}
		}
	}
	return 1000
}

// base is what a point's number is counted from: tasks of an array are 1 … chunk.
func (t tasks) base(point int) int { return (point - 1) / t.chunk * t.chunk }

// name is that of the arrays of a base.
func (t tasks) name(base int) string { return fmt.Sprintf("sweep-%s-%d", t.id, base) }

// queue are the tasks in the queue by their points.
func (t tasks) queue(ctx context.Context) (map[int]task, error) {
	var names []string
	for base := 0; base < t.plan.points(); base += t.chunk {
		names = append(names, t.name(base))
	}
	out, err := t.control(ctx, "squeue", "--noheader", "--array", "--name="+strings.Join(names, ","), "--format=%F|%K|%T|%j|%r")
	if err != nil {
		return nil, err
	}
	queue := map[int]task{}
	for line := range strings.Lines(out) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		fields := strings.SplitN(strings.TrimSpace(line), "|", 5)
		if len(fields) < 5 {
			return nil, fmt.Errorf("squeue: want five fields, got %q", line)
		}
		base, wrong := strconv.Atoi(strings.TrimPrefix(fields[3], "sweep-"+t.id+"-"))
		index, err := strconv.Atoi(fields[1])
		if wrong != nil || err != nil {
			return nil, fmt.Errorf("squeue: want the task of an array, got %q", line)
		}
		queue[base+index] = task{job: fields[0], index: fields[1], running: fields[2] != "PENDING", reason: fields[4]}
	}
	return queue, nil
}

// submit submits an array of points that have one base and returns its number.
func (t tasks) submit(ctx context.Context, base int, points []int, atOnce int) (job string, err error) {
	args := []string{
		"--parsable", "--job-name=" + t.name(base), fmt.Sprintf("--array=%s%%%d", ranges(points, base), atOnce),
		"--output=" + strings.ReplaceAll(t.at(slurmDir, "out"), "%", "%%") + "/%A_%a.txt", "--open-mode=append", "--requeue",
		fmt.Sprintf("--cpus-per-task=%d", t.settings.CPUs), "--signal=B:TERM@60",
	}
	if t.settings.Time != "" {
		args = append(args, "--time="+t.settings.Time)
	}
	args = append(args, t.settings.Options...)
	out, err := t.control(ctx, "sbatch", append(args, t.at(slurmDir, "task.sh"), strconv.Itoa(base))...)
	if err != nil {
		return "", err
	}
	job, _, _ = strings.Cut(strings.TrimSpace(out), ";") // the cluster's name may follow
	if _, err := strconv.Atoi(job); err != nil {
		return "", fmt.Errorf("sbatch: want the number of a job, got %q", out)
	}
	return job, nil
}

// limit changes how many tasks of an array run at a time. Of tasks that have ended scontrol
// says so, and of the others that there is "No error", and fails.
func (t tasks) limit(ctx context.Context, job string, n int) error {
	_, err := t.control(ctx, "scontrol", "update", "JobId="+job, fmt.Sprintf("ArrayTaskThrottle=%d", n))
	if err != nil && (strings.Contains(err.Error(), "already finished") || strings.Contains(err.Error(), "No error")) {
		return nil
	}
	return err
}

// cancel cancels jobs, or tasks such as 12_3.
func (t tasks) cancel(ctx context.Context, ids []string) error {
	_, err := t.control(ctx, "scancel", ids...)
	return err
}

// ranges are the numbers of points, which rise, as sbatch --array takes them: "1-3,7".
func ranges(points []int, base int) string {
	var parts []string
	for i := 0; i < len(points); {
		j := i
		for j+1 < len(points) && points[j+1] == points[j]+1 {
			j++
		}
		part := strconv.Itoa(points[i] - base)
		if j > i {
			part += "-" + strconv.Itoa(points[j]-base)
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
