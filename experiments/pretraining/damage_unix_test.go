//go:build unix

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"capas/experiments/internal/labtest"
	"capas/experiments/internal/runfiles"
	"capas/internal/atomicfile"
	"capas/internal/kernels"
	"capas/pretrain"
)

// stopped starts a run and ends it with a signal when it has checkpoints of both
// generations.
func stopped(t *testing.T, program string, s syscall.Signal, args ...string) (out string) {
	t.Helper()
	for range 20 {
		out = filepath.Join(t.TempDir(), "out")
		p := labtest.Start(t, program, short(out, args...)...)
		p.UntilCheckpoint(out, "*.safetensors")
		time.Sleep(20 * time.Millisecond)
		p.Signal(s)
		code, stderr := p.Wait()
		if code == 1 {
			t.Fatal(stderr)
		}
		generations := (&pretrain.Files{Path: shortNetwork(out)}).Generations()
		if _, err := os.Stat(generations[1]); err == nil && code != 0 {
			return out
		}
	}
	t.Fatal("twenty runs ended with one checkpoint, or came to their ends")
	return ""
}

// damages are what becomes of a file.
func damages() map[string]func([]byte) []byte {
	return map[string]func([]byte) []byte{
		"empty":                    func(b []byte) []byte { return nil },
		"truncated":                func(b []byte) []byte { return b[:len(b)/2] },
		"without its last byte":    func(b []byte) []byte { return b[:len(b)-1] },
		"a bit of the header":      func(b []byte) []byte { b[100] ^= 1; return b },
		"a bit of the last number": func(b []byte) []byte { b[len(b)-2] ^= 1; return b },
	}
}

// damage damages a file and returns what it was.
func damage(t *testing.T, path string, how func([]byte) []byte) (before []byte) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, how(append([]byte(nil), before...)), 0o666); err != nil {
		t.Fatal(err)
	}
	return before
}

// copyTree copies files below dir into a new directory.
func copyTree(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

// A latest checkpoint that was damaged after the run's end gives way to the one before,
// with a warning that names it; when both are damaged, the error names both and nothing
// is changed.
func TestDamagedCheckpoints(t *testing.T) {
	program := labtest.Binary(t)
	want := whole(t, program)
	killed := stopped(t, program, syscall.SIGKILL)
	if err := atomicfile.Sweep(filepath.Join(killed, "checkpoints")); err != nil { // the next start would remove it, refused or not
		t.Fatal(err)
	}
	for name, how := range damages() {
		out := copyTree(t, killed)
		_, newest := runfiles.Latest(t, shortNetwork(out))
		damage(t, newest, how)
		stderr := labtest.Start(t, program, short(out, "-resume")...).Succeeds(out, want)
		if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "warning: ") || !strings.Contains(stderr, newest+": ") || !strings.Contains(stderr, "going on from the other checkpoint") {
			t.Errorf("%s: want one line with a warning that names %s, got %q", name, newest, stderr)
		}

		out = copyTree(t, killed)
		both := (&pretrain.Files{Path: shortNetwork(out)}).Generations()
		for _, path := range both {
			damage(t, path, how)
		}
		before := tree(t, out)
		labtest.Start(t, program, short(out, "-resume")...).Fails("no checkpoint to go on from", both[0]+": ", both[1]+": ")
		labtest.Start(t, program, short(out)...).Fails(out, "holds an unfinished run")
		runfiles.Equal(t, name+": before and after the refusal", before, tree(t, out))
	}
}

