package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP cancels; a
// second calls kill and ends the process with status 130. stop releases the signals.
func interruptible(parent context.Context, stderr io.Writer, kill func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
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
					kill()
					os.Exit(exitInterrupted)
				}
				fmt.Fprintf(stderr, "\nall: %v: stopping the experiments; once more to quit at once\n", s)
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

// children are the processes that run.
type children struct {
	mu     sync.Mutex
	all    map[*os.Process]bool
	killed bool
}

// start starts a process, unless kill was called.
func (c *children) start(cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed {
		return context.Canceled
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if c.all == nil {
		c.all = map[*os.Process]bool{}
	}
	c.all[cmd.Process] = true
	return nil
}

// ended says that a process has ended.
func (c *children) ended(p *os.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, p)
}

// kill ends all processes at once. What they have written is whole: they replace files.
func (c *children) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killed = true
	for p := range c.all {
		p.Kill()
	}
}
