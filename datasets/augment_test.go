package datasets

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/random"
)

// pictures are n images of height·width pixels with values that tell image and pixel, all above 0.
func pictures(t testing.TB, n, height, width int) *Set {
	t.Helper()
	x := make([]float32, n*height*width)
	for i := range x {
		x[i] = float32(i+1) / float32(len(x))
	}
	s, err := NewSet("pictures", matrix(x, n, height*width), cyclic(n, 2), 2, height, width)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shifted is the image moved to the right and down, pixel by pixel, with 0 from outside.
func shifted(image []float32, height, width, dx, dy int) []float32 {
	out := make([]float32, len(image))
	for y := range height {
		for x := range width {
			if sx, sy := x-dx, y-dy; sx >= 0 && sy >= 0 && sx < width && sy < height {
				out[y*width+x] = image[sy*width+sx]
			}
		}
	}
	return out
}

// Every whole shift occurs, each as often as any other: χ² with 24 degrees of freedom exceeds 51.2 with probability 0.001.
// What is shifted is the image to the bit.
func TestAugmentShift(t *testing.T) {
	const n, height, width, shift, epochs = 50, 4, 5, 2, 200
	s := pictures(t, n, height, width)
	b := mustBatches(t, s, 7, BatchOptions{Order: newStream(1), Augment: &Augmentation{Shift: shift}})
	counts := make([]int, 25)
	for range epochs {
		b.Epoch()
		for batch, ok := b.Next(); ok; batch, ok = b.Next() {
			for i, from := range batch.Index {
				got := values(batch.X)[20*i : 20*(i+1)]
				image := values(s.X)[20*from : 20*(from+1)]
				which := -1
				for k := range counts {
					if slices.Equal(got, shifted(image, height, width, k%5-shift, k/5-shift)) {
						which = k
					}
				}
				if which < 0 {
					t.Fatalf("image %d is no shift of itself by up to %d: %v", from, shift, got)
				}
				counts[which]++
			}
		}
	}
	chi2, want := 0.0, n*epochs/25.0
	for _, c := range counts {
		chi2 += (float64(c) - want) * (float64(c) - want) / want
	}
	if chi2 > 51.2 {
		t.Errorf("shifts %v: χ² = %.1f", counts, chi2)
	}
}

// With nothing to change, images are copied; the order is that without augmentation.
func TestAugmentNothing(t *testing.T) {
	s := pictures(t, 23, 3, 4)
	plain := mustBatches(t, s, 5, BatchOptions{Order: newStream(4)})
	none := mustBatches(t, s, 5, BatchOptions{Order: newStream(4), Augment: &Augmentation{}})
	shifts := mustBatches(t, s, 5, BatchOptions{Order: newStream(4), Augment: &Augmentation{Shift: 1}})
	for range 3 {
		want := epoch(t, plain)
		if got := epoch(t, none); !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
		var got []int
		shifts.Epoch()
		for batch, ok := shifts.Next(); ok; batch, ok = shifts.Next() {
			got = append(got, batch.Index...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("augmented, order %v, want %v", got, want)
		}
	}
}

// A dot is seen at the angle it was turned by, uniform up to Rotation: χ² with 9 degrees of freedom exceeds 27.9 with
// probability 0.001.
func TestAugmentRotation(t *testing.T) {
	const side, n, limit = 41, 4000, 40.0
	dot := make([]float32, side*side)
	dot[20*side+35] = 1 // to the right of the centre
	s, err := NewSet("dot", matrix(dot, 1, side*side), []uint8{0}, 1, side, side)
	if err != nil {
		t.Fatal(err)
	}
	b := mustBatches(t, s, 1, BatchOptions{Order: newStream(2), Augment: &Augmentation{Rotation: limit}})
	counts := make([]int, 10)
	for range n {
		b.Epoch()
		batch, _ := b.Next()
		var mass, x, y float64
		for i, v := range values(batch.X) {
			mass, x, y = mass+float64(v), x+float64(v)*float64(i%side-20), y+float64(v)*float64(i/side-20)
		}
		if r := math.Hypot(x, y) / mass; math.Abs(r-15) > 0.5 {
			t.Fatalf("the dot is %.2f pixels from the centre, want 15", r)
		}
		// Resampling places the dot to half a pixel, 2 degrees here; bins are 8 degrees wide.
		degrees := math.Atan2(-y, x) * 180 / math.Pi
		if math.Abs(degrees) > limit+2 {
			t.Fatalf("turned by %.1f degrees, want at most %g", degrees, limit)
		}
		counts[min(max(int((degrees+limit)/(2*limit)*10), 0), 9)]++
	}
	chi2 := 0.0
	for _, c := range counts {
		chi2 += (float64(c) - n/10) * (float64(c) - n/10) / (n / 10)
	}
	if chi2 > 27.9 {
		t.Errorf("angles %v: χ² = %.1f", counts, chi2)
	}
}

// full changes images in every way.
func full() *Augmentation { return &Augmentation{Shift: 2, Rotation: 15, Elastic: 8, Smoothness: 2} }

// everything changes the colours too.
func everything() *Augmentation { a := full(); a.Color = 0.3; return a }

// batchesOf copies what is left of an epoch.
func batchesOf(b *Batches) (x [][]float32) {
	for batch, ok := b.Next(); ok; batch, ok = b.Next() {
		x = append(x, slices.Clone(values(batch.X)))
	}
	return x
}

// Every epoch changes the images anew, as a function of the order stream's state alone: with the state put back, on a
// fresh or on a used instance, and wherever in the epoch one goes on, the bytes are the same.
func TestAugmentIsAFunctionOfTheStreamsState(t *testing.T) {
	for _, n := range []int{23, 1} {
		s := pictures(t, n, 7, 6)
		for _, balanced := range []bool{false, true} {
			stream := newStream(5)
			b := mustBatches(t, s, 4, BatchOptions{Order: stream, Balanced: balanced, Augment: everything()})
			b.Epoch()
			first := batchesOf(b)
			state, _ := stream.MarshalText()
			b.Epoch()
			second := batchesOf(b)
			if slices.EqualFunc(first, second, slices.Equal) {
				t.Errorf("%d images: two epochs are equal", n)
			}
			for skip := range second {
				restored := newStream(0)
				if err := restored.UnmarshalText(state); err != nil {
					t.Fatal(err)
				}
				resumed := mustBatches(t, s, 4, BatchOptions{Order: restored, Balanced: balanced, Augment: everything()})
				resumed.Epoch()
				for range skip {
					resumed.Next()
				}
				if got := batchesOf(resumed); !slices.EqualFunc(got, second[skip:], slices.Equal) {
					t.Errorf("%d images, balanced %v: other batches after a resumption at %d", n, balanced, skip)
				}
			}
		}
	}
}

// Batches that are made ahead have the same bytes.
func TestAugmentAhead(t *testing.T) {
	s := pictures(t, 21, 100, 100)
	a := mustBatches(t, s, 4, BatchOptions{Order: newStream(3), Augment: everything(), Ahead: true})
	b := mustBatches(t, s, 4, BatchOptions{Order: newStream(3), Augment: everything()})
	if a.ahead == nil {
		t.Fatal("nothing is made ahead")
	}
	for range 2 {
		a.Epoch()
		b.Epoch()
		for {
			got, ok := a.Next()
			want, more := b.Next()
			if ok != more {
				t.Fatalf("ahead %v, inline %v", ok, more)
			}
			if !ok {
				break
			}
			time.Sleep(time.Millisecond)
			if !slices.Equal(values(got.X), values(want.X)) {
				t.Fatal("other bytes")
			}
		}
	}
}

// Nothing is allocated a batch.
func TestAugmentAllocatesLittle(t *testing.T) {
	s := pictures(t, 100, 8, 8)
	b := mustBatches(t, s, 2, BatchOptions{Order: newStream(3), Augment: everything()})
	if n := testing.AllocsPerRun(5, func() {
		b.Epoch()
		for _, ok := b.Next(); ok; _, ok = b.Next() {
		}
	}); n > 20 {
		t.Errorf("%g allocations in an epoch of 50 batches", n)
	}
}

func TestAugmentErrors(t *testing.T) {
	s, nan := pictures(t, 4, 2, 2), math.NaN()
	rows := tiny(t, cyclic(4, 2), 2, 4)
	for _, test := range []struct {
		set     *Set
		augment Augmentation
		order   *random.Stream
		want    string
	}{
		{s, Augmentation{Shift: 1}, nil, "want a generator of orders, got none"},
		{rows, Augmentation{Shift: 1}, newStream(1), "want images, got rows of 4 features"},
		{s, Augmentation{Shift: -1}, newStream(1), "want a shift of 0 to 65536 pixels, got -1"},
		{s, Augmentation{Rotation: nan}, newStream(1), "want a rotation of 0 to 180 degrees, got NaN"},
		{s, Augmentation{Rotation: 181}, newStream(1), "got 181"},
		{s, Augmentation{Elastic: math.Inf(1)}, newStream(1), "want an elastic distortion of 0 to 1e+06, got +Inf"},
		{s, Augmentation{Smoothness: -2}, newStream(1), "want a smoothness of 0 to 1000 pixels, got -2"},
		{s, Augmentation{Color: -0.1}, newStream(1), "want a change of colour of 0 to 1, got -0.1"},
		{s, Augmentation{Color: nan}, newStream(1), "want a change of colour of 0 to 1, got NaN"},
	} {
		_, err := NewBatches(test.set, 2, BatchOptions{Order: test.order, Augment: &test.augment})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.augment, err, test.want)
		}
	}
}

func BenchmarkAugment(b *testing.B) {
	s := pictures(b, 1000, 28, 28)
	for name, a := range map[string]Augmentation{"shift": {Shift: 2}, "rotation": {Rotation: 15}, "elastic": {Elastic: 34}} {
		b.Run(name, func(b *testing.B) {
			batches := mustBatches(b, s, 100, BatchOptions{Order: newStream(1), Augment: &a})
			for b.Loop() {
				batches.Epoch()
				for _, ok := batches.Next(); ok; _, ok = batches.Next() {
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/image")
		})
	}
}
