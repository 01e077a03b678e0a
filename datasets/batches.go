package datasets

import (
	"fmt"

	"capas/random"
	"gorgonia.org/tensor"
)

// BatchOptions says in which order a set is cut into batches. The zero value is the natural order.
type BatchOptions struct {
	// Order, if not nil, is the generator each epoch's order is drawn from.
	Order *random.Stream
	// Balanced gives every batch the class shares of the whole set, as closely as whole examples allow: each seat goes to
	// the class that is furthest behind its share. With equally many examples a class, the class counts of a batch differ
	// by at most 1. Each epoch still visits every example exactly once. Not for a set with numeric targets.
	Balanced bool
	// Augment, if not nil, changes the images of every epoch anew. It needs a set of images and an Order, of whose state
	// at the beginning of the epoch and an example's place in the epoch the change is a function.
	Augment *Augmentation
	// Ahead gathers the next batch on another goroutine while the caller works with the current one, where that pays: not
	// for small batches, on one processor, or in the natural order, where nothing is gathered. The batches are the same.
	Ahead bool
}

// Batch is m examples of a set. All fields share memory with the set or with the Batches they come from: read only,
// and in other than the natural order valid until the next call of Next.
type Batch struct {
	// X is (m, d), the examples.
	X *tensor.Dense
	// T is (m, classes), their one-hot targets, or (m, k), their numeric ones.
	T *tensor.Dense
	// Labels holds their m classes; nil if the targets are numeric.
	Labels []uint8
	// Index holds their m positions in the set.
	Index []int
}

// Len is m, the number of examples in the batch.
func (b Batch) Len() int { return len(b.Index) }

// Batches cuts a set into batches, epoch after epoch. Each epoch visits every example exactly once; the last batch
// holds what is left and may be smaller.
//
// In the natural order (no Order, not Balanced) the batches are views of the set, without copying; each view is made at
// its first use and kept. Otherwise the rows are gathered into two buffers, one for full batches and one for a smaller
// last one, so that a batch's X and T are always one of two tensors each, ready to be bound to a graph; with Ahead there
// is one full buffer more. After the first epoch nothing is allocated, but for some hundred bytes an epoch with Augment. Not
// for concurrent use; there is nothing to close.
type Batches struct {
	set   *Set
	size  int
	order *random.Stream
	index []int // the epoch's order
	next  int   // position in index where the next batch starts; len(index) at the end of an epoch

	augment  *augmenter // nil if images stay as they are
	balancer *balancer  // nil if not Balanced
	views    []Batch    // natural order: the batches made so far
	full     gathered   // otherwise: buffers for size examples
	last     gathered   // and for the remainder
	ahead    *ahead     // nil if batches are gathered when they are asked for
}

// gathered is a batch with memory of its own.
type gathered struct {
	batch Batch
	x, t  []float32
}

// NewBatches prepares batches of size examples; a size above set.Len() means one batch of all. The first epoch starts
// with the first call of Epoch. An error if set is nil, size < 1, or the options don't suit the set.
func NewBatches(set *Set, size int, opts BatchOptions) (*Batches, error) {
	if set == nil {
		return nil, fmt.Errorf("datasets: batches: wanted a set, found nil")
	}
	if size < 1 {
		return nil, fmt.Errorf("datasets: batches of %q: wanted a batch size of at least 1, found %d", set.Name, size)
	}
	n := set.Len()
	size = min(size, n)
	b := &Batches{set: set, size: size, order: opts.Order, index: make([]int, n), next: n}
	b.resetIndex()
	if opts.Augment != nil {
		var err error
		if b.augment, err = newAugmenter(*opts.Augment, set, opts.Order); err != nil {
			return nil, fmt.Errorf("datasets: batches of %q: %w", set.Name, err)
		}
	}
	if opts.Balanced {
		if set.Targets != nil {
			return nil, fmt.Errorf("datasets: batches of %q: wanted classes to balance, found numeric targets", set.Name)
		}
		b.balancer = newBalancer(set)
	}
	if b.natural() {
		b.views = make([]Batch, b.PerEpoch())
		return b, nil
	}
	b.full = newGathered(set, size)
	if rest := n % size; rest > 0 {
		b.last = newGathered(set, rest)
	}
	if opts.Ahead && size < n && size*set.Dim() >= aheadFloats {
		b.ahead = newAhead(b)
	}
	return b, nil
}

