package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"capas/experiments/internal/fakes"
	"capas/experiments/lab"
)

// fakeName is the experiment's.
const fakeName = "fake"

// TestMain lets the test binary be the fake experiment, the program over it, and, for the
// setting "real", the program itself.
func TestMain(m *testing.M) {
	fakes.Main(m, func(string) int {
		return lab.Main(fake(), os.Args[1:], os.Stdout, os.Stderr)
	}, func(setting string) int {
		sys := system{buildFake, realSlurm}
		if setting == "real" {
			sys.build = fromSource
		}
		return runMain(os.Args[1:], sys, os.Stdout, os.Stderr)
	})
}

// recipe is that of the fake.
type recipe struct {
	Kind  string  `json:"kind"`
	Rate  float64 `json:"rate"`
	Units int     `json:"units"`
	Extra int     `json:"extra"` // has no flag
}

// validationError and testError are what the fake "measures".
func validationError(rate float64, units int, seed uint64) float64 {
	return (rate-0.3)*(rate-0.3) + float64(units)/100 + float64(seed)/1000
}

func testError(rate float64, units int, seed uint64) float64 {
	return 2 * validationError(rate, units, seed)
}

// fake is an experiment that does what its kind says. One of the kind "once" fails at its
// first start, "fails" at each, "waits" stays until it is interrupted and then leaves a
// checkpoint, "deaf" stays for a second a unit, whatever happens; resumed, both come to their end.
func fake() lab.Experiment[recipe] {
	return lab.Experiment[recipe]{
		Name: fakeName, Title: "Fake",
		Presets: map[string]recipe{"smoke": {Kind: "good", Rate: 0.1, Units: 1}, "lecture": {Kind: "good", Rate: 0.1, Units: 1}},
		Flags: func(fs *flag.FlagSet, r *recipe) {
			fs.StringVar(&r.Kind, "kind", r.Kind, "`what` it does")
			fs.Float64Var(&r.Rate, "rate", r.Rate, "`rate`")
			fs.IntVar(&r.Units, "units", r.Units, "`units`")
		},
		Validate: func(r *recipe) error {
			if r.Units < 1 {
				return errors.New("want units from 1")
			}
			return nil
		},
		Run: func(ctx context.Context, r *lab.Run[recipe]) error {
			fakes.Note(r.Out)
			seed := r.Seeds[0]
			switch r.Recipe.Kind {
			case "once":
				if fakes.Noted(r.Out) == 1 {
					return errors.New("layer 2: loss is NaN")
				}
			case "fails":
				return errors.New("layer 2: loss is NaN")
			case "crashes":
				panic("of the fake")
			case "waits":
				if !r.Resume {
					<-ctx.Done()
					return errors.Join(os.WriteFile(r.Checkpoint("network.a.safetensors"), nil, 0o666), ctx.Err())
				}
			case "idle": // leaves nothing to go on from
				<-ctx.Done()
				return ctx.Err()
			case "deaf":
				time.Sleep(time.Duration(r.Recipe.Units) * time.Second)
			case "quits":
				os.Exit(0)
			}
			r.Metric(r.Recipe.Kind+".validation_error", seed, validationError(r.Recipe.Rate, r.Recipe.Units, seed))
			r.Metric(r.Recipe.Kind+".test_error", seed, testError(r.Recipe.Rate, r.Recipe.Units, seed))
			r.Metric("extra", seed, float64(r.Recipe.Extra))
			return nil
		},
	}
}

// noted counts the starts of the points of a sweep whose numbers match a pattern.
func noted(out, points string) int { return fakes.Noted(filepath.Join(out, pointsDir, points)) }

// buildFake makes the fake's program, which is this one.
func buildFake(_ context.Context, dir, name string) (string, error) {
	if name != fakeName {
		return "", errors.New("want the fake")
	}
	return fakes.Link(dir, "")
}

// write writes a sweep file over the fake, whose remaining fields are given. out is the
// sweep's directory.
func write(t *testing.T, rest string) (path, out string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "fake.json")
	rewrite(t, path, rest)
	return path, filepath.Join(dir, "out")
}

func rewrite(t *testing.T, path, rest string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(`{"experiment": "fake", "preset": "smoke", `+rest+`}`), 0o666); err != nil {
		t.Fatal(err)
	}
}

// call runs the program over the fake, in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return callWith(t, realSlurm, args...)
}

func callWith(t *testing.T, control slurmControl, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runMain(args, system{buildFake, control}, &out, &errs)
	return code, out.String(), errs.String()
}

// table reads table.csv: its lines by column.
func table(t *testing.T, out string) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(fakes.Read(t, out, csvName))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// number reads a number.
func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	minimizeError = `"choose": {"minimize": "{kind}.validation_error", "test": "{kind}.test_error"}`
	goodFlag      = `"flags": {"kind": "good"}`
)

// mustStatus is what status says.
func mustStatus(t *testing.T, out string) string {
	t.Helper()
	_, said, _ := call(t, "status", out)
	return said
}
