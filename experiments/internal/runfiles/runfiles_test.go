package runfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// example is what a run leaves, in short, with its times and its place.
func example(t *testing.T, seconds, command string) string {
	t.Helper()
	out := t.TempDir()
	for name, text := range map[string]string{
		".lock":         seconds,
		"profile.txt":   seconds,
		"metrics.jsonl": `{"seed":1,"run":"a","loss":0.25,"seconds":` + seconds + "}\n" + `{"seed":1,"run":"a","loss":0.125}` + "\n",
		"result.json": `{"environment": {"go": "go1", "seconds": ` + seconds + `}, "metrics": {"a.error": {"mean": 0.5}, "a.step_seconds": {` + "\n" +
			`"mean": ` + seconds + `, "values": [` + seconds + `]}, "b": {"mean": 1}}}`,
		"report.html": "<tr><th scope=\"row\">time</th><td>" + seconds + "</td></tr>\n<tr><th scope=\"row\">processor</th><td>p</td></tr>\n" +
			"<figure class=\"times\">\n<img src=\"" + seconds + "\">\n<figcaption>by time</figcaption></figure><figure>\n<img src=\"chart\"></figure>\n" +
			"<pre tabindex=\"0\"><code>" + command + "</code></pre>\n",
		"models/a.safetensors": "weights",
		"by_seconds.svg":       seconds,
	} {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Times and places may differ, and nothing else: any other byte of any file is noticed.
func TestRead(t *testing.T) {
	want := Read(t, example(t, "1.5", "one"))
	if d := differences(want, Read(t, example(t, "1e-05", "another"))); len(want) != 5 || d != nil {
		t.Errorf("want 5 files without a difference, got %d, %q", len(want), d)
	}
	for _, c := range []struct{ name, from, to string }{
		{"metrics.jsonl", "0.125", "0.126"},
		{"result.json", `{"mean": 1}`, `{"mean": 2}`},
		{"report.html", "<td>p<", "<td>q<"},
		{"report.html", "chart", "chars"},
		{"models/a.safetensors", "weights", "weightS"},
	} {
		name := c.name
		out := example(t, "1.5", "one")
		path := filepath.Join(out, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), c.from, c.to, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		d := differences(want, Read(t, out))
		if len(d) != 1 || !strings.HasPrefix(d[0], name+" differs: ") {
			t.Errorf("%s: want its difference, got %q", name, d)
		}
		if err := os.Rename(path, path+"x"); err != nil {
			t.Fatal(err)
		}
		if d := differences(want, Read(t, out)); len(d) != 2 {
			t.Errorf("%s renamed: want one missing and one too many, got %q", name, d)
		}
	}
}
