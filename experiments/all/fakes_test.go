package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// The test binary is a fake experiment if it lies in a directory of the name fakes, and
// the program over them if programVar says so.
const (
	fakesDir   = "fakes"
	programVar = "ALL_TEST_PROGRAM" // the fakes' names between commas
	notesVar   = "ALL_TEST_NOTES"   // directory where the fakes leave notes
	linksVar   = "ALL_TEST_LINKS"   // directory that holds fakesDir
)

func TestMain(m *testing.M) {
	if dir, name := filepath.Split(os.Args[0]); filepath.Base(dir) == fakesDir {
		os.Exit(lab.Main(fake(strings.TrimSuffix(name, ".exe")), os.Args[1:], os.Stdout, os.Stderr))
	}
	if names := os.Getenv(programVar); names != "" {
		os.Exit(runMain(os.Args[1:], fakes(strings.Split(names, ",")...), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
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
			note(name)
			switch name {
			case "fails":
				return errors.New("layer <2>: loss is NaN")
			case "crashes":
				go func() { panic("of the <crash>") }()
				time.Sleep(time.Minute)
			case "waits":
				// A network in training: the first process is interrupted, the next one goes on.
				if noted(name) == 1 {
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
				for start := time.Now(); noted(other) == 0; time.Sleep(5 * time.Millisecond) {
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

// note leaves a note, noted counts them.
func note(name string) {
	f, err := os.CreateTemp(os.Getenv(notesVar), name+"~")
	if err != nil {
		panic(err)
	}
	f.Close()
}

func noted(name string) int {
	files, err := filepath.Glob(filepath.Join(os.Getenv(notesVar), name+"~*"))
	if err != nil {
		panic(err)
	}
	return len(files)
}

// fakes finds fake experiments; "broken" is one that cannot be built.
func fakes(names ...string) finder {
	return func(_ context.Context, only []string) (found, error) {
		f := found{remove: func() {}}
		for _, name := range names {
			f.programs = append(f.programs, program{name: name, build: func(context.Context) ([]string, error) {
				if name == "broken" {
					return nil, errors.New("go build: undefined: x")
				}
				return fakeProgram(name)
			}})
		}
		return f, f.choose(only)
	}
}

// fakeProgram is a copy of this binary that is the fake experiment.
func fakeProgram(name string) ([]string, error) {
	file := filepath.Join(os.Getenv(linksVar), fakesDir, name)
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if _, err := os.Stat(file); err == nil {
		return []string{file}, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err == nil && os.Link(self, file) == nil {
		return []string{file}, nil
	}
	data, err := os.ReadFile(self) // on another file system
	if err != nil {
		return nil, err
	}
	return []string{file}, os.WriteFile(file, data, 0o777)
}

// setup gives a test its own place for notes and programs.
func setup(t *testing.T) {
	t.Helper()
	t.Setenv(notesVar, t.TempDir())
	t.Setenv(linksVar, t.TempDir())
}

// call runs the program over fakes, in this process.
func call(t *testing.T, names string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runMain(args, fakes(strings.Split(names, ",")...), &out, &errs)
	return code, out.String(), errs.String()
}

// read is a file of the output directory.
func read(t *testing.T, out, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(out, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// states are those of the experiments in scorecard.json, such as "a: done, b: failed".
func states(card *scorecard) string {
	var all []string
	for _, e := range card.Experiments {
		all = append(all, fmt.Sprintf("%s: %s", e.Experiment, e.State))
	}
	return strings.Join(all, ", ")
}
