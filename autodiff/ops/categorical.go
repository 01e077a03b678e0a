package ops

import (
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Categorical draws a one of n for every row of p (m,n) anew at each run: a row of zeros
// with a 1 in column j, which has probability p_j / Σ p. p must not be negative, and no
// row all 0. It takes a word of the stream a row, and is a constant to the gradient.
func Categorical(p *G.Node, s *random.Stream) (*G.Node, error) {
	_, n, err := dims("categorical", p)
	if err != nil {
		return nil, err
	}
	var c Chain
	total := c.Do(RowSum(p))
	u := c.Do(Uniform(total, s))
	if c.Err() != nil {
		return nil, c.Err()
	}
	return Apply(Def{
		Name: "one of", Shape: p.Shape(),
		Ranged: &Ranged{Grain: n, F32: oneOf[float32](n), F64: oneOf[float64](n)},
	}, p, u, total)
}

// oneOf sets in rows of n the first column up to which the weights exceed u times their
// total; where rounding lets none do so, the last that has a weight.
func oneOf[T Float](n int) func(y []T, x [][]T, from, to int) {
	return func(y []T, x [][]T, from, to int) {
		for i := from; i < to; i += n {
			row, out := x[0][i:i+n], y[i:i+n]
			rest := float64(x[1][i/n]) * float64(x[2][i/n])
			clear(out)
			at := 0
			for j, p := range row {
				if p > 0 {
					at = j
					if rest -= float64(p); rest < 0 {
						break
					}
				}
			}
			out[at] = 1
		}
	}
}
