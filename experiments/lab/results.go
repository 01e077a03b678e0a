package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"capas/experiments/lab/live"
	"capas/internal/atomicfile"
)

// Claim is a statement of the lecture or a paper and what was measured.
type Claim struct {
	Section  string `json:"section"`  // where it is made, such as "3.2"
	Claim    string `json:"claim"`    // the statement, one sentence
	Measured string `json:"measured"` // the numbers, as text
	Holds    bool   `json:"holds"`    // by Rule; false is a result too
	Rule     string `json:"rule"`     // how Holds follows from the numbers
	// Figure is the file of the figure that shows it; "" for none.
	Figure string `json:"figure,omitempty"`
}

// Results collects what an experiment measures. Its methods may be called from
// concurrent jobs. They return nothing: an error (a metric of an unknown seed,
// a full disk) cancels the context of Run, and the run fails with it.
//
// Claims, sections, tables and figures appear in the order of the calls, so
// make those calls from one goroutine, after the jobs.
type Results struct {
	mu      sync.Mutex
	out     string
	seeds   []uint64
	metrics map[string][]float64 // by name, one value a seed
	set     map[string][]bool    // which of them are there
	claims  []Claim
	blocks  []block
	figures []figureFile
	lines   []logLine
	log     *os.File
	stale   bool         // log holds lines of the process that this one goes on from
	check   func() error // whether out is still the run's directory
	abort   func()       // cancels the run
	live    *live.State  // nil without -serve
	err     error        // the first
}

// figureFile is a figure to be written at the end.
type figureFile struct {
	name string
	data []byte
}

// logLine is a line of metrics.jsonl with its sort keys.
type logLine struct {
	seed uint64
	run  string
	text []byte // with the newline
}

// newResults starts an empty metrics.jsonl in out; a run that goes on from checkpoints
// leaves what is there until its first line, as it may be refused yet. check says
// whether out is still this run's, abort cancels the run.
func newResults(out string, seeds []uint64, resumed bool, check func() error, abort func()) (*Results, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if !resumed {
		flags |= os.O_TRUNC
	}
	log, err := os.OpenFile(filepath.Join(out, metricsFile), flags, 0o666)
	if err != nil {
		return nil, fmt.Errorf("-out %s: %w", out, err)
	}
	return &Results{
		out: out, seeds: seeds, log: log, stale: resumed, check: check, abort: abort,
		metrics: map[string][]float64{}, set: map[string][]bool{},
	}, nil
}

// CheckOut returns an error if the output directory is no longer the one that the
// run locked at its start: somebody deleted it, or put another in its place, in
// which another run may work by now. Whoever writes there, or makes folders there,
// calls it first. It costs a look at one file, and may be called concurrently.
func (r *Results) CheckOut() error { return r.check() }

// write writes a file of the output directory, whole or not at all.
func (r *Results) write(name string, data []byte) error {
	return atomicfile.WriteIf(filepath.Join(r.out, name), data, r.CheckOut)
}

// close closes metrics.jsonl; the second call does nothing.
func (r *Results) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log == nil {
		return nil
	}
	err := r.log.Close()
	r.log = nil
	return err
}

// fail makes the run fail; the caller holds mu.
func (r *Results) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
		r.abort()
	}
}

// failure is what made the run fail, or nil.
func (r *Results) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Metric records the value of a metric for one seed, such as
// "dbn.test_error". Errors are fractions, losses in nats; a time ends in
// "seconds". Every metric needs exactly one value for each seed of the run. A
// value that is not finite becomes null in result.json, and so do the mean and
// the standard deviation that it enters.
func (r *Results) Metric(name string, seed uint64, value float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.seeds, seed)
	if i < 0 {
		r.fail("metric %s: seed %d is not one of the run's seeds", name, seed)
		return
	}
	if r.metrics[name] == nil {
		r.metrics[name] = make([]float64, len(r.seeds))
		r.set[name] = make([]bool, len(r.seeds))
	}
	if r.set[name][i] {
		r.fail("metric %s: second value for seed %d", name, seed)
		return
	}
	r.metrics[name][i], r.set[name][i] = value, true
	r.live.Metric(name, seed, value)
}

// Values returns a metric's values in the order of the seeds, or nil if the
// metric is unknown or lacks a seed: the numbers that a claim's rule looks at.
func (r *Results) Values(name string) []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.metrics[name] == nil || slices.Contains(r.set[name], false) {
		return nil
	}
	return slices.Clone(r.metrics[name])
}

// Claim records a claim and its verdict.
func (r *Results) Claim(c Claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.Claim == "" || c.Measured == "" || c.Rule == "" {
		r.fail("claim %q: claim, measured and rule must not be empty", c.Claim)
	}
	r.claims = append(r.claims, c)
}

