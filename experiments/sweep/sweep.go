package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/experiments/internal/programs"
	"capas/experiments/lab"
	"capas/internal/atomicfile"
	"capas/internal/lockfile"
	"capas/internal/regularfile"
)

// Names of files and folders in -out.
const (
	lockName    = ".lock" // of the launcher
	fileName    = "sweep.json"
	planName    = "plan.json"
	recipeName  = "recipe.json"
	binDir      = "bin"      // the experiment's program, and this one for tasks elsewhere
	pointsDir   = "points"   // a directory of results for each
	attemptsDir = "attempts" // of each point: its attempts, their lock, and what they said
	slurmDir    = "slurm"    // what the Slurm launcher needs
)

// maxPlan bounds plan.json, in bytes.
const maxPlan = 64 << 20

// sweep is a directory of a sweep.
type sweep struct {
	dir      string // absolute
	file     *file
	plan     *plan
	children *programs.Children
	check    func() error // whether dir is still the same; nil in a process that holds no lock
}

// at is a file of the directory, with folders between.
func (s *sweep) at(names ...string) string {
	return filepath.Join(append([]string{s.dir}, names...)...)
}

// pointDir is where the experiment leaves a point's results.
func (s *sweep) pointDir(point int) string { return s.at(pointsDir, fmt.Sprintf("%05d", point)) }

// attemptFile is a file about a point's attempts.
func (s *sweep) attemptFile(point int, ext string) string {
	return s.at(attemptsDir, fmt.Sprintf("%05d%s", point, ext))
}

// program is the experiment's.
func (s *sweep) program() string { return s.at(binDir, programs.Executable(s.plan.Experiment)) }

// write writes a file of the directory.
func (s *sweep) write(name string, data []byte) error {
	return atomicfile.WriteIf(s.at(name), data, s.check)
}

// load reads the sweep in a directory. f, if it is not nil, is the file to take in place of
// the one there.
func load(dir string, f *file) (*sweep, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("sweep %s: %w", dir, err)
	}
	s := &sweep{dir: abs, file: f, children: &programs.Children{}}
	if s.plan, err = readPlan(s.at(planName)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("sweep %s: no %s: nothing has been run there", dir, planName)
		}
		return nil, fmt.Errorf("sweep %s: %w", dir, err)
	}
	if s.file == nil {
		if s.file, _, err = readFile(s.at(fileName)); err != nil {
			return nil, err
		}
	}
	now, err := newPlan(s.file)
	if err != nil {
		return nil, fmt.Errorf("sweep %s: %w", dir, err)
	}
	now.takeData(s.plan)
	if err := s.plan.continues(now); err != nil && now.continues(s.plan) != nil {
		return nil, fmt.Errorf("sweep %s: %w", dir, err)
	}
	return s, nil
}

// readPlan reads a plan.json.
func readPlan(path string) (*plan, error) {
	data, err := regularfile.Read(path, maxPlan)
	if err != nil {
		return nil, err
	}
	p := &plan{}
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("%s: %w", planName, err)
	}
	if p.Experiment == "" || len(p.Configs) == 0 || len(p.Seeds) == 0 {
		return nil, fmt.Errorf("%s: want experiment, configurations and seeds", planName)
	}
	for _, c := range p.Configs {
		if len(c) != len(p.Factors) {
			return nil, fmt.Errorf("%s: want a value for each of %d factors, got %d", planName, len(p.Factors), len(c))
		}
	}
	return p, nil
}

// open makes a directory ready for the points of a sweep file and locks it. What holds
// anything else, or another sweep, is refused and stays as it is; so is, without resume, a
// sweep that has been begun. text is the file's, nil for the one in the directory: that is
// gone on with as it was planned.
func open(dir string, f *file, text []byte, resume bool) (*sweep, *lockfile.Lock, error) {
	fail := func(err error) (*sweep, *lockfile.Lock, error) {
		return nil, nil, fmt.Errorf("-out %s: %w", dir, err)
	}
	p, err := newPlan(f)
	if err != nil {
		return fail(err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fail(err)
	}
	s := &sweep{dir: abs, file: f, plan: p, children: &programs.Children{}}
	if err := s.compare(resume, text == nil); err != nil {
		return fail(err)
	}
	for _, d := range []string{"", binDir, pointsDir, attemptsDir} {
		if err := os.MkdirAll(s.at(d), 0o777); err != nil {
			return fail(err)
		}
	}
	// Whoever looks at the lock holds it for a moment.
	ctx, cancel := context.WithTimeout(context.Background(), 3*lockPoll)
	defer cancel()
	lock, err := acquire(ctx, s.at(lockName))
	if err != nil {
		return fail(err)
	}
	s.check = lock.Check
	if err = s.compare(true, text == nil); err == nil { // what came between this look and the one before
		err = s.prepare(text)
	}
	if err != nil {
		lock.Release()
		return fail(err)
	}
	return s, lock, nil
}

// compare looks at what is in the directory, of which the sweep file is, or not.
func (s *sweep) compare(resume, own bool) error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	old, err := readPlan(s.at(planName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		known := []string{lockName, fileName, recipeName, binDir, pointsDir, attemptsDir}
		for _, e := range entries {
			if !slices.Contains(known, e.Name()) && !strings.HasPrefix(e.Name(), atomicfile.TempPrefix) {
				return fmt.Errorf("not empty (%s) and without %s: not the directory of a sweep; choose another -out", e.Name(), planName)
			}
		}
		return nil
	case err != nil:
		return err
	}
	if own {
		s.plan.takeData(old)
	}
	if err := s.plan.continues(old); err != nil {
		return err
	}
	if !resume {
		return errors.New("holds this sweep already; resume goes on with it, status says where it stands")
	}
	return nil
}

// prepare writes the plan, last, and what goes with it.
func (s *sweep) prepare(text []byte) error {
	if err := atomicfile.Sweep(s.dir); err != nil {
		return err
	}
	if len(s.plan.Recipe) > 0 {
		if err := s.write(recipeName, s.plan.Recipe); err != nil {
			return err
		}
	}
	if text != nil {
		if err := s.write(fileName, text); err != nil {
			return err
		}
	}
	data, err := json.Marshal(s.plan)
	if err != nil {
		return err
	}
	return s.write(planName, append(data, '\n'))
}

// command are the arguments of the experiment for a configuration: what it computes.
func (s *sweep) command(config int, seed uint64) []string {
	args := s.plan.flags(config)
	if len(s.plan.Recipe) > 0 {
		args = append(args, "-recipe="+s.at(recipeName))
	}
	return append(args, fmt.Sprintf("-seed=%d", seed), "-seeds=1")
}

// result is what a point's directory holds, nil unless the point is done: the only thing
// that says so is a complete result of this point.
func (s *sweep) result(point int) *lab.Document {
	saved, err := lab.Read(s.pointDir(point))
	if err != nil || saved.Result == nil || saved.Again {
		return nil
	}
	c := saved.Config
	if c.Experiment != s.plan.Experiment || "-preset="+c.Preset != s.plan.Flags[0] || !slices.Equal(c.Seeds, []uint64{s.plan.Seeds[s.plan.seed(point)]}) {
		return nil
	}
	return saved.Result
}

// encode is the JSON of what people may read too, with a final newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
