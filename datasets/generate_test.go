package datasets

import (
	"context"
	"errors"
	"hash/fnv"
	"io/fs"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"capas/random"
)

// scribbles are files with n training and k test images of 28×28 pixels, a quarter of them not 0.
func scribbles(n, k int) dataset {
	r := random.New(4).Rand()
	pixels := func(n int) []byte {
		data := make([]byte, 784*n)
		for i := range data {
			if r.IntN(4) == 0 {
				data[i] = byte(r.IntN(256))
			}
		}
		return data
	}
	return dataset{
		encodeIDX([]int{n, 28, 28}, pixels(n)), encodeIDX([]int{n}, cyclic(n, 10)),
		encodeIDX([]int{k, 28, 28}, pixels(k)), encodeIDX([]int{k}, cyclic(k, 10)),
	}
}

// mustGenerate makes few examples, or as many as the options say.
func mustGenerate(t testing.TB, name string, seed uint64, opts GenerateOptions) *Split {
	t.Helper()
	split, err := Generate(context.Background(), name, random.New(seed), opts)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

// within reports got if it is further from want than tolerance.
func within(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.5g, want %.5g ± %.2g", what, got, want, tolerance)
	}
}

// shares reports class counts that are more than 4 standard deviations from the shares they were drawn with.
func shares(t testing.TB, what string, counts []int, want ...float64) {
	t.Helper()
	n := 0
	for _, c := range counts {
		n += c
	}
	for c, p := range want {
		within(t, what, float64(counts[c])/float64(n), p, 4*math.Sqrt(p*(1-p)/float64(n)))
	}
}

// mean is the mean of all features.
func mean(s *Set) float64 {
	sum := 0.0
	for _, v := range s.features {
		sum += float64(v)
	}
	return sum / float64(len(s.features))
}

func TestGeneratedNames(t *testing.T) {
	names := GeneratedNames()
	if want := []string{"convex", "mnist-back-rand", "mnist-basic", "mnist-color", "mnist-rot", "rectangles", "shapeset-3x2"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	for _, n := range Names() {
		if slices.Contains(names, n) {
			t.Errorf("%s is loaded and generated", n)
		}
	}
}

// Equal seeds give equal bytes on any number of processors; another seed, another part, another name don't. All values are
// in [0, 1].
func TestGenerateBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	opts := GenerateOptions{Train: 300, Validation: 300, Test: 65, MNIST: Options{Dir: scribbles(600, 100).write(t, plainNames())}}
	for _, name := range GeneratedNames() {
		var sums [][]uint32
		for _, processors := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(processors)
			split := mustGenerate(t, name, 7, opts)
			sums = append(sums, []uint32{split.Train.Checksum(), split.Validation.Checksum(), split.Test.Checksum()})
			for part, s := range []*Set{split.Train, split.Validation, split.Test} {
				if want := name + "/" + []string{"train", "validation", "test"}[part]; s.Name != want || s.Len() != []int{300, 300, 65}[part] {
					t.Errorf("%q of %d examples, want %q", s.Name, s.Len(), want)
				}
				for _, v := range s.features {
					if !(v >= 0 && v <= 1) {
						t.Fatalf("%s: a value of %g", s.Name, v)
					}
				}
			}
		}
		if !slices.Equal(sums[0], sums[1]) || !slices.Equal(sums[0], sums[2]) {
			t.Errorf("%s: checksums %x on 1, 2 and 8 processors", name, sums)
		}
		other := mustGenerate(t, name, 8, opts)
		if other.Train.Checksum() == sums[0][0] || sums[0][0] == sums[0][1] {
			t.Errorf("%s: another seed or another part has the same examples", name)
		}
	}
}

// Fewer examples are the first of more; the stream passed in is not moved, and its position doesn't matter.
func TestGenerateFewer(t *testing.T) {
	for _, name := range []string{"rectangles", "convex", "shapeset-3x2"} {
		more := mustGenerate(t, name, 3, GenerateOptions{Train: 100, Validation: 70, Test: 40})
		stream := random.New(3)
		stream.Uint64()
		fewer, err := Generate(t.Context(), name, stream, GenerateOptions{Train: 37, Validation: 1, Test: 33})
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := stream.MarshalText(); !strings.HasSuffix(string(text), ":0000000000000002") {
			t.Errorf("%s: the stream was moved to %s", name, text)
		}
		first, err := more.Train.Take(37)
		if err != nil || first.Checksum() != fewer.Train.Checksum() {
			t.Errorf("%s: 37 examples are not the first of 100; %v", name, err)
		}
		first, err = more.Test.Take(33)
		if err != nil || first.Checksum() != fewer.Test.Checksum() {
			t.Errorf("%s: 33 examples are not the first of 40; %v", name, err)
		}
	}
}

