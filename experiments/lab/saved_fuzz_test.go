package lab

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// FuzzResult reads anything as result.json: what is accepted can be shown, and is
// read again from what it is written as.
func FuzzResult(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parseDocument(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		summary(d, "out")
		metricsTable(d)
		if _, err := recipeRows(d.Recipe); err != nil {
			t.Errorf("recipe %s: %v", d.Recipe, err)
		}
		text, err := marshalIndent(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseDocument(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		back, err := marshalIndent(again)
		if err != nil || !bytes.Equal(text, back) {
			t.Errorf("%s became %s, %v", text, back, err)
		}
		if diff, err := d.Config.Differences(again.Config); err == nil && len(diff) > 0 {
			t.Errorf("differs from itself: %v", diff)
		}
	})
}

// FuzzLog reads anything as metrics.jsonl; what is accepted is the same when it
// is written and read again.
func FuzzLog(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var lines []Line
		cut, err := scanLog(bytes.NewReader(data), func(l Line, _ []byte) error {
			lines = append(lines, l)
			return nil
		})
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %q", err)
		}
		if n := bytes.Count(data, []byte("\n")); len(lines) > n+1 || cut && (err != nil || len(lines) != n) {
			t.Errorf("%d lines of %d, cut %t, %v", len(lines), n, cut, err)
		}
		for _, l := range lines {
			if _, err := json.Marshal(l); err != nil {
				t.Errorf("%+v: %v", l, err)
			}
			for _, x := range l.Values {
				if math.IsInf(x.Value, 0) || len(x.Name) > maxPath {
					t.Errorf("got %+v", x)
				}
			}
		}
	})
}