func newGathered(set *Set, m int) gathered {
	d, k := set.Dim(), set.Outputs()
	g := gathered{x: make([]float32, m*d), t: make([]float32, m*k)}
	g.batch = Batch{X: matrix(g.x, m, d), T: matrix(g.t, m, k)}
	if set.Targets == nil {
		g.batch.Labels = make([]uint8, m)
	}
	return g
}

// Size is the number of examples in a full batch.
func (b *Batches) Size() int { return b.size }

// PerEpoch is the number of batches in an epoch, ⌈n/size⌉.
func (b *Batches) PerEpoch() int { return (len(b.index) + b.size - 1) / b.size }

// Epoch starts a new epoch, dropping what is left of the current one, and draws its order if there is an Order.
//
// The order, and what Augment does, are functions of Order's state at this call, of the set and of the batch size, not of
// earlier epochs. To resume exactly, save the stream's state (MarshalText) before Epoch; with that state restored, Epoch
// gives the same order again, and Next called k times skips the k batches already done.
func (b *Batches) Epoch() {
	if b.ahead != nil {
		b.ahead.drop()
	}
	b.next = 0
	if b.augment != nil {
		defer b.augment.epoch(b.order)()
	}
	switch {
	case b.balancer != nil:
		b.balancer.arrange(b.index, b.size, b.order)
	case b.order != nil:
		b.resetIndex()
		shuffle(b.index, b.order)
	}
}

// Next returns the epoch's next batch; false at its end and before the first Epoch.
func (b *Batches) Next() (Batch, bool) {
	lo := b.next
	if lo == len(b.index) {
		return Batch{}, false
	}
	hi := min(lo+b.size, len(b.index))
	b.next = hi
	switch {
	case b.natural():
		return b.view(lo, hi), true
	case b.ahead != nil:
		return b.ahead.take(lo, hi), true
	}
	g := &b.full
	if hi-lo < b.size {
		g = &b.last
	}
	b.gather(g, lo, hi)
	return g.batch, true
}

func (b *Batches) natural() bool { return b.order == nil && b.balancer == nil }

func (b *Batches) resetIndex() {
	for i := range b.index {
		b.index[i] = i
	}
}

// view returns the examples lo, …, hi−1 as they lie in the set.
func (b *Batches) view(lo, hi int) Batch {
	v := &b.views[lo/b.size]
	if v.X == nil {
		d, k := b.set.Dim(), b.set.Outputs()
		targets := b.set.T().Data().([]float32)
		v.X = matrix(b.set.features[lo*d:hi*d:hi*d], hi-lo, d)
		v.T = matrix(targets[lo*k:hi*k:hi*k], hi-lo, k)
		if b.set.Targets == nil {
			v.Labels = b.set.Labels[lo:hi:hi]
		}
		v.Index = b.index[lo:hi:hi]
	}
	return *v
}

// gather copies the examples at lo, …, hi−1 of the epoch to g, augmented if they are to be.
func (b *Batches) gather(g *gathered, lo, hi int) {
	g.batch.Index = b.index[lo:hi:hi]
	d := b.set.Dim()
	for i, from := range g.batch.Index {
		x, example := g.x[i*d:(i+1)*d], b.set.features[from*d:(from+1)*d]
		if b.augment != nil {
			b.augment.apply(x, example, lo+i)
		} else {
			copy(x, example)
		}
	}
	b.gatherTargets(g)
}

func (b *Batches) gatherTargets(g *gathered) {
	k := b.set.Outputs()
	if b.set.Targets != nil {
		for i, from := range g.batch.Index {
			copy(g.t[i*k:(i+1)*k], b.set.targets[from*k:(from+1)*k])
		}
		return
	}
	clear(g.t)
	for i, from := range g.batch.Index {
		label := b.set.Labels[from]
		g.batch.Labels[i] = label
		g.t[i*k+int(label)] = 1
	}
}
