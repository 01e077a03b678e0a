package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func call(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(ctx, args, &out, &err)
	return status, out.String(), err.String()
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{`workload "lenet-b200" is unknown, want one of mlp-500-500-2000-b10, `, []string{"lenet-b200"}},
		{"-rounds 0", []string{"-rounds", "0"}},
		{"-seconds NaN", []string{"-seconds", "NaN"}},
		{"-threads -1", []string{"-threads", "-1"}},
		{"-epochs 0", []string{"-chain", "-epochs", "0"}},
		{"-chain takes no workloads", []string{"-chain", "mlp-tiny-b32"}},
		{"-nonsense", []string{"-nonsense"}},
	} {
		status, stdout, stderr := call(t.Context(), c.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: want status 2 and a message with %q, got %d, %q and %q", c.args, c.says, status, stdout, stderr)
		}
	}
	if status, _, stderr := call(t.Context(), "-h"); status != 0 || !strings.Contains(stderr, "-rounds") {
		t.Errorf("-h: status %d, %q", status, stderr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, _, stderr := call(ctx); status != 130 {
		t.Errorf("interrupted: want status 130, got %d: %s", status, stderr)
	}
}

// Without PyTorch and scikit-learn the table has no times of theirs, and a line each
// says how to get them.
func TestNothingInstalled(t *testing.T) {
	status, stdout, stderr := call(t.Context(), "-rounds", "1", "-seconds", "0", "-markdown", "-python", filepath.Join(t.TempDir(), "none"), "mlp-tiny-b32")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if n := strings.Count(stdout, install); n != 2 {
		t.Errorf("want two lines with %q, got %d: %s", install, n, stdout)
	}
	row := cells(stdout, "mlp-tiny-b32")
	if len(row) != 10 || row[4] != "–" || row[5] != "–" || row[6] == "–" || row[8] != "–" {
		t.Errorf("want dashes for PyTorch and scikit-learn and a time of Gorgonia's, got %q", row)
	}
}

// A Python that answers 5 µs everywhere and knows what it was asked.
func TestAgainstScripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	python, log := filepath.Join(dir, "python"), filepath.Join(dir, "log")
	script := `#!/bin/sh
if [ "$1" = -c ]; then echo 9.9 OpenBLAS; exit; fi
echo "$@" >>` + log + `
for name; do :; done
echo "{\"name\": \"$name\", \"median_us\": 5, \"min_us\": 4, \"gflop\": 1}"
`
	if err := os.WriteFile(python, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := call(t.Context(), "-rounds", "2", "-seconds", "0.01", "-threads", "1", "-markdown", "-python", python, "rbm-784-500-b10", "mlp-tiny-b32")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if !strings.Contains(stdout, "PyTorch: 9.9 with OpenBLAS\n") || !strings.Contains(stdout, ", 1 threads\n") {
		t.Errorf("want the versions, got %s", stdout)
	}
	if row := cells(stdout, "rbm-784-500-b10"); len(row) != 10 || row[4] != "5.0" || row[8] != "5.0" {
		t.Errorf("want 5.0 µs of PyTorch and scikit-learn, got %q", row)
	}
	if row := cells(stdout, "mlp-tiny-b32"); len(row) != 10 || row[4] != "5.0" || row[8] != "–" {
		t.Errorf("want 5.0 µs of PyTorch and nothing of scikit-learn, got %q", row)
	}
	asked, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var short []string
	for l := range strings.Lines(string(asked)) {
		short = append(short, filepath.Base(strings.TrimSpace(strings.Replace(l, " --seconds 0.01 --threads 1 ", " ", 1))))
	}
	want := "torch_step.py rbm-784-500-b10,sklearn_rbm.py rbm-784-500-b10,torch_step.py mlp-tiny-b32," + // Capas first
		"sklearn_rbm.py rbm-784-500-b10,torch_step.py rbm-784-500-b10,torch_step.py mlp-tiny-b32" // Capas last
	if got := strings.Join(short, ","); got != want {
		t.Errorf("want the calls\n%s\ngot\n%s", want, got)
	}
}

// cells are those of the row of a Markdown table that a name begins.
func cells(markdown, name string) (out []string) {
	for l := range strings.Lines(markdown) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), "| "+name); ok {
			out = append(out, name)
			for _, c := range strings.Split(strings.Trim(rest, " |"), "|") {
				out = append(out, strings.TrimSpace(c))
			}
		}
	}
	return out
}

