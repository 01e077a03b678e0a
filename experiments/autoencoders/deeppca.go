package main

import (
	"fmt"
	"math"

	"capas/datasets"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"
)

// deepPCA is the projection of images onto their principal components: the affine map to
// so many numbers and back that loses least of the training images' squares.
type deepPCA struct {
	mean []float64
	axes *mat.Dense // (pixels, components), orthonormal columns, by falling variance
}

// pcaBlock is the number of images that are in float64 at a time.
const pcaBlock = 1000

// fitDeepPCA finds the components of the rows of x: eigenvectors of the covariance of the
// pixels or, of few images, of their products with each other, which has the same
// eigenvalues and is smaller.
func fitDeepPCA(x *tensor.Dense, components int) (*deepPCA, error) {
	m, n := x.Shape()[0], x.Shape()[1]
	if components < 1 || components > min(m-1, n) {
		return nil, fmt.Errorf("principal components: want 1 to %d of %d images, got %d", min(m-1, n), m, components)
	}
	e := x.Float32s()
	p := &deepPCA{mean: make([]float64, n)}
	for i, v := range e {
		p.mean[i%n] += float64(v)
	}
	for i := range p.mean {
		p.mean[i] /= float64(m)
	}
	if few := min(n, pcaBlock); m < few {
		images := p.centred(e)
		u, values, err := deepLargest(deepOuter(images), components)
		if err != nil {
			return nil, err
		}
		p.axes = mat.NewDense(n, components, nil)
		p.axes.Mul(images.T(), u)
		p.axes.Apply(func(_, j int, v float64) float64 { return v / math.Sqrt(values[j]) }, p.axes)
		return p, nil
	}
	covariance := mat.NewSymDense(n, nil)
	for lo := 0; lo < m; lo += pcaBlock {
		covariance.AddSym(covariance, deepOuter(p.centred(e[lo*n:min(lo+pcaBlock, m)*n]).T()))
	}
	var err error
	p.axes, _, err = deepLargest(covariance, components)
	return p, err
}

// deepOuter is x·xᵀ.
func deepOuter(x mat.Matrix) *mat.SymDense {
	n, _ := x.Dims()
	s := mat.NewSymDense(n, nil)
	s.SymOuterK(1, x)
	return s
}

// deepLargest are the eigenvectors of the largest eigenvalues, and these.
func deepLargest(s *mat.SymDense, count int) (*mat.Dense, []float64, error) {
	var eigen mat.EigenSym
	if !eigen.Factorize(s, true) {
		return nil, nil, fmt.Errorf("principal components: the eigenvalues do not converge")
	}
	var all mat.Dense
	eigen.VectorsTo(&all)
	n := s.SymmetricDim()
	values, out := make([]float64, count), mat.NewDense(n, count, nil)
	for j := range count { // they stand in rising order
		values[j] = eigen.Values(nil)[n-1-j]
		if !(values[j] > 0) {
			return nil, nil, fmt.Errorf("principal components: want %d of them, the images vary in %d directions", count, j)
		}
		for i := range n {
			out.Set(i, j, all.At(i, n-1-j))
		}
	}
	return out, values, nil
}

// centred are images less the mean.
func (p *deepPCA) centred(e []float32) *mat.Dense {
	n := len(p.mean)
	d := mat.NewDense(len(e)/n, n, nil)
	data := d.RawMatrix().Data
	for i, v := range e {
		data[i] = float64(v) - p.mean[i%n]
	}
	return d
}

// codes are the images' coordinates on the first components.
func (p *deepPCA) codes(images []float32, components int) *mat.Dense {
	d := p.centred(images)
	m, _ := d.Dims()
	out := mat.NewDense(m, components, nil)
	out.Mul(d, p.axes.Slice(0, len(p.mean), 0, components))
	return out
}

// reconstruct are the images as so many components show them.
func (p *deepPCA) reconstruct(images []float32, components int) *mat.Dense {
	code := p.codes(images, components)
	m, _ := code.Dims()
	out := mat.NewDense(m, len(p.mean), nil)
	out.Mul(code, p.axes.Slice(0, len(p.mean), 0, components).T())
	out.Apply(func(_, j int, v float64) float64 { return v + p.mean[j] }, out)
	return out
}

// squaredError is the mean over a set's images of the squared error of their
// reconstructions.
func (p *deepPCA) squaredError(set *datasets.Set, components int) float64 {
	e, n := set.X.Float32s(), len(p.mean)
	total := 0.0
	for lo := 0; lo < set.Len(); lo += pcaBlock {
		images := e[lo*n : min(lo+pcaBlock, set.Len())*n]
		for i, v := range p.reconstruct(images, components).RawMatrix().Data {
			d := v - float64(images[i])
			total += d * d
		}
	}
	return total / float64(set.Len())
}
