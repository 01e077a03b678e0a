package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"capas/experiments/lab"
)

// scorecard is scorecard.json.
type scorecard struct {
	Preset      string    `json:"preset"`
	Claims      int       `json:"claims"`  // of the experiments that are done
	Holding     int       `json:"holding"` // those of them that hold
	Experiments []entry   `json:"experiments"`
	Sections    []section `json:"sections"` // of the lecture, in its order

	command string // that makes it
}

// entry is an experiment. All but the first three fields are there only if it is done.
type entry struct {
	Experiment  string           `json:"experiment"`
	State       state            `json:"state"`           // not run, running, done, failed or interrupted
	Error       string           `json:"error,omitempty"` // of one that failed
	Title       string           `json:"title,omitempty"`
	Seeds       []uint64         `json:"seeds,omitempty"`
	Data        string           `json:"data,omitempty"`
	Claims      int              `json:"claims"`
	Holding     int              `json:"holding"`
	Environment *lab.Environment `json:"environment,omitempty"`
	Report      string           `json:"report,omitempty"` // path from -out on
}

// section is a section of the lecture with its claims, in the order of the experiments.
type section struct {
	Section string    `json:"section"` // such as "3.2"; "" of claims without one
	Title   string    `json:"title,omitempty"`
	Holding int       `json:"holding"`
	Claims  []verdict `json:"claims"`
}

// verdict is a claim. Figure and Report are paths from -out on; Report leads to the
// claim's place in the page.
type verdict struct {
	Experiment string `json:"experiment"`
	Claim      string `json:"claim"`
	Measured   string `json:"measured"`
	Holds      bool   `json:"holds"`
	Rule       string `json:"rule"`
	Figure     string `json:"figure,omitempty"`
	Report     string `json:"report"`
}

// sectionTitle says what a section of the lecture is about.
func sectionTitle(number string) string {
	switch number {
	case "1":
		return "Deep networks, and what reaches their first layers"
	case "2":
		return "Deep learning"
	case "2.1":
		return "What width and depth are good for"
	case "2.2":
		return "How depth became practical"
	case "2.3":
		return "Architectures"
	case "2.4":
		return "Kinds of learning, and data"
	case "3":
		return "Training deep networks"
	case "3.1":
		return "Why deep supervised training failed"
	case "3.2":
		return "Pretraining layer by layer"
	case "3.3":
		return "Activations, losses, first weights and optimisers"
	case "3.4":
		return "Regularisation"
	}
	return ""
}

// scorecard says where the experiments stand; while they run, the caller holds mu.
func (r *runner) scorecard() *scorecard {
	card := &scorecard{Preset: r.opts.preset, Experiments: []entry{}, Sections: []section{}, command: commandLine(r.opts)}
	for _, e := range r.experiments {
		card.add(e)
	}
	slices.SortStableFunc(card.Sections, func(a, b section) int { return compareSections(a.Section, b.Section) })
	return card
}

// add adds an experiment with its claims.
func (c *scorecard) add(e *experiment) {
	row := entry{Experiment: e.name, State: e.state, Error: e.err}
	if doc := e.result; doc != nil {
		row.Title, row.Seeds, row.Data, row.Environment = doc.Title, doc.Seeds, doc.Data, &doc.Environment
		row.Report = path.Join(e.name, "report.html")
		row.Claims, row.Holding = len(doc.Claims), holding(doc.Claims)
		for i, claim := range doc.Claims {
			v := verdict{
				Experiment: e.name, Claim: claim.Claim, Measured: claim.Measured, Holds: claim.Holds, Rule: claim.Rule,
				Report: row.Report + "#" + lab.ClaimAnchor(i),
			}
			if claim.Figure != "" {
				v.Figure = path.Join(e.name, filepath.Base(claim.Figure))
			}
			s := c.section(claim.Section)
			s.Claims = append(s.Claims, v)
			if claim.Holds {
				s.Holding++
			}
		}
	}
	c.Claims += row.Claims
	c.Holding += row.Holding
	c.Experiments = append(c.Experiments, row)
}

// section is the section of that number, added if need be.
func (c *scorecard) section(number string) *section {
	i := slices.IndexFunc(c.Sections, func(s section) bool { return s.Section == number })
	if i < 0 {
		i = len(c.Sections)
		c.Sections = append(c.Sections, section{Section: number, Title: sectionTitle(number)})
	}
	return &c.Sections[i]
}

// compareSections orders 2.4 before 2.10, and before 3; no section comes last.
func compareSections(a, b string) int {
	if a == "" || b == "" {
		return -cmp.Compare(a, b)
	}
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		if c := cmp.Or(cmp.Compare(len(as[i]), len(bs[i])), cmp.Compare(as[i], bs[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// encode is the text of scorecard.json.
func (c *scorecard) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("%s: %w", cardFile, err)
	}
	return b.Bytes(), nil
}

// finished is the number of experiments that are done.
func (c *scorecard) finished() (n int) {
	for _, e := range c.Experiments {
		if e.State == done {
			n++
		}
	}
	return n
}

// Verdict is the scorecard in a line.
func (c *scorecard) Verdict() string {
	return fmt.Sprintf("%d of %d claims hold; %d of %d experiments are done.", c.Holding, c.Claims, c.finished(), len(c.Experiments))
}

// holding counts the claims that hold.
func holding(claims []lab.Claim) (n int) {
	for _, c := range claims {
		if c.Holds {
			n++
		}
	}
	return n
}

// holdText says how many of an experiment's claims hold.
func holdText(holding, claims int) string {
	if claims == 0 {
		return "no verdicts"
	}
	return fmt.Sprintf("%d of %d claims hold", holding, claims)
}

// text is what standard output shows people at the end.
func (c *scorecard) text(out string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "all, preset %s: %s\n\n", c.Preset, strings.TrimSuffix(c.Verdict(), "."))
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	var left []string
	for _, e := range c.Experiments {
		if e.State == notRun {
			left = append(left, e.Experiment)
			continue
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", e.Experiment, e.State, e.outcome())
	}
	w.Flush()
	if len(left) > 0 {
		fmt.Fprintf(&b, "  not run: %s\n", strings.Join(left, ", "))
	}
	fmt.Fprintf(&b, "\nScorecard: %s\n", filepath.Join(out, indexFile))
	return b.String()
}

// outcome says what came of an experiment.
func (e entry) outcome() string {
	if e.State == done {
		return fmt.Sprintf("%s, %s", holdText(e.Holding, e.Claims), e.Time())
	}
	return e.Error
}

// Time is the wall time of the process that completed the experiment.
func (e entry) Time() string {
	d := time.Duration(e.Environment.Seconds * float64(time.Second))
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// SeedsText is "1" or "1–3".
func (e entry) SeedsText() string {
	if len(e.Seeds) == 1 {
		return fmt.Sprint(e.Seeds[0])
	}
	return fmt.Sprintf("%d–%d", e.Seeds[0], e.Seeds[len(e.Seeds)-1])
}
