// Command inspect looks at saved runs and at files of tensors.
//
//	go run ./experiments/inspect show runs/pretraining
//	go run ./experiments/inspect compare runs/one runs/two
//	go run ./experiments/inspect tensors runs/pretraining/models/seed-1-dbn.safetensors
//	go run ./experiments/inspect export FILE -tensor 0.weight -o weights.npy
//	go run ./experiments/inspect predict runs/pretraining -model seed-1-dbn digit.png
//	go run ./experiments/inspect filters FILE -o sheet.png
//	go run ./experiments/inspect samples FILE -o sheet.png
//
// RUN is a directory of results, also of a run in progress or one that was
// interrupted: nothing is locked, changed or waited for. FILE is any file of
// floating-point tensors in the safetensors format: a checkpoint, a model, or one
// that another program wrote. Flags may stand before and after the other arguments;
// "inspect COMMAND -h" explains each command.
//
// Exit status: 0 done, 1 failed, 2 wrong usage. compare is like diff: 0 no
// difference, 1 differences, 2 trouble or wrong usage.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"capas/experiments/internal/cli"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// exitTrouble is the exit status of compare if it fails; 1 tells that there are differences.
const exitTrouble = 2

// command is one of the tool's commands.
type command struct {
	name  string
	args  string // as in "show RUN"
	short string // what it does, for the list
	long  string // what -h adds
	// failed is the exit status of a failure, 0 for cli.Failed.
	failed int
	// bind defines the flags and returns what runs with their values and the other
	// arguments.
	bind func(fs *flag.FlagSet) func(args []string, out *output) error
}

func commands() []command {
	return []command{showCommand(), compareCommand(), tensorsCommand(), exportCommand(), predictCommand(), filtersCommand(), samplesCommand()}
}

// errDifferent is compare's answer that there are differences.
var errDifferent = errors.New("different")

// run runs the tool with the given arguments and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "-h", "-help", "--help", "help":
		io.WriteString(stdout, overview())
		return cli.Done
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(args, stdout, stderr)
		}
	}
	if name == "" {
		name = "want a command"
	} else {
		name = fmt.Sprintf("unknown command %q", name)
	}
	fmt.Fprintf(stderr, "inspect: %s (-h lists the commands)\n", printable(name, false))
	return cli.Usage
}

func (c command) run(args []string, stdout, stderr io.Writer) int {
	fs := cli.Flags(c.name)
	do := c.bind(fs)
	rest, err := cli.ParseAnywhere(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(stdout, c.help(fs))
		return cli.Done
	}
	out := &output{w: stdout}
	if err == nil {
		err = do(rest, out)
	}
	if failure := out.flush(); failure != nil && (err == nil || errors.Is(err, errDifferent)) {
		err = fmt.Errorf("standard output: %w", failure)
	}
	for _, warning := range out.warnings {
		fmt.Fprintf(stderr, "inspect %s: warning: %s\n", c.name, printable(warning, false))
	}
	var usage cli.UsageError
	switch {
	case err == nil:
		return cli.Done
	case errors.Is(err, errDifferent):
		return cli.Failed
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "inspect %s: %s (-h explains the command)\n", c.name, printable(err.Error(), false))
		return cli.Usage
	}
	fmt.Fprintf(stderr, "inspect %s: %s\n", c.name, printable(err.Error(), false))
	return cmp.Or(c.failed, cli.Failed)
}

// overview is the tool's help.
func overview() string {
	var b strings.Builder
	b.WriteString("Looks at saved runs and at files of tensors.\n\nUsage: inspect COMMAND [flags] ARGUMENTS\n\n")
	var rows [][]string
	for _, c := range commands() {
		rows = append(rows, []string{c.name + " " + c.args, c.short})
	}
	b.WriteString(columns(rows, "  "))
	b.WriteString("\ninspect COMMAND -h explains a command.\nExit status: 0 done, 1 failed, 2 wrong usage; of compare: 0 no difference, 1 differences, 2 trouble.\n")
	return b.String()
}

// help is what -h prints.
func (c command) help(fs *flag.FlagSet) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Usage: inspect %s [flags] %s\n\n%s.\n", c.name, c.args, c.short)
	if c.long != "" {
		fmt.Fprintf(&b, "%s\n", c.long)
	}
	flags := false
	fs.VisitAll(func(*flag.Flag) { flags = true })
	if flags {
		b.WriteString("\nFlags:\n")
		fs.SetOutput(&b)
		fs.PrintDefaults()
	}
	return b.String()
}

// output collects what a command prints.
type output struct {
	w        io.Writer
	text     strings.Builder
	warnings []string // for standard error
}

// printf adds text.
func (o *output) printf(format string, args ...any) { fmt.Fprintf(&o.text, format, args...) }

// warnf adds a line for standard error.
func (o *output) warnf(format string, args ...any) {
	o.warnings = append(o.warnings, fmt.Sprintf(format, args...))
}

// table adds rows as columns under a heading, if there are rows.
func (o *output) table(heading string, rows [][]string) {
	if len(rows) > 0 {
		o.printf("\n%s\n%s", heading, columns(rows, "  "))
	}
}

// json prints v as an indented JSON document.
func (o *output) json(v any) error {
	enc := json.NewEncoder(o.w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// flush writes the text.
func (o *output) flush() error {
	_, err := io.WriteString(o.w, printable(o.text.String(), true))
	return err
}

// printable replaces what a terminal would take for a command: names in files are
// anybody's.
func printable(s string, newlines bool) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' && newlines {
			return r
		}
		if r == '\n' || r == '\t' {
			return ' '
		}
		return unicode.ReplacementChar
	}, s)
}
