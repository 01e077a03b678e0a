package main

import (
	"path/filepath"
	"strings"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
)

// A generator is described by its codes, maps and images; it is none of the models of which samples
// are drawn, or that tell classes.
func TestConvGenerator(t *testing.T) {
	g, err := models.NewConvGenerator("gen", 5, []int{4, 2}, [3]int{1, 8, 12}, true, blocks.ReLU(), blocks.Binary(), blocks.He(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := saved(t, dir, "generator", g)
	if got, want := decoded[struct{ Model string }](t, "tensors", path).Model, "conv generator, codes of 5, 4 maps of 2×3, images 1×8×12, relu, outputs binary"; got != want {
		t.Errorf("want %q, got %q", want, got)
	}
	for command, says := range map[string]string{"samples": "want a Boltzmann machine, a dbn, an associative memory or an autoencoder, got a conv generator", "predict": "want a network that tells classes, got a conv generator"} {
		args := []string{command, path}
		if command == "samples" {
			args = append(args, "-o", filepath.Join(dir, "x.png"))
		} else {
			args = append(args, images(t, 3, 3, make([]byte, 9)))
		}
		if status, _, stderr := call(args...); status != 1 || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d: %s", command, status, stderr)
		}
	}
}
