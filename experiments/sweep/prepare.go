package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/internal/cli"
	"capas/experiments/internal/programs"
	"capas/experiments/lab"
)

// fromSource builds an experiment of the module that the working directory belongs to.
func fromSource(ctx context.Context, dir, name string) (string, error) {
	root, err := programs.ModuleRoot(ctx)
	if err != nil {
		return "", err
	}
	all, err := programs.Find(filepath.Join(root, "experiments"))
	if err != nil {
		return "", err
	}
	if !slices.Contains(all, name) {
		return "", cli.Usagef("experiment %q: want one of %s", name, strings.Join(all, ", "))
	}
	return programs.Build(ctx, root, dir, name)
}

// build makes the experiment's program in the directory, unless it is there: all points
// are run by the same one, whatever happens to the sources meanwhile.
func (s *sweep) build(ctx context.Context, b builder) error {
	if _, err := os.Stat(s.program()); err == nil {
		return nil
	}
	dir, err := os.MkdirTemp(s.at(binDir), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := b(ctx, dir, s.plan.Experiment)
	if err != nil {
		return err
	}
	return os.Rename(file, s.program())
}

// try asks the experiment what it makes of every configuration. Wrong flags and two
// configurations that are the same run are errors.
func (s *sweep) try(ctx context.Context) error {
	answers := make([][]byte, len(s.plan.Configs))
	errs := make([]error, len(answers))
	forEach(len(answers), runtime.GOMAXPROCS(0), func(i int) {
		if ctx.Err() == nil {
			args := append(s.command(i, s.plan.Seeds[0]), "-print-config")
			answers[i], errs[i] = exec.CommandContext(ctx, s.program(), args...).Output()
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	seen := map[string]int{}
	for i, answer := range answers {
		if err := errs[i]; err != nil {
			text, _ := strings.CutPrefix(programs.Failure(err), s.plan.Experiment+": ")
			text = strings.TrimSuffix(text, " (-h lists the flags)")
			return cli.Usagef("%s: %s", s.configName(i), text)
		}
		if j, ok := seen[string(answer)]; ok {
			return cli.Usagef("%s and %s are the same run", s.configName(j), s.configName(i))
		}
		seen[string(answer)] = i
	}
	return nil
}

// configName names a configuration in errors.
func (s *sweep) configName(i int) string {
	return strings.TrimSpace(s.plan.Experiment + " " + s.plan.describe(i))
}

// ready makes the program and tries all configurations, unless points have been run. If that
// fails, the plan and the program are removed again, so that the file, or the experiment, can
// be corrected.
func (s *sweep) ready(ctx context.Context, b builder) error {
	err := s.build(ctx, b)
	if s.begun() {
		return err
	}
	if err == nil {
		err = s.try(ctx)
	}
	if err != nil {
		os.Remove(s.program())
		os.Remove(s.at(planName))
	}
	return err
}

// begun tells whether a launcher has been at work: points may have been run, or wait in the
// queue of a Slurm.
func (s *sweep) begun() bool {
	entries, err := os.ReadDir(s.at(attemptsDir))
	_, none := os.Stat(s.at(slurmDir))
	return err != nil || len(entries) > 0 || none == nil
}

// slurmWorker is what a task of Slurm has.
func slurmWorker() worker {
	w := worker{shared: true, job: os.Getenv("SLURM_ARRAY_JOB_ID") + "_" + os.Getenv("SLURM_ARRAY_TASK_ID")}
	if w.job == "_" {
		w.job = ""
	}
	w.cores, _ = strconv.Atoi(os.Getenv("SLURM_CPUS_PER_TASK")) // 0: as the environment says
	return w
}

// fewConfigs is how many configurations are listed where not all are asked for.
const fewConfigs = 12

// planText is the plan for people, with so many configurations at most.
func (s *sweep) planText(most int) string {
	var b bytes.Buffer
	p, f := s.plan, s.file
	fmt.Fprintf(&b, "%s, preset %s: %s × %s = %s\n", p.Experiment, f.Preset,
		plural(len(p.Configs), "configuration"), plural(len(p.Seeds), "seed"), plural(p.points(), "point"))
	for _, x := range f.Factors {
		fmt.Fprintf(&b, "  %s: %s\n", x.Flag, x.describe(f.Samples))
	}
	fmt.Fprintf(&b, "  seeds: %s\n", seedRange(p.Seeds))
	fmt.Fprintf(&b, "  flags of all: %s\n", strings.Join(p.Flags, " "))
	fmt.Fprintf(&b, "  chosen: %s\n", f.rule())
	for i := range min(most, len(p.Configs)) {
		if len(p.Factors) > 0 {
			fmt.Fprintf(&b, "  %3d  %s\n", i+1, p.describe(i))
		}
	}
	if more := len(p.Configs) - most; more > 0 {
		fmt.Fprintf(&b, "  … and %d more\n", more)
	}
	return b.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func seedRange(seeds []uint64) string {
	if len(seeds) == 1 {
		return fmt.Sprint(seeds[0])
	}
	return fmt.Sprintf("%d…%d", seeds[0], seeds[len(seeds)-1])
}

// describe says what values a factor takes.
func (x factor) describe(samples int) string {
	if !x.drawn() {
		return lab.Listed(x.Values)
	}
	kind := "linear"
	if x.Scale == "log" {
		kind = "log"
	}
	if x.Integer {
		kind += ", integers"
	}
	return fmt.Sprintf("%d draws from %g to %g (%s)", samples, *x.From, *x.To, kind)
}

// rule says how configurations are chosen.
func (f *file) rule() string {
	c := f.Choose
	how := "the smallest"
	if c.Maximize != "" {
		how = "the largest"
	}
	text := fmt.Sprintf("%s mean %s over the seeds", how, c.metric())
	if len(c.ForEach) > 0 {
		text += ", for each " + strings.Join(c.ForEach, " × ")
	}
	if c.Test != "" {
		text += fmt.Sprintf("; %s is read of what is chosen, and of nothing else", c.Test)
	}
	return text
}
