// Package cli holds what the command lines of the experiments and of the programs over
// them have in common: exit statuses, errors of one line, and what signals do.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Exit statuses.
const (
	Done        = 0
	Failed      = 1
	Usage       = 2 // wrong usage
	Interrupted = 130
)

// UsageError is an error of the command line, or of a file that it names.
type UsageError struct{ Err error }

// Error implements error.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap implements what errors.Is and errors.As need.
func (e UsageError) Unwrap() error { return e.Err }

// Usagef is a UsageError with a text that fmt.Errorf makes.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// Flags is a set of flags, of a program or a command, that says nothing by itself.
func Flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// Parse parses a command line. Its error is flag.ErrHelp or a UsageError of one line.
func Parse(fs *flag.FlagSet, args []string) error {
	err := fs.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: "); ok {
		text = "unknown flag " + name
	}
	return UsageError{errors.New(strings.ReplaceAll(text, "\n", " "))}
}

// ParseAnywhere is Parse for flags that may stand before, between and behind the other
// arguments, which it returns. Behind "--" there are no flags.
func ParseAnywhere(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := Parse(fs, args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		if before := len(args) - fs.NArg(); before > 0 && args[before-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

// OneLine is the text of an error in one line.
func OneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// End says on w how a program ended, unless it ended well, and returns its exit status.
// again is the command that goes on with what was interrupted, "" for one that says
// nothing of it. Errors that came with an interruption are said before it.
func End(w io.Writer, name string, err error, again string) int {
	var usage UsageError
	switch {
	case err == nil:
		return Done
	case errors.Is(err, context.Canceled):
		if other := beside(err); other != nil {
			fmt.Fprintf(w, "%s: %s\n", name, OneLine(other))
		}
		if again != "" {
			fmt.Fprintf(w, "%s: interrupted; resume with: %s\n", name, again)
		}
		return Interrupted
	case errors.As(err, &usage):
		fmt.Fprintf(w, "%s: %s (-h explains)\n", name, OneLine(err))
		return Usage
	}
	fmt.Fprintf(w, "%s: %s\n", name, OneLine(err))
	return Failed
}

// beside are the errors that errors.Join put beside that of a cancelled context.
func beside(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var others []error
	for _, e := range joined.Unwrap() {
		if !errors.Is(e, context.Canceled) {
			others = append(others, e)
		} else if inner := beside(e); inner != nil {
			others = append(others, inner)
		}
	}
	return errors.Join(others...)
}
