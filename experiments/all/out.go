package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/internal/atomicfile"
	"capas/internal/lockfile"
)

// Names of the files in -out.
const (
	lockFile  = ".lock"
	cardFile  = "scorecard.json"
	indexFile = "index.html"
)

// openOut makes dir ready and locks it. A directory of something else is refused and
// stays as it is.
func openOut(dir string) (*lockfile.Lock, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("-out %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("-out %s: %w", dir, err)
	}
	ours := func(name string) bool {
		return name == lockFile || name == cardFile || strings.HasPrefix(name, atomicfile.TempPrefix)
	}
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return ours(e.Name()) }) {
		return nil, fmt.Errorf("-out %s: not empty (%s) and without %s: not a directory of this program; choose another -out", dir, entries[0].Name(), cardFile)
	}
	// That of a single experiment has a lock too.
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "config.json" }) {
		return nil, fmt.Errorf("-out %s: holds the results of a single experiment; choose another -out", dir)
	}
	lock, err := lockfile.Acquire(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("-out %s: %w", dir, err)
	}
	if err := atomicfile.Sweep(dir); err != nil {
		lock.Release()
		return nil, fmt.Errorf("-out %s: %w", dir, err)
	}
	return lock, nil
}
