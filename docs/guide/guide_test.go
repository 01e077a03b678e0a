package guide

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codeBlocks are those of a language on the pages, by page.
func codeBlocks(t *testing.T, language string) map[string][]string {
	t.Helper()
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	fence := regexp.MustCompile("(?s)```" + language + "\n(.*?)```")
	out := map[string][]string{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			out[page] = append(out[page], strings.TrimSpace(m[1]))
		}
	}
	return out
}

// TestBlocks: every block of Go is the body of an example, or declarations that stand together, in the page's file of tests; and
// every example there is on its page.
func TestBlocks(t *testing.T) {
	all := codeBlocks(t, "go")
	for page, code := range all {
		file := strings.ReplaceAll(strings.TrimSuffix(page, ".md"), "-", "_") + "_example_test.go"
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		at := func(p token.Pos) int { return set.Position(p).Offset }
		bodies := map[string]bool{}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
				continue
			}
			body, output, _ := strings.Cut(string(source[at(f.Body.Lbrace)+1:at(f.Body.Rbrace)]), "\t// Output:\n")
			if strings.TrimSpace(output) == "" {
				t.Errorf("%s: %s has no output, and is not run", file, f.Name.Name)
			}
			bodies[strings.TrimSpace(strings.ReplaceAll(body, "\n\t", "\n"))] = true
		}
		for i, block := range code {
			switch {
			case bodies[block]:
				delete(bodies, block)
			case strings.Contains(string(source), "\n\n"+block+"\n\n") && !strings.HasPrefix(block, "\t"):
			default:
				t.Errorf("%s: block %d of Go is not in %s as it stands on the page:\n%s", page, i+1, file, block)
			}
		}
		for body := range bodies {
			t.Errorf("%s: an example is not on %s:\n%s", file, page, body)
		}
	}
	if len(all) == 0 {
		t.Error("no blocks")
	}
}

// TestCommands: commands of shell blocks name programs and packages that exist, and those of experiments are understood: each
// prints its configuration instead of running.
func TestCommands(t *testing.T) {
	root := filepath.Join("..", "..")
	programs := map[string]string{}
	n := 0
	for page, code := range codeBlocks(t, "sh") {
		for _, line := range strings.Split(strings.Join(code, "\n"), "\n") {
			command, _, _ := strings.Cut(line, " #")
			words := strings.Fields(command)
			if len(words) < 2 || words[0] != "go" {
				t.Errorf("%s: want a command of go, got %q", page, line)
				continue
			}
			n++
			for _, w := range words[2:] {
				if !strings.HasPrefix(w, "./") {
					continue
				}
				if files, err := filepath.Glob(filepath.Join(root, w, "*.go")); err != nil || len(files) == 0 {
					t.Errorf("%s: %q: no package %s", page, line, w)
				}
			}
			if words[1] != "run" {
				continue
			}
			name, args := words[2], words[3:]
			// What these are asked for would change the machine, or needs runs.
			switch name {
			case "./scripts/notebooks", "./experiments/inspect":
				args = []string{args[0], "-h"}
			case "./experiments/all", "./experiments/sweep":
				args = append(args, "-h")
			default:
				args = append(args, "-print-config", "-out", filepath.Join(t.TempDir(), "out"))
			}
			if programs[name] == "" {
				binary := filepath.Join(t.TempDir(), filepath.Base(name))
				build := exec.Command("go", "build", "-ldflags=-s", "-o", binary, name)
				build.Dir = root
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", name, err, out)
				}
				programs[name] = binary
			}
			cmd := exec.Command(programs[name], args...)
			cmd.Dir = t.TempDir()
			if i := slices.Index(args, "-data-dir"); i >= 0 {
				if err := os.Mkdir(filepath.Join(cmd.Dir, args[i+1]), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Errorf("%s: %q: %v\n%s", page, line, err, out.String())
			}
		}
	}
	if n < 10 {
		t.Errorf("%d commands, want at least 10", n)
	}
}

// TestLinks: files that the pages link to exist.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
