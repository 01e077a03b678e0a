package models_test

import (
	"fmt"
	"math"
	"testing"

	"capas/models"

	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// emptyHopfield is a memory of the given dtype without patterns.
func emptyHopfield(t testing.TB, n int, dt tensor.Dtype) *models.Hopfield {
	t.Helper()
	h := must[*models.Hopfield](t)(models.NewHopfield("memory", n))
	h.W.Value = tensor.New(tensor.Of(dt), tensor.WithShape(n, n))
	h.B.Value = tensor.New(tensor.Of(dt), tensor.WithShape(n))
	return h
}

func atOnce(h *models.Hopfield) func(*G.Node) (*G.Node, error) {
	return func(s *G.Node) (*G.Node, error) { return h.Update(s, nil) }
}

// Hebb's rule by its formula, at once and pattern by pattern; one pattern is recalled from
// every state that is nearer to it than to its negative, in a step, and has the energy
// −(n−1)/2.
func TestStoreHebbian(t *testing.T) {
	const n, k = 9, 4
	rows := coinSpins(stream("patterns"), k, n)
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		h, one := emptyHopfield(t, n, dt), emptyHopfield(t, n, dt)
		if err := h.StoreHebbian(matrix(dt, rows)); err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if err := one.StoreHebbian(matrix(dt, rows[i:i+1])); err != nil {
				t.Fatal(err)
			}
		}
		var want []float64
		for i := range n {
			for j := range n {
				w := 0.0
				for _, x := range rows {
					w += x[i] * x[j] / n
				}
				if i == j {
					w = 0
				}
				want = append(want, w)
			}
		}
		near(t, "weights", want, elements(h.W.Value), 1e-6)
		near(t, "one by one", elements(h.W.Value), elements(one.W.Value), 1e-6)
	}
	h := emptyHopfield(t, n, tensor.Float64)
	if err := h.StoreHebbian(matrix(tensor.Float64, rows[:1])); err != nil {
		t.Fatal(err)
	}
	near(t, "energy of the one pattern", []float64{-(n - 1) / 2.}, forward(t, matrix(tensor.Float64, rows[:1]), h.Energy), 1e-12)
	all := spins(n)
	for r, s := range split(forward(t, matrix(tensor.Float64, all), atOnce(h)), n) {
		overlap := 0.0
		for i, v := range all[r] {
			overlap += v * rows[0][i]
		}
		for i, v := range s {
			// At an overlap of ±1 the units that agree with the majority have no field.
			if math.Abs(overlap) > 1 && v != math.Copysign(1, overlap)*rows[0][i] {
				t.Fatalf("overlap %g: unit %d is %g", overlap, i, v)
			}
		}
	}
}

// With n a power of two the weights and fields of Hebb's rule are exact: those of float32
// are those of float64.
func TestStoreHebbianIsExact(t *testing.T) {
	const n, k = 64, 21
	rows := coinSpins(stream("patterns"), k, n)
	var fields [][]float64
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		h := emptyHopfield(t, n, dt)
		if err := h.StoreHebbian(matrix(dt, rows)); err != nil {
			t.Fatal(err)
		}
		fields = append(fields, forward(t, matrix(dt, rows), h.Field))
	}
	near(t, "fields", fields[1], fields[0], 0)
}

// The share of units that are wrong after one step from a stored pattern is that of Hertz,
// Krogh & Palmer 1991, table 2.1: ½ erfc(√(n/2k)) of n units at k = 0.105, 0.138, 0.185,
// 0.37 and 0.61·n patterns. Each of the n·k units counts, nearly independently.
func TestStoreHebbianErrorsArePublished(t *testing.T) {
	const n = 1024
	for load, want := range map[float64]float64{0.105: 0.001, 0.138: 0.0036, 0.185: 0.01, 0.37: 0.05, 0.61: 0.1} {
		k := int(load * n)
		rows := coinSpins(stream("patterns"), k, n)
		h := emptyHopfield(t, n, tensor.Float32)
		if err := h.StoreHebbian(matrix(tensor.Float32, rows)); err != nil {
			t.Fatal(err)
		}
		wrong := 0.0
		for i, v := range forward(t, matrix(tensor.Float32, rows), atOnce(h)) {
			if v != rows[i/n][i%n] {
				wrong += 1 / float64(n*k)
			}
		}
		// The table is rounded; six standard deviations of a binomial share, for units that agree in pairs.
		if tol := 0.04*want + 6*math.Sqrt(2*want/float64(n*k)); math.Abs(wrong-want) > tol {
			t.Errorf("load %g: %.4g of the units are wrong, published %g ± %.2g", load, wrong, want, tol)
		}
	}
}

