//go:build libtorch && cgo

package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"capas/experiments/lab"
)

// The smoke preset on libtorch gives the test errors that it gives on Capas's kernels, within 0.3
// points, and on both under a referee no node is far apart in the whole run.
func TestBackends(t *testing.T) {
	dir := t.TempDir()
	results := map[string]*lab.Document{}
	for _, backend := range []string{"capas", "torch"} {
		out := filepath.Join(dir, backend)
		var stderr bytes.Buffer
		if status := lab.Main(experiment(), []string{"-preset", "smoke", "-backend", backend, "-progress", "none", "-out", out}, &bytes.Buffer{}, &stderr); status != 0 {
			t.Fatalf("%s: status %d: %s", backend, status, stderr.String())
		}
		data, err := os.ReadFile(filepath.Join(out, "result.json"))
		if err != nil {
			t.Fatal(err)
		}
		results[backend] = &lab.Document{}
		if err := json.Unmarshal(data, results[backend]); err != nil {
			t.Fatal(err)
		}
	}
	compared := 0
	for name, capas := range results["capas"].Metrics {
		if filepath.Ext(name) != ".test_error" {
			continue
		}
		for i, v := range capas.Values {
			w := results["torch"].Metrics[name].Values[i]
			t.Logf("%s: %.4f on Capas's kernels, %.4f on libtorch", name, v, w)
			if d := math.Abs(float64(v - w)); !(d <= 0.003) {
				t.Errorf("%s: test errors %g and %g", name, v, w)
			}
			compared++
		}
	}
	if compared == 0 {
		t.Error("no test errors were compared")
	}
}

// -backend check leaves what Capas's kernels do, with the differences.
func TestBackendCheck(t *testing.T) {
	out := t.TempDir()
	var stderr bytes.Buffer
	if status := lab.Main(experiment(), tiny(out, "-seeds", "1", "-backend", "check"), &bytes.Buffer{}, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc lab.Document
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Check) < 20 {
		t.Fatalf("%d nodes were compared, want 20 or more", len(doc.Check))
	}
	// Where an activation is at a kink, or an example at the border of two classes, a single
	// element may go either way.
	apart := 0
	for _, a := range doc.Check {
		if !(float64(a.Relative) <= 1e-4) {
			apart++
			t.Logf("%s, %s: %.2g in run %d of %d", a.Function, a.Node, float64(a.Relative), a.Run, a.Runs)
		}
	}
	if apart > len(doc.Check)/20 {
		t.Errorf("%d of %d nodes are more than 1e-4 apart", apart, len(doc.Check))
	}
}
