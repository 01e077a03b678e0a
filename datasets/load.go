package datasets

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// Options says where Load may look. The zero value looks without network.
type Options struct {
	// Dir, if not empty, is the only place looked at. It holds the four files under their usual names, each
	// train-images-idx3-ubyte or train-images.idx3-ubyte, plain or with .gz; so the labels (idx1) and t10k-….
	// Any number of images of any one size will do; what is read is not compared with the published sums.
	Dir string
	// CacheDir is where downloads are kept, in a folder of the data set's name. "" is capas in os.UserCacheDir.
	CacheDir string
	// Download allows the network, if the files are nowhere else.
	Download bool
	// BaseURLs replaces the list of servers, tried in order: the file's name is appended to each. Only http and https.
	BaseURLs []string
	// Client makes the requests; nil is http.DefaultClient. Its CheckRedirect is replaced.
	Client *http.Client
}

// Split is a data set in the three parts experiments need: Train to learn from, Validation to choose by, Test to be
// read once, at the end.
type Split struct {
	Train, Validation, Test *Set

	whole *Set // Train and Validation where they are parts of one set; see All
}

// Load reads the named data set (see [Names]): images as rows of pixels/255 in [0, 1], with their labels.
//
// The validation set is the last ⌊n/6⌋ (at least 1) of the n training images, in file order. The package
// documentation says where the files are looked for. Errors name the file, what was wanted and what was found; an
// unknown name, missing files (wrapping fs.ErrNotExist), files that are damaged or disagree, a failed or cancelled
// download are errors.
func Load(ctx context.Context, name string, opts Options) (*Split, error) {
	c, err := lookup(name)
	if err != nil {
		return nil, err
	}
	return load(ctx, c, opts)
}

func load(ctx context.Context, c collection, opts Options) (*Split, error) {
	paths, err := locate(ctx, c, opts)
	if err != nil {
		return nil, err
	}
	var test *Set
	var testErr error
	var side sync.WaitGroup
	side.Go(func() { test, testErr = readSet(c.name+"/test", paths.testImages, paths.testLabels, c.classes) })
	training, err := readSet(c.name+"/train", paths.trainImages, paths.trainLabels, c.classes)
	side.Wait()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", c.name, err)
	}
	if testErr != nil {
		return nil, testErr
	}
	if training.Height != test.Height || training.Width != test.Width {
		return nil, fmt.Errorf("datasets: %s: wanted images of %d×%d pixels as in %s, found %d×%d",
			paths.testImages, training.Height, training.Width, paths.trainImages, test.Height, test.Width)
	}
	n := training.Len()
	if n < 2 {
		return nil, fmt.Errorf("datasets: %s: wanted at least 2 images, to split into training and validation, found %d", paths.trainImages, n)
	}
	cut := n - max(1, n/6)
	train, err := training.View(0, cut)
	if err != nil {
		return nil, err
	}
	validation, err := training.View(cut, n)
	if err != nil {
		return nil, err
	}
	validation.Name = c.name + "/validation"
	return &Split{Train: train, Validation: validation, Test: test, whole: training}, nil
}

// readSet reads a pair of IDX files, images (n, height, width) and labels (n).
func readSet(name, images, labels string, classes int) (*Set, error) {
	x, height, width, err := ReadImages(images)
	if err != nil {
		return nil, err
	}
	classOf, err := ReadLabels(labels)
	if err != nil {
		return nil, err
	}
	if n := x.Shape()[0]; len(classOf) != n {
		return nil, fmt.Errorf("datasets: %s: wanted %d labels for the images of %s, found %d", labels, n, images, len(classOf))
	}
	for i, label := range classOf {
		if int(label) >= classes {
			return nil, fmt.Errorf("datasets: %s: label %d: wanted less than %d, found %d", labels, i, classes, label)
		}
	}
	return NewSet(name, x, classOf, classes, height, width)
}

// intensities maps 0…255 to [0, 1].
func intensities(pixels []byte) []float32 {
	var table [256]float32
	for i := range table {
		table[i] = float32(i) / 255
	}
	out := make([]float32, len(pixels))
	for i, p := range pixels {
		out[i] = table[p]
	}
	return out
}
