// Command compare measures the workloads of scripts/bench on Capas, PyTorch, stock
// Gorgonia and scikit-learn, and prints how many times longer the others take.
//
//	go run ./scripts/bench/compare
//	go run ./scripts/bench/compare -markdown -rounds 5 -seconds 2
//	scripts/libtorch go run ./scripts/bench/compare -libtorch
//	go run ./scripts/bench/compare -chain      # a whole pretraining, from start to end, Capas and PyTorch
//	go run ./scripts/bench/compare -h
//
// The programs take turns, each in a process of its own, so that what else the machine
// does meets all of them. Even so it should be idle: threads that wait for each other in
// a spinning loop, as those of OpenBLAS do, lose far more to a busy core than others.
// Where it never is, -threads 1 -min gives ratios that mean something.
//
// Exit status: 0 done, also where a program to compare with is not installed; 1 failed,
// 2 wrong usage, 130 interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// settings is a parsed command line.
type settings struct {
	args            []string
	rounds, threads int
	seconds         float64
	markdown, chain bool
	libtorch        bool
	least           bool
	epochs          int
	python          string
	workloads       []string
}

// errUsage marks errors of the command line.
var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if err == nil {
		err = compare(ctx, s, stdout, stderr)
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "compare: interrupted")
		return 130
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "compare: %v\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "compare: %v\n", err)
	return 1
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{args: args}
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.IntVar(&s.rounds, "rounds", 5, "`number` of turns that every program takes on every workload")
	fs.Float64Var(&s.seconds, "seconds", 1, "measure for this `time` a turn")
	fs.IntVar(&s.threads, "threads", 0, "`number` of processors for every program; 0 for all")
	fs.BoolVar(&s.markdown, "markdown", false, "print the table as Markdown")
	fs.BoolVar(&s.least, "min", false, "compare the fastest steps of each turn, not the median ones: for a machine that is never idle")
	fs.BoolVar(&s.libtorch, "libtorch", false, "compare libtorch too, on Capas's graphs; to be run by scripts/libtorch")
	fs.BoolVar(&s.chain, "chain", false, "compare a whole run instead: a DBN of five layers, pretrained and fine-tuned on MNIST")
	fs.IntVar(&s.epochs, "epochs", 5, "`epochs` a layer and of fine-tuning, with -chain")
	fs.StringVar(&s.python, "python", "/usr/bin/python3", "`program` that runs the scripts of PyTorch and scikit-learn; Debian's knows its packages")
	err := fs.Parse(args)
	s.workloads = fs.Args()
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stderr, "Usage: go run ./scripts/bench/compare [flags] [WORKLOAD ...]\n\nThe workloads are those of go run ./scripts/bench -list.\n\nFlags:\n")
		fs.SetOutput(stderr)
		fs.PrintDefaults()
	case err != nil:
		err = fmt.Errorf("%w: %w", errUsage, err)
	case s.rounds < 1:
		err = fmt.Errorf("%w: -rounds %d: want at least 1", errUsage, s.rounds)
	case !(s.seconds >= 0 && s.seconds <= 3600):
		err = fmt.Errorf("%w: -seconds %g: want 0 to 3600", errUsage, s.seconds)
	case s.threads < 0:
		err = fmt.Errorf("%w: -threads %d: want at least 0", errUsage, s.threads)
	case s.epochs < 1:
		err = fmt.Errorf("%w: -epochs %d: want at least 1", errUsage, s.epochs)
	case s.chain && (s.threads > 0 || len(s.workloads) > 0):
		err = fmt.Errorf("%w: -chain takes no workloads and all processors", errUsage)
	}
	return s, err
}

func compare(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "capas-compare-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m, err := newMachine(ctx, dir, s.python)
	if err != nil {
		return err
	}
	if s.chain {
		return m.chain(ctx, s, stdout)
	}
	programs, err := m.programs(ctx, s.libtorch)
	if err != nil {
		return err
	}
	if s.workloads, err = chosen(ctx, programs[0], s.workloads); err != nil {
		return err
	}
	t := table{programs: programs, workloads: s.workloads, least: s.least}
	for r := range s.rounds {
		for _, w := range s.workloads {
			if err := t.round(ctx, r, w, s, stderr); err != nil {
				return err
			}
		}
	}
	m.describe(stdout, s, t)
	return t.print(stdout, s.markdown)
}

// chosen returns the workloads of the given names, all that Capas has if there are none.
func chosen(ctx context.Context, capas program, wanted []string) ([]string, error) {
	out, err := output(ctx, append(slices.Clone(capas.command), "-list"))
	if err != nil {
		return nil, err
	}
	known := strings.Fields(string(out))
	for _, w := range wanted {
		if !slices.Contains(known, w) {
			return nil, fmt.Errorf("%w: workload %q is unknown, want one of %s", errUsage, w, strings.Join(known, ", "))
		}
	}
	if len(wanted) == 0 {
		return known, nil
	}
	return wanted, nil
}
