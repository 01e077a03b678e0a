//go:build libtorch && cgo

package torch

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"capas/autodiff"
)

// refereed are the translations, by name, that referees of these tests have compared.
var refereed sync.Map

// TestMain holds, after a run of all tests, that no translation went without a referee.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			os.Exit(code)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(translators())) {
		if _, ok := refereed.Load(name); !ok && code == 0 {
			defer os.Exit(1)
			fmt.Printf("no test compares the translation of %q with Capas's kernels\n", name)
		}
	}
	if code != 0 {
		os.Exit(code)
	}
}

// referee is one between Capas's kernels and the backend, which notes what it translates.
func referee(t testing.TB) *autodiff.Referee {
	b := open(t)
	for name, translate := range b.known {
		b.known[name] = func(o *operation) (translation, error) {
			refereed.Store(name, true)
			return translate(o)
		}
	}
	return autodiff.NewReferee(b)
}

// Every operation that the sources define has a translation.
func TestOperationsAreTranslated(t *testing.T) {
	// Names that the sources compute, by file and expression, and the test that goes through all.
	computed := map[string]string{
		"autodiff/ops/random.go: name":                 "TestNoise: every draw is translated alike",
		"autodiff/ops/rnn.go: r.key(\"forward\")":      "TestRecurrences, TestJordan",
		"autodiff/ops/sequence.go: r.key(\"forward\")": "TestRecurrences, TestJordan",
		"autodiff/ops/sequence.go: r.key(what)":        "TestRecurrences, TestJordan",
		"blocks/activation.go: a.String()":             "TestActivations",
		"blocks/activation.go: \"back \" + a.String()": "TestActivations",
		"train/step.go: r.name":                        "TestModels: every optimiser",
	}
	known := translators()
	root := filepath.Join("..", "..")
	literal := 0
	left := maps.Clone(computed)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(source, []byte("Def{")) {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, source, 0)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for _, x := range definedNames(file) {
			from, to := files.Position(x.Pos()), files.Position(x.End())
			site := filepath.ToSlash(name) + ": " + string(source[from.Offset:to.Offset])
			text, ok := literalName(x)
			_, elsewhere := computed[site]
			switch {
			case elsewhere:
				delete(left, site)
			case !ok:
				t.Errorf("line %d of %s: a name that this test cannot read: say in its table which test goes through all of them", from.Line, site)
			case known[text] == nil:
				t.Errorf("line %d of %s: no translation of the operation %q", from.Line, site, text)
			default:
				literal++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for site := range left {
		t.Errorf("%s: is not in the sources any more", site)
	}
	if literal < 50 {
		t.Errorf("%d operations were found, want 50 or more", literal)
	}
}

// definedNames are the names in values of type ops.Def.
func definedNames(file *ast.File) (names []ast.Expr) {
	ast.Inspect(file, func(n ast.Node) bool {
		def, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		switch kind := def.Type.(type) {
		case *ast.Ident:
			ok = kind.Name == "Def"
		case *ast.SelectorExpr:
			ok = kind.Sel.Name == "Def"
		default:
			ok = false
		}
		for _, e := range def.Elts {
			if field, is := e.(*ast.KeyValueExpr); ok && is && fmt.Sprint(field.Key) == "Name" {
				names = append(names, field.Value)
			}
		}
		return true
	})
	return names
}

// literalName is an operation's name without its parameters: a string, a constant of one, or what a
// call such as fmt.Sprintf begins with.
func literalName(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		text, _, _ = strings.Cut(text, "%")
		name, _ := parse(text)
		return name, err == nil
	case *ast.CallExpr:
		return literalName(append(x.Args, x.Fun)[0])
	case *ast.Ident:
		if x.Obj != nil && x.Obj.Kind == ast.Con {
			return literalName(x.Obj.Decl.(*ast.ValueSpec).Values[0])
		}
	}
	return "", false
}
