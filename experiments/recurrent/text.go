package main

import (
	"embed"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"capas/datasets"

	"gorgonia.org/tensor"
)

// source is the text that character models learn: the program's own source.
//
//go:embed *.go
var source embed.FS

// corpus is a text as numbers of its characters.
type corpus struct {
	// letters are the characters, in the order of their numbers.
	letters []rune
	// train, validation and test are parts of the text.
	train, validation, test []int
}

// blockSize is the length of the blocks, in characters, of which of every ten the ninth validates and
// the last tests. The others are what is learned from, put together.
const blockSize = 500

// newCorpus reads the text, all of it or so many characters. Characters that are not in the part
// that is learned from are left out of the others.
func newCorpus(most int) (*corpus, error) {
	text, err := ownText()
	if err != nil {
		return nil, err
	}
	all := []rune(text)
	if most > 0 && most < len(all) {
		all = all[:most]
	}
	var parts [3][]rune
	for i, l := range all {
		block := i / blockSize % 10
		parts[max(0, block-7)] = append(parts[max(0, block-7)], l)
	}
	c := &corpus{letters: slices.Compact(slices.Sorted(slices.Values(parts[0])))}
	number := map[rune]int{}
	for i, l := range c.letters {
		number[l] = i
	}
	for i, to := range []*[]int{&c.train, &c.validation, &c.test} {
		for _, l := range parts[i] {
			if n, ok := number[l]; ok {
				*to = append(*to, n)
			}
		}
	}
	return c, nil
}

// ownText is the program's source, file by file in the order of their names.
func ownText() (string, error) {
	files, err := fs.ReadDir(source, ".")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, f := range files {
		data, err := source.ReadFile(f.Name())
		if err != nil {
			return "", err
		}
		b.Write(data)
	}
	return b.String(), nil
}

// streams cuts a text into m sequences that run side by side in parts of so many steps, for states
// that are carried on: part p of sequence i is row p·m+i. A row has the characters, one-hot, and a
// number that is 0 where its sequence begins; the target of a step is the next character.
func (c *corpus) streams(name string, text []int, m, steps int) (*datasets.Set, error) {
	each := (len(text) - 1) / m
	parts := each / steps
	if parts < 1 {
		return nil, fmt.Errorf("text of %d characters: want at least one part of %d steps for each of %d sequences", len(text), steps, m)
	}
	return c.rows(name, parts*m, steps, true, func(row int) (from []int, going bool) {
		part, i := row/m, row%m
		return text[i*each+part*steps:], part > 0
	})
}

// mostPieceSteps is the length of the pieces of text that validate and test, at most.
const mostPieceSteps = 200

// pieceSteps is the length of the pieces.
func (c *corpus) pieceSteps() int { return min(mostPieceSteps, len(c.validation)-1, len(c.test)-1) }

// pieces cuts a text into sequences of so many steps, each of which begins with states of 0.
func (c *corpus) pieces(name string, text []int, steps int) (*datasets.Set, error) {
	n := (len(text) - 1) / steps
	if n < 1 {
		return nil, fmt.Errorf("text of %d characters: want at least one piece of %d steps", len(text), steps)
	}
	return c.rows(name, n, steps, false, func(row int) ([]int, bool) { return text[row*steps:], false })
}

func (c *corpus) rows(name string, n, steps int, flag bool, at func(row int) (from []int, going bool)) (*datasets.Set, error) {
	k := len(c.letters)
	width := steps * k
	if flag {
		width++
	}
	x, t := make([]float32, n*width), make([]float32, n*steps*k)
	for i := range n {
		from, going := at(i)
		for s := range steps {
			x[i*width+s*k+from[s]] = 1
			t[i*steps*k+s*k+from[s+1]] = 1
		}
		if going {
			x[i*width+width-1] = 1
		}
	}
	return datasets.NewNumericSet(name, tensor.New(tensor.WithShape(n, width), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(n, steps*k), tensor.WithBacking(t)), 0, 0)
}

// ngramBits is what an n-gram model of the training text, for each order from 1 up to the one given,
// needs for the characters of the test text that networks predict, in bits per character: the estimates of an order are mixed with those of
// the order below by as many pseudo-counts as different characters have followed a context
// (Witten & Bell 1991), those of order 1 with equal chances for all characters.
func (c *corpus) ngramBits(order int) []float64 {
	k := len(c.letters)
	type follow struct {
		total, kinds int
		count        map[int]int
	}
	contexts := map[string]*follow{}
	key := func(context []int) string {
		var b strings.Builder
		for _, v := range context {
			b.WriteRune(rune(v + 1))
		}
		return b.String()
	}
	for i, v := range c.train {
		for n := 0; n < order && n <= i; n++ {
			name := key(c.train[i-n : i])
			f := contexts[name]
			if f == nil {
				f = &follow{count: map[int]int{}}
				contexts[name] = f
			}
			if f.count[v] == 0 {
				f.kinds++
			}
			f.count[v]++
			f.total++
		}
	}
	bits := make([]float64, order)
	steps := c.pieceSteps()
	predicted := (len(c.test) - 1) / steps * steps // those of whole pieces, but the first character
	for i := 1; i <= predicted; i++ {
		v, p := c.test[i], 1/float64(k)
		for n := range order {
			if n <= i {
				if f := contexts[key(c.test[i-n:i])]; f != nil {
					p = (float64(f.count[v]) + float64(f.kinds)*p) / float64(f.total+f.kinds)
				}
			}
			bits[n] -= math.Log2(p) / float64(predicted)
		}
	}
	return bits
}
