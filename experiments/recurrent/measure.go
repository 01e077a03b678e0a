package main

import (
	"fmt"
	"math"
	"strings"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// measured is what the test set says of a network, and what else is shown of it.
type measured struct {
	values train.Values // by the ends of their metrics' names
	sample string       // a text that it wrote
	curve  []float64    // mean squared error of each step
}

// measure reads the test set, once.
func (p *problem) measure(c autodiff.Compiler, text *corpus) (m measured, err error) {
	v, err := train.NewEvaluatorWith(c.Under("test"), p.judged).Run(p.test)
	if err != nil {
		return m, err
	}
	loss, _ := v.Get("loss")
	wrong, _ := v.Get("error")
	switch p.part {
	case "adding":
		m.values = train.Values{{Name: "test_mse", Value: loss}}
	case "copy", "mnist":
		m.values = train.Values{{Name: "test_error", Value: wrong}}
	case "text":
		m.values = train.Values{{Name: "test_bits", Value: loss / math.Ln2}, {Name: "test_error", Value: wrong}}
		m.sample, err = write(p.net.(*models.Recurrent), text, p.seed, sampleLength)
	case "xor":
		err = p.measureXOR(&m)
	case "reber":
		err = p.measureReber(&m)
	}
	return m, err
}

// outputs are the network's for the test set, a row of all steps for each sequence, before their
// function.
func (p *problem) outputs() ([]float32, error) {
	logits := p.net.(interface {
		Logits(x *G.Node, frozen bool) (*G.Node, error)
	}).Logits
	y, err := train.Map(p.test.X, func(x *G.Node) (*G.Node, error) {
		var c ops.Chain
		z := c.Do(logits(x, true))
		if c.Err() != nil {
			return nil, c.Err()
		}
		m := x.Shape()[0]
		return c.Do(ops.Reshape(z, m, z.Shape().TotalSize()/m)), c.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("%s: outputs: %w", p.run(), err)
	}
	return y.Float32s(), nil
}

// measureXOR tells the bits that can be known, every third, from the others.
func (p *problem) measureXOR(m *measured) error {
	z, err := p.outputs()
	if err != nil {
		return err
	}
	t := p.test.Targets.Float32s()
	steps := p.test.Targets.Shape()[1]
	m.curve = make([]float64, steps)
	var wrong, count [2]float64
	for i, want := range t {
		step := i % steps
		y := 1 / (1 + math.Exp(-float64(z[i])))
		m.curve[step] += (y - float64(want)) * (y - float64(want)) / float64(p.test.Len())
		other := 1
		if step%3 == 1 { // the next bit is the exclusive or of this one and the one before
			other = 0
		}
		count[other]++
		if (z[i] > 0) != (want > 0.5) {
			wrong[other]++
		}
	}
	m.values = train.Values{{Name: "test_error", Value: wrong[0] / count[0]}, {Name: "other_error", Value: wrong[1] / count[1]}}
	return nil
}

// measureReber counts the strings in which, after every symbol, all that may follow have larger
// outputs than all that may not.
func (p *problem) measureReber(m *measured) error {
	z, err := p.outputs()
	if err != nil {
		return err
	}
	t, k := p.test.Targets.Float32s(), len(reberSymbols)
	width := p.test.Targets.Shape()[1]
	right := 0
	for i := range p.test.Len() {
		if legalFirst(z[i*width:(i+1)*width], t[i*width:(i+1)*width], k) {
			right++
		}
	}
	m.values = train.Values{{Name: "test_error", Value: 1 - float64(right)/float64(p.test.Len())}}
	return nil
}

// legalFirst tells whether in each step, of k outputs, those with a target of 1 are the largest; steps
// without any, which fill up a string, do not count.
func legalFirst(z, t []float32, k int) bool {
	for s := 0; s < len(z); s += k {
		legal, other := float32(math.Inf(1)), float32(math.Inf(-1))
		for j := s; j < s+k; j++ {
			if t[j] > 0 {
				legal = min(legal, z[j])
			} else {
				other = max(other, z[j])
			}
		}
		if !math.IsInf(float64(legal), 1) && !(other < legal) { // nor where one is not a number
			return false
		}
	}
	return true
}

// sampleLength is the number of characters that a character model writes.
const sampleLength = 600

// write lets a character model write a text: each character is drawn by its probabilities, and
// read as the next input. It begins after a line's end.
func write(net *models.Recurrent, c *corpus, seed uint64, length int) (string, error) {
	walk, err := net.Walk(1)
	if err != nil {
		return "", err
	}
	draw := random.New(seed).Split("sample").Rand()
	k, at := len(c.letters), 0
	for i, l := range c.letters {
		if l == '\n' {
			at = i
		}
	}
	var b strings.Builder
	x := make([]float32, k)
	for range length {
		clear(x)
		x[at] = 1
		y, err := walk.Next(x)
		if err != nil {
			return "", err
		}
		u := draw.Float64()
		for at = 0; at < k-1; at++ {
			if u -= float64(y[at]); u < 0 {
				break
			}
		}
		b.WriteRune(c.letters[at])
	}
	return b.String(), nil
}
