package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"capas/experiments/internal/programs"
	"capas/experiments/lab"
	"capas/internal/atomicfile"
)

// state is where an experiment stands.
type state string

const (
	notRun      state = "not run"
	running     state = "running"
	done        state = "done"
	failed      state = "failed"
	interrupted state = "interrupted"
)

// experiment is a program, where it stands and what it left.
type experiment struct {
	program
	dir     string   // of its results
	command []string // runs it
	config  lab.Config
	again   bool // there is something to go on from, of this configuration or not to be read
	state   state
	err     string        // why it failed
	result  *lab.Document // nil unless done
}

// runner runs experiments and keeps the scorecard in -out up to date.
type runner struct {
	opts     options
	children *programs.Children
	screen   *screen
	check    func() error // whether -out is still this run's

	mu          sync.Mutex
	experiments []*experiment
}

// prepare builds the programs, asks them for their configurations and compares these
// with what lies in -out. An error means that nothing is run; a program that cannot be
// built, or refuses the flags, is one that failed.
func (r *runner) prepare(ctx context.Context, f found) error {
	for _, p := range f.programs {
		e := &experiment{program: p, dir: filepath.Join(r.opts.out, p.name), state: notRun}
		r.experiments = append(r.experiments, e)
		if !e.selected {
			e.look(r.opts.preset)
			continue
		}
		r.screen.status("building %s", e.name)
		err := e.configure(ctx, r.opts)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.fail(e, err.Error())
			continue
		}
		if err := e.compare(r.opts.resume); err != nil {
			return fmt.Errorf("-out %s: %w", r.opts.out, err)
		}
	}
	return nil
}

// look takes an experiment that is not run as it lies there, if it is finished and of
// the preset.
func (e *experiment) look(preset string) {
	saved, err := lab.Read(e.dir)
	if err == nil && saved.Result != nil && !saved.Again && saved.Config.Preset == preset {
		e.state, e.result = done, saved.Result
	}
}

// configure builds the program and asks it what the flags make.
func (e *experiment) configure(ctx context.Context, opts options) (err error) {
	if e.command, err = e.build(ctx); err != nil {
		return err
	}
	e.command = append(e.command, opts.flags()...)
	out, err := exec.CommandContext(ctx, e.command[0], append(e.command[1:], "-print-config")...).Output()
	if err != nil {
		text, _ := strings.CutPrefix(programs.Failure(err), e.name+": ")
		return errors.New(text)
	}
	if err := json.Unmarshal(out, &e.config); err != nil {
		return fmt.Errorf("-print-config: %w", err)
	}
	if e.config.Data != "" {
		e.command = append(e.command, opts.dataFlags()...)
	}
	e.command = append(e.command, "-out", e.dir)
	return nil
}

// compare looks at what lies in the experiment's directory: a finished result is taken
// if resume allows it, one of another configuration is an error, and so is an unfinished
// run without resume. What cannot be read is left to the experiment: with resume, since a
// damaged file is no reason to lose the checkpoints beside it.
func (e *experiment) compare(resume bool) error {
	saved, err := lab.Read(e.dir)
	if err != nil {
		_, missing := os.Stat(e.dir)
		e.again = resume && !errors.Is(missing, fs.ErrNotExist)
		return nil
	}
	diff, err := saved.Config.Differences(e.config)
	if err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	if len(diff) > 0 {
		return fmt.Errorf("%s holds results of another configuration: %s is %s there, %s here; choose another -out", e.name, diff[0].Field, diff[0].There, diff[0].Here)
	}
	complete := saved.Result != nil && !saved.Again
	switch {
	case resume && complete:
		e.state, e.result = done, saved.Result
	case resume:
		e.again = true
	case !complete && len(saved.Checkpoints) > 0:
		return fmt.Errorf("%s holds an unfinished run; -resume continues it, or delete the directory to start anew", e.name)
	}
	return nil
}

// run runs what is not done, opts.jobs at a time, in the order of the names. Its error is
// that of the scorecard; experiments that fail or are interrupted say so themselves.
func (r *runner) run(ctx context.Context) error {
	var todo []*experiment
	for _, e := range r.experiments {
		if e.selected && e.state == notRun {
			todo = append(todo, e)
		}
	}
	if err := r.save(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *experiment)
	var workers sync.WaitGroup
	for range r.opts.jobs {
		workers.Go(func() {
			for e := range next {
				if err := r.runOne(ctx, e); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i, e := range todo {
		select {
		case next <- e:
			r.screen.count(i+1, len(todo))
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// runOne runs an experiment and records what became of it.
func (r *runner) runOne(ctx context.Context, e *experiment) error {
	if ctx.Err() != nil {
		return nil
	}
	r.set(e, running, "", nil)
	if err := r.save(); err != nil {
		r.set(e, notRun, "", nil)
		return err
	}
	said, err := r.process(ctx, e)
	switch saved, broken := lab.Read(e.dir); {
	case err != nil && ctx.Err() != nil && said == "":
		r.set(e, interrupted, "", nil)
		r.screen.say("%s: interrupted", e.name)
	case err != nil && said != "": // which was shown when it was said
		r.set(e, failed, said, nil)
		r.screen.say("%s: failed", e.name)
	case err != nil:
		r.fail(e, err.Error())
	case broken != nil:
		r.fail(e, broken.Error())
	case saved.Result == nil || saved.Again:
		r.fail(e, "ended without a result")
	default:
		r.set(e, done, "", saved.Result)
		r.screen.say("%s: done, %s", e.name, holdText(holding(saved.Result.Claims), len(saved.Result.Claims)))
	}
	return r.save()
}

// process runs the experiment's program to its end; a cancelled ctx interrupts it. said
// is the error that it printed, "" if it ended well or was interrupted.
func (r *runner) process(ctx context.Context, e *experiment) (said string, err error) {
	mode := "plain"
	if r.opts.progress == "none" {
		mode = "none"
	}
	args := append(e.command[1:len(e.command):len(e.command)], "-progress", mode)
	if e.again {
		args = append(args, "-resume")
	}
	cmd := exec.Command(e.command[0], args...)
	cmd.Stdout = io.Discard
	lines := r.screen.of(e.name)
	cmd.Stderr = lines
	err = r.children.Run(ctx, cmd, nil)
	lines.end()
	if err != nil && programs.Interrupted(ctx, cmd) {
		return "", err
	}
	return lines.failure(), err
}

// set records where an experiment stands.
func (r *runner) set(e *experiment, s state, why string, result *lab.Document) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.state, e.err, e.result = s, why, result
}

func (r *runner) fail(e *experiment, why string) {
	r.set(e, failed, why, nil)
	r.screen.say("%s: failed: %s", e.name, why)
}

// failed are the names of the experiments that failed.
func (r *runner) failed() (names []string) {
	for _, e := range r.experiments {
		if e.state == failed {
			names = append(names, e.name)
		}
	}
	return names
}

// unfinished tells whether there is something left to run.
func (r *runner) unfinished() bool {
	for _, e := range r.experiments {
		if e.selected && (e.state == interrupted || e.state == notRun) {
			return true
		}
	}
	return false
}

// save writes the scorecard.
func (r *runner) save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	card := r.scorecard()
	data, err := card.encode()
	if err != nil {
		return err
	}
	page, err := card.page()
	if err != nil {
		return fmt.Errorf("%s: %w", indexFile, err)
	}
	if err := atomicfile.WriteIf(filepath.Join(r.opts.out, cardFile), data, r.check); err != nil {
		return err
	}
	return atomicfile.WriteIf(filepath.Join(r.opts.out, indexFile), page, r.check)
}
