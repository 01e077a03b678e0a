package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
)

// program is the experiment with its tiny run.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

// tiny is a run of every part that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "200", "-parameters", "4000", "-epochs", "1", "-overfit-epochs", "1", "-rates", "0.01,0.03",
		"-test-images", "100", "-bits", "2,3", "-levels", "1,2", "-function-depth", "1,2", "-max-width", "4", "-function-epochs", "2", "-function-rates", "0.03",
		"-progress", "none", "-out", out}, more...)
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "equal_parameters.svg", "gap.svg", "pieces.svg", "parity_width.svg", "tent_width.svg", "linear.svg",
		"checkpoints/seed-1-mnist-relu-depth-3-rate-0.01", "checkpoints/seed-1-tent-2-depth-1", "checkpoints/seed-1-tent-2-built",
		"models/seed-1-mnist-linear-depth-0.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	one := program().Result(t)
	if len(one.Claims) != 2 { // those of the networks built by hand, which need no seeds
		t.Errorf("one seed: want 2 claims, got %d", len(one.Claims))
	}
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"mnist-relu-depth-1.test_error", "convex-relu-depth-3.gap", "mnist-linear-depth-0.test_error", "parity-2-depth-1.width",
		"tent-1-built.start_error", "random_pieces.units-8.depth-1"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	if len(d.Claims) != 13 || len(d.Figures) != 6 {
		t.Errorf("want 13 claims and 6 figures, got %d and %d", len(d.Claims), len(d.Figures))
	}
	for _, c := range d.Claims {
		switch { // what no recipe changes
		case strings.Contains(c.Claim, "tent map iterated k times takes") && !c.Holds,
			strings.Contains(c.Claim, "for the parity of n bits, one") && c.Holds,
			strings.Contains(c.Claim, "are one linear function") && !c.Holds:
			t.Errorf("%s: %s", c.Claim, c.Measured)
		}
	}
}

// With one depth there is no growth to compare, and the two claims about it are left out.
func TestOneDepth(t *testing.T) {
	if d := program().Result(t, "-seeds", "3", "-function-depth", "1"); len(d.Claims) != 11 {
		t.Errorf("want 11 claims, got %d", len(d.Claims))
	}
}

// The least width is that of the first attempt in the log with an error below the
// threshold, and the attempts before it are all narrower ones and other rates; a search
// ends with it.
func TestLeastWidth(t *testing.T) {
	out := t.TempDir()
	var doc struct {
		Metrics map[string]struct{ Values []*float64 }
	}
	if err := json.Unmarshal([]byte(program().Run(t, out, "-function-rates", "0.01,0.03", "-function-epochs", "10", "-json")), &doc); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	learned, missed := 0, 0
	for _, k := range []kind{parity, tent} {
		for _, n := range k.sizes(Functions{Bits: []int{2, 3}, Levels: []int{1, 2}}) {
			for _, depth := range []int{1, 2} {
				name := (&search{kind: k, n: n, depth: depth}).name()
				width, at := math.Inf(1), 0
				order := []attempt{{1, 0.01}, {1, 0.03}, {2, 0.01}, {2, 0.03}, {4, 0.01}, {4, 0.03}}
				for text := range strings.Lines(string(log)) {
					var line struct {
						Run string
						attemptLine
					}
					if err := json.Unmarshal([]byte(text), &line); err != nil {
						t.Fatal(err)
					}
					if line.Run != name {
						continue
					}
					if !math.IsInf(width, 1) || at == len(order) || (attempt{line.Width, line.Rate}) != order[at] {
						t.Fatalf("%s: attempt %d is %d units at rate %g, after a least width of %g", name, at+1, line.Width, line.Rate, width)
					}
					if at++; line.Error < 0.01 {
						width = float64(line.Width)
					}
				}
				got := doc.Metrics[name+".width"].Values[0]
				switch {
				case math.IsInf(width, 1) && got == nil && at == len(order):
					missed++
				case got != nil && *got == width:
					learned++
				default:
					t.Errorf("%s: least width %v, want %g after %d attempts", name, got, width, at)
				}
			}
		}
	}
	if learned == 0 || missed == 0 {
		t.Errorf("%d searches found a width and %d did not: want some of both", learned, missed)
	}
}

