package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// With -profile the table goes to standard error and to a file, and samples to another;
// standard output holds the document alone.
func TestProfile(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	code, stdout, stderr := call(t, "-profile", "-json", "-progress", "none", "-out", out)
	if code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	table, err := os.ReadFile(filepath.Join(out, profileFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(table) == 0 || stderr != string(table) { // the toy runs no operations, which the table says
		t.Errorf("standard error %q, %s %q", stderr, profileFile, table)
	}
	gzipped, err := os.ReadFile(filepath.Join(out, samplesFile))
	if err != nil || !bytes.HasPrefix(gzipped, []byte{0x1f, 0x8b}) {
		t.Errorf("%s: error %v, begins with %x; want a gzip file", samplesFile, err, gzipped[:min(len(gzipped), 2)])
	}
	var doc any
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Errorf("standard output: %v", err)
	}
	html, err := os.ReadFile(filepath.Join(out, reportFile))
	if err != nil || bytes.Contains(html, []byte("-profile")) {
		t.Errorf("error %v; the report's command is with -profile", err)
	}
}

// Whoever compiles functions gets a profile with the flag and none without. However
// the run ends, the files are written, and the next run can be profiled again.
func TestProfileOfFailingRuns(t *testing.T) {
	for _, profiled := range []bool{true, false, true} {
		for what, end := range map[string]func() error{
			"error": func() error { return errors.New("boom") }, "panic": func() error { panic("boom") }, "none": func() error { return nil },
		} {
			e := toy()
			e.Run = func(_ context.Context, run *Run[toyRecipe]) error {
				if (run.Compiler.Profile != nil) != profiled {
					t.Errorf("%s, -profile %t: got profile %v", what, profiled, run.Compiler.Profile)
				}
				return end()
			}
			out := filepath.Join(t.TempDir(), "o")
			args := []string{"-out", out, "-progress", "none"}
			if profiled {
				args = append(args, "-profile")
			}
			var stdout, stderr bytes.Buffer
			code := runMain(context.Background(), e, args, &stdout, &stderr)
			if failed := strings.Contains(stderr.String(), "boom"); failed != (what != "none") || (code != 0) != failed {
				t.Errorf("%s, -profile %t: status %d, standard error %q", what, profiled, code, stderr.String())
			}
			for _, name := range []string{profileFile, samplesFile} {
				if _, err := os.Stat(filepath.Join(out, name)); (err == nil) != profiled {
					t.Errorf("%s, -profile %t: %s: %v", what, profiled, name, err)
				}
			}
		}
	}
}
