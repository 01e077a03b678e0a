// Package chromium drives a headless Chromium by its DevTools protocol, to look at pages as
// people see them.
//
//   - Find, Start: a browser, as a process of its own; Stop
//   - Browser.Open: a Tab, which notes what is Wrong with what it shows: warnings and errors in the
//     console, requests that fail or should not be
//   - Tab.Look: what is wrong with the page as it is laid out in a View
//   - Tab.Navigate, Evaluate, Press, Screenshot
//
// Nothing is installed, and no port is opened.
package chromium

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Browser is a Chromium that is driven over two pipes, so that no port is opened: messages are JSON, each with a zero byte behind it.
type Browser struct {
	cmd     *exec.Cmd
	profile string
	to      *os.File
	events  chan event // of pages, in their order

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
	err     error // why nothing comes any more
}

// event is what happens in a page.
type event struct {
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	SessionID string          `json:"sessionId"`
}

// answer is the reply to a command.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// programs are the names under which systems have it.
var programs = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell"}

// Find is the path of the given program, or of the first there is of programs.
func Find(given string) (string, error) {
	names := programs
	if given != "" {
		names = []string{given}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no browser: want Chromium or Chrome in PATH, or -browser FILE; looked for %q", names)
}

// Start starts a browser without a window that uses no network by itself.
func Start(ctx context.Context, program string) (*Browser, error) {
	profile, err := os.MkdirTemp("", "browser-")
	if err != nil {
		return nil, err
	}
	b := &Browser{profile: profile, events: make(chan event, 4096), waiting: map[int]chan answer{}}
	fromUs, to, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	defer fromUs.Close()
	b.to = to
	from, toUs, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	defer toUs.Close()
	args := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + filepath.Join(profile, "data"), "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps",
		"--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
	}
	if os.Geteuid() == 0 { // it refuses to keep pages in a sandbox then
		args = append(args, "--no-sandbox")
	}
	b.cmd = exec.CommandContext(ctx, program, append(args, "about:blank")...)
	b.cmd.ExtraFiles = []*os.File{fromUs, toUs} // its descriptors 3 and 4
	if err := b.cmd.Start(); err != nil {
		from.Close()
		return nil, errors.Join(fmt.Errorf("start %s: %w", program, err), b.Stop())
	}
	go b.receive(from)
	return b, nil
}

// receive hands out what the browser says until it ends.
func (b *Browser) receive(from io.ReadCloser) {
	defer from.Close()
	defer close(b.events)
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			b.end(errors.New("the browser has ended"))
			return
		}
		var message struct {
			ID int `json:"id"`
			event
			answer
		}
		if err := json.Unmarshal(text[:len(text)-1], &message); err != nil {
			b.end(fmt.Errorf("the browser says %.80q: %w", text, err))
			return
		}
		if message.ID == 0 {
			b.events <- message.event
			continue
		}
		b.mu.Lock()
		reply := b.waiting[message.ID]
		delete(b.waiting, message.ID)
		b.mu.Unlock()
		if reply != nil {
			reply <- message.answer
		}
	}
}

// end says that no more answers will come.
func (b *Browser) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
	for _, reply := range b.waiting {
		close(reply)
	}
	b.waiting = map[int]chan answer{}
}

// call gives a command to a page, or to the browser where session is "", and decodes the
// result into result unless that is nil.
func (b *Browser) call(ctx context.Context, session, method string, params, result any) error {
	b.mu.Lock()
	b.last++
	id, reply := b.last, make(chan answer, 1)
	err := b.err
	b.waiting[id] = reply
	b.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if params == nil {
		params = struct{}{}
	}
	text, err := json.Marshal(struct {
		ID        int    `json:"id"`
		SessionID string `json:"sessionId,omitempty"`
		Method    string `json:"method"`
		Params    any    `json:"params"`
	}{id, session, method, params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	case a, ok := <-reply:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, b.err)
		case a.Error != nil:
			return fmt.Errorf("%s: %s", method, a.Error.Message)
		case result != nil:
			if err := json.Unmarshal(a.Result, result); err != nil {
				return fmt.Errorf("%s: %w", method, err)
			}
		}
		return nil
	}
}

// Stop ends the browser and removes what it wrote.
func (b *Browser) Stop() error {
	if b.to != nil {
		b.to.Close() // at the end of its commands it ends by itself
	}
	if b.cmd != nil && b.cmd.Process != nil {
		b.cmd.Process.Kill()
		b.cmd.Wait()
	}
	// Its helpers may be writing yet.
	var err error
	for range 20 {
		if err = os.RemoveAll(b.profile); err == nil {
			return nil
		}
	}
	return err
}
