package blocks_test

import (
	"encoding"
	"encoding/json"
	"fmt"
	"testing"

	"capas/blocks"
)

var (
	_ encoding.TextMarshaler   = blocks.Activation{}
	_ encoding.TextMarshaler   = blocks.Initializer{}
	_ encoding.TextMarshaler   = blocks.Corruption{}
	_ encoding.TextMarshaler   = blocks.Output{}
	_ encoding.TextUnmarshaler = (*blocks.Activation)(nil)
	_ encoding.TextUnmarshaler = (*blocks.Initializer)(nil)
	_ encoding.TextUnmarshaler = (*blocks.Corruption)(nil)
	_ encoding.TextUnmarshaler = (*blocks.Output)(nil)
)

func roundTrip[T comparable](t *testing.T, v T, parse func(string) (T, error)) {
	t.Helper()
	text := fmt.Sprint(v)
	if got, err := parse(text); err != nil || fmt.Sprint(got) != text {
		t.Errorf("%s: read back as %v, %v", text, got, err)
	}
	type document struct{ Choice T }
	out, err := json.Marshal(document{v})
	if err != nil {
		t.Error(err)
		return
	}
	if want := fmt.Sprintf(`{"Choice":%q}`, text); string(out) != want {
		t.Errorf("JSON of %s: got %s, want %s", text, out, want)
	}
	var back document
	if err := json.Unmarshal(out, &back); err != nil || fmt.Sprint(back.Choice) != text {
		t.Errorf("%s: read back from JSON as %v, %v", text, back.Choice, err)
	}
}

func refused[T any](t *testing.T, parse func(string) (T, error), texts ...string) {
	t.Helper()
	for _, text := range texts {
		if v, err := parse(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, v)
		}
	}
	var v struct{ Choice T }
	if err := json.Unmarshal([]byte(`{"Choice":"no such choice"}`), &v); err == nil {
		t.Errorf("JSON of an unknown choice: got %v, want an error", v)
	}
}

func TestOutputText(t *testing.T) {
	for _, o := range []blocks.Output{{}, blocks.Classes(), blocks.Binary(), blocks.Numeric()} {
		roundTrip(t, o, blocks.ParseOutput)
	}
	refused(t, blocks.ParseOutput, "", "class", "binary(1)")
}
