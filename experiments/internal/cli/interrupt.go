package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP (the terminal
// is closed, unless nohup keeps it away) cancels, after a call of first. A second one calls
// kill, unless that is nil, and ends the process with status 130. stop releases these signals.
//
// From here on a write to a pipe that nobody reads any more is an error, and not the end of
// the process: Ctrl-C reaches "| tee" too, and what is to be stopped would not be.
func Interruptible(parent context.Context, first func(os.Signal), kill func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				if ctx.Err() != nil {
					if kill != nil {
						kill()
					}
					os.Exit(Interrupted)
				}
				first(s)
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
