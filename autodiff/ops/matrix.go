package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MatMul is op(a)·op(b), where op transposes if transA or transB is set: op(a) is
// (m,k), op(b) (k,n), the result (m,n). No transpose is ever stored.
func MatMul(a, b *G.Node, transA, transB bool) (*G.Node, error) {
	m, k, err := dims("matmul", a)
	if err != nil {
		return nil, err
	}
	kb, n, err := dims("matmul", b)
	if err != nil {
		return nil, err
	}
	if transA {
		m, k = k, m
	}
	if transB {
		kb, n = n, kb
	}
	if k != kb {
		return nil, fmt.Errorf("matmul: want equal inner dimensions, got %v and %v (transposed: %t, %t)", a.Shape(), b.Shape(), transA, transB)
	}
	if f, ok := filled(b); ok && n == 1 {
		return sums(a, f, transA, m)
	}
	return Apply(Def{
		Name: fmt.Sprintf("matmul(%t,%t)", transA, transB), Shape: tensor.Shape{m, n},
		Product: &Product{TransA: transA, TransB: transB, M: m, N: n, K: k},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			return matMulDiff(x[0], x[1], transA, transB, dy)
		},
	}, a, b)
}

// sums is op(a)·b for a column b (k,1) whose elements all equal the scalar s: the sums of
// the rows of op(a) times s, as in the gradient of a mean over a batch.
func sums(a, s *G.Node, transA bool, m int) (*G.Node, error) {
	sum := RowSum
	if transA {
		sum = ColSum
	}
	var c Chain
	return c.Do(Reshape(c.Do(Mul(s, c.Do(sum(a)))), m, 1)), c.Err()
}

// matMulDiff: with A' = op(a), B' = op(b) the derivatives are dA' = dy·B'ᵀ and
// dB' = A'ᵀ·dy, transposed where a and b are.
func matMulDiff(a, b *G.Node, transA, transB bool, dy *G.Node) (G.Nodes, error) {
	var c Chain
	var da, db *G.Node
	if transA {
		da = c.Do(MatMul(b, dy, transB, true))
	} else {
		da = c.Do(MatMul(dy, b, false, !transB))
	}
	if transB {
		db = c.Do(MatMul(dy, a, true, transA))
	} else {
		db = c.Do(MatMul(a, dy, !transA, false))
	}
	return G.Nodes{da, db}, c.Err()
}

// Affine is x·W + b, with x (m,n), W (n,k), and b (k) added to every row: the
// pre-activations of a layer of k units. With transW the layer runs downwards,
// x·Wᵀ + b, with x (m,k) and b (n): the reconstruction of an autoencoder with tied
// weights or the visible units of an RBM.
func Affine(x, W, b *G.Node, transW bool) (*G.Node, error) {
	m, k, err := dims("affine", x)
	if err != nil {
		return nil, err
	}
	kw, n, err := dims("affine", W)
	if err != nil {
		return nil, err
	}
	if transW {
		kw, n = n, kw
	}
	nb, err := length("affine", b)
	if err != nil {
		return nil, err
	}
	if k != kw || n != nb {
		return nil, fmt.Errorf("affine: want x (m,n), W (n,k), b (k), got x %v, W %v (transposed: %t), b %v", x.Shape(), W.Shape(), transW, b.Shape())
	}
	return Apply(Def{
		Name: fmt.Sprintf("affine(%t)", transW), Shape: tensor.Shape{m, n},
		Product: &Product{TransB: transW, M: m, N: n, K: k, Bias: true},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			d, err := matMulDiff(x[0], x[1], false, transW, dy)
			if err != nil {
				return nil, err
			}
			db, err := ColSum(dy)
			return append(d, db), err
		},
	}, x, W, b)
}
