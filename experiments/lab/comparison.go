package lab

import "fmt"

// MinSeeds is the least number of seeds that a verdict about trained networks takes: with
// fewer, chance and effect cannot be told apart.
const MinSeeds = 3

// Comparison is a claim that one metric is smaller than another.
type Comparison struct {
	Section, Claim string
	// What was measured, with its unit, such as "test error (%)".
	What string
	// A and B name the two sides for people; MetricA and MetricB are their metrics.
	A, B, MetricA, MetricB string
	// Scale is what the values are multiplied by to be shown, 100 for percent; 0 means 1.
	Scale float64
	// Larger claims that A is larger.
	Larger bool
	// Figure is that of the Claim.
	Figure string
}

// Compare records the claim of a comparison. It holds if A is smaller (or larger) than
// B for every seed; a value that is not a number makes it fail. Where there are two seeds
// or more, Welch's t is given beside it and decides nothing.
func (r *Results) Compare(c Comparison) {
	a, b := r.Values(c.MetricA), r.Values(c.MetricB)
	below, _, above, err := SignOverSeeds(a, b)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fail("claim %q, metrics %s and %s: %w", c.Claim, c.MetricA, c.MetricB, err)
		return
	}
	scale := c.Scale
	if scale == 0 {
		scale = 1
	}
	measured := fmt.Sprintf("%s: %s %s; %s %s", c.What, c.A, Summary(Scaled(a, scale)), c.B, Summary(Scaled(b, scale)))
	if t, p, err := Welch(a, b); err == nil {
		measured += fmt.Sprintf(" (Welch t = %.1f, p = %.2g)", t, p)
	}
	word, count := "smaller", below
	if c.Larger {
		word, count = "larger", above
	}
	r.Claim(Claim{
		Section: c.Section, Claim: c.Claim, Measured: measured,
		Holds: count == len(a), Rule: fmt.Sprintf("%s for every seed (%d of %d)", word, count, len(a)), Figure: c.Figure,
	})
}

// Scaled returns the values times scale: fractions as percent with 100.
func Scaled(values []float64, scale float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = scale * v
	}
	return out
}
