// Command curves draws what the epochs of several runs gave on one chart: the networks of the first run
// as lines, those of the others as markers, such as the loss of one configuration on two backends.
//
//	go run ./experiments/pretraining -preset smoke -out runs/capas
//	scripts/libtorch go run -tags libtorch ./experiments/pretraining -preset smoke -backend torch -out runs/torch
//	go run ./scripts/curves -stage fine-tuning -value train.loss -o runs/loss.svg runs/capas runs/torch
//
// Exit status: 0 done, 1 failed, 2 wrong usage.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/experiments/lab/figure"
	"capas/internal/atomicfile"
	"capas/internal/regularfile"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

// errUsage marks errors of the command line.
var errUsage = errors.New("usage")

func run(args []string, stderr io.Writer) int {
	err := draw(args, stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "curves: %v\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "curves: %v\n", err)
	return 1
}

func draw(args []string, stderr io.Writer) error {
	fs := flag.NewFlagSet("curves", flag.ContinueOnError)
	fs.SetOutput(stderr)
	stage := fs.String("stage", "fine-tuning", "`name` of the stage")
	value := fs.String("value", "train.loss", "`path` to the number in a line of metrics.jsonl")
	out := fs.String("o", "curves.svg", "`file` of the chart")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if fs.NArg() == 0 {
		return fmt.Errorf("%w: want directories of results", errUsage)
	}
	chart := figure.Lines{XLabel: "epoch of " + *stage, YLabel: strings.ReplaceAll(*value, ".", " ")}
	named := names(fs.Args())
	for i, dir := range fs.Args() {
		series, err := curves(dir, named[i], *stage, *value)
		if err != nil {
			return err
		}
		chart.Series = append(chart.Series, series...)
		for _, s := range series {
			if i > 0 {
				chart.Marked = append(chart.Marked, s.Name) // a line would hide an equal one
			}
		}
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	return atomicfile.Write(*out, svg)
}

// names are what directories are called: the last element of each path, or all of it where two would
// be called the same.
func names(dirs []string) (out []string) {
	seen := map[string]bool{}
	for _, dir := range dirs {
		out = append(out, filepath.Base(dir))
		seen[filepath.Base(dir)] = true
	}
	if len(seen) < len(dirs) {
		return dirs
	}
	return out
}

// line is one of metrics.jsonl.
type line struct {
	Seed       uint64
	Run, Stage string
	Epoch      float64
}

// curves are the series of a run, one for each of its networks, over its seeds.
func curves(dir, name, stage, value string) ([]figure.Series, error) {
	path := filepath.Join(dir, "metrics.jsonl")
	const most = 1 << 28 // bytes
	data, err := regularfile.Read(path, most)
	if err != nil {
		return nil, err
	}
	values := map[string]map[uint64]map[float64]float64{} // by network, seed and epoch
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		var l line
		var all map[string]any
		err := json.Unmarshal(lines.Bytes(), &all)
		if err == nil {
			err = json.Unmarshal(lines.Bytes(), &l)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number, err)
		}
		v, ok := lookUp(all, strings.Split(value, "."))
		if l.Stage != stage || !ok {
			continue
		}
		if values[l.Run] == nil {
			values[l.Run] = map[uint64]map[float64]float64{}
		}
		if values[l.Run][l.Seed] == nil {
			values[l.Run][l.Seed] = map[float64]float64{}
		}
		values[l.Run][l.Seed][l.Epoch] = v
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s: want lines of stage %q with a number %s, found none", path, stage, value)
	}
	var out []figure.Series
	for _, network := range slices.Sorted(maps.Keys(values)) {
		out = append(out, series(name+" "+network, values[network]))
	}
	return out, nil
}

// series is a curve of values by seed and epoch; an epoch that a seed lacks is a gap.
func series(name string, values map[uint64]map[float64]float64) figure.Series {
	s := figure.Series{Name: name}
	for _, row := range values {
		s.X = slices.AppendSeq(s.X, maps.Keys(row))
	}
	slices.Sort(s.X)
	s.X = slices.Compact(s.X)
	for _, seed := range slices.Sorted(maps.Keys(values)) {
		var y []float64
		for _, x := range s.X {
			v, ok := values[seed][x]
			if !ok {
				v = math.NaN()
			}
			y = append(y, v)
		}
		s.Y = append(s.Y, y)
	}
	return s
}

// lookUp finds the number at the end of a path.
func lookUp(v any, path []string) (float64, bool) {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return 0, false
		}
		v = m[name]
	}
	x, ok := v.(float64)
	return x, ok
}
