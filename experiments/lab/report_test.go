package lab

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// loads are the ways in which a page can refer to something outside of it.
var loads = regexp.MustCompile(`(?i)\b(src|href|srcset|action|data|poster)\s*=\s*["']?([^"'\s>]*)|url\(([^)]*)\)|@import`)

func TestReport(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	if code, _, stderr := call(t, "-out", out); code != 0 {
		t.Fatal(stderr)
	}
	data, err := os.ReadFile(filepath.Join(out, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, m := range loads.FindAllStringSubmatch(page, -1) {
		if inside, ok := strings.CutPrefix(m[2], "#"); ok {
			if n := strings.Count(page, ` id="`+inside+`"`); n != 1 {
				t.Errorf("a link to #%s, which is there %d times", inside, n)
			}
		} else if !strings.HasPrefix(m[2], "data:image/") {
			t.Errorf("the page refers to %.80q", m[0])
		}
	}
	if strings.Contains(strings.ToLower(page), "<script") {
		t.Error("a script, or text that was not escaped")
	}
	for _, want := range []string{
		"Toy &amp; &lt;title&gt;", "Does it work?", "1 of 2 claims hold.", "✓ holds", "✗ does not hold", "p &lt; 0.05",
		"Curves &lt;b&gt;", "See https://example.org/x &amp; &lt;script&gt;", `alt="Loss &#34;quoted&#34;"`, "Falls &lt;fast&gt;.",
		"data:image/svg&#43;xml;base64,", "data:image/png;base64,", "dbn.test_error", "seed 3", "<th scope=\"row\">widths</th><td>[4, 5]</td>",
		`<a class="where" href="#figure-curves.svg">figure</a>`, `id="` + ClaimAnchor(1) + `"`, `name="viewport"`, "prefers-color-scheme: dark", "-out " + out,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// Well formed apart from HTML's void elements, so nothing leaks out of place.
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Strict = false
	dec.AutoClose = xml.HTMLAutoClose
	dec.Entity = xml.HTMLEntity
	for {
		_, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCommandLine(t *testing.T) {
	old := os.Args
	defer func() { os.Args = old }()
	os.Args = []string{"/tmp/go-build123/b001/exe/toy"}
	got := CommandLine("toy", []string{"-json", "-serve", "localhost:8080", "-out", "a b", "--resume", "--serve=localhost:8080", "-lr=0.1", "-note", "it's"})
	if want := `go run ./experiments/toy -out 'a b' -lr=0.1 -note 'it'\''s'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	os.Args = []string{"./toy"}
	if got := CommandLine("toy", nil); got != "./toy" {
		t.Errorf("got %s", got)
	}
}

func TestCPUModel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpuinfo")
	if err := os.WriteFile(file, []byte("processor\t: 0\nmodel name\t: AMD EPYC 9R45\nflags\t: fpu\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := cpuModel(file); got != "AMD EPYC 9R45" {
		t.Errorf("got %q", got)
	}
	if got := cpuModel(file + "x"); !strings.Contains(got, "CPUs") {
		t.Errorf("got %q", got)
	}
}

// Times are told apart, so that runs can be compared without them: metrics of seconds
// are not printed, and charts of seconds have a class of their own in the report.
func TestTimes(t *testing.T) {
	doc := &Document{Config: Config{Experiment: "toy", Seeds: []uint64{1}, Recipe: []byte("{}")},
		Metrics: map[string]Metric{"a.error": newMetric([]float64{0.5}), "a.epoch_seconds": newMetric([]float64{2})}}
	if text := summary(doc, "out"); !strings.Contains(text, "a.error") || strings.Contains(text, "seconds") {
		t.Errorf("want the error and no seconds, got %s", text)
	}
	r := &Results{}
	for _, file := range []string{"by_epochs.svg", "by_seconds.svg"} {
		r.Figure(file, "Loss", "Falls.", []byte("<svg></svg>"))
	}
	page, err := reportPage{}.render(doc, r.blocks)
	if err != nil || r.err != nil {
		t.Fatal(err, r.err)
	}
	if n, of := strings.Count(string(page), `" class="times">`), strings.Count(string(page), "<figure"); n != 1 || of != 2 {
		t.Errorf("%d of %d figures are of times, want 1 of 2", n, of)
	}
}

// A long table is folded under its title, a short one is not; the head of a row stays in
// one line if it is short, and a number beside its spread and unit.
func TestTables(t *testing.T) {
	rows := make([][]string, manyRows+1)
	for i := range rows {
		rows[i] = []string{"parity, 8", "1"}
	}
	r := &Results{}
	r.Section("Numbers", "An error of 2.5 ± 0.5 % is small.")
	r.Table("Short", []string{"name", "n"}, [][]string{{"a name that needs two lines", "1"}, {"x", "what it does: not all that every seed shows"}})
	r.Table("Long", []string{"name", "n"}, rows)
	doc := &Document{Config: Config{Experiment: "toy", Seeds: []uint64{1}, Recipe: []byte("{}")}}
	data, err := reportPage{}.render(doc, r.blocks)
	if err != nil || r.err != nil {
		t.Fatal(err, r.err)
	}
	page := string(data)
	for _, want := range []string{
		"This run gives no verdicts.", "<p class=\"caption\">Short</p>", "<summary>Long (17 rows)</summary>", "2.5\u00a0±\u00a00.5\u00a0% is",
		`<th scope="row">a name that needs two lines</th>`, `<th scope="row" class="whole">parity, 8</th>`,
		`<td>1</td>`, `<td class="long">what it does`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(page, "<details>"); n != 1 {
		t.Errorf("%d tables are folded, want 1", n)
	}
}
