// Package lab is what all experiment binaries share: flags, recipes, seeds,
// progress, results, statistics and the HTML report. A binary states its
// recipe, its training and its claims; lab does the rest.
//
//	type Recipe struct {
//		Depth int     `json:"depth"`
//		LR    float64 `json:"lr"`
//	}
//
//	func main() {
//		e := lab.Experiment[Recipe]{
//			Name: "pretraining", Title: "…", Question: "…", Section: "3",
//			Presets:  map[string]Recipe{"smoke": {…}, "lecture": {…}, "paper": {…}},
//			Seeds:    map[string]int{"lecture": 3},
//			Datasets: []string{"mnist"},
//			Flags: func(fs *flag.FlagSet, r *Recipe) {
//				fs.IntVar(&r.Depth, "depth", r.Depth, "number of hidden `layers`")
//				fs.Float64Var(&r.LR, "lr", r.LR, "learning `rate` of the fine-tuning")
//			},
//			Validate: func(r *Recipe) error { … },
//			Run: run,
//		}
//		os.Exit(lab.Main(e, os.Args[1:], os.Stdout, os.Stderr))
//	}
//
//	func run(ctx context.Context, r *lab.Run[Recipe]) error {
//		var jobs []lab.Job
//		for _, seed := range r.Seeds {
//			jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d dbn", seed), Units: work,
//				Run: func(ctx context.Context, t *lab.Task) error {
//					… t.Say("epoch %d/%d", i, n); t.Add(units) …
//					r.Log(seed, "dbn", epochLine{Epoch: i, Loss: loss})
//					r.Metric("dbn.test_error", seed, testError)
//					return nil
//				}})
//		}
//		if err := r.Parallel(ctx, 0, jobs); err != nil {
//			return err
//		}
//		r.Section("Learning curves", "A paragraph.")
//		r.Figure("curves.svg", "Validation error", "A caption.", svg)
//		r.Claim(lab.Claim{Section: "3.2", Claim: "…", Measured: "…", Holds: ok, Rule: "…"})
//		return nil
//	}
//
// # Overview
//
//   - Experiment, Main: one binary, and its whole life from arguments to exit status
//   - Run: what the experiment's function gets: Recipe, Settings (Preset, Seeds,
//     Data, DataDir, Download, Out, Resume, CheckpointEvery; Checkpoint and Model
//     name files in Out), Results, Progress and Compiler
//   - Results: Metric, Values, Claim, Log, Section, Table, Figure; safe for
//     concurrent use; an error among them cancels the run instead of returning.
//     CheckOut says whether Out may still be written to
//   - Progress, Task, Job, Parallel: work units, a bar or plain lines, and
//     concurrent jobs with one error
//   - Read: what a directory of results holds, also of a run in progress
//   - Summarize, Welch, SignOverSeeds, Summary: the statistics of claims
//
// Charts and image sheets are in the subpackage figure, which knows nothing of
// this one.
//
// # Files
//
// The output directory holds config.json (written first), metrics.jsonl (a
// line an epoch, as it happens), the experiment's checkpoints below
// checkpoints/ and its models below models/, and at the end the figures,
// report.html and, last, result.json. All but the growing metrics.jsonl are
// written to a temporary file, synced and renamed.
//
// Starting again with the same configuration where a finished run lies clears
// checkpoints/, models/ and metrics.jsonl and replaces the rest at the end.
// Where an unfinished run lies (checkpoints and no result.json), that is
// refused: -resume continues it. With nothing to resume, -resume says so and
// starts.
//
// The file .lock is locked while a run uses the directory, and names its process;
// a second process is refused (see capas/internal/lockfile). The lock also tells
// a run that its directory was deleted or replaced: it fails, and writes nothing
// in the new one.
//
// With -profile there are profile.txt, a table of the operations that took
// longest (see autodiff.Profile; it is printed on standard error too), and
// cpu.pprof, samples of the whole process for go tool pprof. Both are written
// however the run ends.
//
// # Live view
//
// With -serve HOST:PORT a page shows the run in a browser while it goes on (see
// capas/experiments/lab/live): Parallel's jobs, Task and Progress, Log, Metric and Figure
// tell it what they are told. An experiment does nothing for it; one that trains networks by pipelines of its own tells
// Task.Live their stages. A complete run is shown until Ctrl-C, also one that was complete in -out
// before, which is not run again.
//
// # Network
//
// An experiment uses it for one thing: to fetch its data set where -download allows it. It listens
// to others where -serve says so.
//
// # Determinism
//
// Lines of metrics.jsonl are sorted by seed, then by run name, at the end;
// metrics are sorted by name and their values by seed. Timings appear only in
// environment.seconds, in metrics and log fields whose name ends in "seconds",
// and in charts whose file ends in "_seconds.svg", so that everything else, standard
// output too, depends on configuration and code alone.
//
// # Exit status
//
// 0 done, 1 failed, 2 wrong usage, 130 interrupted.
package lab
