package lab

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// verdict is a claim's outcome as text.
func verdict(holds bool) string {
	if holds {
		return "holds"
	}
	return "does not hold"
}

// Floats are the values, NaN where they were not finite.
func (m Metric) Floats() []float64 {
	values := make([]float64, len(m.Values))
	for i, v := range m.Values {
		values[i] = float64(v)
	}
	return values
}

// summary is what standard output shows people at the end: the same for equal runs, so
// that metrics which are times are left to result.json and the report.
func summary(doc *Document, out string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, preset %s, %s\n", doc.Experiment, doc.Preset, seedsText(doc.Seeds))
	if len(doc.Metrics) > 0 {
		fmt.Fprintf(&b, "\n")
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		for _, name := range sortedKeys(doc.Metrics) {
			if strings.HasSuffix(name, "seconds") {
				continue
			}
			fmt.Fprintf(w, "  %s\t%s\n", name, Summary(doc.Metrics[name].Floats()))
		}
		w.Flush()
	}
	if len(doc.Claims) > 0 {
		fmt.Fprintf(&b, "\nClaims\n")
		for _, c := range doc.Claims {
			fmt.Fprintf(&b, "  [%s] %s: %s\n    %s (%s)\n", verdict(c.Holds), c.Section, c.Claim, c.Measured, c.Rule)
		}
	}
	fmt.Fprintf(&b, "\nReport: %s\n", filepath.Join(out, reportFile))
	return b.String()
}

// seedsText is "seed 1" or "seeds 1…3".
func seedsText(seeds []uint64) string {
	if len(seeds) == 1 {
		return fmt.Sprintf("seed %d", seeds[0])
	}
	return fmt.Sprintf("seeds %d…%d", seeds[0], seeds[len(seeds)-1])
}
