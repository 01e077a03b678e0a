package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"capas/experiments/internal/programs"
	"capas/internal/atomicfile"
	"capas/internal/lockfile"
	"capas/internal/regularfile"
)

// lockPoll is the time between two tries of a lock that another holds.
const lockPoll = 200 * time.Millisecond

// acquire waits for a lock, as long as ctx lasts: then the error says who holds it.
func acquire(ctx context.Context, path string) (*lockfile.Lock, error) {
	for {
		lock, err := lockfile.Acquire(path)
		if !errors.Is(err, lockfile.ErrInUse) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lockPoll):
		}
	}
}

// worker says how an attempt is run.
type worker struct {
	cores int // 0: as the environment says
	job   string
	// shared tells that the experiment gets the signals that this process gets, from Slurm,
	// and takes a second one for the order to quit at once.
	shared bool
}

// run is one attempt at a point. Others of the same point are waited for, also one whose
// watching process was killed and which goes on alone; if the point is done by then, as
// after all attempts before, nothing is run. What came of it is read off the results. The
// error is one of the sweep's directory; why a point failed is in its attempts.
func (s *sweep) run(ctx context.Context, point int, w worker) (outcome, error) {
	lock, err := acquire(ctx, s.attemptFile(point, ".lock"))
	if err != nil {
		return interrupted, pointError(ctx, point, err)
	}
	defer lock.Release()
	inner := filepath.Join(s.pointDir(point), lockName)
	if _, err := os.Stat(inner); err == nil {
		orphan, err := acquire(ctx, inner)
		if err != nil {
			return interrupted, pointError(ctx, point, err)
		}
		orphan.Release()
	}
	if s.result(point) != nil {
		return done, pointError(ctx, point, s.tidy(point))
	}
	all, err := s.attempts(point)
	if err != nil {
		return failed, pointError(ctx, point, err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	all = append(all, attempt{Start: time.Now().UTC(), Host: host, Job: w.job})
	record := func() error { return s.record(point, all) }
	last := &all[len(all)-1]
	if err := record(); err != nil {
		return failed, pointError(ctx, point, err)
	}
	before := newest(s.pointDir(point))
	last.Outcome, last.Error, err = s.process(ctx, point, w, func(pid int) error {
		last.PID = pid
		return record()
	})
	if err != nil {
		return failed, pointError(ctx, point, err)
	}
	last.End, last.Progress = time.Now().UTC(), newest(s.pointDir(point)).After(before)
	err = record()
	if last.Outcome == done {
		err = errors.Join(err, s.tidy(point))
	}
	return last.Outcome, pointError(ctx, point, err)
}

// tidy removes the checkpoints of a point that is done.
func (s *sweep) tidy(point int) error {
	if s.file.KeepCheckpoints {
		return nil
	}
	return os.RemoveAll(filepath.Join(s.pointDir(point), "checkpoints"))
}

// pointError names the point of an error.
func pointError(ctx context.Context, point int, err error) error {
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("point %d: %w", point, err)
}

// process runs the experiment to its end. It says to a file of its own, so that it can go
// on without this process. started gets its number.
func (s *sweep) process(ctx context.Context, point int, w worker, started func(pid int) error) (outcome, string, error) {
	log, err := os.OpenFile(s.attemptFile(point, ".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return failed, "", err
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return failed, "", err
	}
	args := append(s.command(s.plan.config(point), s.plan.Seeds[s.plan.seed(point)]), "-out="+s.pointDir(point), "-progress=none")
	if _, err := os.Stat(s.pointDir(point)); err == nil {
		args = append(args, "-resume")
	}
	cmd := exec.Command(s.program(), args...)
	cmd.Stderr, cmd.Env = log, os.Environ()
	if w.cores > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", w.cores))
	}
	said := func() string { return tail(log.Name(), info.Size()) }
	stop := ctx
	if w.shared {
		var cancel context.CancelFunc
		stop, cancel = unlessHeard(ctx, said)
		defer cancel()
	}
	err = s.children.Run(stop, cmd, started)
	switch {
	case s.result(point) != nil: // whatever the process made of it
		return done, "", nil
	case err != nil && (ctx.Err() != nil || programs.Interrupted(ctx, cmd)):
		return interrupted, "", nil
	case err == nil:
		return failed, "ended without a result", nil
	}
	return failed, reason(said(), s.plan.Experiment, err), nil
}

// hearing is how long a process may take to say that it heard a signal.
const hearing = 2 * time.Second

// unlessHeard is a context that is cancelled after ctx is, unless the process says by then
// that it got a signal itself.
func unlessHeard(ctx context.Context, said func() string) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		for start := time.Now(); time.Since(start) < hearing; time.Sleep(lockPoll / 2) {
			if late.Err() != nil || strings.Contains(said(), ": stopping; once more to quit at once") {
				return
			}
		}
		cancel()
	})
	return late, func() { stop(); cancel() }
}

// maxSaid is how much of the end of what a process said is looked at, in bytes.
const maxSaid = 64 << 10

// tail is what a log holds from a place on, the last part of it.
func tail(path string, from int64) string {
	f, size, err := regularfile.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text := make([]byte, max(0, min(size-from, maxSaid)))
	n, _ := f.ReadAt(text, size-int64(len(text)))
	return string(bytes.ToValidUTF8(text[:n], []byte("�")))
}

// reason is the line that tells why a process ended with err: of what it said the first of a
// crash, or the last, but err of one that a signal killed.
func reason(said, name string, err error) string {
	last := ""
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
		if line != "" {
			last = line
		}
	}
	var exit *exec.ExitError
	if last == "" || errors.As(err, &exit) && exit.ExitCode() < 0 {
		return err.Error()
	}
	return strings.TrimPrefix(last, name+": ")
}

// newest is the time of the newest checkpoint of a directory of results, zero if there is
// none.
func newest(dir string) (t time.Time) {
	filepath.WalkDir(filepath.Join(dir, "checkpoints"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), atomicfile.TempPrefix) {
			if info, err := d.Info(); err == nil && info.ModTime().After(t) {
				t = info.ModTime()
			}
		}
		return nil
	})
	return t
}
