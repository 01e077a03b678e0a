package main

import (
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// network returns a GAN for the images of a set, with its first weights.
func (d Digits) network(network string, seed uint64, set *datasets.Set) (a *models.GAN, err error) {
	root := random.New(seed)
	weights := root.Split("weights")
	if network == dcgan {
		a, err = models.NewDCGAN("gan", d.Code, d.Maps, [3]int{set.Channels, set.Height, set.Width}, blocks.Binary(), blocks.Gaussian(0.05), weights)
	} else {
		up, down := append([]int{d.Code}, d.Units...), []int{set.Dim()}
		for i := len(d.Units) - 1; i >= 0; i-- {
			down = append(down, d.Units[i])
		}
		a, err = models.NewGAN("gan", append(up, set.Dim()), down, blocks.Binary(), blocks.He(), weights)
	}
	if err != nil {
		return nil, err
	}
	a.Noise, a.Penalty = root.Split("noise"), d.penalty(network)
	return a, nil
}

// newClassifier returns the classifier that judges, with its first weights.
func (d Digits) newClassifier(seed uint64, set *datasets.Set) (*models.MLP, error) {
	return models.NewMLP("classifier", []int{set.Dim(), d.ClassifierUnits, set.Classes}, blocks.ReLU(), blocks.He(), blocks.Glorot(), random.New(seed).Split("classifier"))
}

// probabilities are those of the classes by a classifier, row by row.
func probabilities(classifier *models.MLP, x *tensor.Dense) (*tensor.Dense, error) {
	return train.Map(x, func(x *G.Node) (*G.Node, error) {
		layers, err := classifier.Forward(x)
		if err != nil {
			return nil, err
		}
		return blocks.Softmax().Apply(layers[len(layers)-1])
	})
}

// judgement is what a classifier says of images.
type judgement struct {
	// shares are the fractions of the images that it is sure are of a class, by class.
	shares []float64
	// sure is the sum of them.
	sure float64
	// score is exp of the mean of KL(p(y|x)‖p(y)), from 1, where all images are alike to it or it
	// knows none, to the number of classes: the inception score, by this classifier (Salimans et al.
	// 2016).
	score float64
}

// covers is the number of classes that are covered.
func (j judgement) covers() (n int) {
	for _, s := range j.shares {
		if s >= covered {
			n++
		}
	}
	return n
}

// judge looks at the probabilities (n,k) of images.
func judge(p *tensor.Dense) judgement {
	n, k := p.Shape()[0], p.Shape()[1]
	j, mean, kl := judgement{shares: make([]float64, k)}, make([]float64, k), 0.0
	counts, all := make([]int, k), 0
	for i := range n {
		for c, v := range p.Float32s()[i*k : (i+1)*k] {
			q := float64(v) / float64(n)
			mean[c] += q
			if v > 0 {
				kl += q * math.Log(float64(v))
			}
		}
		if c, v := likeliest(p, i); v >= surely {
			counts[c]++
			all++
		}
	}
	for c, m := range mean {
		if m > 0 {
			kl -= m * math.Log(m)
		}
		j.shares[c] = float64(counts[c]) / float64(n)
	}
	j.sure = float64(all) / float64(n)
	j.score = math.Exp(kl)
	return j
}

// likeliest is the class of row i and its probability.
func likeliest(p *tensor.Dense, i int) (class int, v float64) {
	k := p.Shape()[1]
	row := p.Float32s()[i*k : (i+1)*k]
	for c, x := range row {
		if x > row[class] {
			class = c
		}
	}
	return class, float64(row[class])
}

// between are pairs of samples of which the classifier is sure that they are of different classes,
// and what lies halfway.
type between struct {
	// from and to are the pairs' codes, a row each.
	from, to []float32
	code     int
	pairs    int
	// codes and pixels are the fractions of the images halfway of which the classifier is sure: of
	// the code in the middle, and of the mean of the two images. NaN without pairs.
	codes, pixels float64
}

// codesPerPair is how many codes are drawn for each of the pairs wanted.
const codesPerPair = 20

// interpolate finds pairs, at most as many as wanted, among codesPerPair times as many codes.
func interpolate(a *models.GAN, classifier *models.MLP, want int, s *random.Stream) (*between, error) {
	k, n := a.Generator.Inputs(), codesPerPair*want
	z := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(n, k))
	s.Normal(z.Float32s())
	images, err := train.Map(z, a.Generate)
	if err != nil {
		return nil, err
	}
	p, err := probabilities(classifier, images)
	if err != nil {
		return nil, err
	}
	b, dim := &between{code: k, codes: math.NaN(), pixels: math.NaN()}, images.Shape()[1]
	var middle, mixed []float32
	for i, last, class := 0, -1, -1; i < n && b.pairs < want; i++ {
		c, v := likeliest(p, i)
		switch {
		case v < surely || last >= 0 && c == class:
			continue
		case last < 0:
			last, class = i, c
			continue
		}
		u, w := z.Float32s()[last*k:(last+1)*k], z.Float32s()[i*k:(i+1)*k]
		b.from, b.to, b.pairs = append(b.from, u...), append(b.to, w...), b.pairs+1
		middle = append(middle, blend(u, w, 0.5)...)
		mixed = append(mixed, blend(images.Float32s()[last*dim:(last+1)*dim], images.Float32s()[i*dim:(i+1)*dim], 0.5)...)
		last = -1
	}
	if b.pairs == 0 {
		return b, nil
	}
	halfway, err := train.Map(tensor.New(tensor.WithShape(b.pairs, k), tensor.WithBacking(middle)), a.Generate)
	if err != nil {
		return nil, err
	}
	for x, to := range map[*tensor.Dense]*float64{halfway: &b.codes, tensor.New(tensor.WithShape(b.pairs, dim), tensor.WithBacking(mixed)): &b.pixels} {
		p, err := probabilities(classifier, x)
		if err != nil {
			return nil, err
		}
		*to = judge(p).sure
	}
	return b, nil
}

// blend is (1−t)·a + t·b.
func blend(a, b []float32, t float32) []float32 {
	out := make([]float32, len(a))
	for i := range a {
		out[i] = (1-t)*a[i] + t*b[i]
	}
	return out
}

// walk are the images along the straight lines between the codes of the first pairs, line by line.
func (b *between) walk(a *models.GAN, lines, steps int) (*tensor.Dense, error) {
	lines = min(lines, b.pairs)
	var z []float32
	for l := range lines {
		for s := range steps {
			z = append(z, blend(b.from[l*b.code:(l+1)*b.code], b.to[l*b.code:(l+1)*b.code], float32(s)/float32(steps-1))...)
		}
	}
	if lines == 0 {
		return nil, nil
	}
	return train.Map(tensor.New(tensor.WithShape(lines*steps, b.code), tensor.WithBacking(z)), a.Generate)
}
