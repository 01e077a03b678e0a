package nb

import (
	"context"
	"os"
	"path/filepath"

	"capas/datasets"
	"capas/models"
)

// MNIST returns the first images of MNIST, as many as are asked for of each class: train
// to learn from, rest to validate on and rest to test on. They come with a Go module that
// the repository requires; no network is used.
func MNIST(train, rest int) *datasets.Split {
	all := Must(datasets.Load(context.Background(), "mnist", datasets.Options{}))
	return &datasets.Split{
		Train:      Must(all.Train.Sample(train, nil)),
		Validation: Must(all.Validation.Sample(rest, nil)),
		Test:       Must(all.Test.Sample(rest, nil)),
	}
}

// Keep saves a model for later cells, each of which is a program of its own; see Kept.
func Keep(name string, model any) {
	Check(models.Save(file(name), model, nil))
}

// Kept returns the model that an earlier cell kept under the name.
func Kept[T any](name string) T {
	m, _, err := models.Load(file(name))
	Check(err)
	return m.(T)
}

// file is where a model is kept: beside the cells' programs, which the kernel removes at
// its end.
func file(name string) string {
	return filepath.Join(os.Getenv("GONB_TMP_DIR"), name+".safetensors")
}
