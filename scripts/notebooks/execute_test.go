package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const first = `=== en
# %
=== es
# %
=== go
%noautoget
!*"$GONB_DIR"/prepare.sh

import (
	"fmt"

	"capas/experiments/lab/figure"
	"capas/notebooks/nb"
)

var line = figure.Lines{XLabel: "x", YLabel: "y", Series: []figure.Series{{Name: "a", X: []float64{1, 2}, Y: [][]float64{{3, 4}}}}}
`

// TestExecute executes notebooks by Jupyter and GoNB: what a good one shows is kept and found again, and failures of which Jupyter
// says nothing are told.
func TestExecute(t *testing.T) {
	if _, err := exec.LookPath("jupyter-nbconvert"); err != nil {
		t.Skip("needs jupyter-nbconvert: go run ./scripts/notebooks install")
	}
	dir, err := os.MkdirTemp("../..", "notebooks-*.tmp") // beside notebooks, so that the packages are found
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "prepare.sh", "nb"} {
		from, to := filepath.Join(home, name), filepath.Join(dir, name)
		if info, err := os.Stat(from); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	source := func(name, cells string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "src"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "src", name+".md"), []byte(first+cells), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	command := func(args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), append(args[:1:1], append([]string{"-dir", dir}, args[1:]...)...), &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}

	source("1-good", "=== go\n%%\nfmt.Println(1 + 1)\n=== go\n%%\nnb.Show(line)\nnb.Table([]string{\"a\", \"b\"}, []any{\"x\", 0.5})\n")
	if code, out := command("run", "1"); code != 0 {
		t.Fatalf("run of a good notebook: status %d\n%s", code, out)
	}
	n, err := readNotebook(inSpanish(english(dir, "1-good")))
	if err != nil {
		t.Fatal(err)
	}
	shown := n.outputs()
	if len(shown) != 3 || len(shown[0]) != 0 || len(shown[1]) != 1 || shown[1][0].text != "2" || len(shown[2]) != 2 ||
		!strings.Contains(shown[2][0].data["image/svg+xml"], "<svg") || !strings.Contains(shown[2][1].data["text/markdown"], "| x | 0.5 |") {
		t.Errorf("the Spanish notebook shows %.2000v", shown)
	}

	// Another output than what was kept; a panic, a status and a missing picture, after which Jupyter goes on; no compilation.
	kept, err := os.ReadFile(english(dir, "1-good"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(english(dir, "1-good"), bytes.Replace(kept, []byte(`"2"`), []byte(`"3"`), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	source("2-bad", "=== go\n%%\nvar v []int\nfmt.Println(v[len(v)])\n=== go\n!exit 3\n=== go\n%%\nif line.LogX {\n\tnb.Show(line)\n}\n")
	source("3-worse", "=== go\n%%\nfmt.Println(undefined)\n")
	if code, out := command("write"); code != 0 {
		t.Fatalf("write: status %d\n%s", code, out)
	}
	code, out := command("check")
	for _, want := range []string{
		`code cell 2 shows something else than what was kept: line 1 is "2", was "3"`,
		"code cell 2: standard error: panic: runtime error: index out of range", "code cell 3: standard error: exit status 3",
		"code cell 4: calls nb.Show() and shows nothing of type image/svg+xml", "undefined: undefined", "3 of 3 notebooks failed",
	} {
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("check of bad notebooks: status %d, want 1 and %q\n%s", code, want, out)
		}
	}
	if strings.Count(out, "shows something else") != 1 {
		t.Errorf("what was kept of the other cell is not found again:\n%s", out)
	}
}
