package atomicfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOrderOfSystemCalls has strace watch Write: the file is synced before it gets its
// name, the directory after.
func TestOrderOfSystemCalls(t *testing.T) {
	if path := os.Getenv("ATOMICFILE_TEST_CHILD"); path != "" {
		if err := Write(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
		return
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	if text, err := exec.Command(strace, "-e", "trace=none", "/bin/true").CombinedOutput(); err != nil {
		t.Skipf("needs a strace that may trace: %v, %s", err, text)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(strace, "-f", "-y", "-o", trace, "-e", "trace=fsync,rename,renameat,renameat2",
		os.Args[0], "-test.run=^TestOrderOfSystemCalls$")
	cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_CHILD="+filepath.Join(dir, "a.json"))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, text)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string // such as "fsync …/a.json"
	for _, m := range regexp.MustCompile(`(?m)^\d+ +(fsync|rename)(?:at2?)?\(.*`).FindAllStringSubmatch(string(text), -1) {
		switch line := m[0]; {
		case m[1] == "fsync" && strings.Contains(line, "<"+dir+">"):
			calls = append(calls, "fsync directory")
		case strings.Contains(line, filepath.Join(dir, TempPrefix)), strings.Contains(line, "<"+dir+">, \""+TempPrefix):
			calls = append(calls, m[1]+" file")
		}
	}
	if got, want := strings.Join(calls, ", "), "fsync file, rename file, fsync directory"; got != want {
		t.Errorf("want %s, got %s in\n%s", want, got, text)
	}
}