// The pseudo-inverse is the projection onto the patterns, found another way, by a QR
// decomposition; patterns that have much in common are fixed points, where Hebb's rule loses
// them; one that depends on others changes nothing.
func TestStorePseudoInverse(t *testing.T) {
	const n, k = 40, 20
	rows := coinSpins(stream("patterns"), k, n)
	for _, row := range rows { // all alike in 28 units
		copy(row[:28], rows[0][:28])
	}
	x := matrix(tensor.Float64, rows)
	h, hebb := emptyHopfield(t, n, tensor.Float64), emptyHopfield(t, n, tensor.Float64)
	if err := h.StorePseudoInverse(x); err != nil {
		t.Fatal(err)
	}
	if err := hebb.StoreHebbian(x); err != nil {
		t.Fatal(err)
	}
	near(t, "patterns", join(rows), forward(t, x, atOnce(h)), 0)
	if equal(join(rows), forward(t, x, atOnce(hebb))) {
		t.Error("Hebb's rule keeps patterns that have 28 of 40 units in common: the check shows nothing")
	}
	// The rank is 13: a shared part and 12 free units.
	independent := mat.NewDense(n, 13, nil)
	for j := range 13 {
		independent.SetCol(j, rows[j])
	}
	var qr mat.QR
	qr.Factorize(independent)
	var q mat.Dense
	qr.QTo(&q)
	Q := q.Slice(0, n, 0, 13)
	var P mat.Dense
	P.Mul(Q, Q.T())
	want := append([]float64(nil), P.RawMatrix().Data...)
	var trace float64
	for i := range n {
		trace += want[i*n+i]
		want[i*n+i] = 0
	}
	near(t, "rank", []float64{13}, []float64{trace}, 1e-9)
	near(t, "projection", want, elements(h.W.Value), 1e-9)
	// As many patterns as units span everything: nothing is left but the diagonal.
	full := emptyHopfield(t, 6, tensor.Float64)
	if err := full.StorePseudoInverse(matrix(tensor.Float64, append(coinSpins(stream("all"), 5, 6), []float64{1, 1, 1, 1, 1, 1}))); err != nil {
		t.Fatal(err)
	}
}

// For orthogonal patterns all rules agree but for a factor.
func TestStoreOrthogonalPatterns(t *testing.T) {
	rows := [][]float64{{1, 1, 1, 1}, {1, -1, 1, -1}, {1, 1, -1, -1}}
	x := matrix(tensor.Float64, rows)
	hebb, inverse := emptyHopfield(t, 4, tensor.Float64), emptyHopfield(t, 4, tensor.Float64)
	for h, err := range map[*models.Hopfield]error{hebb: hebb.StoreHebbian(x), inverse: inverse.StorePseudoInverse(x)} {
		if err != nil {
			t.Fatal(err)
		}
		near(t, "patterns", join(rows), forward(t, x, atOnce(h)), 0)
	}
	near(t, "weights", elements(hebb.W.Value), elements(inverse.W.Value), 1e-12)
}

// The field of the centred rule in each pattern by its formula: the pattern's own part and
// the noise from the others, with the mean taken away.
func TestStoreCentered(t *testing.T) {
	const n, k = 30, 5
	rows := coinSpins(stream("patterns"), k, n)
	for _, row := range rows {
		for i := range 12 { // common to all
			row[i] = -1
		}
	}
	mean := make([]float64, n)
	for _, row := range rows {
		for i, v := range row {
			mean[i] += v / k
		}
	}
	size := 0.0
	for _, row := range rows {
		for i, v := range row {
			size += (v - mean[i]) * (v - mean[i]) / (n * k)
		}
	}
	h := emptyHopfield(t, n, tensor.Float64)
	if err := h.StoreCentered(matrix(tensor.Float64, rows)); err != nil {
		t.Fatal(err)
	}
	var want []float64
	for _, s := range rows {
		for i := range s {
			f := size * mean[i]
			for _, x := range rows {
				for j := range s {
					if j != i {
						f += (x[i] - mean[i]) * (x[j] - mean[j]) * (s[j] - mean[j]) / n
					}
				}
			}
			want = append(want, f)
		}
	}
	near(t, "field", want, forward(t, matrix(tensor.Float64, rows), h.Field), 1e-12)
	near(t, "patterns", join(rows), forward(t, matrix(tensor.Float64, rows), atOnce(h)), 0)
	// A unit that is the same in all patterns is repaired.
	noisy := flipped(rows[2], 3)
	near(t, "common unit", rows[2], forward(t, matrix(tensor.Float64, [][]float64{noisy}), atOnce(h)), 0)
}

func TestStoreRefuses(t *testing.T) {
	h := emptyHopfield(t, 4, tensor.Float32)
	good := [][]float64{{1, 1, -1, -1}, {1, -1, 1, -1}}
	for what, store := range map[string]func(*tensor.Dense) error{"hebbian": h.StoreHebbian, "centered": h.StoreCentered, "inverse": h.StorePseudoInverse} {
		refused(t, what, store(nil), "missing")
		refused(t, what, store(matrix(tensor.Float32, [][]float64{{1, -1, 1}})), "want patterns of shape (k, 4), got (1, 3)")
		refused(t, what, store(tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4))), "got (4)")
		refused(t, what, store(matrix(tensor.Float64, good)), "float32", "float64")
		refused(t, what, store(matrix(tensor.Float32, [][]float64{{1, -1, 1, 1}, {1, 0, 1, 1}})), "got 0 at unit 2 of pattern 2")
		refused(t, what, store(matrix(tensor.Float32, [][]float64{{1, -1, 1, math.NaN()}})), "got NaN at unit 4")
	}
	refused(t, "too many", h.StorePseudoInverse(matrix(tensor.Float32, repeat(good, 3))), "at most as many patterns as units, 4, got 6")
	for _, k := range []int{1, 3, 10, 49} { // ten times a tenth is not one
		refused(t, "equal ones", h.StoreCentered(matrix(tensor.Float32, repeat(good[:1], k))), fmt.Sprintf("differ from their mean, got %d equal", k))
	}
	near(t, "weights after refusals", make([]float64, 16), elements(h.W.Value), 0)
	_, err := models.Patterns([]float32{1, 1, -1}, []float32{1, -1})
	refused(t, "lengths", err, "the length of the first, 3, got 2 of pattern 2")
	_, err = models.Patterns()
	refused(t, "none", err, "got none")
	p := must[*tensor.Dense](t)(models.Patterns([]float32{1, -1}, []float32{-1, -1}, []float32{1, 1}))
	near(t, "patterns", []float64{1, -1, -1, -1, 1, 1}, elements(p), 0)
	_, err = models.NewHopfield("memory", 0)
	refused(t, "no units", err, "at least one unit, got 0")
}
