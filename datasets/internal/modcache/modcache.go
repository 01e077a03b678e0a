// Package modcache finds the folder of a required module in the Go module cache of the machine a program runs on.
//
// A program built with -trimpath does not know where its sources lay, so the place is put together from what it does
// know: the version, from the build information linked into it, and the cache's usual places.
package modcache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// Dir returns the folder of the module, which the running program must have been built with, in the module cache.
// version is used where the build information has none (a program built by other tools than go build).
//
// Looked at, in this order: $GOMODCACHE, the first folder of $GOPATH, the default GOPATH (go in the home directory), and
// what the go command says if there is one (its answer also knows settings written by go env -w, and replacements).
// The error lists the places looked at; it wraps ctx's error if ctx ended the search.
func Dir(ctx context.Context, module, version string) (string, error) {
	path, version := linked(module, version)
	folder := filepath.FromSlash(Escape(path) + "@" + Escape(version))
	var tried []string
	for _, root := range roots(os.Getenv, os.UserHomeDir) {
		dir := filepath.Join(root, folder)
		if isDir(dir) {
			return dir, nil
		}
		tried = append(tried, dir)
	}
	if root, err := goCommand(ctx, "env", "GOMODCACHE"); err == nil {
		dir := filepath.Join(root, folder)
		if isDir(dir) {
			return dir, nil
		}
		tried = append(tried, dir)
	}
	if dir, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}", module); err == nil && isDir(dir) {
		return dir, nil
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("module %s: %w", module, err)
	}
	return "", fmt.Errorf("module %s %s not in the module cache: looked for %s", module, version, strings.Join(tried, ", "))
}

// linked returns path and version of the module as the build information has them, replacements followed.
func linked(module, version string) (path, v string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return module, version
	}
	for _, dep := range info.Deps {
		if dep.Path != module {
			continue
		}
		if dep.Replace != nil && dep.Replace.Version != "" {
			dep = dep.Replace
		}
		return dep.Path, dep.Version
	}
	return module, version
}

// roots returns the places where the module cache may be, most specific first, as cmd/go derives them.
func roots(getenv func(string) string, home func() (string, error)) []string {
	var list []string
	if dir := getenv("GOMODCACHE"); dir != "" {
		list = append(list, dir)
	}
	if paths := filepath.SplitList(getenv("GOPATH")); len(paths) > 0 && paths[0] != "" {
		list = append(list, filepath.Join(paths[0], "pkg", "mod"))
	}
	if dir, err := home(); err == nil {
		list = append(list, filepath.Join(dir, "go", "pkg", "mod"))
	}
	return list
}

// Escape writes a module path or version as the module cache does, so that it survives file systems that ignore case:
// each upper-case letter becomes an exclamation mark and its lower-case form (golang.org/ref/mod, "Module cache").
func Escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('!')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// goCommand returns the one line the go command prints. It is given ten seconds and no network.
func goCommand(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	// GONOPROXY, because modules that the user's settings exempt from GOPROXY would be fetched all the same.
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GONOPROXY=none", "GOVCS=*:off", "GOTOOLCHAIN=local")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	line := strings.TrimSpace(string(out))
	if err == nil && line == "" {
		err = errors.New("no answer")
	}
	return line, err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
