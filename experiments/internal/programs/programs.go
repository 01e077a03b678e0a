// Package programs finds the experiments, so that what is to be done for each of them needs
// no list of them, builds their programs and runs these as processes.
package programs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Find returns, sorted, the names of the directories in dir whose program calls
// lab.Main. Files that are no Go code are an error.
func Find(dir string) ([]string, error) {
	files, err := fs.Glob(os.DirFS(dir), "*/*.go")
	if err != nil {
		return nil, fmt.Errorf("find experiments in %s: %w", dir, err)
	}
	var names []string
	for _, file := range files { // sorted: those of a directory come together
		name := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || slices.Contains(names, name) {
			continue
		}
		calls, err := callsLabMain(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, fmt.Errorf("find experiments in %s: %w", dir, err)
		}
		if calls {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// callsLabMain tells whether a file of Go code has a call of lab.Main.
func callsLabMain(file string) (bool, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return false, err
	}
	found := false
	ast.Inspect(tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.SelectorExpr); ok {
				pkg, ok := f.X.(*ast.Ident)
				found = found || ok && pkg.Name == "lab" && f.Sel.Name == "Main"
			}
		}
		return !found
	})
	return found, nil
}
