// Command autoencoders sets a deep autoencoder against principal components.
//
//	go run ./experiments/autoencoders
package main

import (
	"context"
	"flag"
	"os"
	"runtime"

	"capas/datasets"
	"capas/experiments/lab"
)

// Recipe is the experiment's.
type Recipe struct {
	Parts []string `json:"parts"`
	Deep  Deep     `json:"deep"`
}

func main() {
	os.Exit(lab.Main(experiment(), os.Args[1:], os.Stdout, os.Stderr))
}

func experiment() lab.Experiment[Recipe] {
	presets := map[string]Recipe{}
	for name, d := range deepPresets() {
		presets[name] = Recipe{[]string{"deep"}, d}
	}
	return lab.Experiment[Recipe]{
		Name: "autoencoders", Title: "Autoencoders", Section: "2.3 and 3.2",
		Question: "What does a deep autoencoder keep of an image that principal components lose?",
		Presets:  presets, Seeds: map[string]int{"smoke": 1, "lecture": 3, "paper": 3},
		Datasets: []string{"mnist", "fashion-mnist"},
		Flags: func(fs *flag.FlagSet, r *Recipe) {
			lab.ListFlag(fs, &r.Parts, "part", "`parts`", func(s string) (string, error) { return s, nil })
			deepFlags(fs, &r.Deep)
		},
		Validate: func(r *Recipe) error { return r.Deep.validate() },
		Run: func(ctx context.Context, r *lab.Run[Recipe]) error {
			data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
			if err != nil {
				return err
			}
			jobs, report, err := deepJobs(r, data)
			if err != nil {
				return err
			}
			if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
				return err
			}
			return report()
		},
	}
}
