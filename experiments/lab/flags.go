package lab

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"capas/experiments/internal/cli"
	"capas/experiments/lab/live"
)

// settings is a parsed command line.
type settings[R any] struct {
	Settings
	recipe   R
	json     bool
	config   bool // print the configuration and end
	profile  bool
	serve    string // address of the live view, "" for none
	progress progressMode
	args     []string // as given
}

// common are the flags that all experiments have, as text.
type common struct {
	preset, data, dataDir, out, recipe, progress, serve string
	backend, device                                     string
	seeds                                               int
	seed                                                uint64
	download, resume, json, profile, config             bool
	checkpoint                                          time.Duration
}

// maxSeeds bounds -seeds, so that Read reads what such a run leaves, whichever experiment
// and preset it is of: up to 3000 stages, 700 networks and 300 metrics a seed.
const maxSeeds = 256

// define adds the common flags to fs.
func (c *common) define(fs *flag.FlagSet, name string) {
	fs.StringVar(&c.preset, "preset", "lecture", "recipe to start from: `smoke|lecture|paper`")
	fs.StringVar(&c.recipe, "recipe", "", "JSON `file` of hyperparameters; flags override it")
	fs.IntVar(&c.seeds, "seeds", 0, "`number` of runs, with seeds S, S+1, … (default: the preset's)")
	fs.Uint64Var(&c.seed, "seed", 1, "first seed `S`")
	fs.StringVar(&c.data, "data", "", "`name` of the data set (default: the experiment's)")
	fs.StringVar(&c.dataDir, "data-dir", "", "`directory` of the data set's files: nowhere else is looked")
	fs.BoolVar(&c.download, "download", false, "allow fetching the data set from its publishers' servers, with verification, if it is not on\n"+
		"this machine; without it there is no network access")
	fs.StringVar(&c.out, "out", "runs/"+name, "`directory` of results")
	fs.BoolVar(&c.resume, "resume", false, "continue what is in the directory of results")
	fs.DurationVar(&c.checkpoint, "checkpoint", time.Minute, "`duration` between checkpoints within a stage; 0 writes one after every step")
	fs.BoolVar(&c.json, "json", false, "print result.json, and nothing else, on standard output")
	fs.BoolVar(&c.config, "print-config", false, "print config.json, the configuration that the other flags make, and end")
	fs.BoolVar(&c.profile, "profile", false, "print what each operation costs, on standard error; -out gets the table as profile.txt\n"+
		"and, for go tool pprof, the samples as cpu.pprof")
	fs.StringVar(&c.backend, "backend", backendCapas, "`capas|torch|check`: Capas's kernels; libtorch, with which the program must have been built\n"+
		"(scripts/libtorch); or the former checked by the latter, with a table of differences")
	fs.StringVar(&c.device, "device", "", "`cpu|cuda:0`, where libtorch computes (default cpu)")
	fs.StringVar(&c.serve, "serve", "", "`host:port`, such as localhost:8080, of a page that shows the run in a browser while it goes on,\n"+
		"and shows a complete one again, until Ctrl-C")
	fs.StringVar(&c.progress, "progress", "auto", "`auto|plain|none`: bars on a terminal, lines in a pipe, nothing")
}

// scan parses args with the common flags and the experiment's own, which are
// bound to recipe.
func scan[R any](e Experiment[R], args []string, c *common, recipe *R) error {
	fs := cli.Flags(e.Name)
	c.define(fs, e.Name)
	if e.Flags != nil {
		e.Flags(fs, recipe)
	}
	if err := cli.Parse(fs, args); err != nil {
		return err
	}
	given := false
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == "seeds" })
	if given && (c.seeds < 1 || c.seeds > maxSeeds) {
		return fmt.Errorf("-seeds %d: want a number from 1 to %d", c.seeds, maxSeeds)
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: all settings are flags", fs.Arg(0))
	}
	return nil
}

