package datasets

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/internal/workers"
	"capas/random"
)

// GenerateOptions says how much is generated, and where the digits of the families that change MNIST are. The zero value
// generates as many examples as were published, or of our own families are documented, of MNIST as Load finds it without network.
type GenerateOptions struct {
	// Train, Validation and Test are how many examples of each part are wanted; 0 is the published number.
	Train, Validation, Test int
	// MNIST is how the digits are loaded, for the families whose names begin with mnist.
	MNIST Options
}

// family is a data set that is generated.
type family struct {
	name    string
	classes int
	side    int    // of the square images in pixels; 0 for MNIST's size
	sizes   [3]int // published: training, validation, test
	// draw makes an example from nothing and returns its class; nil for families made of digits.
	draw func(x []float32, r *draws) uint8
	// change makes an example of a digit, an image of height·width pixels; train, if not nil, one of the training set.
	change, train func(x, digit []float32, height, width int, r *draws)
	channels      int // of the images; 0 is 1, grey levels
}

func families() []family {
	return []family{
		convexFamily(), randomBackgroundFamily(), basicFamily(), colorFamily(), rotatedFamily(), rectanglesFamily(), shapesetFamily(),
	}
}

// GeneratedNames returns the names Generate knows, in alphabetical order. None of them is one that Load knows.
func GeneratedNames() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// maxValues bounds the features of a part, 4 GiB of them: more is a mistake.
const maxValues = 1 << 30

// Generate makes the named data set (see [GeneratedNames]); the package documentation says by which rules. Images are rows
// of intensities in [0, 1].
//
// The examples are a function of the name, the sizes, MNIST where it is used, and stream's key: their generators are split
// from stream, which is not moved. Example i of a part of a family that is not made of digits depends neither on the
// sizes nor on other examples, so that fewer examples are the first of more.
//
// An unknown name, negative sizes, more than there can be, and whatever Load reports of MNIST are errors.
func Generate(ctx context.Context, name string, stream *random.Stream, opts GenerateOptions) (*Split, error) {
	i := slices.IndexFunc(families(), func(f family) bool { return f.name == name })
	if i < 0 {
		return nil, fmt.Errorf("datasets: unknown generated data set %q: wanted one of %s", name, strings.Join(GeneratedNames(), ", "))
	}
	f := families()[i]
	if stream == nil {
		return nil, fmt.Errorf("datasets: %s: wanted a generator of random numbers, found none", name)
	}
	sizes := [3]int{opts.Train, opts.Validation, opts.Test}
	for part, n := range sizes {
		if n < 0 {
			return nil, fmt.Errorf("datasets: %s: wanted sizes of at least 0, found %d", name, n)
		}
		if n == 0 {
			sizes[part] = f.sizes[part]
		}
	}
	stream = stream.Split("data set " + name)
	var digits *pool
	if f.change != nil {
		var err error
		if digits, err = loadPool(ctx, opts.MNIST, stream.Split("digits")); err != nil {
			return nil, fmt.Errorf("datasets: %s: %w", name, err)
		}
		if total := sizes[0] + sizes[1] + sizes[2]; max(sizes[0], sizes[1], sizes[2]) > len(digits.order) || total > len(digits.order) {
			return nil, fmt.Errorf("datasets: %s: wanted at most %d examples in all, one of each digit, found %d, %d and %d",
				name, len(digits.order), sizes[0], sizes[1], sizes[2])
		}
	}
	var sets [3]*Set
	for part, label := range []string{"train", "validation", "test"} {
		w := &generation{family: f, stream: stream.Split(label), digits: digits, n: sizes[part], ctx: ctx}
		if part == 0 && f.train != nil {
			w.change = f.train
		}
		set, err := w.run(name + "/" + label)
		if err != nil {
			return nil, err
		}
		if sets[part] = set; digits != nil {
			digits = digits.from(sizes[part])
		}
	}
	return &Split{Train: sets[0], Validation: sets[1], Test: sets[2]}, nil
}

// generation makes a part of a data set. It is a workers.Task: a unit is block examples.
type generation struct {
	family
	stream   *random.Stream // of the part; example i has the stream that is split from it by i
	digits   *pool          // those of the part come first; nil if there are none
	n        int
	ctx      context.Context
	features []float32
	labels   []uint8
	height   int
	width    int
}

// block is so many examples that dividing them over the processors costs nothing, some 100 µs of work.
const block = 32

// run makes the examples, on all processors.
func (g *generation) run(name string) (*Set, error) {
	g.height, g.width = g.side, g.side
	if g.digits != nil {
		g.height, g.width = g.digits.height, g.digits.width
	}
	d := g.dim()
	if g.n > maxValues/d {
		return nil, fmt.Errorf("datasets: %s: wanted at most %d examples of %d values, found %d", name, maxValues/d, d, g.n)
	}
	g.features, g.labels = make([]float32, g.n*d), make([]uint8, g.n)
	pool := workers.Shared()
	pool.Enter()
	pool.Run((g.n+block-1)/block, pool.Size(), g)
	pool.Leave()
	if err := g.ctx.Err(); err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", name, err)
	}
	return NewColorSet(name, matrix(g.features, g.n, d), g.labels, g.classes, max(g.channels, 1), g.height, g.width)
}

// dim is the number of values of an example.
func (g *generation) dim() int { return max(g.channels, 1) * g.height * g.width }

// Do makes a block of examples.
func (g *generation) Do(_, unit int) {
	if g.ctx.Err() != nil {
		return
	}
	d := g.dim()
	for i := unit * block; i < min((unit+1)*block, g.n); i++ {
		x, r := g.features[i*d:(i+1)*d], newDraws(g.stream.Split(strconv.Itoa(i)))
		if g.digits == nil {
			g.labels[i] = g.draw(x, r)
			continue
		}
		digit, label := g.digits.at(i)
		g.labels[i] = label
		g.change(x, digit, g.height, g.width, r)
	}
}
