package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capas/internal/atomicfile"
	"capas/internal/regularfile"
)

// Names of the files in the output directory.
const (
	configFile     = "config.json"
	resultFile     = "result.json"
	metricsFile    = "metrics.jsonl"
	reportFile     = "report.html"
	profileFile    = "profile.txt"
	samplesFile    = "cpu.pprof"
	lockFile       = ".lock"
	unfinishedFile = ".unfinished" // from the start of a run to its result
	checkpointsDir = "checkpoints"
	modelsDir      = "models"
)

// Config is config.json. It identifies a run: two runs of one configuration may share a directory.
type Config struct {
	Experiment string          `json:"experiment"`
	Preset     string          `json:"preset"`
	Seeds      []uint64        `json:"seeds"`
	Data       string          `json:"data,omitempty"`
	Backend    string          `json:"backend,omitempty"` // "" for capas, whose result that of check is
	Device     string          `json:"device,omitempty"`
	Recipe     json.RawMessage `json:"recipe"`
}

// newConfig is the configuration that the settings of an experiment make.
func newConfig[R any](name string, set *settings[R]) (Config, error) {
	recipe, err := marshal(set.recipe)
	if err != nil {
		return Config{}, fmt.Errorf("recipe: %w", err)
	}
	conf := Config{Experiment: name, Preset: set.Preset, Seeds: set.Seeds, Data: set.Data, Recipe: recipe}
	if set.Backend == backendTorch {
		conf.Backend, conf.Device = set.Backend, set.Device
	}
	return conf, nil
}

// marshal is json.Marshal that leaves <, > and & readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// marshalIndent is marshal, indented by two spaces and with a final newline.
func marshalIndent(v any) ([]byte, error) {
	data, err := marshal(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// checkOut reports what makes dir the place of another run than conf.
func checkOut(dir string, conf Config) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == lockFile || strings.HasPrefix(e.Name(), atomicfile.TempPrefix) // left by a crash
	})
	if len(entries) == 0 {
		return nil
	}
	old, err := regularfile.Read(filepath.Join(dir, configFile), maxDocument)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("not empty (%s) and without %s: not a directory of results; choose another -out", entries[0].Name(), configFile)
	}
	if err != nil {
		return err
	}
	now, err := marshal(conf)
	if err != nil {
		return err
	}
	diff, err := differences(old, now)
	if err != nil {
		return fmt.Errorf("%s: %w; choose another -out", configFile, err)
	}
	if len(diff) > 0 {
		var texts []string
		for _, d := range diff {
			texts = append(texts, fmt.Sprintf("%s is %s there, %s here", d.Field, d.There, d.Here))
		}
		return fmt.Errorf("holds results of another configuration: %s; choose another -out", strings.Join(texts, "; "))
	}
	return nil
}

// Difference is a field in which two configurations differ, such as
// "recipe.depth", and its values as JSON, "absent" where there is none.
type Difference struct {
	Field string `json:"field"`
	There string `json:"a"`
	Here  string `json:"b"`
}

// differences lists the fields in which two JSON documents differ, sorted.
func differences(there, here []byte) ([]Difference, error) {
	a, err := flatten(there)
	if err != nil {
		return nil, err
	}
	b, err := flatten(here)
	if err != nil {
		return nil, err
	}
	paths := maps.Clone(a)
	maps.Copy(paths, b)
	var diff []Difference
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if a[path] != b[path] {
			diff = append(diff, Difference{path, orAbsent(a, path), orAbsent(b, path)})
		}
	}
	return diff, nil
}

func orAbsent(m map[string]string, path string) string {
	if v, ok := m[path]; ok {
		return v
	}
	return "absent"
}

// flatten maps the path of every field of a JSON object to its value's text;
// an array is one value.
func flatten(data []byte) (map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	flat, names := map[string]string{}, 0
	var walk func(path string, v any) error
	walk = func(path string, v any) error {
		if len(path) > maxPath {
			return fmt.Errorf("want names of at most %d bytes, got more", maxPath)
		}
		if names += len(path); names > maxPaths {
			return fmt.Errorf("want names of at most %d bytes together, got more", maxPaths)
		}
		if m, ok := v.(map[string]any); ok {
			for key, child := range m {
				if err := walk(path+"."+key, child); err != nil {
					return err
				}
			}
			return nil
		}
		text, err := marshal(v)
		flat[strings.TrimPrefix(path, ".")] = string(text)
		return err
	}
	return flat, walk("", doc)
}
