package datasets

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"capas/random"
)

func newStream(seed uint64) *random.Stream { return random.New(seed) }

// cyclic returns n labels 0, 1, …, classes−1, 0, …
func cyclic(n, classes int) []uint8 {
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i % classes)
	}
	return labels
}

// skewed returns n labels with 1, 2, 3, … parts of the classes 0, 1, 2, …
func skewed(n, classes int) []uint8 {
	labels := make([]uint8, n)
	for i := range labels {
		part := i % (classes * (classes + 1) / 2)
		for part > int(labels[i]) {
			part -= int(labels[i]) + 1
			labels[i]++
		}
	}
	return labels
}

func mustBatches(t testing.TB, s *Set, size int, opts BatchOptions) *Batches {
	t.Helper()
	b, err := NewBatches(s, size, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// epoch runs an epoch, checks each batch against the set it is cut from, and returns the order of the examples.
func epoch(t *testing.T, b *Batches) []int {
	t.Helper()
	var order []int
	count := 0
	b.Epoch()
	for batch, ok := b.Next(); ok; batch, ok = b.Next() {
		count++
		checkBatch(t, b.set, batch)
		left := b.set.Len() - len(order)
		if want := min(b.Size(), left); batch.Len() != want {
			t.Fatalf("batch %d: %d examples, want %d", count, batch.Len(), want)
		}
		order = append(order, batch.Index...)
	}
	if count != b.PerEpoch() {
		t.Fatalf("%d batches, PerEpoch says %d", count, b.PerEpoch())
	}
	if _, again := b.Next(); again {
		t.Fatal("a batch after the end of the epoch")
	}
	for i, seen := range slices.Sorted(slices.Values(order)) {
		if seen != i {
			t.Fatalf("the epoch is no permutation: %d at place %d of the sorted indices", seen, i)
		}
	}
	if len(order) != b.set.Len() {
		t.Fatalf("%d examples in the epoch, want %d", len(order), b.set.Len())
	}
	return order
}

func checkBatch(t *testing.T, s *Set, batch Batch) {
	t.Helper()
	m, d, k := batch.Len(), s.Dim(), s.Classes
	if !slices.Equal(batch.X.Shape(), []int{m, d}) || !slices.Equal(batch.T.Shape(), []int{m, k}) || len(batch.Index) != m {
		t.Fatalf("%d labels, X %v, T %v, %d indices", m, batch.X.Shape(), batch.T.Shape(), len(batch.Index))
	}
	x, targets := values(batch.X), values(batch.T)
	for i, from := range batch.Index {
		if !slices.Equal(x[i*d:(i+1)*d], values(s.X)[from*d:(from+1)*d]) {
			t.Fatalf("row %d is not example %d", i, from)
		}
		if batch.Labels[i] != s.Labels[from] {
			t.Fatalf("label of row %d: %d, want %d", i, batch.Labels[i], s.Labels[from])
		}
		for c, v := range targets[i*k : (i+1)*k] {
			if want := c == int(s.Labels[from]); (v == 1) != want || (v == 0) == want {
				t.Fatalf("target %d of row %d: %v", c, i, v)
			}
		}
	}
}

func TestEpochVisitsEachExampleOnce(t *testing.T) {
	for _, labels := range [][]uint8{cyclic(23, 4), skewed(23, 4), cyclic(24, 4), {1}, slices.Repeat([]uint8{3}, 9)} {
		s := tiny(t, labels, 5, 3)
		for _, size := range []int{1, 5, 6, len(labels), len(labels) + 7} {
			for _, order := range []*random.Stream{nil, newStream(11)} {
				for _, balanced := range []bool{false, true} {
					b := mustBatches(t, s, size, BatchOptions{Order: order, Balanced: balanced})
					if _, ok := b.Next(); ok {
						t.Fatal("a batch before the first epoch")
					}
					first, second := epoch(t, b), epoch(t, b)
					if order == nil && !slices.Equal(first, second) {
						t.Errorf("without generator: order %v, then %v", first, second)
					}
					if order != nil && len(labels) > 10 && slices.Equal(first, second) {
						t.Errorf("size %d, balanced %v: two epochs in the same order", size, balanced)
					}
					if order == nil && !balanced && !slices.IsSorted(first) {
						t.Errorf("natural order: %v", first)
					}
				}
			}
		}
	}
}

func TestEpochDropsTheRest(t *testing.T) {
	b := mustBatches(t, tiny(t, cyclic(10, 2), 2, 1), 3, BatchOptions{Order: newStream(1)})
	b.Epoch()
	b.Next()
	epoch(t, b)
}

func TestNaturalOrderIsZeroCopy(t *testing.T) {
	s := tiny(t, cyclic(7, 3), 3, 4)
	b := mustBatches(t, s, 3, BatchOptions{})
	for range 2 {
		b.Epoch()
		for lo := 0; lo < 7; lo += 3 {
			batch, _ := b.Next()
			if &values(batch.X)[0] != &values(s.X)[4*lo] || &values(batch.T)[0] != &values(s.OneHot())[3*lo] || &batch.Labels[0] != &s.Labels[lo] {
				t.Errorf("the batch at %d is a copy", lo)
			}
		}
	}
}

// In other orders the tensors must stay the same ones, so that they can be bound once.
func TestGatheredTensorsAreReused(t *testing.T) {
	b := mustBatches(t, tiny(t, cyclic(8, 3), 3, 4), 3, BatchOptions{Order: newStream(1)})
	var seen []Batch
	for range 2 {
		b.Epoch()
		for batch, ok := b.Next(); ok; batch, ok = b.Next() {
			seen = append(seen, batch)
		}
	}
	for i, batch := range seen {
		first := seen[0]
		if i%3 == 2 {
			first = seen[2]
		}
		if batch.X != first.X || batch.T != first.T {
			t.Errorf("batch %d has tensors of its own", i)
		}
	}
	if seen[0].X == seen[2].X {
		t.Error("full and partial batch share a tensor")
	}
}

func TestOrderIsAFunctionOfTheStreamsState(t *testing.T) {
	s := tiny(t, skewed(50, 4), 4, 2)
	for _, balanced := range []bool{false, true} {
		stream := newStream(5)
		b := mustBatches(t, s, 8, BatchOptions{Order: stream, Balanced: balanced})
		first := epoch(t, b)
		state, err := stream.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		second := epoch(t, b)

		// Same seed, same order; the saved state, the second epoch's order, on a fresh and on a used instance.
		if got := epoch(t, mustBatches(t, s, 8, BatchOptions{Order: newStream(5), Balanced: balanced})); !slices.Equal(got, first) {
			t.Errorf("balanced %v: same seed, orders %v and %v", balanced, first, got)
		}
		if got := epoch(t, mustBatches(t, s, 8, BatchOptions{Order: newStream(6), Balanced: balanced})); slices.Equal(got, first) {
			t.Errorf("balanced %v: other seed, same order", balanced)
		}
		restored := newStream(0)
		if err := restored.UnmarshalText(state); err != nil {
			t.Fatal(err)
		}
		if got := epoch(t, mustBatches(t, s, 8, BatchOptions{Order: restored, Balanced: balanced})); !slices.Equal(got, second) {
			t.Errorf("balanced %v: resumed order %v, want %v", balanced, got, second)
		}
		if err := stream.UnmarshalText(state); err != nil {
			t.Fatal(err)
		}
		if got := epoch(t, b); !slices.Equal(got, second) {
			t.Errorf("balanced %v: state put back, order %v, want %v", balanced, got, second)
		}
	}
}

// Batches gathered ahead are those gathered when they are asked for, epoch after epoch, also where an epoch is left
// early and where the caller writes to what it got, on any number of processors.
func TestAheadEqualsInline(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{101, 96} { // with a smaller last batch, and without
		s := tiny(t, skewed(n, 4), 4, aheadFloats/16)
		for _, processors := range []int{1, 2, 4} {
			runtime.GOMAXPROCS(processors)
			for _, balanced := range []bool{false, true} {
				a := mustBatches(t, s, 16, BatchOptions{Order: newStream(3), Balanced: balanced, Ahead: true})
				b := mustBatches(t, s, 16, BatchOptions{Order: newStream(3), Balanced: balanced})
				if a.ahead == nil || b.ahead != nil {
					t.Fatal("not ahead, or ahead without being asked")
				}
				for e := range 20 {
					a.Epoch()
					b.Epoch()
					for i := 0; e%3 > 0 || i < e%b.PerEpoch(); i++ {
						got, ok := a.Next()
						want, more := b.Next()
						if ok != more {
							t.Fatalf("epoch %d, batch %d: ahead %v, inline %v", e, i, ok, more)
						}
						if !ok {
							break
						}
						if !slices.Equal(got.Index, want.Index) {
							t.Fatalf("epoch %d, batch %d: ahead %v, inline %v", e, i, got.Index, want.Index)
						}
						checkBatch(t, s, got)
						switch i % 3 { // too early, in time, while it is gathered
						case 1:
							time.Sleep(200 * time.Microsecond)
						case 2:
							runtime.Gosched()
						}
						checkBatch(t, s, got) // the next one is not gathered into it
						clear(values(got.X))
					}
				}
			}
		}
	}
}

// Nothing is gathered ahead where that would cost more than it saves, or where there is nothing to gather.
func TestAheadWhereItPays(t *testing.T) {
	for _, c := range []struct {
		d, size int
		order   *random.Stream
		want    bool
	}{
		{aheadFloats / 4, 4, newStream(1), true},
		{aheadFloats/4 - 1, 4, newStream(1), false}, // small
		{aheadFloats / 4, 4, nil, false},            // views
		{aheadFloats, 9, newStream(1), false},       // one batch
	} {
		b := mustBatches(t, tiny(t, cyclic(9, 2), 2, c.d), c.size, BatchOptions{Order: c.order, Ahead: true})
		if (b.ahead != nil) != c.want {
			t.Errorf("batches of %d with %d features: ahead %v, want %v", c.size, c.d, b.ahead != nil, c.want)
		}
	}
}

// Gathering ahead allocates nothing a batch. What the runtime needs for a goroutine is not ours to bound: it keeps the
// descriptors of goroutines that ended by processor, and makes new ones on a busy machine. So the best of several
// rounds counts, against half an allocation a batch.
func TestAheadAllocatesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	b := mustBatches(t, tiny(t, cyclic(200, 2), 2, aheadFloats/2), 2, BatchOptions{Order: newStream(1), Ahead: true})
	var m runtime.MemStats
	best := uint64(math.MaxUint64)
	for range 5 {
		runtime.ReadMemStats(&m)
		before := m.Mallocs
		for range 4 {
			b.Epoch()
			for _, ok := b.Next(); ok; _, ok = b.Next() {
			}
		}
		runtime.ReadMemStats(&m)
		best = min(best, m.Mallocs-before)
	}
	if best >= 200 {
		t.Errorf("%d allocations for 400 batches", best)
	}
}

// An epoch that is left leaves no goroutine: the one that gathers ends with its batch.
func TestAheadLeavesNothingBehind(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	s := tiny(t, cyclic(32, 2), 2, aheadFloats)
	before := runtime.NumGoroutine()
	for range 50 {
		b := mustBatches(t, s, 2, BatchOptions{Order: newStream(1), Ahead: true})
		b.Epoch()
		b.Next()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// Each of the 24 orders of 4 examples is as likely as any other: χ² with 23 degrees of freedom exceeds 49.7 with
// probability 0.001.
func TestShuffleIsUniform(t *testing.T) {
	const epochs = 24000
	for _, balanced := range []bool{false, true} {
		// Balanced with one class is a plain shuffle; with batches of all classes it would not be uniform.
		b := mustBatches(t, tiny(t, make([]uint8, 4), 1, 1), 4, BatchOptions{Order: newStream(2), Balanced: balanced})
		counts := map[string]int{}
		for range epochs {
			b.Epoch()
			batch, _ := b.Next()
			counts[fmt.Sprint(batch.Index)]++
		}
		chi2, want := 0.0, epochs/24.0
		for _, n := range counts {
			chi2 += (float64(n) - want) * (float64(n) - want) / want
		}
		if len(counts) != 24 || chi2 > 49.7 {
			t.Errorf("balanced %v: %d orders, χ² = %.1f; want 24 and less than 49.7", balanced, len(counts), chi2)
		}
	}
}

func TestBalancedEqualClasses(t *testing.T) {
	for _, classes := range []int{1, 2, 3, 10} {
		s := tiny(t, cyclic(classes*13, classes), classes, 1)
		for size := 1; size <= s.Len(); size++ {
			b := mustBatches(t, s, size, BatchOptions{Order: newStream(uint64(size)), Balanced: true})
			b.Epoch()
			for batch, ok := b.Next(); ok; batch, ok = b.Next() {
				counts := make([]int, classes)
				for _, label := range batch.Labels {
					counts[label]++
				}
				if spread(counts) > 1 {
					t.Fatalf("%d classes, size %d: class counts %v in a batch", classes, size, counts)
				}
			}
		}
	}
}

// Batches of 1: every ten examples show the ten classes once, in an order drawn anew each time.
func TestBalancedBatchesOfOne(t *testing.T) {
	s := tiny(t, cyclic(200, 10), 10, 1)
	order := epoch(t, mustBatches(t, s, 1, BatchOptions{Order: newStream(4), Balanced: true}))
	rounds := map[string]bool{}
	for lo := 0; lo < 200; lo += 10 {
		var classes []int
		for _, i := range order[lo : lo+10] {
			classes = append(classes, int(s.Labels[i]))
		}
		rounds[fmt.Sprint(classes)] = true
		slices.Sort(classes)
		if !slices.Equal(classes, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("classes %v in ten examples", classes)
		}
	}
	if len(rounds) != 20 {
		t.Errorf("%d different orders of the classes in 20 rounds", len(rounds))
	}
}

// The documented bound, less than one above the quota, and nearness to the shares in practice: with MNIST's class sizes
// no batch of 100 is two off its share of any class.
func TestBalancedUnequalClasses(t *testing.T) {
	var labels []uint8
	counts := []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}
	for c, n := range counts {
		labels = append(labels, slices.Repeat([]uint8{uint8(c)}, n)...)
	}
	s := tiny(t, labels, 10, 1)
	for _, size := range []int{10, 64, 100} {
		b := mustBatches(t, s, size, BatchOptions{Order: newStream(9), Balanced: true})
		order := epoch(t, b)
		dealt := make([]int, 10)
		worst := 0.0
		for lo := 0; lo < len(order); lo += size {
			hi := min(lo+size, len(order))
			before := slices.Clone(dealt)
			for _, i := range order[lo:hi] {
				dealt[labels[i]]++
			}
			for c, n := range counts {
				if ahead := float64(dealt[c]) - float64(n)*float64(hi)/60000; ahead >= 1 {
					t.Fatalf("size %d: class %d is %.2f above its quota at %d", size, c, ahead, hi)
				}
				share := float64(n) * float64(hi-lo) / 60000
				worst = max(worst, math.Abs(float64(dealt[c]-before[c])-share))
			}
		}
		if worst >= 2 {
			t.Errorf("size %d: a batch is %.2f examples off a class's share, want less than 2", size, worst)
		}
	}
}

func TestNothingAllocatedAfterTheFirstEpoch(t *testing.T) {
	s := tiny(t, skewed(103, 4), 4, 5)
	for _, opts := range []BatchOptions{{}, {Order: newStream(1)}, {Balanced: true}, {Order: newStream(1), Balanced: true}} {
		b := mustBatches(t, s, 10, opts)
		run := func() {
			b.Epoch()
			for _, ok := b.Next(); ok; _, ok = b.Next() {
			}
		}
		run()
		if allocs := testing.AllocsPerRun(20, run); allocs != 0 {
			t.Errorf("%+v: %v allocations an epoch", opts, allocs)
		}
	}
}

func TestNewBatchesErrors(t *testing.T) {
	if _, err := NewBatches(nil, 3, BatchOptions{}); err == nil {
		t.Error("no set: no error")
	}
	for _, size := range []int{0, -1} {
		if _, err := NewBatches(tiny(t, cyclic(4, 2), 2, 1), size, BatchOptions{}); err == nil {
			t.Errorf("size %d: no error", size)
		}
	}
}

// The cost of an epoch of MNIST beside the training step it feeds.
func BenchmarkEpoch(b *testing.B) {
	s := tiny(b, cyclic(50000, 10), 10, 784)
	for _, opts := range []BatchOptions{{}, {Order: newStream(1)}, {Order: newStream(1), Balanced: true}} {
		b.Run(fmt.Sprintf("shuffled=%v/balanced=%v", opts.Order != nil, opts.Balanced), func(b *testing.B) {
			batches := mustBatches(b, s, 100, opts)
			for b.Loop() {
				batches.Epoch()
				for _, ok := batches.Next(); ok; _, ok = batches.Next() {
				}
			}
		})
	}
}
