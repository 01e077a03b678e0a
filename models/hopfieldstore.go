package models

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Patterns returns patterns of one length as a tensor (k,n), a pattern a row.
func Patterns(rows ...[]float32) (*tensor.Dense, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, fmt.Errorf("patterns: want one at least, of one unit at least, got none")
	}
	n := len(rows[0])
	all := make([]float32, 0, len(rows)*n)
	for i, row := range rows {
		if len(row) != n {
			return nil, fmt.Errorf("patterns: want the length of the first, %d, got %d of pattern %d", n, len(row), i+1)
		}
		all = append(all, row...)
	}
	return tensor.New(tensor.WithShape(len(rows), n), tensor.WithBacking(all)), nil
}

// StoreHebbian adds k patterns x (k,n), of units −1 or 1, to those that are stored, by
// Hebb's rule:
//
//	W_ij += 1/n Σ_μ x_μi x_μj for i ≠ j
//
// (Hopfield 1982). The field of a unit in a pattern is its state and a noise from the other
// patterns, of variance k/n if they are random; beyond 0.138·n of them nothing is recalled
// (Amit, Gutfreund & Sompolinsky 1985). Where n is a power of two, the weights are exact, and
// so are fields.
func (h *Hopfield) StoreHebbian(x *tensor.Dense) error {
	if err := checkPatterns("store", x, h.Units(), h.W); err != nil {
		return err
	}
	if err := storeProduct(h.W, x, x, 1/float64(h.Units())); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	h.clearDiagonal()
	return nil
}

// StoreCentered replaces what is stored by k patterns x (k,n), by Hebb's rule for what they
// have not in common:
//
//	W_ij = 1/n Σ_μ (x_μi − x̄_i)(x_μj − x̄_j) for i ≠ j,  b_i = a x̄_i − Σ_j x̄_j W_ji
//
// with their mean x̄ (the covariance rule of Sejnowski 1977; Amit, Gutfreund & Sompolinsky
// 1987, "Information storage in neural networks with low levels of activity"). The field in a
// pattern is a(x_μ − x̄) + a x̄ = a x_μ and the noise, with a the mean of ‖x_μ − x̄‖²/n. It
// takes two patterns that differ.
func (h *Hopfield) StoreCentered(x *tensor.Dense) error {
	n := h.Units()
	if err := checkPatterns("store", x, n, h.W); err != nil {
		return err
	}
	mean, rest, a := centered(x)
	if a == 0 {
		return fmt.Errorf("store: want patterns that differ from their mean, got %d equal ones", x.Shape()[0])
	}
	set(h.W, 0)
	if err := storeProduct(h.W, rest, rest, 1/float64(n)); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	h.clearDiagonal()
	return setThresholds(h.B, h.W, mean, false, func(i int) float64 { return a / float64(n) * mean[i] })
}

// StorePseudoInverse replaces what is stored by k patterns x (k,n), k ≤ n, by the projection
// onto the space that they span, without its diagonal:
//
//	W_ij = 1/n Σ_μν x_μi (C⁻¹)_μν x_νj for i ≠ j,  C_μν = 1/n Σ_i x_μi x_νi
//
// (Personnaz, Guyon & Dreyfus 1985; without diagonal Kanter & Sompolinsky 1987, "Associative
// recall of memory without errors"). The field in a pattern is (1 − P_ii) x_μi with the
// projection's diagonal P_ii ≤ 1, so that every pattern is a fixed point, however much they
// have in common. Patterns that depend linearly on others count once.
func (h *Hopfield) StorePseudoInverse(x *tensor.Dense) error {
	n := h.Units()
	if err := checkPatterns("store", x, n, h.W); err != nil {
		return err
	}
	k := x.Shape()[0]
	if k > n {
		return fmt.Errorf("store: want at most as many patterns as units, %d, got %d", n, k)
	}
	basis, err := spanned(x)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	var P mat.Dense
	P.Mul(basis.T(), basis)
	// A unit that the patterns leave free has P_ii = 1 and is tied to no other: what rounding
	// leaves of its weights would be all of its field.
	p := P.RawMatrix().Data
	for i := range n {
		if 1-p[i*(n+1)] < 1e-9 {
			for j := range n {
				p[i*n+j], p[j*n+i] = 0, 0
			}
		}
	}
	setNumbers(h.W, p)
	h.clearDiagonal()
	set(h.B, 0)
	return nil
}

// spanned is an orthonormal basis, a vector a row, of the space of the rows of x (k,n).
func spanned(x *tensor.Dense) (*mat.Dense, error) {
	k, n := x.Shape()[0], x.Shape()[1]
	X := mat.NewDense(k, n, patternNumbers(x))
	var gram mat.SymDense
	gram.SymOuterK(1/float64(n), X)
	var e mat.EigenSym
	if !e.Factorize(&gram, true) {
		return nil, fmt.Errorf("the eigenvalues of the overlaps of %d patterns were not found", k)
	}
	values := e.Values(nil) // rising
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	// Overlaps are rounded in the last places of their sum: what is less is no dimension.
	least := values[k-1] * float64(k) * 1e-12
	first := 0
	for values[first] <= least {
		first++
	}
	var basis mat.Dense
	basis.Mul(vectors.Slice(0, k, first, k).T(), X)
	for i, v := range values[first:] {
		row := basis.RawRowView(i)
		for j := range row {
			row[j] /= math.Sqrt(float64(n) * v)
		}
	}
	return &basis, nil
}

