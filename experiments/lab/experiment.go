package lab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"capas/autodiff"
	"capas/experiments/internal/cli"
	"capas/experiments/lab/live"
)

// Experiment is one binary. R is its recipe: a plain struct of exported
// hyperparameters with JSON tags, which goes into config.json and result.json.
type Experiment[R any] struct {
	// Name is the directory below experiments/, such as "pretraining".
	Name string
	// Title and Question head the report; Section is the lecture's.
	Title, Question, Section string
	// Presets are the recipes of "smoke", "lecture" and "paper".
	Presets map[string]R
	// Seeds is the default number of seeds of a preset; 1 where absent.
	Seeds map[string]int
	// Datasets are the names -data accepts, the default first. Empty: the
	// experiment reads no data set, and -data, -data-dir and -download are
	// refused.
	Datasets []string
	// Flags binds hyperparameter flags to fields of r; the defaults are the
	// values r already has. Nil: no flags beyond the common ones.
	Flags func(fs *flag.FlagSet, r *R)
	// Validate says what is wrong with a recipe (exit status 2); it may
	// complete derived fields. Nil: everything is right.
	Validate func(r *R) error
	// Run trains and measures. It returns ctx.Err() (or an error that wraps
	// it) soon after ctx is cancelled, with its checkpoints written.
	Run func(ctx context.Context, run *Run[R]) error
}

// Settings are the values of the common flags.
type Settings struct {
	Preset   string   // smoke, lecture or paper
	Seeds    []uint64 // S, S+1, …; at least one
	Data     string   // name of the data set; "" if the experiment has none
	DataDir  string   // where it is, and nowhere else; "" if not given
	Download bool     // it may be fetched from the network; not with DataDir
	Out      string   // directory of results; exists
	Resume   bool     // continue from the checkpoints that are in Out

	// Backend is the engine: capas, torch, or check for both beside each other.
	Backend string
	// Device is where torch computes, "cpu" or "cuda:0"; "" with capas.
	Device string

	// CheckpointEvery is the time between checkpoints within a stage; 0 means one
	// after every step. It does not change what is computed and is no part of
	// config.json.
	CheckpointEvery time.Duration
}

// Run is what an experiment's function gets: its recipe and settings, and
// where results and progress go.
type Run[R any] struct {
	Recipe R
	Settings
	*Results
	Progress *Progress
	// Compiler makes functions as -profile, -backend and -device ask for. Give it to what
	// trains and measures, as in train.Trainer.Compiler.
	Compiler autodiff.Compiler
}

// Parallel runs jobs, at most workers at a time (workers ≤ 0: GOMAXPROCS),
// with the run's progress display; see the function Parallel.
func (r *Run[R]) Parallel(ctx context.Context, workers int, jobs []Job) error {
	return Parallel(ctx, r.Progress, workers, jobs)
}

// Main runs the experiment with the given command line (without the program's
// name) and returns the exit status: 0 done, 1 failed, 2 wrong usage, 130
// interrupted. It catches SIGINT, SIGTERM and SIGHUP: the first cancels the context of
// Run, a second ends the process at once with status 130.
//
// With -serve, a page shows the run while it goes on, and then until the context ends: by
// Ctrl-C, or the page's button. A complete run in the output directory is not run again but shown.
//
// With -json, stdout gets the result document and nothing else; otherwise a
// summary. Progress, messages and errors go to stderr.
func Main[R any](e Experiment[R], args []string, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(context.Background(), stderr, e.Name)
	defer stop()
	return runMain(ctx, e, args, stdout, stderr)
}

// runMain is Main without signals: a cancelled ctx is the interruption.
func runMain[R any](ctx context.Context, e Experiment[R], args []string, stdout, stderr io.Writer) int {
	set, err := parse(e, args)
	if errors.Is(err, flag.ErrHelp) {
		help(e, set, stdout)
		return cli.Done
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v (-h lists the flags)\n", e.Name, err)
		return cli.Usage
	}
	on, err := set.engine()
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", e.Name, err)
		return cli.Usage
	}
	if set.config {
		if err := printConfig(e.Name, set, stdout); err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", e.Name, err)
			return cli.Failed
		}
		return cli.Done
	}
	progress := newProgress(stderr, set.progress)
	ctx, view, err := serve(ctx, e, set, progress, stderr)
	if err == nil {
		err = runOrShow(ctx, e, set, on, view, progress, stdout)
	}
	progress.close()
	switch {
	case err == nil:
		view.stay(ctx, e.Name)
		return cli.Done
	case interrupted(ctx, err):
		resume := CommandLine(e.Name, args) + " -resume"
		if set.serve != "" {
			resume += " -serve " + quote(set.serve)
		}
		view.end(live.Interrupted, "It goes on with: "+resume)
		fmt.Fprintf(stderr, "%s: interrupted; resume with: %s\n", e.Name, resume)
		return cli.Interrupted
	default:
		text := cli.OneLine(err)
		view.end(live.Failed, text)
		fmt.Fprintf(stderr, "%s: %s\n", e.Name, text)
		return cli.Failed
	}
}

// printConfig prints what config.json of a run with these settings holds.
func printConfig[R any](name string, set *settings[R], w io.Writer) error {
	conf, err := newConfig(name, set)
	if err != nil {
		return err
	}
	data, err := marshalIndent(conf)
	if err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// execute prepares the output directory, runs the experiment and writes what
// it found.
func execute[R any](ctx context.Context, e Experiment[R], set *settings[R], on engine, conf Config, progress *Progress, stdout io.Writer) error {
	start := time.Now()
	env, err := readEnvironment()
	if err != nil {
		return err
	}
	lock, resumed, err := openOut(set.Out, conf, set.Resume)
	if err != nil {
		return err
	}
	defer lock.Release()
	if set.Resume && !resumed {
		progress.Printf("%s: nothing to resume in %s, starting", e.Name, set.Out)
	}
	ctx, abort := context.WithCancel(ctx)
	defer abort()
	results, err := newResults(set.Out, set.Seeds, resumed, lock.Check, abort)
	if err != nil {
		return err
	}
	defer results.close()
	results.live = progress.live

	run := &Run[R]{Recipe: set.recipe, Settings: set.Settings, Results: results, Progress: progress}
	profiler, err := startProfiler(set)
	if err != nil {
		return err
	}
	run.Compiler = autodiff.Compiler{Backend: on.backend, Profile: profiler.operations()}
	err = noPanic(func() error { return e.Run(ctx, run) })
	if failure := profiler.stop(progress, results.write); err == nil {
		err = failure
	}
	if failure := results.failure(); failure != nil {
		return failure // the cause of the cancellation that Run may have returned
	}
	if err != nil {
		if gone := results.CheckOut(); gone != nil {
			return gone // likely why Run failed; and an interrupted run could not be resumed
		}
		return err
	}
	progress.close()

	on.report(results, resumed)
	env.Engine = on.String()
	env.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	doc, err := results.document(conf, env)
	if err != nil {
		return err
	}
	doc.Title, doc.Check = e.Title, on.check()
	page := reportPage{
		Title: e.Title, Question: e.Question, Section: e.Section,
		Command: CommandLine(e.Name, set.args),
	}
	return finish(set, results, doc, page, stdout)
}
