// Package capas has only this test, of the README's program.
package capas

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeProgram builds the program in README.md as it stands there and runs it.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```go\n")
	program, _, ok2 := strings.Cut(rest, "```\n")
	if !ok || !ok2 {
		t.Fatal("README.md has no Go program")
	}
	// The program imports packages of this module, so it must lie inside of it.
	dir, err := os.MkdirTemp(".", "readme-*.tmp")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "-ldflags=-s", "./"+dir, "-preset", "smoke", "-json", "-progress", "none", "-out", filepath.Join(t.TempDir(), "out"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		Metrics map[string]struct{ Mean float64 }
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatal(err)
	}
	// One epoch of softmax regression is between chance (0.9) and its best (0.075, Deep
	// Learning Tutorials).
	if e := result.Metrics["test_error"].Mean; !(e > 0.07 && e < 0.15) {
		t.Errorf("test error %g", e)
	}
}
