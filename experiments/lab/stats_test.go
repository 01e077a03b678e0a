package lab

import (
	"math"
	"testing"
)

func nan() float64 { return math.NaN() }

// TestWelch compares with scipy 1.17.1:
//
//	python3 -c "from scipy import stats; print(stats.ttest_ind(a, b, equal_var=False))"
//
// The third pair is the first example of Wikipedia's "Welch's t-test", which
// gives t = −2.46 and p = 0.021.
func TestWelch(t *testing.T) {
	tests := []struct {
		a, b []float64
		t, p float64
	}{
		{[]float64{0.0190, 0.0184, 0.0199}, []float64{0.0610, 0.0588, 0.0641}, -26.409409668904956, 0.0006285733338500741},
		{[]float64{1, 2, 3, 4, 5}, []float64{2, 2, 3, 9}, -0.5477225575051662, 0.6126205881705548},
		{
			[]float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4},
			[]float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4},
			-2.455356398286006, 0.021378001462866992,
		},
		{[]float64{0.1, 0.2}, []float64{0.15, 0.3}, -0.8320502943378432, 0.5038378637419376},
		// Constant samples: the limits of t and p, where scipy warns.
		{[]float64{1, 1}, []float64{1, 1, 1}, 0, 1},
		{[]float64{1, 1}, []float64{2, 2}, math.Inf(-1), 0},
	}
	for _, test := range tests {
		for _, sign := range []float64{1, -1} { // exchanging the samples turns the sign of t
			a, b := test.a, test.b
			if sign < 0 {
				a, b = b, a
			}
			gotT, gotP, err := Welch(a, b)
			sameT := gotT == sign*test.t || math.Abs(gotT-sign*test.t) < 1e-10*math.Abs(test.t)
			if err != nil || !sameT || math.Abs(gotP-test.p) > 1e-9 {
				t.Errorf("Welch(%v, %v): got t %v, p %v, error %v; want %v, %v", a, b, gotT, gotP, err, sign*test.t, test.p)
			}
		}
	}
	for _, bad := range [][2][]float64{{{1}, {1, 2}}, {nil, nil}, {{1, nan()}, {1, 2}}, {{1, 2}, {1, math.Inf(1)}}} {
		if _, _, err := Welch(bad[0], bad[1]); err == nil {
			t.Errorf("Welch(%v, %v): no error", bad[0], bad[1])
		}
	}
}

func TestSummarize(t *testing.T) {
	// Closed form: mean 5 and squared deviations 32 in all, n−1 = 7.
	mean, sd := Summarize([]float64{2, 4, 4, 4, 5, 5, 7, 9})
	if mean != 5 || math.Abs(sd-math.Sqrt(32./7)) > 1e-15 {
		t.Errorf("got %v ± %v", mean, sd)
	}
	if mean, sd := Summarize([]float64{3}); mean != 3 || sd != 0 {
		t.Errorf("one value: got %v ± %v, want 3 ± 0", mean, sd)
	}
	if mean, sd := Summarize([]float64{1, nan()}); !math.IsNaN(mean) || !math.IsNaN(sd) {
		t.Errorf("with a NaN: got %v ± %v", mean, sd)
	}
}

func TestSummary(t *testing.T) {
	tests := []struct {
		values []float64
		want   string
	}{
		{[]float64{0.0190, 0.0184, 0.0199}, "0.01910 ± 0.00075"},
		{[]float64{81.2, 95.7}, "88 ± 10"},
		{[]float64{1000, 3000}, "2000 ± 1414"},
		{[]float64{0.5}, "0.5"},
		{[]float64{2, 2}, "2 ± 0"},
		{[]float64{1, nan()}, "not finite"},
		{[]float64{1, math.Inf(1)}, "not finite"},
		{[]float64{1e12, 3e12}, "2e+12 ± 1.4e+12"},
		{[]float64{4e-6, 6e-6}, "5e-06 ± 1.4e-06"},
		{[]float64{0, 0.0002}, "0.00010 ± 0.00014"},
		{nil, "none"},
	}
	for _, test := range tests {
		if got := Summary(test.values); got != test.want {
			t.Errorf("%v: got %q, want %q", test.values, got, test.want)
		}
	}
}

func TestSignOverSeeds(t *testing.T) {
	below, equal, above, err := SignOverSeeds([]float64{1, 2, 3, nan()}, []float64{2, 2, 1, 1})
	if below != 1 || equal != 1 || above != 1 || err != nil {
		t.Errorf("got %d, %d, %d, %v", below, equal, above, err)
	}
	if _, _, _, err := SignOverSeeds([]float64{1}, []float64{1, 2}); err == nil {
		t.Error("different lengths accepted")
	}
}
