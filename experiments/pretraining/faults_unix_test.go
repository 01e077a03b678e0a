//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"capas/experiments/internal/labtest"
	"capas/experiments/internal/runfiles"
	"capas/internal/atomicfile"
	"capas/internal/disktest"
	"capas/internal/tensorfile"
	"capas/pretrain"
)

// wholeFiles checks that every file of tensors that a failed run left is whole, and
// that it left no unfinished file; it returns the bytes of all files.
func wholeFiles(t *testing.T, out string) (total int) {
	t.Helper()
	for path, data := range tree(t, out) {
		total += len(data)
		var err error
		switch {
		case strings.HasPrefix(filepath.Base(path), atomicfile.TempPrefix):
			t.Errorf("%s was left", path)
		case filepath.Base(filepath.Dir(path)) == "checkpoints":
			_, err = pretrain.ReadCheckpoint(path)
		case filepath.Ext(path) == ".safetensors":
			_, err = tensorfile.ReadChecked(path)
		}
		if err != nil {
			t.Errorf("a file is not whole: %v", err)
		}
	}
	return total
}

// tree is the content of all files below dir, but for the lock.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".lock" {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// names is a pattern of an error about a file of out that is no unfinished one.
func names(out, what string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(out) + `/[\w/.-]*\w+\.\w+: ` + what)
}

// A disk that fills up in the course of a run, at several places, ends it with an error
// that names the file; with more room it goes on, and comes to the same bytes.
func TestFullDisk(t *testing.T) {
	program := labtest.Binary(t)
	ref := t.TempDir()
	if code, stderr := labtest.Start(t, program, short(ref)...).Wait(); code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	want, size := runfiles.Read(t, ref), wholeFiles(t, ref)
	for _, percent := range []int{10, 25, 55, 85, 97} { // the report is among the last 10 %
		disk := disktest.Small(t, size*percent/100)
		out := filepath.Join(disk, "out")
		line := labtest.Start(t, program, short(out)...).Fails()
		if !names(out, "no space left on device").MatchString(line) || strings.Contains(line, atomicfile.TempPrefix) {
			t.Errorf("%d %%: want the file's name and that there is no space, got %q", percent, line)
		}
		wholeFiles(t, out)
		if _, err := os.Stat(filepath.Join(out, "result.json")); !os.IsNotExist(err) {
			t.Errorf("%d %%: want no result.json, got %v", percent, err)
		}
		said := "" // by the run that goes on
		if latest, _ := runfiles.Latest(t, shortNetwork(out)); latest != nil {
			t.Logf("%d %% of %d bytes: at %v: %s", percent, size, latest.State, line)
		} else if percent > 20 { // otherwise not even one fits
			t.Errorf("%d %%: want a checkpoint that was complete before", percent)
		} else {
			said = "pretraining: nothing to resume in " + out + ", starting\n"
		}
		disktest.Resize(t, disk, 4*size)
		if stderr := labtest.Start(t, program, short(out, "-resume")...).Succeeds(out, want); stderr != said {
			t.Errorf("%d %%: want %q, got %q", percent, said, stderr)
		}
	}
}

// A disk that becomes read-only during a run, and writable again.
func TestReadOnlyDisk(t *testing.T) {
	program := labtest.Binary(t)
	want, out := whole(t, program), filepath.Join(t.TempDir(), "out")
	p := halted(t, program, short(out)...)
	before := tree(t, filepath.Join(out, "checkpoints"))
	thaw := disktest.Freeze(t, out)
	p.Signal(syscall.SIGCONT)
	if line := p.Fails(); !names(out, "read-only file system").MatchString(line) {
		t.Errorf("want the file's name and that it cannot be written, got %q", line)
	}
	if line := labtest.Start(t, program, short(out, "-resume")...).Fails(); !names(out, "read-only file system").MatchString(line) && !strings.Contains(line, out+"/.lock: ") {
		t.Errorf("resumed: want the file's name and that it cannot be written, got %q", line)
	}
	after := tree(t, filepath.Join(out, "checkpoints"))
	for path, data := range before {
		if after[path] != data && !strings.HasPrefix(filepath.Base(path), atomicfile.TempPrefix) {
			t.Errorf("%s changed", path)
		}
	}
	thaw()
	labtest.Start(t, program, short(out, "-resume")...).Succeeds(out, want)
}

// A directory that is deleted during a run, and perhaps made anew by another run: the
// first says so and writes nothing there, wherever it was stopped.
func TestDirectoryDeleted(t *testing.T) {
	program := labtest.Binary(t)
	for round := range 4 {
		replaced := round%2 == 1
		out := filepath.Join(t.TempDir(), "out")
		p := halted(t, program, short(out)...)
		if err := os.Rename(out, out+"-away"); err != nil {
			t.Fatal(err)
		}
		if replaced {
			if code, stderr := labtest.Start(t, program, short(out, "-epochs", "1", "-pretrain-epochs", "0")...).Wait(); code != 0 {
				t.Fatalf("status %d: %s", code, stderr)
			}
		}
		if err := os.RemoveAll(out + "-away"); err != nil {
			t.Fatal(err)
		}
		var before map[string]string
		if replaced {
			before = tree(t, out)
		}
		p.Signal(syscall.SIGCONT)
		p.Fails(out + ": the directory, or .lock in it, was deleted or replaced during the run")
		if !replaced {
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("the directory was made anew: %v", err)
			}
			continue
		}
		runfiles.Equal(t, "the other run before and after the first one's end", before, tree(t, out))
	}
}

// Of two processes in one directory the second is refused, whatever it wants, and the
// first is not disturbed.
func TestTwoProcesses(t *testing.T) {
	program := labtest.Binary(t)
	want, out := whole(t, program), filepath.Join(t.TempDir(), "out")
	first := halted(t, program, short(out)...)
	before := tree(t, out)
	for _, more := range [][]string{{"-resume"}, {}, {"-resume", "-json"}} {
		labtest.Start(t, program, short(out, more...)...).Fails(out, fmt.Sprintf("in use by process %d on host ", first.PID()))
	}
	runfiles.Equal(t, "before the second process and after it", before, tree(t, out))
	first.Signal(syscall.SIGCONT)
	if stderr := first.Succeeds(out, want); stderr != "" {
		t.Error(stderr)
	}
}
