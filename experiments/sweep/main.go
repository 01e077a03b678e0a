// Command sweep runs an experiment over a grid or a random sample of hyperparameters and
// over seeds, here or on a Slurm cluster, and makes a table, figures and a page of what
// came out. A file says what is run; docs/sweeps.md explains it.
//
//	go run ./experiments/sweep plan    experiments/sweep/examples/small.json
//	go run ./experiments/sweep run     experiments/sweep/examples/small.json
//	go run ./experiments/sweep status  runs/small      # from another terminal, or another machine
//	go run ./experiments/sweep resume  runs/small      # after Ctrl-C, a crash, or failures
//	go run ./experiments/sweep collect runs/small      # table and page of what is there by now
//	go run ./experiments/sweep -h
//
// A point is one run of the experiment's program: a configuration and a seed. Its results
// lie in a directory of their own below points/, and are the only thing that says that it
// is done. Who runs a point holds a lock on it; the experiment continues from its
// checkpoints.
//
// The best configuration is chosen by a metric of the validation set. Of the test metric,
// which every experiment computes in the end, the sweep reads the values of the chosen
// configuration, once all points are done, and no others: the table has none.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/programs"
)

func main() {
	os.Exit(runMain(os.Args[1:], system{fromSource, realSlurm}, os.Stdout, os.Stderr))
}

// system is what the program asks of the machine: the programs of experiments, and the
// commands of Slurm.
type system struct {
	build   builder
	control slurmControl
}

// builder makes the program of an experiment in a directory and returns its file.
type builder func(ctx context.Context, dir, name string) (file string, err error)

// runMain is the program: it returns the exit status.
func runMain(args []string, sys system, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return cli.Done
	}
	if err == nil {
		err = execute(opts, sys, stdout, stderr)
	}
	again := ""
	if opts.command == "run" || opts.command == "resume" {
		again = commandLine("resume", opts)
	}
	return cli.End(stderr, "sweep", err, again)
}

// execute runs a command.
func execute(opts options, sys system, stdout, stderr io.Writer) error {
	switch opts.command {
	case "status":
		return statusCommand(opts, stdout)
	case "collect":
		return collectCommand(opts, stdout)
	}
	children := &programs.Children{}
	ctx, stop := cli.Interruptible(context.Background(), func(s os.Signal) {
		fmt.Fprintf(stderr, "sweep: %v: stopping; once more to quit at once\n", s)
	}, children.Kill)
	defer stop()
	switch opts.command {
	case "plan":
		return planCommand(ctx, opts, sys, stdout)
	case "task":
		return taskCommand(ctx, opts, children)
	}
	return runCommand(ctx, opts, sys, children, stdout, stderr)
}

// planCommand prints what a file would run.
func planCommand(ctx context.Context, opts options, sys system, stdout io.Writer) error {
	p, err := newPlan(opts.file)
	if err != nil {
		return cli.Usagef("sweep %s: %w", opts.path, err)
	}
	dir, err := os.MkdirTemp("", "go-build-sweep-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &sweep{dir: dir, file: opts.file, plan: p}
	if err := os.Mkdir(s.at(binDir), 0o777); err != nil {
		return err
	}
	if len(p.Recipe) > 0 {
		if err := s.write(recipeName, p.Recipe); err != nil {
			return err
		}
	}
	if err := s.build(ctx, sys.build); err != nil {
		return err
	}
	if err := s.try(ctx); err != nil {
		return err
	}
	return show(stdout, s.planText(len(p.Configs)))
}

// runCommand runs what is not done.
func runCommand(ctx context.Context, opts options, sys system, children *programs.Children, stdout, stderr io.Writer) error {
	s, lock, err := open(opts.out, opts.file, opts.text, opts.command == "resume")
	if err != nil {
		return err
	}
	defer lock.Release()
	s.children = children
	if err := s.ready(ctx, sys.build); err != nil {
		return err
	}
	if err := show(stdout, s.planText(fewConfigs)); err != nil {
		return err
	}
	var l launcher = newLocal(opts.file.Local)
	if opts.file.Launcher == bySlurm {
		l = slurmLauncher{settings: opts.file.Slurm, control: sys.control, leave: opts.leave}
	}
	err = s.work(ctx, l, stderr, opts.quiet)
	if ctx.Err() != nil || errors.As(err, &metricError{}) { // which a table would have too
		return err
	}
	text, wrong := s.collect()
	if wrong != nil {
		return errors.Join(err, wrong)
	}
	return errors.Join(err, show(stdout, text))
}

// collectCommand makes the table and what goes with it.
func collectCommand(opts options, stdout io.Writer) error {
	s, err := load(opts.out, opts.file)
	if err != nil {
		return err
	}
	text, err := s.collect()
	if err != nil {
		return err
	}
	return show(stdout, text)
}

// taskCommand runs one point, for a launcher on another machine.
func taskCommand(ctx context.Context, opts options, children *programs.Children) error {
	s, err := load(opts.out, nil)
	if err != nil {
		return err
	}
	s.children = children
	if opts.point < 1 || opts.point > s.plan.points() {
		return cli.Usagef("task: want a point of 1 to %d, got %d", s.plan.points(), opts.point)
	}
	o, err := s.run(ctx, opts.point, slurmWorker())
	switch {
	case err != nil:
		return err
	case o == interrupted:
		return context.Canceled
	case o == failed:
		why, _ := s.counted(opts.point)
		return fmt.Errorf("%s: %s", s.plan.name(opts.point), why)
	}
	return nil
}

// show writes text for people, who may have read enough.
func show(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}
