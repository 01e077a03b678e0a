package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"capas/datasets"

	"gorgonia.org/tensor"
)

// threeExamples has images of 2×2 pixels.
func threeExamples(t *testing.T) *datasets.Split {
	t.Helper()
	x := tensor.New(tensor.WithShape(3, 4), tensor.WithBacking(make([]float32, 12)))
	set, err := datasets.NewSet("three", x, []uint8{0, 1, 2}, 10, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	return &datasets.Split{Train: set, Validation: set, Test: set}
}

func smokeCopy(t *testing.T) Recipe {
	t.Helper()
	var r Recipe
	data, err := json.Marshal(presets()["smoke"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Any JSON over a preset: an error of one line from validate, or a recipe that stays what it is through its JSON form, whose
// amount of work is a number, and whose networks, if they are small enough to try, can be built.
func FuzzRecipe(f *testing.F) {
	for _, r := range presets() {
		data, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"layers": [1000000000, 1000000000]}`))
	f.Add([]byte(`{"layers": [3, 2], "inits": ["dbn", "sdae"], "dbn": {"cd": 3, "init": "he"}, "sdae": {"corruption": "gaussian(0.5)"}, "top_epochs": 1}`))
	f.Add([]byte(`{"layers": [3], "inits": ["normal", "glorot", "sdae"], "activation": "tanh", "fine_tune": {"optimizer": {"kind": "adam", "beta1": 0.5}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := smokeCopy(t)
		if json.Unmarshal(data, &r) != nil {
			return
		}
		if err := validate(&r); err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("error %q, want one line", err)
			}
			return
		}
		form, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Recipe
		if err := json.Unmarshal(form, &again); err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if err := validate(&again); err != nil {
			t.Errorf("%s: %v", form, err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(second, form) {
			t.Errorf("%s became %s, %v", form, second, err)
		}
		units := 0
		for _, n := range r.Layers {
			units += n
		}
		for _, init := range r.Inits {
			for stage, w := range work(r, init, 784, 10, 50_000) {
				if w <= 0 || w > 1<<62/maxEpochs/int64(len(r.Layers)+2) {
					t.Errorf("%s, %s: work %d of an epoch", form, stage, w)
				}
			}
			if units > 50 {
				continue
			}
			if _, err := newNetwork(r, init, 1, threeExamples(t)); err != nil {
				t.Errorf("%s, %s: %v", form, init, err)
			}
		}
	})
}

func TestHostileRecipes(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"1e9 units", `{"layers": [1000000000, 10]}`, "want at most 10000 units a layer"},
		{"a product beyond 64 bits", `{"layers": [9223372036854775807, 9223372036854775807]}`, "want at most 10000 units a layer"},
		{"negative units", `{"layers": [-5]}`, "at least one unit"},
		{"7 wide layers", `{"layers": [10000, 10000, 10000, 10000, 10000, 10000, 10000]}`, "want at most 67108864 weights"},
		{"many layers", `{"layers": [1` + strings.Repeat(",1", 30_000) + `]}`, "want 1 to 7 hidden layers"},
		{"many initialisations", `{"inits": ["dbn"` + strings.Repeat(`,"dbn"`, 10_000) + `]}`, "given twice"},
		{"many Gibbs steps", `{"dbn": {"cd": 1000000000}}`, "cd of at most 100"},
		{"many epochs", `{"fine_tune": {"epochs": 9223372036854775807}}`, "at most 5000 epochs"},
		{"many steps", `{"fine_tune": {"optimizer": {"rate": {"steps": [{"epoch": 1}` + strings.Repeat(`,{"epoch": 1}`, 4000) + `]}}}}`, "rising epochs"},
	} {
		path := filepath.Join(t.TempDir(), "recipe.json")
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		status, _, stderr := program().Call("-recipe", path, "-progress", "none", "-out", filepath.Join(t.TempDir(), "out"))
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if status != 2 || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 || len(stderr) > 1000 {
			t.Errorf("%s: status %d, %.1000s, want 2 and a short line with %q", test.name, status, stderr, test.want)
		}
		// 20 times what is promised, for slow machines.
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
		if allocated > 100 || took > 20*100*time.Millisecond {
			t.Errorf("%s: %d MiB and %v, want at most 100 MiB and 2 s", test.name, allocated, took)
		}
		t.Logf("%-26s %5.1f ms, %2d MiB", test.name, float64(took.Microseconds())/1000, allocated)
	}
}
