// Command all runs every experiment of the repository at one preset, each as a process
// of its own, and makes a page of what they say: the lecture's claims one by one, with
// verdict, numbers and figure.
//
//	go run ./experiments/all                        # the preset lecture, into runs/all
//	go run ./experiments/all -preset smoke -jobs 2
//	go run ./experiments/all -only losses,gradients
//	go run ./experiments/all -resume                # what is missing or unfinished
//
// The experiments are found by themselves: the directories beside this one whose
// program calls lab.Main. Each is built once, and leaves what it always does in a
// directory of its own name below -out (see package lab). Beside these are
//
//   - index.html, the scorecard, for people;
//   - scorecard.json, the same for programs;
//   - .lock, which keeps a second process from the directory.
//
// Both documents are replaced, whole, whenever an experiment begins or ends, so that a
// run in progress can be looked at.
//
// An experiment that fails does not stop the others: the scorecard has its error, and
// the exit status is 1 in the end. The first SIGINT, SIGTERM or SIGHUP is passed on: the
// experiments finish their batch and write a checkpoint, and the status is 130. A second
// one stops everything at once; what was written before stays good.
//
// With -resume, experiments whose finished results are there are not run again, and the
// others continue what is there. Results are those of this run if their configuration is:
// experiment, preset, seeds, data set and all hyperparameters. A directory that holds
// others is refused, and so is one with an unfinished experiment if -resume is missing.
// A change of the code is not noticed; the scorecard shows the revision that each result
// was made with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/programs"
)

func main() {
	os.Exit(runMain(os.Args[1:], fromSource, os.Stdout, os.Stderr))
}

// runMain is the program: it returns the exit status. source finds the programs.
func runMain(args []string, source finder, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return cli.Done
	}
	if err == nil {
		err = interruptible(opts, source, stdout, stderr)
	}
	return cli.End(stderr, "all", err, commandLine(opts)+" -resume")
}

// interruptible is execute with what signals do.
func interruptible(opts options, source finder, stdout, stderr io.Writer) error {
	children := new(programs.Children)
	ctx, stop := cli.Interruptible(context.Background(), func(s os.Signal) {
		fmt.Fprintf(stderr, "\nall: %v: stopping the experiments; once more to quit at once\n", s)
	}, children.Kill)
	defer stop()
	screen := newScreen(stderr, opts.progress)
	defer screen.clear()
	return execute(ctx, opts, source, children, screen, stdout)
}

// execute prepares -out, runs the experiments and prints the scorecard.
func execute(ctx context.Context, opts options, source finder, children *programs.Children, screen *screen, stdout io.Writer) error {
	found, err := source(ctx, opts.only)
	if err != nil {
		return err
	}
	defer found.remove()
	lock, err := openOut(opts.out)
	if err != nil {
		return err
	}
	defer lock.Release()
	r := &runner{opts: opts, children: children, screen: screen, check: lock.Check}
	if err := r.prepare(ctx, found); err != nil {
		return err
	}
	if err := r.run(ctx); err != nil {
		return err
	}
	card := r.scorecard()
	data := []byte(card.text(opts.out))
	if opts.json {
		if data, err = card.encode(); err != nil {
			return err
		}
	}
	screen.clear()
	if _, err := stdout.Write(data); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	if ctx.Err() != nil && r.unfinished() {
		return ctx.Err()
	}
	if failed := r.failed(); len(failed) > 0 {
		return fmt.Errorf("%s failed", strings.Join(failed, ", "))
	}
	return nil
}
