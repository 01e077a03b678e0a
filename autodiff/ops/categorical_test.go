package ops_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// weights has m rows of the given weights.
func weights(dt tensor.Dtype, m int, row ...float64) *tensor.Dense {
	d := tensor.New(tensor.Of(dt), tensor.WithShape(m, len(row)))
	for i := range m * len(row) {
		if dt == tensor.Float32 {
			d.Float32s()[i] = float32(row[i%len(row)])
		} else {
			d.Float64s()[i] = row[i%len(row)]
		}
	}
	return d
}

// drawn runs a draw from p twice.
func drawn(t *testing.T, p *tensor.Dense, seed uint64) (runs [2][]float64) {
	t.Helper()
	node, err := ops.Categorical(gradcheck.Leaf(G.NewGraph(), "p", p), random.New(seed))
	if err != nil {
		t.Fatal(err)
	}
	f, err := autodiff.Compile(nil, G.Nodes{node}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for run := range runs {
		if err := f.RunAll(); err != nil {
			t.Fatal(err)
		}
		if e, err := ops.Elements[float64](f.Output(0)); err == nil {
			runs[run] = append(runs[run], e...)
		} else {
			for _, x := range f.Output(0).(*tensor.Dense).Float32s() {
				runs[run] = append(runs[run], float64(x))
			}
		}
	}
	return runs
}

// Every row has one 1, each column as often as its share says, and never where that is 0.
func TestCategoricalFrequencies(t *testing.T) {
	const m = 20_000
	row := []float64{0, 0.5, 2, 0, 1, 0.25, 0} // shares of 3.75
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		runs := drawn(t, weights(dt, m, row...), 3)
		same := 0
		for _, y := range runs {
			counts := make([]float64, len(row))
			for i := 0; i < len(y); i += len(row) {
				ones := 0
				for j, v := range y[i : i+len(row)] {
					switch v {
					case 1:
						ones++
						counts[j]++
					case 0:
					default:
						t.Fatalf("%v: element %d is %g", dt, i+j, v)
					}
				}
				if ones != 1 {
					t.Fatalf("%v: row %d has %d ones", dt, i/len(row), ones)
				}
			}
			for j, w := range row {
				p := w / 3.75
				if sd := math.Sqrt(m * p * (1 - p)); math.Abs(counts[j]-m*p) > 5*sd {
					t.Errorf("%v: column %d was drawn %g times, want %g ± %.0f", dt, j, counts[j], m*p, sd)
				}
			}
		}
		for i := range runs[0] {
			if runs[0][i] == 1 && runs[1][i] == 1 {
				same++
			}
		}
		if same > m/2 { // Σ p² = 0.38 of them
			t.Errorf("%v: two runs gave %d equal draws of %d", dt, same, m)
		}
	}
}

// Row i depends on nothing but the stream's word i: on neither dtype nor the number of
// rows, and it is the column that the uniform number falls into.
func TestCategoricalFollowsTheStream(t *testing.T) {
	row := []float64{0.125, 0.5, 0.25, 0.125}
	long, short, double := drawn(t, weights(tensor.Float32, 3000, row...), 7), drawn(t, weights(tensor.Float32, 100, row...), 7), drawn(t, weights(tensor.Float64, 3000, row...), 7)
	u := make([]float64, 3000)
	random.New(7).Uniform64(u)
	for i, x := range u {
		at := 0
		for edge := row[0]; x >= edge; edge += row[at] {
			at++
		}
		for j := range row {
			want := 0.0
			if j == at {
				want = 1
			}
			if got := long[0][4*i+j]; got != want || double[0][4*i+j] != want || i < 100 && short[0][4*i+j] != want {
				t.Fatalf("row %d, column %d of u = %g: want %g, got %g in float32, %g in float64", i, j, x, want, got, double[0][4*i+j])
			}
		}
	}
}

// Rows that rounding could make empty, and rows without a column to draw.
func TestCategoricalExtremes(t *testing.T) {
	for name, row := range map[string][]float64{"one": {0, 0, 1, 0}, "tiny": {0, 1e-30, 0, 0}, "huge": {0, 0, 0, 1e30}} {
		for i, v := range drawn(t, weights(tensor.Float32, 1000, row...), 1)[0] {
			want := 0.0
			if row[i%4] > 0 {
				want = 1
			}
			if v != want {
				t.Fatalf("%s: element %d: want %g, got %g", name, i, want, v)
			}
		}
	}
	many := make([]float64, 1000) // whose sums by rows and in order differ in the last bits
	for j := range many {
		many[j] = 0.1 + float64(j%7)
	}
	total := 0.0
	for _, v := range drawn(t, weights(tensor.Float32, 2000, many...), 1)[0] {
		total += v
	}
	if total != 2000 {
		t.Errorf("2000 rows of 1000 columns: %g ones", total)
	}
}

func TestCategoricalIsConstant(t *testing.T) {
	p := gradcheck.Leaf(G.NewGraph(), "p", weights(tensor.Float64, 2, 0.5, 0.5))
	draw, err := ops.Categorical(p, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	cost, err := ops.Sum(draw)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := autodiff.Grad(cost, p); err == nil {
		t.Errorf("a draw has no gradient, got %v", d)
	}
}