func (h *Hopfield) clearDiagonal() {
	n := h.Units()
	mapNumbers(h.W, func(i int, v float64) float64 {
		if i%(n+1) == 0 {
			return 0
		}
		return v
	})
}

// storeProduct adds a·xᵀ·y to W (n,j), with x (k,n) and y (k,j).
func storeProduct(W *blocks.Param, x, y *tensor.Dense, a float64) error {
	g := G.NewGraph()
	in := blocks.NewInput(g, x.Dtype(), "x", x.Shape()...)
	out := blocks.NewInput(g, y.Dtype(), "y", y.Shape()...)
	var c ops.Chain
	w := c.Do(W.Node(g))
	sum := c.Do(ops.Add(w, c.Do(ops.Scale(c.Do(ops.MatMul(in, out, true, false)), a))))
	if err := c.Err(); err != nil {
		return err
	}
	f, err := autodiff.Compile(G.Nodes{in, out}, nil, []autodiff.Update{{Target: w, Value: sum}})
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Run(x, y)
}

// centered is the mean of the rows of x (k,n), what the rows differ from it, and the mean
// of the squared norms of that.
func centered(x *tensor.Dense) (mean []float64, rest *tensor.Dense, squares float64) {
	k, n := x.Shape()[0], x.Shape()[1]
	all := patternNumbers(x)
	mean = make([]float64, n)
	for i, v := range all {
		mean[i%n] += v / float64(k)
	}
	for i := range all {
		all[i] -= mean[i%n]
		squares += all[i] * all[i] / float64(k)
	}
	if squares < 1e-12*float64(n) { // what rounding of the mean leaves of equal rows
		squares = 0
	}
	p := &blocks.Param{Value: tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(k, n))}
	setNumbers(p, all)
	return mean, p.Value, squares
}

// setThresholds sets b to base − mean·W, or to base − mean·Wᵀ if trans.
func setThresholds(b, W *blocks.Param, mean []float64, trans bool, base func(i int) float64) error {
	w, cols := patternNumbers(W.Value), outputs(W)
	sum := make([]float64, b.Value.Shape()[0])
	for i, v := range w {
		if row, col := i/cols, i%cols; trans {
			sum[row] += mean[col] * v
		} else {
			sum[col] += mean[row] * v
		}
	}
	for i := range sum {
		sum[i] = base(i) - sum[i]
	}
	setNumbers(b, sum)
	return nil
}

// checkPatterns reports what are no patterns (k,n) of units −1 or 1, of the parameter's
// dtype.
func checkPatterns(what string, x *tensor.Dense, n int, like *blocks.Param) error {
	if err := checkRows(what, x, n, like); err != nil {
		return err
	}
	for i, v := range patternNumbers(x) {
		if v != -1 && v != 1 {
			return fmt.Errorf("%s: want units of −1 or 1, got %g at unit %d of pattern %d", what, v, i%n+1, i/n+1)
		}
	}
	return nil
}

// checkRows reports what is no contiguous matrix (k,n) of the parameter's dtype.
func checkRows(what string, x *tensor.Dense, n int, like *blocks.Param) error {
	switch {
	case x == nil:
		return fmt.Errorf("%s: the patterns are missing", what)
	case x.Dims() != 2 || x.Shape()[0] < 1 || x.Shape()[1] != n:
		return fmt.Errorf("%s: want patterns of shape (k, %d), got %v", what, n, x.Shape())
	case like != nil && x.Dtype() != like.Value.Dtype():
		return fmt.Errorf("%s: want patterns of %v, as the parameters, got %v", what, like.Value.Dtype(), x.Dtype())
	}
	if _, err := numbersOf(x); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// patternNumbers is the numbers of a tensor that was checked.
func patternNumbers(x *tensor.Dense) []float64 {
	e, _ := numbersOf(x)
	return e
}

// setNumbers sets a parameter to numbers in row-major order, and mapNumbers each to what f makes of them.
func setNumbers(p *blocks.Param, v []float64) {
	mapNumbers(p, func(i int, _ float64) float64 { return v[i] })
}

func mapNumbers(p *blocks.Param, f func(i int, v float64) float64) {
	if e, err := ops.Elements[float64](p.Value); err == nil {
		for i, v := range e {
			e[i] = f(i, v)
		}
		return
	}
	e, _ := ops.Elements[float32](p.Value)
	for i, v := range e {
		e[i] = float32(f(i, float64(v)))
	}
}
