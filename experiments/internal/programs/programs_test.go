package programs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"b/main.go":       "package main\nfunc main() { os.Exit(lab.Main(e, nil, nil, nil)) }",
		"b-c/main.go":     "package main\nfunc main() { lab.Main[int](e) }\nfunc other() { lab.Main(e) }",
		"a/z.go":          "package main\nvar f = func() int { return lab.Main(e) }",
		"a/a.go":          "package main\n// lab.Main(",
		"tests/x.go":      "package main\nfunc main() { lab.Mainly() }",
		"tests/x_test.go": "package main\nfunc f() { lab.Main(e) }",
		"text/x.go":       "package main\nvar s = `lab.Main(e)`",
		"internal/d/x.go": "package main\nfunc main() { lab.Main(e) }",
		"x.go":            "package main\nfunc main() { lab.Main(e) }",
	})
	names, err := Find(dir)
	if want := []string{"a", "b", "b-c"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v; want %v", names, err, want)
	}
	write(t, dir, map[string]string{"broken/x.go": "package main\nfunc {"})
	if _, err := Find(dir); err == nil || !strings.Contains(err.Error(), filepath.Join("broken", "x.go")) {
		t.Errorf("got error %v, want one that names the file", err)
	}
}
