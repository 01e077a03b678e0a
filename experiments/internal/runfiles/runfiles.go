// Package runfiles reads what the runs of experiments leave in their output
// directories, for tests that compare runs.
package runfiles

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"capas/internal/atomicfile"
	"capas/pretrain"
)

// times are the places of files where two runs of one configuration may differ: fields
// and metrics whose name ends in "seconds", their rows in the report and that of the
// wall time, figures of times, and the report's command, which names program and
// directory.
var times = map[string]*regexp.Regexp{
	".json":  regexp.MustCompile(`"[^"]*seconds": ?(\{[^{}]*\}|[^,{}\n]*)`),
	".jsonl": regexp.MustCompile(`,"[^"]*seconds":[^,{}\n]*`), // left out where it is 0
	".html":  regexp.MustCompile(`<tr><th scope="row"[^>]*>(time|[^<]*seconds)</th>.*</tr>|<figure( id="[^"]*")? class="times">[\s\S]*?</figure>|<pre tabindex="0"><code>[^<]*</code></pre>`),
}

// Read returns, by slash-separated name, what must be the same for all runs of one
// configuration: the files of a finished run without times, of charts of times that
// they are there, and of each network what its latest checkpoint holds, under the name without ".a.safetensors". Files that are
// no part of that are left out: the lock, and profiles. Unfinished files fail the test.
func Read(t testing.TB, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch base := filepath.Base(name); {
		case strings.HasPrefix(base, atomicfile.TempPrefix):
			t.Errorf("%s was left", path)
			return nil
		case name == ".lock", name == "profile.txt", name == "cpu.pprof":
			return nil
		}
		if network, ok := pretrain.CutGeneration(path); ok {
			name, _ = pretrain.CutGeneration(name)
			if _, done := all[name]; !done {
				all[name] = complete(t, network)
			}
			return nil
		}
		if strings.HasSuffix(name, "_seconds.svg") {
			all[name] = "a chart of times"
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if when := times[filepath.Ext(name)]; when != nil {
			data = when.ReplaceAll(data, nil)
		}
		all[name] = string(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Latest is the later of a network's two checkpoints, at the path without
// ".a.safetensors"; nil if there is none. One that is not whole fails the test.
func Latest(t testing.TB, network string) (c *pretrain.Checkpoint, path string) {
	t.Helper()
	for _, file := range (&pretrain.Files{Path: network}).Generations() {
		switch found, err := pretrain.ReadCheckpoint(file); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			t.Errorf("a checkpoint is not whole: %v", err)
		case c == nil || found.Generation > c.Generation:
			c, path = found, file
		}
	}
	return c, path
}

// complete is what a network's latest checkpoint holds, which is to be that of a
// complete run.
func complete(t testing.TB, network string) string {
	t.Helper()
	c, path := Latest(t, network)
	if c == nil {
		return ""
	}
	if c.State.Current != nil {
		t.Errorf("%s: want a complete run, got one at %v", path, c.State)
	}
	b := fmt.Appendf(nil, "%q\n", c.Identity)
	for _, d := range c.State.Done {
		history, err := json.Marshal(d.History)
		if err != nil {
			t.Fatal(err)
		}
		b = fmt.Appendf(b, "%s %s\n", d.Stage, history)
		for _, p := range d.Params {
			b = fmt.Appendf(b, "%s %v ", p.Name, p.Value.Shape())
			if b, err = binary.Append(b, binary.LittleEndian, p.Value.Float32s()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return string(b)
}

// Equal fails the test for every file in which what Read returned of two runs differs.
// what says which runs these are.
func Equal(t testing.TB, what string, want, got map[string]string) {
	t.Helper()
	for _, d := range differences(want, got) {
		t.Errorf("%s: %s", what, d)
	}
}

// differences are lines that say which files are missing, too many or different, and
// where.
func differences(want, got map[string]string) []string {
	var all []string
	for name, a := range want {
		b, ok := got[name]
		switch {
		case !ok:
			all = append(all, name+" is missing")
		case a != b:
			all = append(all, fmt.Sprintf("%s differs: want …%q, got …%q", name, around(a, b), around(b, a)))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			all = append(all, name+" should not be there")
		}
	}
	return all
}

// around is the part of a where it first differs from b.
func around(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return a[max(i-40, 0):min(i+40, len(a))]
}
