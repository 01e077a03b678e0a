package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"capas/experiments/lab"
)

var (
	names = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	// testWords are metrics of the test set, by the names that experiments give them.
	testWords = regexp.MustCompile(`(^|[._])test([._]|$)`)
	holes     = regexp.MustCompile(`\{[^{}]*\}`)
)

// ours are the flags that the sweep itself sets.
var ours = []string{"preset", "recipe", "seed", "seeds", "out", "resume", "json", "print-config", "profile", "progress", "h", "help"}

// check reports what is wrong with a file.
func (f *file) check() error {
	if !names.MatchString(f.Experiment) {
		return fmt.Errorf("experiment %q: want the name of a directory in experiments", f.Experiment)
	}
	if f.Seeds.Count < 1 {
		return fmt.Errorf("seeds: want a count from 1, got %d", f.Seeds.Count)
	}
	if f.Seeds.First > math.MaxUint64-uint64(f.Seeds.Count-1) {
		return fmt.Errorf("seeds: the last of %d exceeds %d", f.Seeds.Count, uint64(math.MaxUint64))
	}
	for name := range f.Flags {
		if err := checkFlag(name); err != nil {
			return fmt.Errorf("flags: %w", err)
		}
	}
	if len(f.Recipe) > 0 && f.Recipe[0] != '{' {
		return fmt.Errorf("recipe: want an object {…}, got %s", f.Recipe)
	}
	if err := f.checkFactors(); err != nil {
		return err
	}
	if err := f.checkMetrics(); err != nil {
		return err
	}
	return f.checkLaunch()
}

func checkFlag(name string) error {
	if name == "serve" { // a point would show itself for ever
		return errors.New("serve: the points of a sweep have no live view")
	}
	if slices.Contains(ours, name) {
		return fmt.Errorf("%q is set by the sweep itself", name)
	}
	if !names.MatchString(name) {
		return fmt.Errorf("want the name of a flag without dashes, got %q", name)
	}
	return nil
}

// checkFactors reports factors that make no sense.
func (f *file) checkFactors() error {
	if len(f.Factors) > maxFactors {
		return fmt.Errorf("factors: want at most %d, got %d", maxFactors, len(f.Factors))
	}
	drawn := 0
	var flags []string
	for _, x := range f.Factors {
		if err := checkFlag(x.Flag); err != nil {
			return fmt.Errorf("factors: %w", err)
		}
		if _, fixed := f.Flags[x.Flag]; fixed || slices.Contains(flags, x.Flag) {
			return fmt.Errorf("flag %s is given twice", x.Flag)
		}
		flags = append(flags, x.Flag)
		if err := x.check(); err != nil {
			return fmt.Errorf("factor %s: %w", x.Flag, err)
		}
		if x.drawn() {
			drawn++
		}
	}
	switch {
	case drawn > 0 && f.Samples < 1:
		return fmt.Errorf("samples: want the number of draws from the ranges, got %d", f.Samples)
	case drawn == 0 && f.Samples != 0:
		return errors.New("samples: want a factor with a range to draw from, got none")
	}
	points := float64(f.Seeds.Count) * float64(max(f.Samples, 1))
	for _, x := range f.Factors {
		points *= float64(max(len(x.Values), 1))
	}
	if points > maxPoints {
		return fmt.Errorf("want at most %d points, got %.0f", maxPoints, points)
	}
	return nil
}

