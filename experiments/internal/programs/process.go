package programs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"

	"capas/experiments/internal/cli"
)

// Children are the processes that a program runs. The zero value has none.
type Children struct {
	mu     sync.Mutex
	all    map[*os.Process]bool
	killed bool
}

// Run runs a command to its end. A cancelled ctx interrupts it, as Ctrl-C at a terminal
// would, and Run waits for its end all the same; a process that cannot be interrupted is
// killed. The terminal's own Ctrl-C does not reach the process, or it would get two.
// started, unless it is nil, is called with the process's number; its error interrupts the
// process, and is the error of Run.
func (c *Children) Run(ctx context.Context, cmd *exec.Cmd, started func(pid int) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ownGroup(cmd)
	if err := c.start(cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var broken error
	if started != nil {
		if broken = started(cmd.Process.Pid); broken != nil {
			cancel()
		}
	}
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-ctx.Done():
			if err := interrupt(cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
				cmd.Process.Kill()
			}
		case <-ended:
		}
	})
	err := cmd.Wait()
	close(ended)
	watch.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, cmd.Process)
	if broken != nil {
		return broken
	}
	return err
}

// Interrupted tells whether a command that Run returned an error of was interrupted. A
// process that gets the signal before it can react to it has no exit status.
func Interrupted(ctx context.Context, cmd *exec.Cmd) bool {
	if cmd.ProcessState == nil {
		return ctx.Err() != nil
	}
	code := cmd.ProcessState.ExitCode()
	return code == cli.Interrupted || code < 0 && ctx.Err() != nil
}

// start starts a process, unless Kill was called.
func (c *Children) start(cmd *exec.Cmd) error {
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

// Kill ends all processes at once, and none is started any more. What they have written
// is whole: they replace files.
func (c *Children) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killed = true
	for p := range c.all {
		p.Kill()
	}
}
