package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeSlurm is a cluster whose tasks are run by goroutines of this process.
type fakeSlurm struct {
	t       *testing.T
	mu      sync.Mutex
	jobs    int
	queue   map[string]*fakeTask // by job_index
	throttl map[string]int
	calls   []string
	most    int            // tasks that ran at a time
	broken  int            // calls of squeue that fail before it answers again
	lose    map[string]int // how often tasks of an index vanish before they begin
	hold    bool           // tasks are not started
	stuck   map[string]bool
	ended   sync.WaitGroup
}

type fakeTask struct {
	job, index, name string
	script, base     string
	running          bool
	reason           string
}

func newFakeSlurm(t *testing.T) *fakeSlurm {
	f := &fakeSlurm{t: t, queue: map[string]*fakeTask{}, throttl: map[string]int{}, lose: map[string]int{}, stuck: map[string]bool{}}
	t.Cleanup(f.ended.Wait)
	return f
}

// control implements slurmControl.
func (f *fakeSlurm) control(_ context.Context, name string, args ...string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.schedule()
	f.calls = append(f.calls, name+" "+strings.Join(args, " "))
	switch name {
	case "scontrol":
		if args[0] == "show" {
			return "Configuration data\nMaxArraySize            = 6\nMaxJobCount = 10000\n", nil
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(args[2], "ArrayTaskThrottle="))
		f.throttl[strings.TrimPrefix(args[1], "JobId=")] = n
		return "", nil
	case "squeue":
		if f.broken > 0 {
			f.broken--
			return "", errors.New("squeue: Socket timed out on send/recv operation")
		}
		var b strings.Builder
		for _, t := range f.queue {
			state := "PENDING"
			if t.running {
				state = "RUNNING"
			}
			if strings.Contains(args[2], t.name) {
				fmt.Fprintf(&b, "%s|%s|%s|%s|%s\n", t.job, t.index, state, t.name, t.reason)
			}
		}
		return b.String(), nil
	case "sbatch":
		return f.submit(args)
	case "scancel":
		for _, id := range args {
			for key, t := range f.queue {
				if (t.job == id || key == id) && !t.running {
					delete(f.queue, key)
				}
			}
		}
		return "", nil
	}
	return "", fmt.Errorf("no command %s", name)
}

// submit is sbatch.
func (f *fakeSlurm) submit(args []string) (string, error) {
	f.jobs++
	job := strconv.Itoa(f.jobs)
	option := func(name string) string {
		i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, name+"=") })
		if i < 0 {
			f.t.Errorf("sbatch %v: no %s", args, name)
			return ""
		}
		return args[i][len(name)+1:]
	}
	list, throttle, _ := strings.Cut(option("--array"), "%")
	f.throttl[job], _ = strconv.Atoi(throttle)
	if _, err := os.Stat(filepath.Dir(option("--output"))); err != nil || !slices.Contains(args, "--open-mode=append") {
		f.t.Errorf("sbatch %v: %v", args, err)
	}
	for part := range strings.SplitSeq(list, ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			to = from
		}
		a, _ := strconv.Atoi(from)
		b, _ := strconv.Atoi(to)
		if a < 1 || b > 5 {
			f.t.Errorf("sbatch %v: want numbers of 1 to 5", args)
		}
		for i := a; i <= b; i++ {
			t := &fakeTask{job: job, index: strconv.Itoa(i), name: option("--job-name"), script: args[len(args)-2], base: args[len(args)-1], reason: "Priority"}
			if f.stuck[t.index] {
				t.reason = "launch failed requeued held"
				delete(f.stuck, t.index)
			}
			f.queue[job+"_"+t.index] = t
		}
	}
	return job + ";cluster\n", nil
}

// schedule starts what may run; the caller holds mu.
func (f *fakeSlurm) schedule() {
	running, all := map[string]int{}, 0
	for _, t := range f.queue {
		if t.running {
			running[t.job]++
			all++
		}
	}
	for key, t := range f.queue {
		if f.hold || t.running || t.reason != "Priority" || running[t.job] >= f.throttl[t.job] {
			continue
		}
		if f.lose[t.index] > 0 {
			f.lose[t.index]--
			delete(f.queue, key)
			continue
		}
		t.running = true
		running[t.job]++
		all++
		f.ended.Go(func() { f.run(key, *t) })
	}
	f.most = max(f.most, all)
}

// run is what the script does.
func (f *fakeSlurm) run(key string, t fakeTask) {
	base, _ := strconv.Atoi(t.base)
	index, _ := strconv.Atoi(t.index)
	var out bytes.Buffer
	runMain([]string{"task", filepath.Dir(filepath.Dir(t.script)), strconv.Itoa(base + index)}, system{buildFake, f.control}, &out, &out)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.queue, key)
	f.schedule()
}

// count is the number of calls of a command.
func (f *fakeSlurm) count(prefix string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}
