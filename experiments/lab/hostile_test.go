package lab

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"capas/blocks"
	"capas/train"
)

// realRecipe has what the recipes of experiments are made of.
type realRecipe struct {
	Inits      []string           `json:"inits"`
	Layers     []int              `json:"layers"`
	Activation blocks.Activation  `json:"activation"`
	Images     int                `json:"images,omitempty"`
	Init       blocks.Initializer `json:"init"`
	Corruption blocks.Corruption  `json:"corruption,omitzero"`
	Train      train.Recipe       `json:"train"`
	Stages     map[string]float64 `json:"stages,omitempty"`
	Notes      any                `json:"notes,omitempty"`
}

func realPreset() realRecipe {
	return realRecipe{
		Inits: []string{"dbn"}, Layers: []int{500, 500}, Activation: blocks.Sigmoid(), Init: blocks.Gaussian(0.01), Corruption: blocks.Masking(0.25),
		Train: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 5, Batch: 100, Patience: &train.Patience{Steps: 3}},
	}
}

// Any bytes: an error of one line, or a recipe whose JSON form gives the same recipe, and with that the same config.json.
func FuzzRecipe(f *testing.F) {
	whole, err := json.Marshal(realPreset())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"layers": [784, 1000000000], "Train": {"optimizer": {"rate": {"start": 1e-3, "steps": [{"epoch": 5, "value": 0.9}]}}}}`))
	f.Add([]byte(`{"corruption": "salt-and-pepper(0.1)", "init": "he", "notes": {"a": [null, {"a": 1}, "\ud800"]}, "stages": {"x": 1e308}}`))
	f.Add([]byte(`{"layers": [1e9], "layers": []}{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := realPreset()
		if err := DecodeStrict(data, &r); err != nil {
			if err.Error() == "" || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("error %q, want one line", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Errorf("accepted, but it is no JSON")
		}
		form := mustMarshal(t, r)
		again, err := clone(r)
		if err != nil {
			t.Fatalf("%s cannot be copied: %v", form, err)
		}
		var strict realRecipe
		if err := DecodeStrict(form, &strict); err != nil {
			t.Fatalf("%s is not accepted: %v", form, err)
		}
		for _, other := range []realRecipe{again, strict} {
			if got := mustMarshal(t, other); !bytes.Equal(got, form) {
				t.Errorf("%s became %s", form, got)
			}
		}
		if diff, err := differences(form, form); len(diff) > 0 || err != nil {
			t.Errorf("%s differs from itself: %q, %v", form, diff, err)
		}
	})
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestHostileRecipes(t *testing.T) {
	full := func(head, middle, tail string) string { // of nearly maxRecipe bytes
		return head + strings.Repeat(middle, (maxRecipe-len(head)-len(tail))/len(middle)) + tail
	}
	for _, test := range []struct{ name, text, want string }{
		{"open brackets", full(`{"notes": `, `[`, ``), "exceeded max depth"},
		{"9,990 levels", `{"notes": ` + strings.Repeat(`[`, 9990) + strings.Repeat(`]`, 9990) + `}`, ""},
		{"9,990 objects", `{"notes": ` + strings.Repeat(`{"a":`, 9990) + `1` + strings.Repeat(`}`, 9990) + `}`, ""},
		{"10,001 levels", `{"notes": ` + strings.Repeat(`[`, 10001) + strings.Repeat(`]`, 10001) + `}`, "exceeded max depth"},
		{"layers", full(`{"layers": [1`, `,1`, `]}`), ""},
		{"values", full(`{"notes": [1`, `,1`, `]}`), ""},
		{"objects", full(`{"notes": [{}`, `,{}`, `]}`), ""},
		{"steps", full(`{"train": {"optimizer": {"rate": {"steps": [{}`, `,{}`, `]}}}}`), ""},
		{"repeated fields", full(`{"layers": [1]`, `,"layers": [1]`, `}`), "occurs twice"},
		{"null in a list", `{"inits": ["dae", null]}`, "want the values of a list, got null"},
		{"null in a list of lists", `{"notes": [[1], [null]]}`, "want the values of a list, got null"},
		{"null for a list and in an object", `{"layers": null, "notes": {"a": null}, "train": {"patience": null}}`, ""},
		{"many digits", full(`{"images": 1`, `0`, `}`), "want int"},
		{"an exponent of many digits", full(`{"stages": {"x": 1e`, `9`, `}}`), "want float64"},
		{"a long string", full(`{"inits": ["`, `\n`, `"]}`), ""},
		{"an unknown field with a long name", full(`{"`, `\n`, `": 1}`), "unknown field"},
		{"a byte too many", strings.Repeat(" ", maxRecipe-1) + "{}", "want a file of at most 65536 bytes, got 65537"},
	} {
		path := filepath.Join(t.TempDir(), "recipe.json")
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		r := realPreset()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		err := readRecipe(path, &r)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		text := "none"
		if err != nil {
			text = err.Error()
		}
		if (err != nil) != (test.want != "") || !strings.Contains(text, test.want) || err != nil && !strings.Contains(text, path) || len(text) > 1000 {
			t.Errorf("%s: error %.1000s, want a short one with the file and %q", test.name, text, test.want)
		}
		// 20 times what is promised, for slow machines.
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
		if allocated > 100 || took > 20*100*time.Millisecond {
			t.Errorf("%s: %d MiB and %v, want at most 100 MiB and 2 s", test.name, allocated, took)
		}
		t.Logf("%-32s %5.1f ms, %2d MiB: %.120s", test.name, float64(took.Microseconds())/1000, allocated, text)
	}
}
