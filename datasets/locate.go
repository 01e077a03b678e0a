package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"capas/datasets/internal/modcache"
	"capas/internal/regularfile"
)

// paths are the four files of a collection on this machine.
type paths struct {
	trainImages, trainLabels, testImages, testLabels string
}

func newPaths(list []string) paths { return paths{list[0], list[1], list[2], list[3]} }

// locate finds the files of c: in opts.Dir alone if given, else in the module cache, else in the cache directory,
// downloading what is missing or damaged there if that is allowed.
func locate(ctx context.Context, c collection, opts Options) (paths, error) {
	if opts.Dir != "" {
		return inDir(c, opts.Dir)
	}
	var failed failures
	if c.module != "" {
		found, err := inModule(ctx, c)
		if err == nil {
			return found, nil
		}
		if ctx.Err() != nil {
			return paths{}, fmt.Errorf("datasets: %s: %w", c.name, err)
		}
		failed = append(failed, err)
	}
	dir, err := cacheDir(c.name, opts.CacheDir)
	if err != nil {
		return paths{}, fmt.Errorf("datasets: %s: %w", c.name, append(failed, err))
	}
	err = verifyAll(c, dir)
	if err == nil {
		return publishedIn(c, dir), nil
	}
	if !opts.Download {
		return paths{}, fmt.Errorf("datasets: %s: not found; give a data directory (-data-dir) or allow the download (-download): %w", c.name, append(failed, err))
	}
	if err := download(ctx, c, dir, opts); err != nil {
		return paths{}, fmt.Errorf("datasets: %s: %w", c.name, err)
	}
	return publishedIn(c, dir), nil
}

// inDir finds the files in a directory of the user's.
func inDir(c collection, dir string) (paths, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return paths{}, fmt.Errorf("datasets: %s: data directory: %w", c.name, err)
	}
	if !info.IsDir() {
		return paths{}, fmt.Errorf("datasets: %s: data directory: wanted a directory, found the file %s", c.name, dir)
	}
	var list []string
	for _, f := range c.files() {
		path, err := firstOf(dir, spellings(f.name))
		if err != nil {
			return paths{}, fmt.Errorf("datasets: %s: %w", c.name, err)
		}
		list = append(list, path)
	}
	return newPaths(list), nil
}

// spellings returns the names a published file may have once it is on someone's disk.
func spellings(published string) []string {
	plain := strings.TrimSuffix(published, ".gz")
	dotted := strings.Replace(plain, "-idx", ".idx", 1)
	return []string{plain, dotted, plain + ".gz", dotted + ".gz"}
}

func firstOf(dir string, names []string) (string, error) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("data directory %s: wanted one of %s: %w", dir, strings.Join(names, ", "), fs.ErrNotExist)
}

// inModule finds the files in the data folder of the collection's Go module.
func inModule(ctx context.Context, c collection) (paths, error) {
	module, err := modcache.Dir(ctx, c.module, c.version)
	if err != nil {
		return paths{}, err
	}
	dir := filepath.Join(module, "data")
	if err := verifyAll(c, dir); err != nil {
		return paths{}, err
	}
	return publishedIn(c, dir), nil
}

func cacheDir(name, root string) (string, error) {
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("user's cache directory: %w", err)
		}
		root = filepath.Join(user, "capas")
	}
	return filepath.Join(root, name), nil
}

// publishedIn returns the published files' paths in dir.
func publishedIn(c collection, dir string) paths {
	var list []string
	for _, f := range c.files() {
		list = append(list, filepath.Join(dir, f.name))
	}
	return newPaths(list)
}

// verifyAll returns an error for the first file of c that dir does not hold as published.
func verifyAll(c collection, dir string) error {
	for _, f := range c.files() {
		if err := f.verify(filepath.Join(dir, f.name)); err != nil {
			return err
		}
	}
	return nil
}

// verify compares the file at path with the published size and SHA-256.
func (f file) verify(path string) error {
	r, _, err := regularfile.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, f.size+1))
	if err != nil {
		return err
	}
	if err := f.compare(n, sum.Sum(nil)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// compare checks the size and sum of what was read, of which at most one byte too many.
func (f file) compare(n int64, sum []byte) error {
	if n > f.size {
		return fmt.Errorf("wanted %d bytes, found more", f.size)
	}
	if n < f.size {
		return fmt.Errorf("wanted %d bytes, found %d", f.size, n)
	}
	if found := hex.EncodeToString(sum); found != f.sha256 {
		return fmt.Errorf("wanted SHA-256 %s, found %s", f.sha256, found)
	}
	return nil
}

// failures is what was tried in vain, told in one line.
type failures []error

// Error joins the messages to one line.
func (f failures) Error() string {
	var texts []string
	for _, err := range f {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives errors.Is all of them.
func (f failures) Unwrap() []error { return f }
