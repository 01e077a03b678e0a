package pretrain

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/internal/tensorfile"
)

// Files is a store in two files, Path.a.safetensors and Path.b.safetensors, which are
// replaced by turns, each whole or not at all: while one is written the other holds
// the state before. Both have a checksum. The zero value with a Path is ready for use
// by one pipeline.
type Files struct {
	// Path of the files, without the ending. Its directory is made when it is needed;
	// the one above must exist.
	Path string
	// Identity says what the state depends on besides the pipeline: recipe, data, kernels,
	// …, by name. A checkpoint of another identity is refused.
	Identity map[string]string
	// Advise, if not nil, says how a run becomes one with another value of an entry of
	// Identity, "" if it cannot: it ends the error about that entry.
	Advise func(entry, value string) string
	// Warn, if not nil, is told of a damaged file when there is another one to go on from.
	Warn func(message string)
	// Note, if not nil, is told from where a run goes on.
	Note func(message string)
	// Check, if not nil, is called before something is written, with the directory open
	// that will be written to; its error is Save's, and nothing is written.
	Check func() error

	generation int
	next       int    // the file, 0 or 1, that is written next
	last       string // what Last returns
}

var _ Store = (*Files)(nil)

// Endings of a store's two files.
const (
	endingA = ".a.safetensors"
	endingB = ".b.safetensors"
)

// Generations are the paths of a store's two files.
func (f *Files) Generations() [2]string { return [2]string{f.Path + endingA, f.Path + endingB} }

// CutGeneration is the inverse of Generations: of the path of either file it returns the
// store's Path. Any other path is returned as it is, and ok is false.
func CutGeneration(path string) (network string, ok bool) {
	network = strings.TrimSuffix(path, endingA)
	if network == path {
		network = strings.TrimSuffix(path, endingB)
	}
	return network, network != path
}

// Load reads the later of the two checkpoints that is whole. If the other one is
// damaged, Warn is told; if there are files but none is whole, it is an error that
// names them, so that nothing is begun anew in silence.
func (f *Files) Load() (*State, error) {
	var best *Checkpoint
	var failed []error
	for i, path := range f.Generations() {
		c, err := ReadCheckpoint(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if best == nil || c.Generation > best.Generation {
			best, f.next = c, 1-i
		}
	}
	if best == nil {
		if len(failed) == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("no checkpoint to go on from: %w; delete %s.* to begin this part of the run anew", joined(failed), f.Path)
	}
	path := f.Generations()[1-f.next]
	if len(failed) > 0 && f.Warn != nil {
		f.Warn(fmt.Sprintf("%v; going on from the other checkpoint, %s (%v)", joined(failed), path, best.State))
	}
	if err := f.sameRun(best.Identity); err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", path, err)
	}
	f.generation, f.last = best.Generation, describe(path, best.State)
	if f.Note != nil {
		f.Note("going on from " + f.last)
	}
	return best.State, nil
}

// Save writes the file that is not the latest.
func (f *Files) Save(s *State) error {
	path := f.Generations()[f.next]
	file, err := encode(&Checkpoint{Generation: f.generation + 1, Identity: f.Identity, State: s})
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	if f.Check != nil { // also before the directory is made
		if err := f.Check(); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	// Only this directory: one above it that was deleted during a run stays deleted.
	if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := tensorfile.WriteIf(path, file, f.Check); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	f.generation++
	f.next = 1 - f.next
	f.last = describe(path, s)
	return nil
}

// Last is the path of the latest checkpoint and where it stands.
func (f *Files) Last() string { return f.last }

func describe(path string, s *State) string { return fmt.Sprintf("%s (%v)", path, s) }

// sameRun reports in what a checkpoint's identity differs from that of the run.
func (f *Files) sameRun(there map[string]string) error {
	if maps.Equal(there, f.Identity) {
		return nil
	}
	names := maps.Clone(there)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, f.Identity)
	var diff []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if there[name] == f.Identity[name] {
			continue
		}
		text := fmt.Sprintf("%s is %q there, %q here", name, there[name], f.Identity[name])
		if f.Advise != nil {
			if advice := f.Advise(name, there[name]); advice != "" {
				text += " (" + advice + ")"
			}
		}
		diff = append(diff, text)
	}
	return fmt.Errorf("is of another run: %s", strings.Join(diff, "; "))
}

// joined is several errors in one line.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return fmt.Errorf("%w; %w", errs[0], errs[1])
}
