package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"sync"

	"gorgonia.org/tensor"
)

// Set is a set of examples with their classes or with numbers to be approximated. It is read-only once made: views and
// batches share its memory. Make one with [Load], [Generate], [NewSet], [NewColorSet], [NewNumericSet] or another
// Set's methods.
type Set struct {
	// Name says what the examples are, as in "mnist/train".
	Name string
	// X holds the examples, (n, d) float32, row-major and contiguous. Pixels are intensities in [0, 1].
	X *tensor.Dense
	// Labels holds the n classes, each below Classes; nil if there are Targets.
	Labels []uint8
	// Classes is the number of classes; 0 if there are Targets.
	Classes int
	// Targets holds the numbers to be approximated, (n, k) float32, row-major and contiguous; nil if there are classes.
	Targets *tensor.Dense
	// Height and Width are an image's size in pixels, and Channels the number of its planes: 1 for grey levels, 3 for red,
	// green and blue, one whole plane after the other, each row by row, as in PyTorch. d = Channels·Height·Width; all are 0
	// if the rows are no images.
	Channels, Height, Width int

	features []float32 // backing of X
	targets  []float32 // backing of Targets

	once   sync.Once // guards oneHot
	oneHot *tensor.Dense

	sumOnce sync.Once // guards sum
	sum     uint32
}

// NewSet makes a Set over the given memory, without copying. x is (n, d) float32, row-major, contiguous, n ≥ 1;
// labels has n entries below classes, classes is 1…256; height·width is d, or both are 0. Anything else is an error.
func NewSet(name string, x *tensor.Dense, labels []uint8, classes, height, width int) (*Set, error) {
	return NewColorSet(name, x, labels, classes, grey(height, width), height, width)
}

// NewColorSet is NewSet of images with several planes, such as red, green and blue: x is (n, channels·height·width), each
// row one plane after the other. channels is at least 1, or 0 like height and width if the rows are no images.
func NewColorSet(name string, x *tensor.Dense, labels []uint8, classes, channels, height, width int) (*Set, error) {
	features, d, err := rows("features", "labels", x, len(labels))
	if err != nil {
		return nil, fmt.Errorf("datasets: set %q: %w", name, err)
	}
	if classes < 1 || classes > 256 {
		return nil, fmt.Errorf("datasets: set %q: wanted 1 to 256 classes, found %d", name, classes)
	}
	if err := checkImage(name, d, channels, height, width); err != nil {
		return nil, err
	}
	for i, label := range labels {
		if int(label) >= classes {
			return nil, fmt.Errorf("datasets: set %q: label %d: wanted less than %d, found %d", name, i, classes, label)
		}
	}
	return &Set{
		Name: name, X: x, Labels: labels, Classes: classes, Channels: channels, Height: height, Width: width, features: features,
	}, nil
}

// NewNumericSet makes a Set of examples with numeric targets over the given memory, without copying: what a network with
// linear outputs is to approximate. x is (n, d) and targets (n, k), both float32, row-major, contiguous, n ≥ 1;
// height·width is d, or both are 0. Anything else is an error.
func NewNumericSet(name string, x, targets *tensor.Dense, height, width int) (*Set, error) {
	n := 0
	if x != nil && len(x.Shape()) > 0 {
		n = x.Shape()[0]
	}
	features, d, err := rows("features", "examples", x, n)
	if err != nil {
		return nil, fmt.Errorf("datasets: set %q: %w", name, err)
	}
	numbers, _, err := rows("targets", "examples", targets, n)
	if err != nil {
		return nil, fmt.Errorf("datasets: set %q: %w", name, err)
	}
	channels := grey(height, width)
	if err := checkImage(name, d, channels, height, width); err != nil {
		return nil, err
	}
	return &Set{
		Name: name, X: x, Targets: targets, Channels: channels, Height: height, Width: width, features: features, targets: numbers,
	}, nil
}

// grey is the number of channels of images of grey levels; 0 if there are no images.
func grey(height, width int) int {
	if height == 0 && width == 0 {
		return 0
	}
	return 1
}

// checkImage checks the size of images of d values.
func checkImage(name string, d, channels, height, width int) error {
	if channels == 0 && height == 0 && width == 0 {
		return nil
	}
	if channels < 1 || height < 1 || width < 1 || channels > d || d%channels != 0 || height > d || d/channels%height != 0 || d/channels/height != width {
		if channels == 1 {
			return fmt.Errorf("datasets: set %q: wanted height·width = %d, found %d·%d", name, d, height, width)
		}
		return fmt.Errorf("datasets: set %q: wanted channels·height·width = %d, found %d·%d·%d", name, d, channels, height, width)
	}
	return nil
}

// rows checks that x is an (n, d) row-major float32 matrix and returns its backing and d. what and each are for the error:
// what x holds, and of which there are n.
func rows(what, each string, x *tensor.Dense, n int) (backing []float32, d int, err error) {
	if x == nil {
		return nil, 0, fmt.Errorf("wanted %s, found none", what)
	}
	shape := x.Shape()
	if len(shape) != 2 || shape[0] != n || n < 1 || shape[1] < 1 {
		return nil, 0, fmt.Errorf("wanted %s of shape (%d, d) for %d %s, at least one of each, found %v", what, n, n, each, shape)
	}
	if x.Dtype() != tensor.Float32 {
		return nil, 0, fmt.Errorf("wanted float32 %s, found %v", what, x.Dtype())
	}
	if x.RequiresIterator() || x.DataOrder().IsColMajor() {
		return nil, 0, fmt.Errorf("wanted contiguous row-major %s, found data order %v", what, x.DataOrder())
	}
	backing, ok := x.Data().([]float32)
	if d = shape[1]; !ok || len(backing) != n*d {
		return nil, 0, fmt.Errorf("wanted %d values of %s, found a backing of %d", n*d, what, x.DataSize())
	}
	return backing, d, nil
}