// A run goes on with the kernels it began with, or not at all.
func TestCheckpointsOfOtherKernels(t *testing.T) {
	family, err := kernels.Family()
	if err != nil {
		t.Fatal(err)
	}
	if family == "portable" {
		t.Skip("needs a processor with kernels besides the portable ones, and CAPAS_KERNELS to allow them")
	}
	program := labtest.Binary(t)
	want := whole(t, program)
	out := stopped(t, program, syscall.SIGINT)
	before := tree(t, out)
	labtest.Start(t, program, append([]string{"CAPAS_KERNELS=portable"}, short(out, "-resume")...)...).Fails(
		shortNetwork(out), `kernels is "`+family+`" there, "portable" here`, "set CAPAS_KERNELS="+family)
	runfiles.Equal(t, "before and after the refusal", before, tree(t, out))
	labtest.Start(t, program, append([]string{"CAPAS_KERNELS=" + family}, short(out, "-resume")...)...).Succeeds(out, want)
}

// A second Ctrl-C ends the process at once; the checkpoints that are there are whole,
// and the run can go on.
func TestSecondInterrupt(t *testing.T) {
	program := labtest.Binary(t)
	want := whole(t, program)
	atOnce := 0
	for round := 0; round < 30 && (atOnce < 5 || round < 6); round++ {
		out := filepath.Join(t.TempDir(), "out")
		p := labtest.Start(t, program, short(out)...)
		p.UntilCheckpoint(out, "*.safetensors")
		time.Sleep(time.Duration(round) * time.Millisecond)
		p.Signal(syscall.SIGINT)
		p.Signal(syscall.SIGTERM) // two of a kind might be taken for one
		code, stderr := p.Wait()
		if code == 0 {
			continue // finished before
		}
		if code != 130 {
			t.Errorf("want status 130, got %d, %q", code, stderr)
		}
		if !strings.Contains(stderr, "resume with: ") {
			atOnce++
		}
		if latest, _ := runfiles.Latest(t, shortNetwork(out)); latest == nil {
			t.Error("no checkpoint is left")
		}
		if round%3 == 0 {
			labtest.Start(t, program, short(out, "-resume")...).Succeeds(out, want)
		}
	}
	if atOnce == 0 {
		t.Error("no run was ended at once")
	}
	t.Logf("%d runs were ended at once", atOnce)
}

// A training that diverges says where, and names the last good checkpoint, from which
// going on comes to the same end.
func TestDivergence(t *testing.T) {
	program := labtest.Binary(t)
	place := `epoch \d+, batch \d+: .*layer \d, (dbn|glorot)\.\d\.[Wb]\[\d+\] is (NaN|[+-]Inf)`
	out := filepath.Join(t.TempDir(), "out")
	pattern := regexp.MustCompile(`seed 1 dbn: stage fine-tuning: ` + place + `.*the last good checkpoint is (\S+) \((.*)\)\n$`)
	var lines [2]string
	for i, more := range [][]string{{}, {"-resume"}} {
		lines[i] = labtest.Start(t, program, short(out, append(more, "-lr", "3e38", "-checkpoint", "0s")...)...).Fails()
		match := pattern.FindStringSubmatch(lines[i])
		if match == nil {
			t.Fatalf("want %s, got %q", pattern, lines[i])
		}
		c, err := pretrain.ReadCheckpoint(match[3])
		if err != nil {
			t.Fatal(err)
		}
		if got := c.State.String(); got != match[4] {
			t.Errorf("the error says that the checkpoint is at %s, it is at %s", match[4], got)
		}
		for _, p := range c.State.Current.Snapshot.Tensors {
			for j, x := range p.Value.Float32s() {
				if x-x != 0 {
					t.Fatalf("%s: %s[%d] is %v", match[3], p.Name, j, x)
				}
			}
		}
	}
	generation := strings.NewReplacer(".a.safetensors", "", ".b.safetensors", "")
	if generation.Replace(lines[0]) != generation.Replace(lines[1]) {
		t.Errorf("the run said %q, its resumption %q", lines[0], lines[1])
	}

	line := labtest.Start(t, program, short(filepath.Join(t.TempDir(), "out"), "-init", "glorot", "-lr", "3e38", "-checkpoint", "1h")...).Fails("there is no checkpoint yet")
	if !regexp.MustCompile(place).MatchString(line) {
		t.Errorf("want %s, got %q", place, line)
	}
}
