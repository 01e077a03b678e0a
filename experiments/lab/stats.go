package lab

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Summarize returns the mean and the sample standard deviation (n−1 in the
// denominator; 0 for one value) of values. No values give NaN, NaN.
func Summarize(values []float64) (mean, sd float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	if len(values) == 1 {
		return values[0], values[0] - values[0] // NaN stays NaN
	}
	return stat.MeanStdDev(values, nil)
}

// Summary formats mean ± sd, both rounded to two digits of sd, such as
// "0.01910 ± 0.00075", or, where fixed point would mislead, as powers of ten; a single value stands alone.
func Summary(values []float64) string {
	mean, sd := Summarize(values)
	switch {
	case len(values) == 0:
		return "none"
	case math.IsNaN(mean) || math.IsInf(mean, 0) || math.IsNaN(sd):
		return "not finite"
	case len(values) == 1:
		return fmt.Sprintf("%.4g", mean)
	case sd == 0:
		return fmt.Sprintf("%.4g ± 0", mean)
	}
	lead := math.Floor(math.Log10(sd))                                  // position of sd's first digit
	digits := int(min(max(1-lead, 0), 9))                               // two digits of sd
	if a := math.Abs(mean); sd < 1e-9 || a > 1e9 || max(a, sd) < 1e-4 { // fixed point would mislead, or be zeros to count
		return fmt.Sprintf("%.4g ± %.2g", mean, sd)
	}
	return fmt.Sprintf("%.*f ± %.*f", digits, mean, digits, sd)
}

// Welch compares the means of two samples of possibly different variance
// (Welch 1947): t = (ā − b̄)/√(s²ₐ/nₐ + s²_b/n_b), with the degrees of freedom
// of Welch and Satterthwaite, and p the two-sided probability of a |t| at least
// as large under equal means. It needs two values on either side. Where both
// samples are constant, t is 0 and p is 1 if they are equal, and t is ±Inf and
// p is 0 if not. Values that are not finite are an error.
func Welch(a, b []float64) (t, p float64, err error) {
	if len(a) < 2 || len(b) < 2 {
		return 0, 0, fmt.Errorf("Welch's t: want at least 2 values on either side, got %d and %d", len(a), len(b))
	}
	for _, values := range [][]float64{a, b} {
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return 0, 0, fmt.Errorf("Welch's t: want finite values, got %v", v)
			}
		}
	}
	meanA, varA := stat.MeanVariance(a, nil)
	meanB, varB := stat.MeanVariance(b, nil)
	na, nb := float64(len(a)), float64(len(b))
	va, vb := varA/na, varB/nb
	if va+vb == 0 {
		if meanA == meanB {
			return 0, 1, nil
		}
		return math.Inf(int(math.Copysign(1, meanA-meanB))), 0, nil
	}
	t = (meanA - meanB) / math.Sqrt(va+vb)
	nu := (va + vb) * (va + vb) / (va*va/(na-1) + vb*vb/(nb-1))
	dist := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: nu}
	return t, 2 * dist.CDF(-math.Abs(t)), nil
}

// SignOverSeeds compares two metrics seed by seed: below, equal and above count
// the seeds with a < b, a = b and a > b. "a is smaller for every seed" is
// below == len(a). The lengths must agree; a NaN counts nowhere.
func SignOverSeeds(a, b []float64) (below, equal, above int, err error) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, 0, 0, fmt.Errorf("sign over seeds: want as many values on either side and at least one, got %d and %d", len(a), len(b))
	}
	for i := range a {
		switch {
		case a[i] < b[i]:
			below++
		case a[i] == b[i]:
			equal++
		case a[i] > b[i]:
			above++
		}
	}
	return below, equal, above, nil
}