func (x factor) check() error {
	if !x.drawn() {
		if len(x.Values) == 0 {
			return errors.New("want values, or a range from and to, got neither")
		}
		if x.Scale != "" || x.Integer {
			return errors.New("scale and integer are for ranges, got values")
		}
		return lab.Unique("value", x.Values)
	}
	if x.Values != nil || x.From == nil || x.To == nil {
		return errors.New("want values, or a range from and to")
	}
	if !(*x.From < *x.To) {
		return fmt.Errorf("want a range that rises, got %g to %g", *x.From, *x.To)
	}
	if math.IsInf(*x.To-*x.From, 0) || *x.From > 0 && math.IsInf(*x.To / *x.From, 0) {
		return fmt.Errorf("want a range whose ends are not so far apart, got %g to %g", *x.From, *x.To)
	}
	if x.Integer && (*x.From != math.Trunc(*x.From) || *x.To != math.Trunc(*x.To)) {
		return fmt.Errorf("want a range from one integer to another, got %g to %g", *x.From, *x.To)
	}
	switch x.Scale {
	case "", "linear":
	case "log":
		if *x.From <= 0 {
			return fmt.Errorf("want a range above 0 for scale log, got %g to %g", *x.From, *x.To)
		}
	default:
		return fmt.Errorf("scale %q: want linear or log", x.Scale)
	}
	return nil
}

// checkMetrics reports metrics that the choice must not see, and names that nothing has.
func (f *file) checkMetrics() error {
	c := f.Choose
	if (c.Minimize == "") == (c.Maximize == "") {
		return errors.New("choose: want a metric to minimize or one to maximize")
	}
	for _, m := range append([]string{c.metric()}, f.Record...) {
		if testWords.MatchString(m) {
			return fmt.Errorf("metric %s: want one that is not of the test set, which judges only what has been chosen: choose.test", m)
		}
	}
	if err := lab.Unique("metric", append([]string{c.metric()}, f.Record...)); err != nil {
		return err
	}
	for _, m := range append([]string{c.metric(), c.Test}, f.Record...) {
		for _, hole := range holes.FindAllString(m, -1) {
			name := strings.Trim(hole, "{}")
			if _, ok := f.Flags[name]; !ok && f.factor(name) < 0 {
				return fmt.Errorf("metric %s: no factor and no flag %q", m, name)
			}
		}
	}
	for _, name := range c.ForEach {
		if i := f.factor(name); i < 0 || f.Factors[i].drawn() {
			return fmt.Errorf("choose.for_each: want factors that have values, got %q", name)
		}
	}
	return lab.Unique("choose.for_each: factor", c.ForEach)
}

// factor is the index of a factor, −1 if there is none.
func (f *file) factor(name string) int {
	return slices.IndexFunc(f.Factors, func(x factor) bool { return x.Flag == name })
}

// checkLaunch checks the launchers' settings.
func (f *file) checkLaunch() error {
	if f.Launcher != byLocal && f.Launcher != bySlurm {
		return fmt.Errorf("launcher %q: want local or slurm", f.Launcher)
	}
	for _, n := range []struct {
		name  string
		value int
		least int
	}{
		{"attempts", f.Attempts, 1}, {"local.processes", f.Local.Processes, 0}, {"local.cores", f.Local.Cores, 0},
		{"slurm.at_once", f.Slurm.AtOnce, 0}, {"slurm.cpus", f.Slurm.CPUs, 1},
	} {
		if n.value < n.least || n.value > 10_000 {
			return fmt.Errorf("%s: want %d to 10000, got %d", n.name, n.least, n.value)
		}
	}
	if time.Duration(f.Slurm.Poll) < 100*time.Millisecond {
		return fmt.Errorf("slurm.poll: want 100ms or more, got %v", time.Duration(f.Slurm.Poll))
	}
	if f.Launcher == bySlurm && f.Slurm.AtOnce == 0 {
		return errors.New("slurm.at_once: want the number of points that run at a time")
	}
	for _, o := range f.Slurm.Options {
		name, _, _ := strings.Cut(o, "=")
		if !strings.HasPrefix(o, "--") || slices.Contains([]string{"--array", "--job-name", "--output", "--error", "--open-mode", "--signal", "--cpus-per-task", "--time", "--parsable", "--wrap", "--wait"}, name) {
			return fmt.Errorf("slurm.options: want options of sbatch that the sweep does not set itself, such as --partition=main, got %q", o)
		}
	}
	return nil
}
