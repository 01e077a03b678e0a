package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/internal/atomicfile"
	"capas/internal/lockfile"
	"capas/internal/regularfile"
)

// Saved is what a directory of results holds, of a complete run or of one that
// is in progress or was interrupted.
type Saved struct {
	Dir    string
	Config Config
	// Result is nil as long as the run is not complete.
	Result *Document
	// Owner is the process that has locked the directory, or was killed while it had;
	// nil if there is none.
	Owner *lockfile.Owner
	// Again tells that the run was begun again after Result was written: the stages and
	// checkpoints are those of the new process.
	Again bool
	// Stages are those with lines in metrics.jsonl, sorted by seed and run, those
	// of one network in the order in which they began.
	Stages []Stage
	// Cut tells that metrics.jsonl ends inside a line, which a process is writing
	// or was killed over; that line is left out.
	Cut bool
	// Checkpoints and Models are the safetensors files in the folders checkpoints
	// and models, as paths from Dir on with slashes, sorted.
	Checkpoints, Models []string
}

// What a saved run may ask of its reader. Most have kilobytes, some hundred values and a
// depth of six, but the presets of all experiments fit with maxSeeds seeds. Within these
// bounds any document, and any line of a log, is read in 100 MB; what is kept of a log's
// stages and of the names of checkpoints takes up to 1 GB, if there are as many.
const (
	maxDocument = 4 << 20 // bytes of config.json, also for a run, and of result.json
	maxValues   = 1 << 17 // values in either: 400 metrics of the most seeds
	maxDepth    = 32      // objects and arrays inside each other
	maxPath     = 1000    // bytes of the names on the way to a value
	maxPaths    = 1 << 20 // bytes of all these names together
	maxLog      = 1 << 34 // bytes of metrics.jsonl, of which a line is held at a time
	maxLine     = 1 << 20 // bytes of a line of it
	maxStages   = 1 << 20 // stages of all networks, 4096 for each of the most seeds
	maxKept     = 1 << 28 // bytes of the stages' last lines
	maxSaved    = 1 << 19 // checkpoints, two for each network, and models
)

// Read reads the directory of results of a run. It takes no lock and may be
// called at any moment of the run: files that appear whole or not at all are
// taken as they are, and the end of metrics.jsonl may be half written. A
// directory without config.json is an error, and so is a file that no run
// writes: one that is not a regular file, is too large, is no JSON or lacks
// something. Fields that it does not know are skipped, so that the files of
// later versions can be read.
func Read(dir string) (*Saved, error) {
	s := &Saved{Dir: dir}
	err := s.read()
	if errors.Is(err, fs.ErrNotExist) && s.Config.Experiment == "" {
		if _, missing := os.Stat(dir); missing == nil {
			err = fmt.Errorf("no %s: not a directory of results", configFile)
		} else {
			err = errors.New("no such directory")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %s", dir, brief(err.Error()))
	}
	return s, nil
}

func (s *Saved) read() error {
	data, err := regularfile.Read(filepath.Join(s.Dir, configFile), maxDocument)
	if err != nil {
		return err
	}
	if s.Config, err = parseConfig(data); err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	if who, ok := lockfile.ReadOwner(filepath.Join(s.Dir, lockFile)); ok {
		s.Owner = &who
	}
	if err := s.readResult(); err != nil {
		return fmt.Errorf("%s: %w", resultFile, err)
	}
	if err := s.readLog(); err != nil {
		return fmt.Errorf("%s: %w", metricsFile, err)
	}
	if s.Checkpoints, err = s.tensorFiles(checkpointsDir); err != nil {
		return err
	}
	s.Models, err = s.tensorFiles(modelsDir)
	return err
}

// readResult reads result.json, if there is one.
func (s *Saved) readResult() error {
	path := filepath.Join(s.Dir, resultFile)
	data, err := regularfile.Read(path, maxDocument)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.Result, err = parseDocument(data); err != nil {
		return err
	}
	diff, err := s.Config.Differences(s.Result.Config)
	if err != nil {
		return err
	}
	if len(diff) > 0 {
		return fmt.Errorf("is of another configuration: %s is %s in %s, %s here", diff[0].Field, diff[0].There, configFile, diff[0].Here)
	}
	done, err := complete(s.Dir)
	s.Again = !done
	return err
}

// tensorFiles lists the safetensors files below a folder of the run. What
// disappears while it looks was not there.
func (s *Saved) tensorFiles(folder string) (paths []string, err error) {
	err = fs.WalkDir(os.DirFS(s.Dir), folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.Type().IsRegular() || filepath.Ext(path) != ".safetensors" || strings.HasPrefix(d.Name(), atomicfile.TempPrefix):
			return nil
		case len(paths) == maxSaved:
			return fmt.Errorf("%s: more than %d files", folder, maxSaved)
		}
		paths = append(paths, path)
		return nil
	})
	slices.Sort(paths)
	return paths, err
}

// Path is the path of a file that is named from the directory of results on.
func (s *Saved) Path(name string) string { return filepath.Join(s.Dir, filepath.FromSlash(name)) }

// Differences lists the fields in which two configurations differ, those of a
// recipe one by one.
func (c Config) Differences(other Config) ([]Difference, error) {
	a, err := marshal(c)
	if err != nil {
		return nil, err
	}
	b, err := marshal(other)
	if err != nil {
		return nil, err
	}
	return differences(a, b)
}

// parseConfig reads config.json.
func parseConfig(data []byte) (Config, error) {
	var c Config
	if err := decodeBounded(data, &c); err != nil {
		return Config{}, err
	}
	return c, c.check()
}

// parseDocument reads result.json.
func parseDocument(data []byte) (*Document, error) {
	d := new(Document)
	if err := decodeBounded(data, d); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	for name, m := range d.Metrics {
		if len(m.Values) != len(d.Seeds) {
			return nil, fmt.Errorf("metric %s: want a value for each of %d seeds, got %d", name, len(d.Seeds), len(m.Values))
		}
	}
	return d, nil
}

// check reports what a configuration lacks.
func (c Config) check() error {
	switch {
	case c.Experiment == "":
		return errors.New("want the experiment's name, got none")
	case len(c.Seeds) == 0:
		return errors.New("want at least one seed, got none")
	case !bytes.HasPrefix(c.Recipe, []byte("{")):
		return errors.New("want a recipe {…}, got none")
	}
	_, err := flatten(c.Recipe) // names of a reasonable length
	return err
}

// decodeBounded decodes one JSON value of reasonable size into v.
func decodeBounded(data []byte, v any) error {
	if err := bounded(data); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return explain(data, err)
	}
	return nil
}

// bounded reports JSON text with too many values or too deep a nesting, before
// decoding makes memory of them.
func bounded(data []byte) error {
	depth, values, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			values++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
		if depth > maxDepth || values > maxValues {
			return fmt.Errorf("line %d: want at most %d values and a depth of at most %d, got more", line(data, int64(i)), maxValues, maxDepth)
		}
	}
	return nil
}
