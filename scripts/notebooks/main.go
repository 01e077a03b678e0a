// Command notebooks writes, executes, checks and opens the notebooks of the directory notebooks.
//
//	go run ./scripts/notebooks install          # what they need: Jupyter's packages, the Go kernel GoNB
//	go run ./scripts/notebooks open             # in a browser; of the Spanish ones: -es
//	go run ./scripts/notebooks run [NAME …]     # writes and executes them, and keeps what they show
//	go run ./scripts/notebooks check [NAME …]   # executes them and compares with what was kept
//	go run ./scripts/notebooks write            # from their sources, without executing them
//
// A notebook has one source, notebooks/src/NAME.md, of passages in English and Spanish and of code, from which NAME.ipynb and
// NAME.es.ipynb are written; see parse. NAME stands for all names that begin with it. Only the English one is executed: the
// Spanish one has the same code and shows the same.
//
// An execution fails on a cell that does not compile, panics or ends with another status than 0, which Jupyter tells only of the
// first, on a cell without the picture that it calls for, and on a notebook that takes more than two minutes of processor time.
// What cells show is compared byte for byte. As the last bits of numbers depend on the family of kernels, all execute with AVX2;
// where a processor has none, nothing is compared.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // kernels must not stay behind
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = "usage: notebooks install | open [-es] | run [NAME …] | check [NAME …] | write"

// run is the program: 0 done, 1 failed, 2 wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprintln(stderr, usage)
		return 2
	}
	command, rest := args[0], args[1:]
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprintln(stderr, usage); flags.PrintDefaults() }
	dir := flags.String("dir", "notebooks", "`directory` of the notebooks")
	// Four, since seven do not divide evenly by two processors, and executions also wait.
	jobs := flags.Int("jobs", 4, "`number` of notebooks that are executed side by side")
	spanish := flags.Bool("es", false, "open the Spanish notebooks")
	switch err := flags.Parse(rest); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case *jobs < 1:
		fmt.Fprintf(stderr, "notebooks: -jobs: want at least 1, got %d\n", *jobs)
		return 2
	}
	var err error
	switch command {
	case "install":
		_, err = install(ctx, *dir, stderr)
	case "open":
		err = open(ctx, *dir, *spanish, stderr)
	case "write":
		err = write(*dir, flags.Args())
	case "run":
		err = execute(ctx, *dir, flags.Args(), *jobs, keep, stdout, stderr)
	case "check":
		err = execute(ctx, *dir, flags.Args(), *jobs, compare, stdout, stderr)
	default:
		fmt.Fprintln(stderr, usage)
		return 2
	}
	if err != nil {
		fmt.Fprintln(stderr, "notebooks:", err)
		return 1
	}
	return 0
}
