package main

import (
	"flag"

	"capas/datasets"
	"capas/experiments/lab"
)

// Deep is the recipe of the deep autoencoder against principal components.
type Deep struct{}

func deepPresets() map[string]Deep { return map[string]Deep{"smoke": {}, "lecture": {}, "paper": {}} }

func (d *Deep) validate() error { return nil }

func deepFlags(fs *flag.FlagSet, d *Deep) {}

func deepJobs(r *lab.Run[Recipe], data *datasets.Split) (jobs []lab.Job, report func() error, err error) {
	return nil, func() error { return nil }, nil
}
