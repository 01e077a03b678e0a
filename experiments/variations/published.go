package main

import (
	"math"
	"slices"
	"strings"
)

// Methods that are compared.
const (
	mlp  = "mlp"  // from random weights
	sae  = "sae"  // stacked autoencoders without noise
	sdae = "sdae" // stacked denoising autoencoders, masking noise
	dbn  = "dbn"  // restricted Boltzmann machines, trained one on the other
)

// svm is the support vector machine with Gaussian kernels, of which the paper's numbers are quoted.
const svm = "svm"

func methods() []string { return []string{mlp, sae, sdae, dbn} }

// methodTitle is a method's name for people.
func methodTitle(m string) string { return strings.ToUpper(m) }

// family is a generated set as it was published.
type family struct {
	name, title string
	// train, validation and test are the numbers of its images.
	train, validation, test int
	// percent are the test errors in Vincent et al. 2010, Table 3, that of the support
	// vector machine from Larochelle et al. 2007, by method: the stacks have three
	// layers. There is none of a perceptron.
	percent map[string]float64
}

// publishedTest is the number of test images that all published errors are of.
const publishedTest = 50_000

func families() []family {
	return []family{
		{"mnist-basic", "basic", 10_000, 2000, publishedTest, map[string]float64{svm: 3.03, sae: 3.46, dbn: 3.11, sdae: 2.84}},
		{"mnist-rot", "rot", 10_000, 2000, publishedTest, map[string]float64{svm: 11.11, sae: 10.30, dbn: 10.30, sdae: 9.53}},
		{"mnist-back-rand", "back-rand", 10_000, 2000, publishedTest, map[string]float64{svm: 14.58, sae: 11.28, dbn: 6.73, sdae: 10.30}},
		{"rectangles", "rectangles", 1000, 200, publishedTest, map[string]float64{svm: 2.15, sae: 2.41, dbn: 2.60, sdae: 1.99}},
		{"convex", "convex", 6000, 2000, publishedTest, map[string]float64{svm: 19.13, sae: 18.41, dbn: 18.63, sdae: 19.06}},
	}
}

func setNames() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	return names
}

// familyOf is the set of a name that validate has accepted.
func familyOf(name string) family {
	i := slices.IndexFunc(families(), func(f family) bool { return f.name == name })
	return families()[i]
}

// pair are two methods, and what the paper says of them.
type pair struct {
	// better has the smaller published error; of equal ones, it is the first in methods.
	better, worse string
	// apart tells that the paper's 95 % intervals do not overlap.
	apart bool
}

// pairs are those of the given methods that the paper has numbers of.
func (f family) pairs(of []string) []pair {
	var known []string
	for _, m := range methods() {
		if _, ok := f.percent[m]; ok && slices.Contains(of, m) {
			known = append(known, m)
		}
	}
	var out []pair
	for i, a := range known {
		for _, b := range known[i+1:] {
			p := pair{better: a, worse: b}
			if f.percent[b] < f.percent[a] {
				p.better, p.worse = b, a
			}
			_, high := interval(f.percent[p.better]/100, publishedTest)
			low, _ := interval(f.percent[p.worse]/100, publishedTest)
			p.apart = high < low
			out = append(out, p)
		}
	}
	return out
}

// interval is the 95 % confidence interval of an error, a fraction of n images, by the
// score of Wilson 1927, which also holds where no or all images are wrong.
func interval(p float64, n int) (low, high float64) {
	const z = 1.959963984540054 // the normal distribution's 97.5 % quantile
	k := z * z / float64(n)
	centre := (p + k/2) / (1 + k)
	half := z * math.Sqrt(p*(1-p)/float64(n)+k/(4*float64(n))) / (1 + k)
	return max(0, centre-half), min(1, centre+half)
}