// Log appends a line to metrics.jsonl:
//
//	{"seed":1,"run":"dbn","stage":"layer 2","epoch":3,"loss":0.27}
//
// record is a struct with JSON tags, whose fields follow seed and run in the
// order of their declaration (or a map, in the order of its keys). A float that
// is not finite becomes null. Lines of one seed and run keep the order of the
// calls, which must not depend on scheduling: log one run from one goroutine.
//
// A resumed experiment logs again what its checkpoints say about the stages
// they complete: metrics.jsonl starts anew in every process.
func (r *Results) Log(seed uint64, run string, record any) {
	text, err := encodeLine(seed, run, record)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.fail("log of seed %d %s: %w", seed, run, err)
		return
	}
	r.lines = append(r.lines, logLine{seed, run, text})
	r.show(text)
	if r.log == nil {
		return
	}
	if err = r.CheckOut(); err == nil && r.stale { // a deleted file can be written to
		err, r.stale = r.log.Truncate(0), false
	}
	if err == nil {
		_, err = r.log.Write(text)
	}
	if err != nil {
		r.fail("%w", err)
		r.log.Close()
		r.log = nil
	}
}

// show shows a line in the live view.
func (r *Results) show(text []byte) {
	if r.live == nil {
		return
	}
	if l, _, err := parseLine(text); err == nil {
		l.show(r.live)
	}
}

// Section starts a section of the report: a heading and paragraphs of plain
// text. Tables and figures that follow belong to it.
func (r *Results) Section(title string, paragraphs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocks = append(r.blocks, block{Title: title, Paragraphs: paragraphs})
}

// Table adds a table to the report. Every row has as many cells as header.
func (r *Results) Table(title string, header []string, rows [][]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &table{Title: title, Header: header}
	for i, row := range rows {
		if len(row) != len(header) {
			r.fail("table %q: row %d has %d cells, want %d", title, i, len(row), len(header))
			return
		}
		t.Rows = append(t.Rows, row)
	}
	r.blocks = append(r.blocks, block{Table: t})
}

// Figure adds an SVG or PNG image to the report, and at the end of the run to
// the output directory as file, a bare name with the extension .svg or .png.
// caption is plain text; title serves as the text for those who cannot see the
// image. The file of a chart that shows times ends in "_seconds.svg": those of
// two runs are not compared.
func (r *Results) Figure(file, title, caption string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	uri, err := dataURI(file, data)
	switch {
	case err != nil:
		r.fail("figure %s: %w", file, err)
		return
	case slices.ContainsFunc(r.figures, func(f figureFile) bool { return f.name == file }):
		r.fail("figure %s: second figure of this name", file)
		return
	}
	r.figures = append(r.figures, figureFile{file, slices.Clone(data)})
	r.live.Figure(file, title, caption, r.figures[len(r.figures)-1].data)
	r.blocks = append(r.blocks, block{Figure: &figureBlock{
		ID: figureID(file), Title: title, Caption: caption, Data: uri, Chart: filepath.Ext(file) == ".svg",
		Times: strings.HasSuffix(file, "_seconds.svg"),
	}})
}

// document turns what was recorded into the result document.
func (r *Results) document(conf Config, env Environment) (*Document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	doc := &Document{Config: conf, Environment: env, Metrics: map[string]Metric{}, Claims: []Claim{}, Figures: []string{}}
	for _, name := range sortedKeys(r.metrics) {
		if i := slices.Index(r.set[name], false); i >= 0 {
			r.fail("metric %s: no value for seed %d", name, r.seeds[i])
		}
		doc.Metrics[name] = newMetric(r.metrics[name])
	}
	for _, c := range r.claims {
		if c.Figure != "" && !slices.ContainsFunc(r.figures, func(f figureFile) bool { return f.name == c.Figure }) {
			r.fail("claim %q: there is no figure %s", c.Claim, c.Figure)
		}
		doc.Claims = append(doc.Claims, c)
	}
	for _, f := range r.figures {
		doc.Figures = append(doc.Figures, f.name)
	}
	return doc, r.err
}

// writeFigures writes the figures' files.
func (r *Results) writeFigures() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.figures {
		if err := r.write(f.name, f.data); err != nil {
			return err
		}
	}
	return nil
}

// writeLog replaces metrics.jsonl by its lines sorted by seed, then run.
func (r *Results) writeLog() error {
	if err := r.close(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(r.lines, func(a, b logLine) int {
		return compareKeys(a.seed, b.seed, a.run, b.run)
	})
	var all []byte
	for _, l := range r.lines {
		all = append(all, l.text...)
	}
	return r.write(metricsFile, all)
}
