package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP (the
// terminal is closed, unless nohup keeps it away) cancels; a second ends the process
// with status 130. stop releases the signals.
func interruptible(parent context.Context, stderr io.Writer, name string) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for range 2 {
			select {
			case <-done:
				return
			case s := <-signals:
				if ctx.Err() != nil {
					os.Exit(exitInterrupted)
				}
				if terminal(stderr) != nil {
					fmt.Fprintln(stderr) // behind the bar
				}
				fmt.Fprintf(stderr, "%s: %v: stopping; once more to quit at once\n", name, s)
				cancel()
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