// matrix makes an (n, d) tensor over backing, without copying.
func matrix(backing []float32, n, d int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n, d), tensor.WithBacking(backing))
}

// Len is n, the number of examples.
func (s *Set) Len() int { return s.X.Shape()[0] }

// Dim is d, the number of features of an example.
func (s *Set) Dim() int { return s.X.Shape()[1] }

// View returns the examples lo, …, hi−1 over the same memory. 0 ≤ lo < hi ≤ Len(), else an error.
func (s *Set) View(lo, hi int) (*Set, error) {
	n, d := s.Len(), s.Dim()
	if lo < 0 || lo >= hi || hi > n {
		return nil, fmt.Errorf("datasets: view of %q: wanted 0 ≤ lo < hi ≤ %d, found lo %d, hi %d", s.Name, n, lo, hi)
	}
	// The full slice expressions keep an append to a view from writing into its neighbour.
	x := matrix(s.features[lo*d:hi*d:hi*d], hi-lo, d)
	if s.Targets != nil {
		k := s.Outputs()
		return NewNumericSet(s.Name, x, matrix(s.targets[lo*k:hi*k:hi*k], hi-lo, k), s.Height, s.Width)
	}
	return NewColorSet(s.Name, x, s.Labels[lo:hi:hi], s.Classes, s.Channels, s.Height, s.Width)
}

// Take returns the first n examples over the same memory. 1 ≤ n ≤ Len(), else an error.
func (s *Set) Take(n int) (*Set, error) { return s.View(0, n) }

// WithX returns a Set with the same labels or targets and other features: the codes of a hidden layer, say. x is (Len(), d') for
// any d'; its rows count as no images (Channels = Height = Width = 0).
func (s *Set) WithX(x *tensor.Dense) (*Set, error) {
	if s.Targets != nil {
		return NewNumericSet(s.Name, x, s.Targets, 0, 0)
	}
	return NewSet(s.Name, x, s.Labels, s.Classes, 0, 0)
}

// Outputs is the number of columns of T: Classes, or k of Targets.
func (s *Set) Outputs() int {
	if s.Targets != nil {
		return s.Targets.Shape()[1]
	}
	return s.Classes
}

// T is what a network's outputs are compared with, (n, Outputs()): Targets, or OneHot where there are classes. Read only.
func (s *Set) T() *tensor.Dense {
	if s.Targets != nil {
		return s.Targets
	}
	return s.OneHot()
}

// OneHot returns the classes as targets, (n, classes) float32: row i is 1 in column Labels[i] and 0 elsewhere. It is computed at
// the first call and shared by later ones: read only. It is nil for a set with numeric targets. It may be called from
// several goroutines.
func (s *Set) OneHot() *tensor.Dense {
	if s.Targets != nil {
		return nil
	}
	s.once.Do(func() {
		backing := make([]float32, s.Len()*s.Classes)
		for i, label := range s.Labels {
			backing[i*s.Classes+int(label)] = 1
		}
		s.oneHot = matrix(backing, s.Len(), s.Classes)
	})
	return s.oneHot
}

// Checksum is a CRC-32C of the features, the labels or targets and the sizes: two sets with equal checksums are equal but for chance,
// so that a run which goes on notices that its data are others. It is computed at the first call; 50,000 MNIST images take
// a tenth of a second. It may be called from several goroutines.
func (s *Set) Checksum() uint32 {
	s.sumOnce.Do(func() { s.sum = s.checksum() })
	return s.sum
}

func (s *Set) checksum() uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, fmt.Appendf(nil, "%d %d %d %d %d;", s.Len(), s.Dim(), s.Classes, s.Height, s.Width))
	if s.Channels > 1 { // grey levels have the sum that they had before there were colours
		sum = crc32.Update(sum, table, fmt.Appendf(nil, "%d;", s.Channels))
	}
	sum = crc32.Update(sum, table, s.Labels)
	sum = addFloats(sum, table, s.features)
	if s.Targets != nil {
		sum = crc32.Update(sum, table, fmt.Appendf(nil, "%d;", s.Outputs()))
		sum = addFloats(sum, table, s.targets)
	}
	return sum
}

// addFloats continues a checksum with the bytes of x, the lowest first.
func addFloats(sum uint32, table *crc32.Table, x []float32) uint32 {
	var buffer [4096]byte
	for len(x) > 0 {
		n := min(len(x), len(buffer)/4)
		for i, v := range x[:n] {
			binary.LittleEndian.PutUint32(buffer[4*i:], math.Float32bits(v))
		}
		sum = crc32.Update(sum, table, buffer[:4*n])
		x = x[n:]
	}
	return sum
}

// ClassCounts returns how many examples each class has; nothing for a set with numeric targets.
func (s *Set) ClassCounts() []int {
	counts := make([]int, s.Classes)
	for _, label := range s.Labels {
		counts[label]++
	}
	return counts
}
