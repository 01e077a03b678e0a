package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"
)

// screen shows on standard error what the experiments say: every line behind the
// experiment's name, or, on a terminal, their progress in one line that changes. Its
// methods may be called concurrently.
type screen struct {
	mu     sync.Mutex
	w      io.Writer
	quiet  bool
	width  func() int // columns of the terminal; nil: no line that changes
	shown  bool       // that line
	number string     // of the experiment that was begun last
}

// newScreen shows progress on w as mode says: auto, plain or none.
func newScreen(w io.Writer, mode string) *screen {
	s := &screen{w: w, quiet: mode == "none"}
	if f, ok := w.(*os.File); ok && mode == "auto" && term.IsTerminal(int(f.Fd())) {
		s.width = func() int {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		}
	}
	return s
}

// say prints a line, whatever the mode.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.w, "%s\n", fmt.Sprintf(format, args...))
}

// status shows what is being done.
func (s *screen) status(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	switch {
	case s.quiet:
	case s.width == nil:
		fmt.Fprintf(s.w, "%s\n", text)
	default:
		if s.number != "" {
			text = s.number + " " + text
		}
		if runes := []rune(text); len(runes) >= s.width() {
			text = string(runes[:s.width()-1])
		}
		s.erase()
		fmt.Fprint(s.w, text)
		s.shown = true
	}
}

// count says that the i-th of n experiments begins.
func (s *screen) count(i, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number = fmt.Sprintf("[%d/%d]", i, n)
}

// clear removes the line that changes.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

// erase is clear for those who hold mu.
func (s *screen) erase() {
	if s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = false
	}
}

// progressLine is what lab prints about progress, at a pipe.
var progressLine = regexp.MustCompile(`^ *[0-9]{1,3} %  `)

// lines is an experiment's standard error.
type lines struct {
	screen *screen
	name   string
	part   []byte // of a line that is not complete
	panic  string // the first line of a crash
	last   string // the last line that is no progress
}

// maxLine bounds what is kept of a line without an end.
const maxLine = 64 << 10

// of is the writer for the standard error of an experiment.
func (s *screen) of(name string) *lines { return &lines{screen: s, name: name} }

// Write implements io.Writer.
func (l *lines) Write(text []byte) (int, error) {
	l.part = append(l.part, text...)
	for {
		i := bytes.IndexByte(l.part, '\n')
		if i < 0 && len(l.part) < maxLine {
			return len(text), nil
		}
		if i < 0 {
			i = len(l.part) - 1
		}
		l.line(string(l.part[:i]))
		l.part = l.part[i+1:]
	}
}

// end says that there is nothing more to come.
func (l *lines) end() {
	if len(l.part) > 0 {
		l.line(string(l.part))
		l.part = nil
	}
}

func (l *lines) line(text string) {
	text = strings.ToValidUTF8(strings.TrimRight(text, "\r"), "�")
	if progressLine.MatchString(text) {
		l.screen.status("%s: %s", l.name, strings.TrimLeft(text, " "))
		return
	}
	text, _ = strings.CutPrefix(text, l.name+": ")
	if l.panic == "" && (strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")) {
		l.panic = text
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	l.last = text
	for _, ours := range []string{"interrupt: stopping", "interrupted; resume with: "} { // this program says both for all
		if strings.HasPrefix(text, ours) {
			return
		}
	}
	l.screen.say("%s: %s", l.name, text)
}

// failure is the line that says why the experiment failed, "" if it said nothing.
func (l *lines) failure() string {
	if l.panic != "" {
		return l.panic
	}
	return l.last
}