// The published sizes, and for Shapeset, which was unlimited, and for our own set those documented.
func TestPublishedSizes(t *testing.T) {
	for _, f := range families() {
		want := map[string][3]int{
			"convex": {6000, 2000, 50000}, "rectangles": {1000, 200, 50000}, "shapeset-3x2": {50000, 10000, 10000},
			"mnist-basic": {10000, 2000, 50000}, "mnist-rot": {10000, 2000, 50000}, "mnist-back-rand": {10000, 2000, 50000},
			"mnist-color": {10000, 2000, 50000},
		}[f.name]
		if f.sizes != want {
			t.Errorf("%s: %v, want %v", f.name, f.sizes, want)
		}
	}
	split := mustGenerate(t, "rectangles", 1, GenerateOptions{})
	if a, b, c := split.Train.Len(), split.Validation.Len(), split.Test.Len(); a != 1000 || b != 200 || c != 50000 {
		t.Errorf("rectangles: %d, %d, %d", a, b, c)
	}
}

func TestGenerateErrors(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	few := small().write(t, plainNames())
	for _, test := range []struct {
		ctx    context.Context
		name   string
		stream *random.Stream
		opts   GenerateOptions
		want   string
	}{
		{t.Context(), "mnist", newStream(1), GenerateOptions{}, `unknown generated data set "mnist": wanted one of convex, mnist-back-rand`},
		{t.Context(), "convex", nil, GenerateOptions{}, "convex: wanted a generator of random numbers, found none"},
		{t.Context(), "convex", newStream(1), GenerateOptions{Test: -1}, "convex: wanted sizes of at least 0, found -1"},
		{t.Context(), "convex", newStream(1), GenerateOptions{Train: math.MaxInt}, "convex/train: wanted at most"},
		{cancelled, "convex", newStream(1), GenerateOptions{}, context.Canceled.Error()},
		{t.Context(), "mnist-rot", newStream(1), GenerateOptions{MNIST: Options{Dir: few}}, "mnist-rot: wanted at most 17 examples in all, one of each digit, found 10000, 2000 and 50000"},
		{t.Context(), "mnist-rot", newStream(1), GenerateOptions{Train: math.MaxInt, Test: math.MaxInt, Validation: 3, MNIST: Options{Dir: few}}, "wanted at most 17"},
		{t.Context(), "mnist-rot", newStream(1), GenerateOptions{Train: 10, Test: 5, Validation: 3, MNIST: Options{Dir: few}}, "wanted at most 17"},
		{t.Context(), "mnist-rot", newStream(1), GenerateOptions{MNIST: Options{Dir: t.TempDir()}}, fs.ErrNotExist.Error()},
	} {
		_, err := Generate(test.ctx, test.name, test.stream, test.opts)
		if err == nil || !strings.Contains(err.Error(), test.want) && !(test.want == fs.ErrNotExist.Error() && errors.Is(err, fs.ErrNotExist)) {
			t.Errorf("%s, %+v: error %v, want %q", test.name, test.opts, err, test.want)
		}
	}
}

// Each digit is in one part, once, with its label.
func TestDigitsAreDealtOnce(t *testing.T) {
	split := mustGenerate(t, "mnist-basic", 5, GenerateOptions{Train: 8, Validation: 4, Test: 5, MNIST: Options{Dir: small().write(t, plainNames())}})
	got := map[uint64]int{}
	key := func(x []float32, label uint8) uint64 {
		h := fnv.New64()
		for _, v := range x {
			h.Write([]byte{byte(math.Round(float64(v) * 255))})
		}
		h.Write([]byte{label})
		return h.Sum64()
	}
	for _, s := range []*Set{split.Train, split.Validation, split.Test} {
		if s.Height != 2 || s.Width != 3 || s.Classes != 10 {
			t.Errorf("%s: %d×%d pixels, %d classes", s.Name, s.Height, s.Width, s.Classes)
		}
		for i, label := range s.Labels {
			got[key(s.features[6*i:6*i+6], label)]++
		}
	}
	loaded, err := Load(t.Context(), "mnist", Options{Dir: small().write(t, plainNames())})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Set{loaded.Train, loaded.Validation, loaded.Test} {
		for i, label := range s.Labels {
			got[key(s.features[6*i:6*i+6], label)]--
		}
	}
	for k, n := range got {
		if n != 0 {
			t.Errorf("a digit (%x) is there %d times too often", k, n)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, f := range families() {
		b.Run(f.name, func(b *testing.B) {
			digits, err := loadPool(b.Context(), Options{}, newStream(1))
			if err != nil {
				b.Fatal(err)
			}
			if f.change == nil {
				digits = nil
			}
			const n = 5000
			for b.Loop() {
				g := &generation{family: f, stream: newStream(1), digits: digits, n: n, ctx: b.Context()}
				if _, err := g.run("x"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
