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
	for i, dir := range fs.Args() {
		series, err := curves(dir, *stage, *value)
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

// curves are the series of a run, one for each of its networks, over its seeds.
func curves(dir, stage, value string) ([]figure.Series, error) {
	path := filepath.Join(dir, "metrics.jsonl")
	const most = 1 << 28 // bytes
	data, err := regularfile.Read(path, most)
	if err != nil {
		return nil, err
	}
	values := map[string]map[uint64][]float64{} // by network and seed
	var networks []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		var line map[string]any
		var head struct {
			Seed       uint64
			Run, Stage string
		}
		if err := errors.Join(json.Unmarshal(lines.Bytes(), &head), json.Unmarshal(lines.Bytes(), &line)); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number, err)
		}
		v, ok := lookUp(line, strings.Split(value, "."))
		if head.Stage != stage || !ok {
			continue
		}
		if values[head.Run] == nil {
			values[head.Run] = map[uint64][]float64{}
			networks = append(networks, head.Run)
		}
		values[head.Run][head.Seed] = append(values[head.Run][head.Seed], v)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(networks) == 0 {
		return nil, fmt.Errorf("%s: want lines of stage %q with a number %s, found none", path, stage, value)
	}
	slices.Sort(networks)
	var out []figure.Series
	for _, network := range networks {
		s := figure.Series{Name: filepath.Base(dir) + " " + network}
		for _, y := range values[network] {
			s.Y = append(s.Y, y)
			for len(s.X) < len(y) {
				s.X = append(s.X, float64(len(s.X)+1))
			}
		}
		out = append(out, s)
	}
	return out, nil
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
