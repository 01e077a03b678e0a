package main

import (
	"flag"
	"os"
	"path"
	"strings"

	"capas/experiments/lab"
)

// modelFlag adds -model.
func modelFlag(fs *flag.FlagSet) *string {
	return fs.String("model", "", "`name` of the model, if the argument is a directory of results")
}

// tensorPath is the file that an argument names: itself, or a model of the run whose
// directory it is.
func tensorPath(arg, model string) (string, error) {
	info, err := os.Stat(arg)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		if model != "" {
			return "", usagef("-model %s: is for a directory of results, and %s is a file", model, arg)
		}
		return arg, nil
	}
	s, err := lab.Read(arg)
	if err != nil {
		return "", err
	}
	var names []string
	for _, file := range s.Models {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "models/"), path.Ext(file))
		if name == model || model == "" && len(s.Models) == 1 {
			return s.Path(file), nil
		}
		names = append(names, name)
	}
	known := "it has none yet"
	if len(names) > 0 {
		known = "it has " + clipped(strings.Join(names, ", "), 500)
	}
	if model == "" {
		return "", usagef("run %s: want -model and the name of a model: %s", arg, known)
	}
	return "", usagef("run %s has no model %q: %s", arg, model, known)
}