// parse reads the command line in two passes: the first finds -preset and
// -recipe, the second applies the flags to the recipe that these two make.
// All its errors are usage errors; with flag.ErrHelp the settings hold the
// preset that the help is for.
func parse[R any](e Experiment[R], args []string) (*settings[R], error) {
	var c common
	var scratch R
	err := scan(e, args, &c, &scratch)
	help := errors.Is(err, flag.ErrHelp)
	if err != nil && !help {
		return nil, err
	}
	if _, ok := e.Presets[c.preset]; !ok {
		known := strings.Join(slices.Sorted(maps.Keys(e.Presets)), ", ")
		if !help {
			return nil, fmt.Errorf("-preset %q: want one of %s", c.preset, known)
		}
		c.preset = "lecture"
	}
	recipe, err := clone(e.Presets[c.preset])
	if err != nil {
		return nil, fmt.Errorf("preset %s: %w", c.preset, err)
	}
	if help {
		return &settings[R]{Settings: Settings{Preset: c.preset}, recipe: recipe}, flag.ErrHelp
	}
	if c.recipe != "" {
		if err := readRecipe(c.recipe, &recipe); err != nil {
			return nil, err
		}
	}
	if err := scan(e, args, &c, &recipe); err != nil {
		return nil, err
	}
	if _, err := clone(recipe); err != nil { // a NaN, say, has no JSON form
		return nil, fmt.Errorf("hyperparameters: %w", err)
	}
	if e.Validate != nil {
		if err := e.Validate(&recipe); err != nil {
			return nil, errors.New(brief(err.Error()))
		}
	}
	s := &settings[R]{recipe: recipe, json: c.json, config: c.config, profile: c.profile, serve: c.serve, args: args}
	if s.Settings, err = c.settings(e.Datasets, e.Seeds[c.preset]); err != nil {
		return nil, err
	}
	if c.serve != "" {
		if _, _, err := live.Split(c.serve); err != nil {
			return nil, fmt.Errorf("-serve %s: %w", c.serve, err)
		}
	}
	if s.progress, err = parseProgressMode(c.progress); err != nil {
		return nil, err
	}
	return s, nil
}

// settings checks the common flags' values.
func (c *common) settings(datasets []string, presetSeeds int) (Settings, error) {
	s := Settings{Preset: c.preset, DataDir: c.dataDir, Download: c.download, Out: c.out, Resume: c.resume, CheckpointEvery: c.checkpoint}
	n := c.seeds
	if n == 0 {
		n = max(presetSeeds, 1)
	}
	if c.seed > math.MaxUint64-uint64(n-1) {
		return s, fmt.Errorf("-seed %d: the last of %d seeds exceeds %d", c.seed, n, uint64(math.MaxUint64))
	}
	for i := range n {
		s.Seeds = append(s.Seeds, c.seed+uint64(i))
	}
	if c.out == "" {
		return s, errors.New("-out: want a directory, got an empty name")
	}
	if c.checkpoint < 0 {
		return s, fmt.Errorf("-checkpoint %v: want a time of 0 or more", c.checkpoint)
	}
	if err := s.setBackend(c.backend, c.device); err != nil {
		return s, err
	}
	return s, s.setData(c.data, datasets)
}

// setData checks -data, -data-dir and -download, and -data against the names the
// experiment knows.
func (s *Settings) setData(name string, datasets []string) error {
	if len(datasets) == 0 {
		if name != "" || s.DataDir != "" || s.Download {
			return errors.New("-data, -data-dir, -download: this experiment reads no data set")
		}
		return nil
	}
	if s.DataDir != "" && s.Download {
		return errors.New("-data-dir, -download: nowhere but in the directory is looked, want one of the two flags")
	}
	s.Data = name
	if name == "" {
		s.Data = datasets[0]
	}
	if !slices.Contains(datasets, s.Data) {
		return fmt.Errorf("-data %q: want one of %s", name, strings.Join(datasets, ", "))
	}
	if s.DataDir != "" {
		info, err := os.Stat(s.DataDir)
		if err != nil {
			return fmt.Errorf("-data-dir %s: %w", s.DataDir, errors.Unwrap(err))
		}
		if !info.IsDir() {
			return fmt.Errorf("-data-dir %s: not a directory", s.DataDir)
		}
	}
	return nil
}

// help prints what -h asks for, with the defaults of the chosen preset.
func help[R any](e Experiment[R], set *settings[R], w io.Writer) {
	fmt.Fprintf(w, "%s\n", e.Title)
	if e.Question != "" {
		fmt.Fprintf(w, "%s\n", e.Question)
	}
	fmt.Fprintf(w, "\nUsage: %s [flags]\n\nPresets:", CommandLine(e.Name, nil))
	for _, name := range []string{"smoke", "lecture", "paper"} {
		if _, ok := e.Presets[name]; ok {
			fmt.Fprintf(w, " %s (-seeds %d)", name, max(e.Seeds[name], 1))
		}
	}
	fmt.Fprintf(w, "\n")
	if len(e.Datasets) > 0 {
		fmt.Fprintf(w, "Data sets: %s\n", strings.Join(e.Datasets, ", "))
	}
	fmt.Fprintf(w, "\nFlags of every experiment:\n")
	shared := flag.NewFlagSet(e.Name, flag.ContinueOnError)
	new(common).define(shared, e.Name)
	printFlags(shared, w)
	if e.Flags != nil {
		own := flag.NewFlagSet(e.Name, flag.ContinueOnError)
		recipe := set.recipe
		e.Flags(own, &recipe)
		fmt.Fprintf(w, "\nHyperparameters (defaults of preset %s):\n", set.Preset)
		printFlags(own, w)
	}
	fmt.Fprintf(w, "\nExit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n")
}

// printFlags prints the flags of fs.
func printFlags(fs *flag.FlagSet, w io.Writer) {
	var b bytes.Buffer
	fs.SetOutput(&b)
	fs.PrintDefaults()
	w.Write(b.Bytes())
}
