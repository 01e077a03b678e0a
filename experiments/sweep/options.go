package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
)

// options is a parsed command line.
type options struct {
	command  string
	path     string // the argument: a sweep file, or the directory of a sweep
	file     *file
	text     []byte // of the file; nil if it is the directory's own
	out      string
	launcher string
	jobs     int
	quiet    bool
	leave    bool
	point    int // of the command task
}

// commands are those for people; task is the launchers'.
var commands = []string{"plan", "run", "status", "resume", "collect"}

// parse reads the command line and the sweep file; help goes to w. Flags may stand before
// the argument and behind it.
func parse(args []string, w io.Writer) (options, error) {
	var o options
	fs := cli.Flags("sweep")
	fs.StringVar(&o.out, "out", "", "`directory` of the sweep (default: runs/ and the file's name)")
	fs.StringVar(&o.launcher, "launcher", "", "`local|slurm`, in place of the file's")
	fs.IntVar(&o.jobs, "jobs", 0, "`number` of points at a time, in place of the file's")
	fs.BoolVar(&o.leave, "leave", false, "Ctrl-C leaves the tasks in Slurm's queue")
	fs.BoolVar(&o.quiet, "quiet", false, "say nothing about single points")
	words, err := cli.ParseAnywhere(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		help(fs, w)
	}
	if err != nil {
		return o, err
	}
	given := false
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == "jobs" })
	if given && o.jobs < 1 {
		return o, cli.Usagef("-jobs %d: want a number from 1", o.jobs)
	}
	if err := o.arguments(words); err != nil {
		return o, cli.UsageError{Err: err}
	}
	return o, nil
}

// arguments reads the words of a command line.
func (o *options) arguments(words []string) (err error) {
	if len(words) == 0 {
		return fmt.Errorf("want a command: %s", strings.Join(commands, ", "))
	}
	o.command = words[0]
	if o.command == "task" && len(words) == 3 {
		o.out = words[1]
		o.point, err = strconv.Atoi(words[2])
		return err
	}
	if !slices.Contains(commands, o.command) {
		return fmt.Errorf("unknown command %q, want one of %s", o.command, strings.Join(commands, ", "))
	}
	if len(words) != 2 {
		return fmt.Errorf("%s: want one sweep file or directory of a sweep, got %d arguments", o.command, len(words)-1)
	}
	o.path = words[1]
	given := o.path
	if info, err := os.Stat(given); err == nil && info.IsDir() {
		if o.command == "run" || o.out != "" {
			return fmt.Errorf("%s: want a sweep file, got the directory %s", o.command, given)
		}
		o.out, given = given, filepath.Join(given, fileName)
	}
	if o.out == "" {
		o.out = filepath.Join("runs", strings.TrimSuffix(filepath.Base(given), filepath.Ext(given)))
	}
	if o.file, o.text, err = readFile(given); err != nil {
		return err
	}
	if given != o.path {
		o.text = nil
	}
	return o.override()
}

// override lays flags over the file.
func (o *options) override() error {
	if o.launcher != "" {
		o.file.Launcher = launches(o.launcher)
	}
	if o.jobs != 0 {
		o.file.Local.Processes, o.file.Slurm.AtOnce = o.jobs, o.jobs
	}
	return o.file.checkLaunch()
}

// commandLine is a command for the same directory.
func commandLine(command string, o options) string {
	args := []string{command, o.out}
	if o.launcher != "" {
		args = append(args, "-launcher", o.launcher)
	}
	if o.jobs != 0 {
		args = append(args, "-jobs", strconv.Itoa(o.jobs))
	}
	return lab.CommandLine("sweep", args)
}

// help prints what -h asks for.
func help(fs *flag.FlagSet, w io.Writer) {
	var b bytes.Buffer
	fs.SetOutput(&b)
	fs.PrintDefaults()
	name := lab.CommandLine("sweep", nil)
	fmt.Fprintf(w, `Runs an experiment over a grid or a random sample of hyperparameters and seeds, here or on a Slurm cluster.

Usage: %[1]s COMMAND FILE.json [flags]

Commands:
  plan     print and count what the file would run, and try the flags of every configuration
  run      print the plan, run it and collect the results
  status   what is done, what runs, what failed and why
  resume   go on with what is not done; what failed gets new attempts
  collect  make the table, the figures and the page of the results that are there
In place of the file, all but run take the directory of a sweep.

Flags:
%[2]s
Examples:
  %[1]s plan experiments/sweep/examples/small.json
  %[1]s run experiments/sweep/examples/small.json -jobs 2
  %[1]s run experiments/sweep/examples/erhan.json -launcher slurm -jobs 50
  %[1]s status runs/erhan
  %[1]s resume runs/erhan -launcher slurm -leave

Ctrl-C: the points write checkpoints, and resume goes on from there; once more stops at once. docs/sweeps.md explains
the file.

Exit status: 0 done, 1 points failed or something else did, 2 wrong usage, 130 interrupted.
`, name, b.String())
}