// Functions that are learned at no rate, as all diverge, leave gaps; the run goes on, and
// is resumed.
func TestDivergence(t *testing.T) { program().Resume(t, "-function-rates", "1e38") }

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "without depth 3", Status: 2, Says: "want depths 1 and 3", Args: []string{"-depth", "1,2"}},
		labtest.Bad{Name: "depth 0", Status: 2, Says: "depths of 1 to 20 in rising order, got [0 1 3]", Args: []string{"-depth", "0,1,3"}},
		labtest.Bad{Name: "depth beyond", Status: 2, Says: "depths of 1 to 20", Args: []string{"-depth", "1,3,21"}},
		labtest.Bad{Name: "no number", Status: 2, Says: `parsing "two"`, Args: []string{"-depth", "two"}},
		labtest.Bad{Name: "too few parameters", Status: 2, Says: "parameters of 4000 to 1000000, got 3999", Args: []string{"-parameters", "3999"}},
		labtest.Bad{Name: "too many parameters", Status: 2, Says: "parameters of 4000 to", Args: []string{"-parameters", "2000000000"}},
		labtest.Bad{Name: "few images", Status: 2, Says: "images of at least 100, or 0 for all, got 99", Args: []string{"-images", "99"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "found 60000", Args: []string{"-images", "60000"}},
		labtest.Bad{Name: "negative test images", Status: 2, Says: "test_images of 0 to 50000, got -1", Args: []string{"-test-images", "-1"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "want epochs of 1 to 500, got 0", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "endless overfitting", Status: 2, Says: "overfit_epochs of 1 to 500", Args: []string{"-overfit-epochs", "501"}},
		labtest.Bad{Name: "no batch", Status: 2, Says: "batch of 1 to 10000, got 0", Args: []string{"-batch", "0"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order, got [1 0.1]", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-rates", "NaN"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-function-rates", "-1"}},
		labtest.Bad{Name: "too many rates", Status: 2, Says: "1 to 10 function rates, got 11", Args: []string{"-function-rates", "1,2,3,4,5,6,7,8,9,10,11"}},
		labtest.Bad{Name: "one bit", Status: 2, Says: "bits of 2 to 12 in rising order, got [1 2]", Args: []string{"-bits", "1,2"}},
		labtest.Bad{Name: "bits beyond the memory", Status: 2, Says: "bits of 2 to 12", Args: []string{"-bits", "40"}},
		labtest.Bad{Name: "levels beyond", Status: 2, Says: "levels of 1 to 8", Args: []string{"-levels", "9"}},
		labtest.Bad{Name: "levels twice", Status: 2, Says: "in rising order, got [1 1]", Args: []string{"-levels", "1,1"}},
		labtest.Bad{Name: "no shallow network", Status: 2, Says: "function depths from 1, got [2 3]", Args: []string{"-function-depth", "2,3"}},
		labtest.Bad{Name: "a width between powers", Status: 2, Says: "power of 2, got 48", Args: []string{"-max-width", "48"}},
		labtest.Bad{Name: "width beyond", Status: 2, Says: "max_width of 1 to 4096", Args: []string{"-max-width", "8192"}},
		labtest.Bad{Name: "a search beyond a checkpoint", Status: 2, Says: "at most 80000 epochs, got 90000", Args: []string{"-function-epochs", "10000", "-max-width", "256"}},
		labtest.Bad{Name: "learned by guessing", Status: 2, Says: "learned in (0,0.5), got 0.5", Args: []string{"-learned", "0.5"}},
		labtest.Bad{Name: "divergence at every rate", Status: 1, Says: "no seed diverges, got [1e+30]", Args: []string{"-rates", "1e30"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}
