package main

import (
	"math/rand/v2"

	"capas/datasets"
	"capas/random"

	"gorgonia.org/tensor"
)

// numericSet makes a set of rows of width numbers with targets of so many, each filled by fill, which
// draws from a stream of its own: sequence i is the same whatever the number of sequences.
func numericSet(name string, n, width, targets int, s *random.Stream, fill func(x, t []float32, r *rand.Rand)) (*datasets.Set, error) {
	x, t := make([]float32, n*width), make([]float32, n*targets)
	r := s.Split(name).Rand()
	for i := range n {
		fill(x[i*width:][:width], t[i*targets:][:targets], r)
	}
	return datasets.NewNumericSet(name, tensor.New(tensor.WithShape(n, width), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(n, targets), tensor.WithBacking(t)), 0, 0)
}

// adding draws the adding problem (Hochreiter & Schmidhuber 1997, in the form of Le, Jaitly & Hinton
// 2015): a step has a number uniform in [0,1) and a mark, which is 1 in one step of the first half and
// in one of the second. Wanted is the sum of both marked numbers. Always to answer 1 gives a mean
// squared error of 1/6.
func adding(name string, n, steps int, s *random.Stream) (*datasets.Set, error) {
	return numericSet(name, n, 2*steps, 1, s, func(x, t []float32, r *rand.Rand) {
		for i := range steps {
			x[2*i] = r.Float32()
		}
		for _, i := range []int{r.IntN(steps / 2), steps/2 + r.IntN(steps-steps/2)} {
			x[2*i+1] = 1
			t[0] += x[2*i]
		}
	})
}

// The copy memory has two symbols of eight at the beginning. Each place has inputs of its own, those of
// its symbols and a mark that asks for it.
const (
	copySymbols  = 2
	copyAlphabet = 8
	copyInputs   = copySymbols * (copyAlphabet + 1)
	addingChance = 1.0 / 6
	copyChance   = 1 - 1.0/copyAlphabet
)

// copySteps is the number of steps of a copy memory over a delay.
func copySteps(delay int) int { return delay + 2*copySymbols }

// copying draws the copy memory (Hochreiter & Schmidhuber 1997, in the form of Arjovsky, Shah &
// Bengio 2016, but with two symbols in place of ten, whose places have inputs of their own): symbols,
// then a delay of empty steps, then marks, at which the symbols are to be told. Guessing is wrong in 7
// cases of 8.
func copying(name string, n, delay int, s *random.Stream) (*datasets.Set, error) {
	return numericSet(name, n, copySteps(delay)*copyInputs, copySymbols*copyAlphabet, s, func(x, t []float32, r *rand.Rand) {
		for i := range copySymbols {
			symbol := r.IntN(copyAlphabet)
			x[i*copyInputs+i*copyAlphabet+symbol] = 1
			x[(copySymbols+delay+i)*copyInputs+copySymbols*copyAlphabet+i] = 1
			t[i*copyAlphabet+symbol] = 1
		}
	})
}

// temporalXOR draws bits of which every third is the exclusive or of the two before it (Elman 1990).
// The target of a step is the next bit; that of the last step is one more bit.
func temporalXOR(name string, n, steps int, s *random.Stream) (*datasets.Set, error) {
	return numericSet(name, n, steps, steps, s, func(x, t []float32, r *rand.Rand) {
		bits := make([]float32, steps+1)
		for i := range bits {
			switch {
			case i%3 < 2:
				bits[i] = float32(r.IntN(2))
			case bits[i-1] != bits[i-2]:
				bits[i] = 1
			}
		}
		copy(x, bits)
		copy(t, bits[1:])
	})
}

// reberSymbols are the letters of Reber's grammar: B begins and E ends a string.
const reberSymbols = "BTSXPVE"

// reberEdges are its graph: what may follow in a state, and the state that it leads to.
func reberEdges() [][]reberEdge {
	return [][]reberEdge{
		{{'B', 1}},
		{{'T', 2}, {'P', 3}},
		{{'S', 2}, {'X', 4}},
		{{'T', 3}, {'V', 5}},
		{{'X', 3}, {'S', 6}},
		{{'P', 4}, {'V', 6}},
		{{'E', 7}},
	}
}

type reberEdge struct {
	symbol byte
	to     int
}

// reberString draws a string of the grammar (Reber 1967; Cleeremans, Servan-Schreiber & McClelland
// 1989), both edges of a state being as likely, and the symbols that may follow each of its symbols
// but the last.
func reberString(r *rand.Rand) (text []byte, legal [][]reberEdge) {
	edges := reberEdges()
	for state := 0; state < len(edges); {
		if len(text) > 0 {
			legal = append(legal, edges[state])
		}
		e := edges[state][r.IntN(len(edges[state]))]
		text, state = append(text, e.symbol), e.to
	}
	return text, legal
}

// reber draws strings of at most steps+1 symbols. A row has the symbols but the last, one-hot, filled
// up to so many steps, and their mask. The target of a step is the next symbol; or, if legal is true,
// all that may follow.
func reber(name string, n, steps int, legal bool, s *random.Stream) (*datasets.Set, error) {
	k := len(reberSymbols)
	return numericSet(name, n, steps*(k+1), steps*k, s, func(x, t []float32, r *rand.Rand) {
		text, follow := reberString(r)
		for len(text) > steps+1 {
			text, follow = reberString(r)
		}
		for i, edges := range follow {
			x[i*k+symbolOf(text[i])] = 1
			x[steps*k+i] = 1
			if !legal {
				t[i*k+symbolOf(text[i+1])] = 1
				continue
			}
			for _, e := range edges {
				t[i*k+symbolOf(e.symbol)] = 1
			}
		}
	})
}

func symbolOf(letter byte) int {
	for i := range len(reberSymbols) {
		if reberSymbols[i] == letter {
			return i
		}
	}
	return -1
}
