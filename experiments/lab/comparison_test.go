package lab

import (
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	r, err := newResults(t.TempDir(), []uint64{1, 2, 3}, false, func() error { return nil }, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for i, seed := range r.seeds {
		r.Metric("a", seed, []float64{0.1, 0.2, 0.3}[i])
		r.Metric("b", seed, []float64{0.2, 0.3, 0.4}[i])
		r.Metric("c", seed, []float64{0.2, 0.3, 0.3}[i])
	}
	for _, c := range []Comparison{
		{Claim: "1", A: "A", B: "B", What: "error (%)", MetricA: "a", MetricB: "b", Scale: 100},
		{Claim: "2", MetricA: "a", MetricB: "c"},
		{Claim: "3", MetricA: "b", MetricB: "a", Larger: true},
		{Claim: "4", MetricA: "c", MetricB: "a", Larger: true},
		{Claim: "5", MetricA: "b", MetricB: "a"},
	} {
		r.Compare(c)
	}
	for i, want := range []bool{true, false, true, false, false} {
		if c := r.claims[i]; c.Holds != want {
			t.Errorf("claim %s: holds %v, want %v: %s", c.Claim, c.Holds, want, c.Rule)
		}
	}
	// Welch's t by hand: equal variances 0.01 and n = 3, so t = -0.1/√(2·0.01/3).
	if c := r.claims[0]; c.Measured != "error (%): A 20 ± 10; B 30 ± 10 (Welch t = -1.2, p = 0.29)" || c.Rule != "smaller for every seed (3 of 3)" {
		t.Errorf("got %q, %q", c.Measured, c.Rule)
	}
	if err := r.failure(); err != nil {
		t.Fatal(err)
	}
	r.Compare(Comparison{Claim: "6", MetricA: "a", MetricB: "missing"})
	if err := r.failure(); err == nil || !strings.Contains(err.Error(), "metrics a and missing") {
		t.Errorf("want an error that names the metric, got %v", err)
	}
}

// A claim may point to a figure that the run has, and to no other.
func TestClaimFigure(t *testing.T) {
	r, err := newResults(t.TempDir(), []uint64{1}, false, func() error { return nil }, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.Claim(Claim{Claim: "c", Measured: "m", Rule: "r", Figure: "late.svg"})
	r.Figure("late.svg", "T", "", []byte("<svg></svg>"))
	if _, err := r.document(Config{}, Environment{}); err != nil {
		t.Error(err)
	}
	r.Claim(Claim{Claim: "d", Measured: "m", Rule: "r", Figure: "none.svg"})
	if _, err := r.document(Config{}, Environment{}); err == nil || !strings.Contains(err.Error(), "none.svg") {
		t.Errorf("want an error that names the figure, got %v", err)
	}
}
