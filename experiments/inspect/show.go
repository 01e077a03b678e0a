package main

import (
	"cmp"
	"flag"
	"fmt"
	"strings"
	"time"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
	"capas/internal/lockfile"
)

func showCommand() command {
	return command{
		name: "show", args: "RUN",
		short: "Shows a run's recipe, environment, stages, metrics and claims",
		long: `
RUN is a directory of results. Of a run that is not complete there is what it has
written so far: the recipe, the epochs of each stage, and where each network stands
by its checkpoints. Values of a stage are those of its last epoch; -json has them all.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			asJSON := fs.Bool("json", false, "print a JSON document")
			return func(args []string, out *output) error {
				if len(args) != 1 {
					return cli.Usagef("want one RUN, got %d arguments", len(args))
				}
				r, err := readRun(args[0])
				if err != nil {
					return err
				}
				if *asJSON {
					return out.json(r)
				}
				return r.print(out)
			}
		},
	}
}

// savedRun is what show shows, and its JSON.
type savedRun struct {
	Directory string `json:"directory"`
	// Complete tells that the run has written its result.
	Complete bool `json:"complete"`
	// Owner is the process that has locked the directory, or was killed while it had.
	Owner *lockfile.Owner `json:"owner,omitempty"`
	lab.Config
	Environment *lab.Environment      `json:"environment"` // this and the next two of a complete run alone
	Metrics     map[string]lab.Metric `json:"metrics"`
	Claims      []lab.Claim           `json:"claims"`
	Stages      []lab.Stage           `json:"stages"`
	Checkpoints []checkpoint          `json:"checkpoints"`
	Models      []savedModel          `json:"models"`
	Notes       []string              `json:"notes,omitempty"`
}

func readRun(dir string) (*savedRun, error) {
	s, err := lab.Read(dir)
	if err != nil {
		return nil, err
	}
	r := &savedRun{
		Directory: dir, Complete: s.Result != nil && !s.Again, Config: s.Config, Owner: s.Owner,
		Claims: []lab.Claim{}, Stages: listed(s.Stages), Models: readModels(s),
	}
	if s.Result != nil {
		r.Environment, r.Metrics, r.Claims = &s.Result.Environment, s.Result.Metrics, listed(s.Result.Claims)
	}
	if s.Again {
		r.Notes = append(r.Notes, "config.json is newer than result.json: the run was begun again, and environment, metrics and claims are those of the time before")
	}
	if s.Cut {
		r.Notes = append(r.Notes, "metrics.jsonl ends inside a line, which is left out")
	}
	r.Checkpoints = readCheckpoints(s, s.Checkpoints)
	return r, nil
}

// print is the text form.
func (r *savedRun) print(out *output) error {
	out.printf("%s, preset %s, %s", r.Experiment, r.Preset, seeds(r.Seeds))
	if r.Data != "" {
		out.printf(", data %s", r.Data)
	}
	state := "complete"
	if !r.Complete {
		state = "not complete"
		if r.Owner != nil {
			state += fmt.Sprintf("; process %d on host %s works on it, if it still runs", r.Owner.PID, r.Owner.Host)
		} else {
			state += "; no process works on it"
		}
	}
	out.printf("\n%s: %s\n", r.Directory, state)
	for _, note := range r.Notes {
		out.printf("Note: %s.\n", note)
	}
	recipe, err := fields("", r.Recipe)
	if err != nil {
		return fmt.Errorf("run %s: recipe: %w", r.Directory, err)
	}
	out.table("Recipe", recipe)
	if e := r.Environment; e != nil {
		rows := [][]string{
			{"time", time.Duration(e.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String()},
			{"processor", e.CPU}, {"kernels", e.Kernels}, {"platform", e.Platform}, {"Go", e.Go}, {"revision", e.Revision},
		}
		if e.Engine != "" {
			rows = append(rows, []string{"engine", e.Engine})
		}
		out.table("Environment", rows)
	}
	rows := [][]string{}
	for _, s := range r.Stages {
		rows = append(rows, []string{fmt.Sprintf("seed %d", s.Seed), s.Run, s.Name, count(max(s.Lines, s.Last.Epoch), "epoch"), lastValues(s.Last.Values)})
	}
	out.table("Stages", rows)
	rows = nil
	for _, name := range sortedKeys(r.Metrics) {
		row := []string{name, lab.Summary(r.Metrics[name].Floats())}
		if len(r.Seeds) > 1 {
			for _, v := range r.Metrics[name].Floats() {
				row = append(row, short(v))
			}
		}
		rows = append(rows, row)
	}
	out.table("Metrics"+ifSeveral(len(r.Seeds), ", mean ± standard deviation, and each seed's"), rows)
	if len(r.Claims) > 0 {
		out.printf("\nClaims\n")
	}
	for _, c := range r.Claims {
		out.printf("  [%s] %s: %s\n    %s (%s)\n", verdict(c), c.Section, c.Claim, c.Measured, c.Rule)
	}
	rows = nil
	for _, c := range r.Checkpoints {
		if row := c.row(); row != nil {
			rows = append(rows, row)
		}
	}
	out.table("Checkpoints, the latest of each network", rows)
	rows = nil
	for _, m := range r.Models {
		rows = append(rows, []string{m.File, cmp.Or(m.Problem, m.Model)})
	}
	out.table("Models", rows)
	return nil
}

// verdict is a claim's outcome as text.
func verdict(c lab.Claim) string {
	if c.Holds {
		return "holds"
	}
	return "does not hold"
}

func ifSeveral(n int, text string) string {
	if n > 1 {
		return text
	}
	return ""
}

// seeds is "seed 1" or "seeds 1, 2, 3".
func seeds(list []uint64) string {
	var texts []string
	for _, s := range list {
		texts = append(texts, fmt.Sprint(s))
	}
	if len(texts) > 10 {
		texts = append(append(texts[:3], "…"), texts[len(texts)-1])
	}
	if len(list) == 1 {
		return "seed " + texts[0]
	}
	return "seeds " + strings.Join(texts, ", ")
}

// shownValues is how many of a stage's values a line shows.
const shownValues = 4

// lastValues are the first values of a stage's last epoch.
func lastValues(values lab.Fields) string {
	var texts []string
	for _, v := range values {
		if timing(v.Name) {
			continue
		}
		if len(texts) == shownValues {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, v.Name+" "+short(v.Value))
	}
	return strings.Join(texts, ", ")
}
