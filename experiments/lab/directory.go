package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"capas/internal/atomicfile"
	"capas/internal/lockfile"
)

// openOut makes dir ready for a run of conf and locks it: it creates dir, refuses it
// if it holds anything else or another process uses it, removes what a fresh start
// must not find, and shows that it is writable by writing config.json. resumed says
// whether there are checkpoints that the run can go on from.
func openOut(dir string, conf Config, resume bool) (lock *lockfile.Lock, resumed bool, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, false, fmt.Errorf("-out %s: %w", dir, err)
	}
	// A directory of something else stays as it is, without even a lock. What another
	// process makes of dir between this look and the lock, prepareOut sees.
	if err := checkOut(dir, conf); err != nil {
		return nil, false, fmt.Errorf("-out %s: %w", dir, err)
	}
	if lock, err = lockfile.Acquire(filepath.Join(dir, lockFile)); err != nil {
		return nil, false, fmt.Errorf("-out %s: %w", dir, err)
	}
	if resumed, err = prepareOut(dir, conf, resume); err != nil {
		lock.Release()
		return nil, false, fmt.Errorf("-out %s: %w", dir, err)
	}
	return lock, resumed, nil
}

// prepareOut is what openOut does under the lock.
func prepareOut(dir string, conf Config, resume bool) (resumed bool, err error) {
	if err := checkOut(dir, conf); err != nil {
		return false, err
	}
	stored, err := holdsFiles(filepath.Join(dir, checkpointsDir))
	if err != nil {
		return false, err
	}
	if stored && !resume {
		if err := refuseUnfinished(dir); err != nil {
			return false, err
		}
	}
	return stored && resume, clearOut(dir, conf, resume)
}

// refuseUnfinished refuses to throw away the checkpoints in dir, which may be hours
// of work, unless the result they led to is there. The file .unfinished says that a
// result is of an earlier run.
func refuseUnfinished(dir string) error {
	done, err := complete(dir)
	if err == nil && !done {
		err = errors.New("holds an unfinished run; -resume continues it, or delete the directory to start anew")
	}
	return err
}

// complete tells whether the run that was begun last in dir came to its end.
func complete(dir string) (bool, error) {
	result, err := exists(filepath.Join(dir, resultFile))
	if err != nil || !result {
		return false, err
	}
	begun, err := exists(filepath.Join(dir, unfinishedFile))
	return !begun, err
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// holdsFiles reports whether there is a complete file anywhere below dir, which need
// not exist.
func holdsFiles(dir string) (bool, error) {
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case path == dir && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err != nil || d.IsDir() || strings.HasPrefix(d.Name(), atomicfile.TempPrefix):
			return err
		}
		found = true
		return fs.SkipAll
	})
	return found, err
}

// clearOut removes what dead processes left incomplete and, without resume, earlier
// checkpoints and models; it writes config.json and makes the two directories. The
// caller holds the lock.
func clearOut(dir string, conf Config, resume bool) error {
	if err := atomicfile.Sweep(dir); err != nil {
		return err
	}
	data, err := marshalIndent(conf)
	if err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	if err := atomicfile.Write(filepath.Join(dir, configFile), data); err != nil {
		return err
	}
	// From here on the result that may be there is of an earlier run.
	if err := atomicfile.Write(filepath.Join(dir, unfinishedFile), nil); err != nil {
		return err
	}
	for _, name := range []string{checkpointsDir, modelsDir} {
		sub := filepath.Join(dir, name)
		if !resume {
			if err := os.RemoveAll(sub); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(sub, 0o777); err != nil {
			return err
		}
		if err := filepath.WalkDir(sub, sweep); err != nil {
			return err
		}
	}
	return atomicfile.SyncDir(dir) // or a loss of power could take the folders, and the checkpoints in them
}

// sweep is a fs.WalkDirFunc that calls atomicfile.Sweep in every directory.
func sweep(path string, d fs.DirEntry, err error) error {
	if err != nil || !d.IsDir() {
		return err
	}
	return atomicfile.Sweep(path)
}

// Checkpoint is the path of a checkpoint file in the output directory. Names
// may have folders of their own, such as "seed-1/dbn.safetensors"; the writer
// creates these, after a call of CheckOut.
func (s *Settings) Checkpoint(name string) string {
	return filepath.Join(s.Out, checkpointsDir, filepath.FromSlash(name))
}

// Model is the path of a model file of the run in the output directory, such as
// "seed-1-dbn.safetensors"; as for Checkpoint, folders and CheckOut are the writer's
// business.
func (s *Settings) Model(name string) string {
	return filepath.Join(s.Out, modelsDir, filepath.FromSlash(name))
}
