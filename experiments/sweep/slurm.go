package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"capas/internal/atomicfile"
)

// slurmLauncher runs points as tasks of job arrays. The tasks are this program again, in
// the sweep's directory, which all nodes must see. The queue belongs to Slurm: arrays go
// on without this process, and the next one finds them there by their names. What became
// of a task that has left the queue is read off the point's files, never off a state or
// an exit status of Slurm.
type slurmLauncher struct {
	settings slurm
	control  slurmControl
	leave    bool // an interruption leaves the arrays in the queue
}

// patience is how often in a row Slurm may fail to answer.
const patience = 10

// launching is the state of one call of launch.
type launching struct {
	*board
	slurmLauncher
	tasks  tasks
	before map[int]int // of each point whose task ends unseen: its attempts when it was submitted, −1 if another process did
	absent map[int]int // looks in a row at which its task was missing
	limits map[string]int
	silent int // calls of Slurm in a row that failed
	held   string
}

// launch implements launcher.
func (l slurmLauncher) launch(ctx context.Context, b *board) error {
	t, err := newTasks(ctx, b.sweep, l.settings, l.control)
	if err != nil {
		return err
	}
	r := &launching{board: b, slurmLauncher: l, tasks: t, before: map[int]int{}, absent: map[int]int{}, limits: map[string]int{}}
	for {
		left, err := r.look(ctx)
		switch {
		case ctx.Err() != nil:
			return r.end(ctx)
		case err != nil:
			if r.silent++; r.silent == patience {
				return fmt.Errorf("%w (%d times in a row; the tasks go on; resume follows them)", err, patience)
			}
			b.say("slurm: %v; again in %v", err, time.Duration(l.settings.Poll))
		default:
			r.silent = 0
		}
		if err == nil && left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return r.end(ctx)
		case <-time.After(time.Duration(l.settings.Poll)):
		}
	}
}

// look compares the queue with the open points once: it records what ended, submits what
// is missing, and tells how many points are left.
func (r *launching) look(ctx context.Context) (left int, err error) {
	queue, err := r.tasks.queue(ctx)
	if err != nil {
		return 0, err
	}
	var ready []int
	for _, p := range r.open() {
		if _, ok := queue[p]; ok {
			if _, known := r.before[p]; !known {
				r.before[p] = -1
			}
			r.absent[p] = 0
			left++
			continue
		}
		if r.result(p) != nil {
			r.isDone(p)
			continue
		}
		if before, ok := r.before[p]; ok {
			// A result may show up some time after the end of its task on another machine.
			if r.absent[p]++; r.absent[p] < 2 {
				left++
				continue
			}
			delete(r.before, p)
			why, counts, err := r.ending(p, before)
			if err != nil {
				return left, err
			}
			if counts && !r.failed(p, why) {
				continue
			}
		}
		left++
		ready = append(ready, p)
	}
	if err := r.release(ctx, queue); err != nil {
		return left, err
	}
	r.throttle(ctx, queue)
	return left, r.submit(ctx, ready, r.settings.AtOnce-len(queue))
}

// ending is counted, for a task that was submitted when the point had so many attempts. It
// records what the task itself could not.
func (r *launching) ending(point, before int) (why string, counts bool, err error) {
	all, err := r.attempts(point)
	if err != nil {
		return "", false, err
	}
	if len(all) == before {
		why = "its task ended before it began: see " + slurmDir + "/out"
		return why, true, r.bury(point, why)
	}
	if why, counts = r.counted(point); why == lostText {
		err = r.bury(point, why)
	}
	return why, counts, err
}

// submit submits an array of points that are ready, if there is room for one more.
func (r *launching) submit(ctx context.Context, ready []int, room int) error {
	if len(ready) == 0 || room < 1 {
		return nil
	}
	base := r.tasks.base(ready[0])
	ready = slices.DeleteFunc(ready, func(p int) bool { return r.tasks.base(p) != base })
	job, err := r.tasks.submit(ctx, base, ready, room)
	if err != nil {
		return err
	}
	r.limits[job] = room
	for _, p := range ready {
		all, err := r.attempts(p)
		if err != nil {
			return err
		}
		r.before[p], r.absent[p] = len(all), 0
	}
	r.say("slurm: job %s, %d points, %d at a time", job, len(ready), min(room, len(ready)))
	return nil
}

// throttle lets as many tasks of all arrays run as may at once: the older ones first, and
// as these come to their ends more of the younger ones. Where Slurm refuses that, fewer
// run.
func (r *launching) throttle(ctx context.Context, queue map[int]task) {
	for job, limit := range throttles(queue, r.settings.AtOnce) {
		if limit < 1 || r.limits[job] == limit { // 0 would be no limit at all
			continue
		}
		if err := r.tasks.limit(ctx, job, limit); err != nil {
			r.say("slurm: %v", err)
		}
		r.limits[job] = limit
	}
}

// throttles divides the number of tasks at once over the arrays.
func throttles(queue map[int]task, atOnce int) map[string]int {
	left := map[string]int{}
	for _, t := range queue {
		left[t.job]++
	}
	limits := map[string]int{}
	for _, job := range slices.SortedFunc(maps.Keys(left), olderJob) {
		limits[job] = atOnce
		atOnce -= min(atOnce, left[job])
	}
	return limits
}

// release cancels tasks that Slurm gave up to start, so that they are submitted anew, and
// says why others wait, when that changes.
func (r *launching) release(ctx context.Context, queue map[int]task) error {
	var stuck []string
	reasons := map[string]bool{}
	for _, t := range queue {
		switch {
		case t.stuck():
			stuck = append(stuck, t.id())
		case !t.running && t.unusual():
			reasons[t.reason] = true
		}
	}
	text := strings.Join(slices.Sorted(maps.Keys(reasons)), ", ")
	if text != r.held && text != "" {
		r.say("slurm: tasks wait: %s", text)
	}
	r.held = text
	if len(stuck) == 0 {
		return nil
	}
	slices.Sort(stuck)
	return r.tasks.cancel(ctx, stuck)
}

// endTime is how long the tasks may take to write their checkpoints after an
// interruption; Slurm kills them before, after its KillWait.
const endTime = 3 * time.Minute

// end cancels the tasks, which get SIGTERM and write checkpoints, and waits until they are
// gone.
func (r *launching) end(ctx context.Context) error {
	if r.leave {
		r.say("slurm: the tasks stay in the queue; resume follows them")
		return context.Cause(ctx)
	}
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer stop()
	cancelled := map[string]bool{} // once: a second signal would keep tasks from their checkpoints
	for {
		queue, err := r.tasks.queue(late)
		if err == nil && len(queue) == 0 {
			return context.Cause(ctx)
		}
		var jobs []string
		for _, t := range queue {
			if !cancelled[t.job] && !slices.Contains(jobs, t.job) {
				jobs = append(jobs, t.job)
			}
		}
		if len(jobs) > 0 {
			slices.Sort(jobs)
			if err = r.tasks.cancel(late, jobs); err == nil {
				for _, job := range jobs {
					cancelled[job] = true
				}
			}
		}
		select {
		case <-late.Done():
			return errors.Join(fmt.Errorf("slurm: tasks are still in the queue, job name %s", r.tasks.name(0)), err)
		case <-time.After(min(time.Second, time.Duration(r.settings.Poll))):
		}
	}
}

// copySelf makes a copy of this program in the directory, for the tasks.
func (s *sweep) copySelf() error {
	path := s.taskProgram()
	if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 { // it becomes executable last
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteIf(path, data, s.check); err != nil {
		return err
	}
	return os.Chmod(path, 0o755)
}
