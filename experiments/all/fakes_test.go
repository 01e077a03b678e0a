package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capas/experiments/internal/fakes"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// TestMain lets the test binary be the fakes, and the program over those whose names, with
// commas between, the setting has.
func TestMain(m *testing.M) {
	fakes.Main(m, func(name string) int {
		return lab.Main(fake(name), os.Args[1:], os.Stdout, os.Stderr)
	}, func(names string) int {
		return runMain(os.Args[1:], findFakes(strings.Split(names, ",")...), os.Stdout, os.Stderr)
	})
}

// recipe is that of the fakes.
type recipe struct {
	Size int `json:"size"`
}

// fake is an experiment that leaves a note for every start, and does what its name says:
// fails, crashes, waits for a note or for an interruption.
func fake(name string) lab.Experiment[recipe] {
	return lab.Experiment[recipe]{
		Name: name, Title: "Title of <" + name + ">", Section: "3",
		Presets: map[string]recipe{"smoke": {1}, "lecture": {2}},
		Run: func(ctx context.Context, r *lab.Run[recipe]) error {
			fakes.Note(r.Out)
			switch name {
			case "fails":
				return errors.New("layer <2>: loss is NaN")
			case "crashes":
				go func() { panic("of the <crash>") }()
				time.Sleep(time.Minute)
			case "waits":
				// A network in training: the first process is interrupted, the next one goes on.
				if fakes.Noted(r.Out) == 1 {
					<-ctx.Done()
					return errors.Join(os.WriteFile(r.Checkpoint("network.a.safetensors"), nil, 0o666), ctx.Err())
				}
				if !r.Resume {
					return errors.New("want -resume")
				}
			case "deaf":
				time.Sleep(time.Minute)
			case "meets-a", "meets-b": // both at a time, or not at all
				other := map[string]string{"meets-a": "meets-b", "meets-b": "meets-a"}[name]
				for start := time.Now(); fakes.Noted(filepath.Join(filepath.Dir(r.Out), other)) == 0; time.Sleep(5 * time.Millisecond) {
					if time.Since(start) > 20*time.Second {
						return errors.New("alone")
					}
				}
			}
			svg, err := figure.Lines{XLabel: "x", YLabel: "y", Series: []figure.Series{{Name: "a", X: []float64{1, 2}, Y: [][]float64{{3, 2}}}}}.SVG()
			if err != nil {
				return err
			}
			r.Figure("curve.svg", "Curve", "Falls.", svg)
			r.Claim(lab.Claim{Section: "3.4", Claim: name + " <b>claims</b> & more", Measured: "1 < 2", Holds: true, Rule: "less", Figure: "curve.svg"})
			r.Claim(lab.Claim{Section: "2.1", Claim: name + " is wrong", Measured: `"2"`, Holds: false, Rule: "more"})
			return nil
		},
	}
}

// findFakes finds fake experiments; "broken" is one that cannot be built.
func findFakes(names ...string) finder {
	return func(_ context.Context, only []string) (found, error) {
		dir, err := os.MkdirTemp("", "fakes-")
		if err != nil {
			return found{}, err
		}
		f := found{remove: func() { os.RemoveAll(dir) }}
		for _, name := range names {
			f.programs = append(f.programs, program{name: name, build: func(context.Context) ([]string, error) {
				if name == "broken" {
					return nil, errors.New("go build: undefined: x")
				}
				file, err := fakes.Link(dir, name)
				return []string{file}, err
			}})
		}
		return f, f.choose(only)
	}
}

// call runs the program over fakes, in this process.
func call(t *testing.T, names string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runMain(args, findFakes(strings.Split(names, ",")...), &out, &errs)
	return code, out.String(), errs.String()
}

// states are those of the experiments in scorecard.json, such as "a: done, b: failed".
func states(card *scorecard) string {
	var all []string
	for _, e := range card.Experiments {
		all = append(all, fmt.Sprintf("%s: %s", e.Experiment, e.State))
	}
	return strings.Join(all, ", ")
}
