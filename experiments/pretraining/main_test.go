package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
	"capas/experiments/internal/runfiles"
)

// tiny is a run of every initialisation and stage that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "1000", "-depth", "2", "-width", "20", "-epochs", "2", "-pretrain-epochs", "1",
		"-top-epochs", "1", "-seeds", "2", "-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "validation_error.svg", "samples_dbn.png",
		"checkpoints/seed-1-dbn", "checkpoints/seed-2-sdae", "models/seed-1-dbn.safetensors", "models/seed-2-sdae-pretrained.safetensors")
}

func TestPresetsAreValid(t *testing.T) { program().Presets(t) }

func TestBadInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a directory"), 0o666); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown initialisation", Status: 2, Says: `"xavier" is unknown`, Args: []string{"-init", "dbn,xavier"}},
		labtest.Bad{Name: "depth 0", Status: 2, Says: `1 to 7 hidden layers, got "0"`, Args: []string{"-depth", "0"}},
		labtest.Bad{Name: "depth 8", Status: 2, Says: "1 to 7 hidden layers", Args: []string{"-depth", "8"}},
		labtest.Bad{Name: "width 0", Status: 2, Says: "at least one unit", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "at most 10000 units", Args: []string{"-width", "1000000000"}},
		labtest.Bad{Name: "more weights than the memory", Status: 2, Says: "at most 67108864 weights", Args: []string{"-depth", "7", "-width", "4000"}},
		labtest.Bad{Name: "endless chain", Status: 2, Says: "cd of at most 100", Args: []string{"-cd", "1000000000"}},
		labtest.Bad{Name: "endless training", Status: 2, Says: "at most 5000 epochs", Args: []string{"-epochs", "1000000000"}},
		labtest.Bad{Name: "unknown activation", Status: 2, Says: `"swish" is unknown`, Args: []string{"-activation", "swish"}},
		labtest.Bad{Name: "dbn of tanh units", Status: 2, Says: "dbn has sigmoid units", Args: []string{"-activation", "tanh"}},
		labtest.Bad{Name: "twice", Status: 2, Says: "given twice", Args: []string{"-init", "dbn,dbn"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-lr", "-1"}},
		labtest.Bad{Name: "unknown optimizer", Status: 2, Says: `"adagrad" is unknown`, Args: []string{"-optimizer", "adagrad"}},
		labtest.Bad{Name: "some of all images", Status: 2, Says: "no images and no patience", Args: []string{"-all-images"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "at least one epoch", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "unknown flag", Status: 2, Says: "-nonsense", Args: []string{"-nonsense"}},
		labtest.Bad{Name: "unknown data", Status: 2, Says: "cifar", Args: []string{"-data", "cifar"}},
		labtest.Bad{Name: "missing data directory", Status: 2, Says: "nowhere", Args: []string{"-data-dir", filepath.Join(empty, "nowhere")}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "output below a file", Status: 1, Says: file, Args: []string{"-out", filepath.Join(file, "out")}},
		labtest.Bad{Name: "rate that makes the loss NaN", Status: 1, Says: "learning rate", Args: []string{"-lr", "1e30"}},
	)
}

// TestEarlierResultsStay runs into errors where a finished run lies.
func TestEarlierResultsStay(t *testing.T) {
	out := t.TempDir()
	program().Run(t, out, "-init", "normal", "-seeds", "1")
	before := runfiles.Read(t, out)
	for _, more := range [][]string{{"-depth", "3"}, {"-seed", "7"}, {"-lr", "1e30"}, {"-resume", "-epochs", "3"}} {
		status, _, stderr := program().Call(append(tiny(out, "-init", "normal", "-seeds", "1"), more...)...)
		if status == 0 {
			t.Errorf("%v: want an error, another configuration is in -out", more)
		}
		runfiles.Equal(t, fmt.Sprintf("earlier results after %v (%s)", more, stderr), before, runfiles.Read(t, out))
	}
}

func TestResult(t *testing.T) {
	doc := program().Result(t, "-init", "glorot,dbn", "-seeds", "3")
	if len(doc.Metrics["dbn.test_error"].Values) != 3 || len(doc.Claims) == 0 || len(doc.Figures) == 0 {
		t.Errorf("incomplete document: %v", doc)
	}
}

// TestAllImages trains on what is otherwise the validation set: nothing is chosen by it.
func TestAllImages(t *testing.T) {
	doc := program().Result(t, "-init", "glorot,dbn", "-seeds", "3", "-images", "0", "-all-images", "-epochs", "1")
	if len(doc.Metrics["dbn.test_error"].Values) != 3 || len(doc.Metrics["glorot.test_error"].Values) != 3 {
		t.Errorf("incomplete metrics: %v", doc.Metrics)
	}
	for name := range doc.Metrics {
		if strings.Contains(name, "validation") {
			t.Errorf("metric %s of images that were trained on", name)
		}
	}
	if len(doc.Claims) == 0 {
		t.Error("no claims")
	}
}

// TestRecipes reads the recipes in files. What they leave out is the preset's.
func TestRecipes(t *testing.T) {
	files, err := filepath.Glob("recipes/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("recipes: %v, %v", files, err)
	}
	for _, file := range files {
		status, stdout, stderr := program().Call("-recipe", file, "-print-config")
		if status != 0 || !json.Valid([]byte(stdout)) {
			t.Errorf("%s: status %d: %s", file, status, stderr)
		}
	}
}

func TestProfile(t *testing.T) {
	status, stdout, stderr := program().Call(tiny(t.TempDir(), "-json", "-init", "dbn", "-profile")...)
	if status != 0 || !json.Valid([]byte(stdout)) {
		t.Fatalf("status %d, standard output %q: %s", status, stdout, stderr)
	}
	for _, want := range []string{"function ", "\ndbn layer 1 step ", "\ndbn fine-tuning evaluation ", "\ndbn test evaluation ", "\ntotal "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the profile lacks %q:\n%s", want, stderr)
		}
	}
}
