package lab

import (
	"context"
	"fmt"
	"io"
	"os"

	"capas/experiments/internal/cli"
)

// interruptible returns a context that the first signal to stop cancels, with a line on
// stderr; a second one ends the process at once. stop releases the signals.
func interruptible(parent context.Context, stderr io.Writer, name string) (ctx context.Context, stop func()) {
	return cli.Interruptible(parent, func(s os.Signal) {
		if terminal(stderr) != nil {
			fmt.Fprintln(stderr) // behind the bar
		}
		fmt.Fprintf(stderr, "%s: %v: stopping; once more to quit at once\n", name, s)
	}, nil)
}
