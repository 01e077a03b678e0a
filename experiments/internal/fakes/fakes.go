// Package fakes lets programs that run experiments be tested without these: their test
// binary is the experiments, by its file name, and the program, as a process of its own.
package fakes

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capas/experiments/internal/programs"
)

// programVar is the variable that makes the test binary the program.
const programVar = "CAPAS_TEST_PROGRAM"

// Main is the TestMain of a program over experiments. The test binary is the experiment of
// a name in a file that Link made for it, and else the program, as setting says, in a process
// with Program in its environment. Both return their exit status.
func Main(m *testing.M, experiment func(name string) int, program func(setting string) int) {
	file := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if name, ok := strings.CutPrefix(file, prefix); ok {
		os.Exit(experiment(strings.TrimPrefix(name, "-")))
	}
	if setting := os.Getenv(programVar); setting != "" {
		os.Exit(program(setting))
	}
	os.Exit(m.Run())
}

// Program is what the environment holds, besides the test's, of a process that is the
// program; setting is any text.
func Program(setting string) string { return programVar + "=" + setting }

// prefix begins the names of files that are fake experiments.
const prefix = "fake"

// Link makes in dir, which it makes if need be, the program of a fake experiment: the file
// "fake-NAME", or "fake" if the name is empty.
func Link(dir, name string) (file string, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	if name != "" {
		name = "-" + name
	}
	file = filepath.Join(dir, programs.Executable(prefix+name))
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if err := os.Link(self, file); err == nil || errors.Is(err, fs.ErrExist) {
		return file, nil
	}
	data, err := os.ReadFile(self) // on another file system
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, data, 0o777)
}

// notesDir is the folder of notes. It lies two levels above an experiment's -out, where
// neither the experiment nor a program that collects them looks.
const notesDir = "notes"

// Note leaves a note that an experiment with a directory of results was started.
func Note(out string) {
	dir := filepath.Join(filepath.Dir(filepath.Dir(out)), notesDir)
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, filepath.Base(out)+"~"); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		panic(err)
	}
}

// Noted counts the notes of experiments whose -out matches a pattern of filepath.Match.
func Noted(out string) int {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(out)), notesDir, filepath.Base(out)+"~*"))
	if err != nil {
		panic(err)
	}
	return len(files)
}

// AwaitNotes waits until experiments have been started so often.
func AwaitNotes(t testing.TB, out string, n int) {
	t.Helper()
	Await(t, "a start of "+out, func() bool { return Noted(out) >= n })
}

// Await waits for something, called what.
func Await(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for start := time.Now(); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 5*time.Minute {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Read is the text of a file of a directory.
func Read(t testing.TB, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
