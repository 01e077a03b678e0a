//go:build unix

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"capas/internal/atomicfile"
	"capas/internal/disktest"

	"github.com/google/go-cmp/cmp"
)

// failed checks that a process ended with status 1 and one line that has all of want.
func failed(t *testing.T, p *process, want ...string) {
	t.Helper()
	code, stderr := p.end()
	if code != 1 || strings.Contains(stderr, "\n") {
		t.Errorf("want status 1 and one line, got %d, %q", code, stderr)
	}
	for _, w := range want {
		if !strings.Contains(stderr, w) {
			t.Errorf("want %q, got %q", w, stderr)
		}
	}
}

// finished runs the experiment to its end and returns the files it leaves.
func finished(t *testing.T, args ...string) map[string]string {
	t.Helper()
	p := startRunning(t, args...)
	if code, stderr := p.end(); code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	return readTree(t, args[len(args)-1])
}

func TestSecondProcessIsRefused(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	args := []string{"-progress", "none", "-mode", "end", "-out", out}
	owner := startRunning(t, args...)
	before := readTree(t, out)
	for _, resume := range []string{"-resume", "-resume=false"} {
		failed(t, start(t, append(args, resume)...), out, fmt.Sprintf("in use by process %d on host ", owner.cmd.Process.Pid))
	}
	if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
		t.Errorf("the second changed files: %s", diff)
	}
	if code, stderr := owner.end(); code != 0 { // undisturbed
		t.Errorf("status %d: %s", code, stderr)
	}
	finished(t, args...)
}

// TestRacingStarts: of several that start in one new directory at the same time, one
// runs and the others name it.
func TestRacingStarts(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	var all []*process
	for range 6 {
		all = append(all, start(t, "-progress", "none", "-mode", "end", "-out", out))
	}
	var owner *process
	for _, p := range all {
		if p.lines.Scan(); p.lines.Text() != "running" {
			p.rest = append(p.rest, p.lines.Text())
		} else if owner != nil {
			t.Error("two run at the same time")
		} else {
			owner = p
		}
	}
	if owner == nil {
		t.Fatal("none runs")
	}
	for _, p := range all {
		if p != owner {
			failed(t, p, fmt.Sprintf("in use by process %d on host ", owner.cmd.Process.Pid))
		}
	}
	if code, stderr := owner.end(); code != 0 {
		t.Errorf("status %d: %s", code, stderr)
	}
}

// TestKilledOwner: what a killed process leaves keeps nobody out, and its unfinished
// files are gone afterwards.
func TestKilledOwner(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	args := []string{"-mode", "end", "-out", out}
	owner := startRunning(t, args...)
	owner.signal(syscall.SIGKILL)
	if code, _ := owner.end(); code != -1 {
		t.Fatalf("status %d", code)
	}
	left := filepath.Join(out, atomicfile.TempPrefix+"result.json-1")
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, found := finished(t, args...)[left]; found {
		t.Errorf("%s was left", left)
	}
}

// TestOutDeleted: a run whose directory somebody deletes or replaces says so, makes
// nothing anew and touches nothing of the replacement.
func TestOutDeleted(t *testing.T) {
	for _, mode := range []string{"log", "end", "wait"} {
		for _, replaced := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, replaced %t", mode, replaced), func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "o")
				p := startRunning(t, "-progress", "none", "-profile", "-mode", mode, "-out", out)
				if err := os.Rename(out, out+"-away"); err != nil { // at once, then at leisure
					t.Fatal(err)
				}
				if replaced {
					finished(t, "-progress", "none", "-mode", "end", "-out", out)
				}
				if err := os.RemoveAll(out + "-away"); err != nil {
					t.Fatal(err)
				}
				var before map[string]string
				if replaced {
					before = readTree(t, out)
				}
				if mode == "wait" { // interrupted: not to be resumed
					p.signal(syscall.SIGINT)
				}
				code, stderr := p.end()
				if want := out + ": the directory, or .lock in it, was deleted or replaced"; code != 1 || !strings.Contains(stderr, want) ||
					strings.Contains(stderr, "resume with") || strings.Contains(stderr, "nothing was wrong") {
					t.Errorf("want status 1 and %q, got %d, %q", want, code, stderr)
				}
				if replaced {
					if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
						t.Errorf("the replacement changed: %s", diff)
					}
				} else if _, err := os.Stat(out); !os.IsNotExist(err) {
					t.Errorf("the directory was made anew: %v", err)
				}
			})
		}
	}
}

// TestOutOnAFullDisk fills the disk before a run, while it logs, and before its end.
func TestOutOnAFullDisk(t *testing.T) {
	disk := disktest.Small(t, 1<<20)
	out := filepath.Join(disk, "o")
	args := []string{"-progress", "none", "-mode", "end", "-out", out}
	before := finished(t, args...)
	intact := func(when string) {
		t.Helper()
		after := readTree(t, out)
		for _, name := range []string{resultFile, reportFile, "curves.svg"} {
			if path := filepath.Join(out, name); before[path] == "" || before[path] != after[path] {
				t.Errorf("%s: %s is not what it was", when, name)
			}
		}
		for path := range after {
			if strings.HasPrefix(filepath.Base(path), atomicfile.TempPrefix) {
				t.Errorf("%s: %s was left", when, path)
			}
		}
	}
	fill := disktest.Fill(t, disk)
	failed(t, start(t, args...), out+string(filepath.Separator), "no space left on device")
	intact("full before the start")

	free(t, fill)
	p := startRunning(t, args...)
	fill = disktest.Fill(t, disk)
	failed(t, p, out+string(filepath.Separator), "no space left on device")
	intact("full before the end")

	free(t, fill)
	out = filepath.Join(disk, "l")
	p = startRunning(t, "-progress", "none", "-mode", "log", "-out", out)
	disktest.Fill(t, disk)
	failed(t, p, filepath.Join(out, metricsFile), "no space left on device")
}

// free removes the file that fills a disk.
func free(t *testing.T, fill string) {
	t.Helper()
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
}

func TestOutOnAReadOnlyDisk(t *testing.T) {
	disk := disktest.Small(t, 1<<20)
	out := filepath.Join(disk, "o")
	args := []string{"-progress", "none", "-mode", "end", "-out", out}
	before := finished(t, args...)
	disktest.ReadOnly(t, disk)
	failed(t, start(t, args...), out, "read-only file system")
	failed(t, start(t, append(args, "-resume")...), out, "read-only file system")
	failed(t, start(t, "-mode", "end", "-out", out+"2"), out+"2", "read-only file system")
	if diff := cmp.Diff(before, readTree(t, out)); diff != "" {
		t.Error(diff)
	}
}
