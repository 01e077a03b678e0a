package main

import (
	"math"
	"testing"

	"capas/internal/gradcheck"
	"capas/random"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// functions are rows of random numbers, the second half of them far from the first.
func functions(n, d int) [][]float32 {
	s := random.New(7)
	rows := make([][]float32, n)
	for i := range rows {
		values := gradcheck.Tensor(s, d).Float64s()
		for k, v := range values {
			if i >= n/2 && k%3 == 0 {
				v += 20
			}
			rows[i] = append(rows[i], float32(v))
		}
	}
	return rows
}

// TestPrincipal compares with gonum's components, which come from the singular values of
// the rows.
func TestPrincipal(t *testing.T) {
	rows := functions(12, 30)
	x, y, shares, err := principal(rows)
	if err != nil {
		t.Fatal(err)
	}
	data := mat.NewDense(12, 30, nil)
	for i, row := range centred(rows) {
		data.SetRow(i, row)
	}
	var pc stat.PC
	if !pc.PrincipalComponents(data, nil) {
		t.Fatal("no components")
	}
	var directions, scores mat.Dense
	pc.VectorsTo(&directions)
	scores.Mul(data, &directions)
	total := 0.0
	for _, v := range pc.VarsTo(nil) {
		total += v
	}
	for k, got := range [][]float64{x, y} {
		want := mat.Col(nil, k, &scores)
		sign := 1.0
		if got[0]*want[0] < 0 {
			sign = -1
		}
		for i := range got {
			if math.Abs(got[i]-sign*want[i]) > 1e-9 {
				t.Errorf("component %d, row %d: got %v, want %v", k+1, i, got[i], sign*want[i])
			}
		}
		if share := pc.VarsTo(nil)[k] / total; math.Abs(shares[k]-share) > 1e-12 {
			t.Errorf("component %d: got a share of %v, want %v", k+1, shares[k], share)
		}
	}
}

// TestNeighbours: the conditional probabilities have the perplexity, the joint ones sum to
// 1 and are largest for the nearest.
func TestNeighbours(t *testing.T) {
	d := squaredDistances(functions(12, 30))
	p := neighbours(d, 4)
	if sum := mat.Sum(p); math.Abs(sum-1) > 1e-12 {
		t.Errorf("sum %v, want 1", sum)
	}
	row := make([]float64, 12)
	entropy := kernel(row, d, 3, 0.01)
	want := 0.0
	for j, v := range row {
		if j != 3 {
			want -= v * math.Log(v)
		}
	}
	if math.Abs(entropy-want) > 1e-12 {
		t.Errorf("entropy %v, want %v", entropy, want)
	}
	for i := range 12 {
		if p.At(i, i) != 0 {
			t.Errorf("p of %d with itself is %v", i, p.At(i, i))
		}
		for j := range 12 {
			if (i < 6) != (j < 6) && p.At(i, j) > 1e-6 {
				t.Errorf("p of %d and %d, which are far apart, is %v", i, j, p.At(i, j))
			}
		}
	}
	// All points equally far: every neighbour has the same probability.
	even := mat.NewSymDense(5, nil)
	for i := range 5 {
		for j := range i {
			even.SetSym(i, j, 2)
		}
	}
	if p := neighbours(even, 4).At(3, 1); math.Abs(p-1.0/20) > 1e-9 {
		t.Errorf("p of equally far points: got %v, want 1/20", p)
	}
}

// TestKullbackLeibler compares with the definition in van der Maaten & Hinton 2008, and the
// gradient with central differences.
func TestKullbackLeibler(t *testing.T) {
	p := neighbours(squaredDistances(functions(6, 5)), 2)
	s := random.New(3)
	y := gradcheck.Tensor(s, 6, 2)
	g := G.NewGraph()
	cost, err := divergence(gradcheck.Leaf(g, "y", y), gradcheck.Leaf(g, "p", tensor.New(tensor.WithShape(6, 6), tensor.WithBacking(full(p, 1)))))
	if err != nil {
		t.Fatal(err)
	}
	got := gradcheck.Compiled(t, G.Nodes{cost})[0][0]
	at := y.Float64s()
	near := func(i, j int) float64 {
		return 1 / (1 + math.Pow(at[2*i]-at[2*j], 2) + math.Pow(at[2*i+1]-at[2*j+1], 2))
	}
	sum, want := 0.0, 0.0
	for i := range 6 {
		for j := range 6 {
			if i != j {
				sum += near(i, j)
			}
		}
	}
	for i := range 6 {
		for j := range 6 {
			if q := p.At(i, j); i != j && q > 0 {
				want += q * math.Log(q/(near(i, j)/sum))
				want -= q * math.Log(q) // the constant
			}
		}
	}
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
	gradcheck.First(t, gradcheck.Case{
		Inputs: []*tensor.Dense{y, tensor.New(tensor.WithShape(6, 6), tensor.WithBacking(full(p, 1)))},
		Build:  func(_ *G.ExprGraph, x G.Nodes) (*G.Node, error) { return divergence(x[0], x[1]) },
	})
}

// TestEmbed: two groups that are far apart stay so in the plane.
func TestEmbed(t *testing.T) {
	rows := functions(20, 30)
	x, y, _, err := principal(rows)
	if err != nil {
		t.Fatal(err)
	}
	if x, y, err = embed(squaredDistances(rows), x, y); err != nil {
		t.Fatal(err)
	}
	within, between := 0.0, math.Inf(1)
	for i := range 20 {
		nearest := math.Inf(1)
		for j := range 20 {
			d := math.Hypot(x[i]-x[j], y[i]-y[j])
			if (i < 10) != (j < 10) {
				between = min(between, d)
			} else if i != j {
				nearest = min(nearest, d)
			}
		}
		within = max(within, nearest)
	}
	if !(within < between) {
		t.Errorf("nearest of the own group within %v, of the other at %v", within, between)
	}
	if _, _, err := embed(squaredDistances(rows[:3]), x[:3], y[:3]); err == nil {
		t.Error("three points: want an error")
	}
}
