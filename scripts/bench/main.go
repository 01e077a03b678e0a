// Command bench measures one training step of each reference workload, as
// scripts/torch_step.py does it in PyTorch: the step that train.Trainer takes, on data
// that stays the same.
//
//	go run ./scripts/bench
//	go run ./scripts/bench -json -seconds 1 mlp-500-500-2000-b100 rbm-784-500-b10
//	go run ./scripts/bench -machine stock        # the same networks in stock Gorgonia ops on its TapeMachine
//	scripts/libtorch go run -tags libtorch ./scripts/bench -machine torch # the same graphs on libtorch
//	go run ./scripts/bench -h
//
// Exit status: 0 done, 1 failed, 2 wrong usage.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"capas/internal/kernels"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// settings is a parsed command line.
type settings struct {
	seconds    float64
	threads    int
	machine    string
	cpuprofile string
	json, list bool
	workloads  []workload
}

// errUsage marks errors of the command line.
var errUsage = errors.New("usage")

func run(args []string, stdout, stderr io.Writer) int {
	err := bench(args, stdout, stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "bench: %v\n", err)
	return 1
}

func bench(args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if s.list {
		for _, w := range s.workloads {
			fmt.Fprintln(stdout, w.name)
		}
		return nil
	}
	family, err := kernels.Family()
	if err != nil {
		return err
	}
	if s.machine != capas {
		family = s.machine
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(s.threads)) // 0 changes nothing
	if s.cpuprofile != "" {
		stop, err := profile(s.cpuprofile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	out := printer{json: s.json, w: stdout}
	for _, w := range s.workloads {
		j, err := w.job(s.machine)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		r, err := measure(j.step, time.Duration(s.seconds*float64(time.Second)))
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		r.Name, r.GFLOP, r.Kernels, r.Threads = w.name, w.flop()/1e9, family, runtime.GOMAXPROCS(0)
		if err := out.print(r); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&s.json, "json", false, "print a JSON line a workload instead of a table")
	fs.BoolVar(&s.list, "list", false, "print the workloads' names and measure nothing")
	fs.Float64Var(&s.seconds, "seconds", 3, "measure each workload for this `time`")
	fs.IntVar(&s.threads, "threads", 0, "`number` of processors to use (GOMAXPROCS); 0 for all")
	fs.StringVar(&s.machine, "machine", "capas", "what runs the step: `capas|stock|torch`; stock is Gorgonia's own ops, TapeMachine and solvers,\n"+
		"torch the same graph on libtorch, with which the program must have been built (scripts/libtorch)")
	fs.StringVar(&s.cpuprofile, "cpuprofile", "", "write a profile for go tool pprof to this `file`")
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stderr, "Usage: go run ./scripts/bench [flags] [WORKLOAD ...]\n\nWorkloads:\n  %s\n\nFlags:\n", strings.Join(names(), "\n  "))
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return s, err
	}
	if err != nil {
		return s, fmt.Errorf("%w: %w", errUsage, err)
	}
	if !(s.seconds >= 0 && s.seconds <= 3600) {
		return s, fmt.Errorf("%w: -seconds %g: want 0 to 3600", errUsage, s.seconds)
	}
	if s.threads < 0 {
		return s, fmt.Errorf("%w: -threads %d: want at least 0", errUsage, s.threads)
	}
	if s.machine != capas && s.machine != stock && s.machine != libtorch {
		return s, fmt.Errorf("%w: -machine %q: want %s, %s or %s", errUsage, s.machine, capas, stock, libtorch)
	}
	s.workloads, err = choose(fs.Args())
	return s, err
}

// choose returns the workloads of the given names, all if there are none.
func choose(wanted []string) ([]workload, error) {
	if len(wanted) == 0 {
		return workloads(), nil
	}
	var out []workload
	for _, name := range wanted {
		w, ok := find(name)
		if !ok {
			return nil, fmt.Errorf("%w: workload %q is unknown, want one of %s", errUsage, name, strings.Join(names(), ", "))
		}
		out = append(out, w)
	}
	return out, nil
}

// profile starts a CPU profile and returns what ends it.
func profile(path string) (stop func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