func TestTable(t *testing.T) {
	tab := table{programs: []program{{name: "Capas"}, {name: "PyTorch"}, {name: "scikit-learn", missing: "not there"}}, workloads: []string{"step"}}
	for _, us := range [][2]float64{{10, 40}, {20, 50}, {5, 25}} { // quotients 4, 2.5, 5
		tab.add("Capas", measurement{Name: "step", MedianUS: us[0], MinUS: us[0] / 2, GFLOP: 0.002, Allocs: 3})
		tab.add("PyTorch", measurement{Name: "step", MedianUS: us[1], MinUS: us[1] / 8})
	}
	for markdown, want := range map[bool]string{
		false: `workload  Capas µs  GFLOP/s  allocs  PyTorch µs     PyTorch/Capas  scikit-learn µs  scikit-learn/Capas
step          10.0      200       3        40.0  4.00 (2.50–5.00)                –                   –
`,
		true: `| workload | Capas µs | GFLOP/s | allocs | PyTorch µs |    PyTorch/Capas | scikit-learn µs | scikit-learn/Capas |
|---|---:|---:|---:|---:|---:|---:|---:|
| step     |     10.0 |     200 |      3 |       40.0 | 4.00 (2.50–5.00) |               – |                  – |
`,
	} {
		var b bytes.Buffer
		if err := tab.print(&b, markdown); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("want\n%sgot\n%s", want, b.String())
		}
	}
	tab.least = true
	if row := tab.cells()[1]; row[1] != "5.0" || row[2] != "400" || row[4] != "5.0" || row[5] != "1.00 (0.62–1.25)" {
		t.Errorf("least times: want 5.0 µs, 400 GFLOP/s, 5.0 µs and 1.00 (0.62–1.25), got %q", row)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median of 4, 1, 3, 2: want 2.5, got %g", m)
	}
}

func TestReadTestErrors(t *testing.T) {
	for _, c := range []struct {
		read func([]byte) (float64, error)
		line string
		want float64
	}{
		{readCapas, `{"metrics": {"dbn.test_error": {"mean": 0.04, "values": [0.04]}}}`, 0.04},
		{readCapas, `{"metrics": {}}`, math.NaN()},
		{readCapas, `no JSON`, math.NaN()},
		{readTorch, `{"init": "dbn", "test_error": [0.05, 0.03]}`, 0.03},
		{readTorch, `{"init": "dbn", "test_error": []}`, math.NaN()},
		{readTorch, `Traceback`, math.NaN()},
	} {
		got, err := c.read([]byte(c.line))
		if math.IsNaN(c.want) != (err != nil) || err == nil && got != c.want {
			t.Errorf("%s: want %g, got %g and error %v", c.line, c.want, got, err)
		}
	}
}

// A program that fails or prints something else is an error that shows the command and
// what it printed.
func TestBrokenProgram(t *testing.T) {
	for _, c := range []struct {
		command []string
		says    string
	}{
		{[]string{"go", "version"}, "go version --seconds"},
		{[]string{filepath.Join(t.TempDir(), "none")}, "none --seconds"},
	} {
		_, err := program{command: c.command}.measure(t.Context(), "mlp-tiny-b32", settings{})
		if err == nil || errors.Is(err, errUsage) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: want an error with %q, got %v", c.command, c.says, err)
		}
	}
}
