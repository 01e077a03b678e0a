package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
)

// options is a parsed command line.
type options struct {
	preset, dataDir, out, progress string
	seeds                          int // 0: the preset's
	seed                           uint64
	download, resume, json         bool
	jobs                           int
	only                           []string // empty: all
	args                           []string // as given
}

// parse reads the command line; help goes to w.
func parse(args []string, w io.Writer) (options, error) {
	o := options{args: args}
	fs := cli.Flags("all")
	fs.StringVar(&o.preset, "preset", "lecture", "the experiments' recipe: `smoke|lecture|paper`")
	fs.IntVar(&o.seeds, "seeds", 0, "`number` of runs of each, with seeds S, S+1, … (default: the preset's)")
	fs.Uint64Var(&o.seed, "seed", 1, "first seed `S`")
	fs.StringVar(&o.dataDir, "data-dir", "", "`directory` of the data sets' files: nowhere else is looked")
	fs.BoolVar(&o.download, "download", false, "allow fetching data sets from their publishers' servers, with verification, if they are not on\n"+
		"this machine; without it there is no network access")
	fs.StringVar(&o.out, "out", "runs/all", "`directory` of results, with one for each experiment in it")
	fs.BoolVar(&o.resume, "resume", false, "leave out what is finished there and continue the rest")
	fs.IntVar(&o.jobs, "jobs", 1, "`number` of experiments at a time, 1 or 2; each uses all processors by itself")
	lab.ListFlag(fs, &o.only, "only", "comma-separated `list` of experiments (default: all)", func(s string) (string, error) {
		if s == "" {
			return "", errors.New("want names between the commas")
		}
		return s, nil
	})
	fs.BoolVar(&o.json, "json", false, "print scorecard.json, and nothing else, on standard output")
	fs.StringVar(&o.progress, "progress", "auto", "`auto|plain|none`: one line on a terminal, lines in a pipe, nothing")
	err := cli.Parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		help(fs, w)
	}
	if err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, cli.Usagef("unexpected argument %q: all settings are flags", fs.Arg(0))
	}
	given := false
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == "seeds" })
	if given && o.seeds < 1 {
		return o, cli.Usagef("-seeds %d: want a number from 1", o.seeds)
	}
	if err := o.check(); err != nil {
		return o, cli.UsageError{Err: err}
	}
	return o, nil
}

// check checks the values of the flags.
func (o *options) check() error {
	if presets := []string{"smoke", "lecture", "paper"}; !slices.Contains(presets, o.preset) {
		return fmt.Errorf("-preset %q: want one of %s", o.preset, strings.Join(presets, ", "))
	}
	if !slices.Contains([]string{"auto", "plain", "none"}, o.progress) {
		return fmt.Errorf("-progress %q: want auto, plain or none", o.progress)
	}
	if o.out == "" {
		return errors.New("-out: want a directory, got an empty name")
	}
	if o.jobs < 1 || o.jobs > 2 {
		return fmt.Errorf("-jobs %d: want 1 or 2", o.jobs)
	}
	if err := lab.Unique("-only: experiment", o.only); err != nil {
		return err
	}
	if o.dataDir != "" && o.download {
		return errors.New("-data-dir, -download: nowhere but in the directory is looked, want one of the two flags")
	}
	if o.dataDir != "" {
		info, err := os.Stat(o.dataDir)
		if err != nil {
			return fmt.Errorf("-data-dir %s: %w", o.dataDir, errors.Unwrap(err))
		}
		if !info.IsDir() {
			return fmt.Errorf("-data-dir %s: not a directory", o.dataDir)
		}
	}
	return nil
}

// flags are those of the options which say what an experiment computes.
func (o *options) flags() []string {
	flags := []string{"-preset", o.preset, "-seed", strconv.FormatUint(o.seed, 10)}
	if o.seeds > 0 {
		flags = append(flags, "-seeds", strconv.Itoa(o.seeds))
	}
	return flags
}

// dataFlags are those for an experiment that reads a data set.
func (o *options) dataFlags() []string {
	switch {
	case o.dataDir != "":
		return []string{"-data-dir", o.dataDir}
	case o.download:
		return []string{"-download"}
	}
	return nil
}

// commandLine is the command that these options were made of, without -resume.
func commandLine(o options) string { return lab.CommandLine("all", o.args) }

// help prints what -h asks for.
func help(fs *flag.FlagSet, w io.Writer) {
	var b bytes.Buffer
	fs.SetOutput(&b)
	fs.PrintDefaults()
	fmt.Fprintf(w, `Runs every experiment at one preset and makes a page of the lecture's claims: verdict, numbers and figure of each.

Usage: %s [flags]

Flags:
%s
The page is index.html in the directory of results, and scorecard.json holds the same for programs; both are kept up to
date during the run. Beside them each experiment has a directory with its report.html, result.json and figures.

Ctrl-C: the experiments write checkpoints, and -resume goes on from there; once more stops at once.

Exit status: 0 done, 1 an experiment failed (the others were run), 2 wrong usage, 130 interrupted.
`, lab.CommandLine("all", nil), b.String())
}
