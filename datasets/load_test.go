package datasets

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var loadMNIST = sync.OnceValues(func() (*Split, error) {
	return Load(context.Background(), "mnist", Options{})
})

// The published facts about MNIST: first labels and class counts of LeCun's files; mean and standard deviation of the
// training pixels as the literature's usual normalisation has them, 0.1307 and 0.3081.
func TestMNIST(t *testing.T) {
	split, err := loadMNIST()
	if err != nil {
		t.Fatal(err)
	}
	train, validation, test := split.Train, split.Validation, split.Test
	for _, part := range []struct {
		set  *Set
		name string
		n    int
	}{{train, "mnist/train", 50000}, {validation, "mnist/validation", 10000}, {test, "mnist/test", 10000}} {
		s := part.set
		if s.Name != part.name || s.Len() != part.n || s.Dim() != 784 || s.Height != 28 || s.Width != 28 || s.Classes != 10 {
			t.Errorf("%s: %q, %d examples of %d = %d·%d pixels, %d classes", part.name, s.Name, s.Len(), s.Dim(), s.Height, s.Width, s.Classes)
		}
	}
	if got := train.Labels[:10]; !slices.Equal(got, []uint8{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}) {
		t.Errorf("first training labels %v", got)
	}
	if got := test.Labels[:10]; !slices.Equal(got, []uint8{7, 2, 1, 0, 4, 1, 4, 9, 5, 9}) {
		t.Errorf("first test labels %v", got)
	}
	counts := train.ClassCounts()
	for c, n := range validation.ClassCounts() {
		counts[c] += n
	}
	if want := []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}; !slices.Equal(counts, want) {
		t.Errorf("class counts of the training file %v, want %v", counts, want)
	}
	if got, want := test.ClassCounts(), []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}; !slices.Equal(got, want) {
		t.Errorf("class counts of the test file %v, want %v", got, want)
	}

	var sum, squares, n float64
	for _, s := range []*Set{train, validation} {
		for _, v := range values(s.X) {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("pixel %v", v)
			}
			sum += float64(v)
			squares += float64(v) * float64(v)
			n++
		}
	}
	mean := sum / n
	sd := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-0.1307) > 0.00005 || math.Abs(sd-0.3081) > 0.00005 {
		t.Errorf("training pixels: mean %.5f, standard deviation %.5f; want 0.1307 and 0.3081", mean, sd)
	}
	if cap(train.Labels) != 50000 {
		t.Error("an append to the training labels would write into the validation labels")
	}
}

func TestNames(t *testing.T) {
	if got := Names(); !slices.Equal(got, []string{"fashion-mnist", "mnist"}) {
		t.Errorf("names %q", got)
	}
	_, err := Load(t.Context(), "cifar", Options{})
	if err == nil || !strings.Contains(err.Error(), `unknown data set "cifar": wanted one of fashion-mnist, mnist`) {
		t.Errorf("error %v, want the unknown name and the known ones", err)
	}
}

// The fallback version must be the one go.mod requires.
func TestModuleVersion(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if line := mnist().module + " " + mnist().version; !strings.Contains(string(mod), line) {
		t.Errorf("go.mod does not require %s", line)
	}
}

// dataset is the content of the four files, plain.
type dataset struct{ trainImages, trainLabels, testImages, testLabels []byte }

// small has 13 training and 4 test images of 2×3 pixels: pixel j of image i is 10·i + j.
func small() dataset {
	pixels := func(n int) []byte {
		data := make([]byte, 6*n)
		for i := range data {
			data[i] = byte(10*(i/6) + i%6)
		}
		return data
	}
	return dataset{
		encodeIDX([]int{13, 2, 3}, pixels(13)), encodeIDX([]int{13}, cyclic(13, 10)),
		encodeIDX([]int{4, 2, 3}, pixels(4)), encodeIDX([]int{4}, []byte{9, 8, 7, 6}),
	}
}

// write stores the four files under the given names; a nil content is no file.
func (d dataset) write(t *testing.T, names [4]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, content := range [][]byte{d.trainImages, d.trainLabels, d.testImages, d.testLabels} {
		if content == nil {
			continue
		}
		if strings.HasSuffix(names[i], ".gz") {
			content = compress(content)
		}
		if err := os.WriteFile(filepath.Join(dir, names[i]), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func plainNames() [4]string {
	return [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}
}

func TestLoadFromDir(t *testing.T) {
	for _, names := range [][4]string{
		plainNames(),
		{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
		{"train-images.idx3-ubyte", "train-labels.idx1-ubyte.gz", "t10k-images.idx3-ubyte.gz", "t10k-labels.idx1-ubyte"},
	} {
		for _, name := range Names() {
			split, err := Load(t.Context(), name, Options{Dir: small().write(t, names)})
			if err != nil {
				t.Errorf("%q: %v", names, err)
				continue
			}
			checkSmall(t, split)
		}
	}
}

// checkSmall compares a split with small: ⌊13/6⌋ = 2 of the training images are for validation.
func checkSmall(t *testing.T, split *Split) {
	t.Helper()
	if a, b, c := split.Train.Len(), split.Validation.Len(), split.Test.Len(); a != 11 || b != 2 || c != 4 {
		t.Fatalf("%d training, %d validation, %d test examples; want 11, 2, 4", a, b, c)
	}
	if got, want := values(split.Validation.X)[:6], []float32{110. / 255, 111. / 255, 112. / 255, 113. / 255, 114. / 255, 115. / 255}; !slices.Equal(got, want) {
		t.Errorf("first validation image %v, want %v", got, want)
	}
	if !slices.Equal(split.Validation.Labels, []uint8{1, 2}) || !slices.Equal(split.Test.Labels, []uint8{9, 8, 7, 6}) {
		t.Errorf("labels: validation %v, test %v", split.Validation.Labels, split.Test.Labels)
	}
	if split.Train.Height != 2 || split.Train.Width != 3 {
		t.Errorf("images of %d×%d, want 2×3", split.Train.Height, split.Train.Width)
	}
}

func TestLoadFromDirErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*dataset)
		want   []string
	}{
		{"no training labels", func(d *dataset) { d.trainLabels = nil }, []string{"wanted one of train-labels-idx1-ubyte, train-labels.idx1-ubyte", "file does not exist"}},
		{"images for labels", func(d *dataset) { d.testLabels = d.testImages }, []string{"t10k-labels-idx1-ubyte", "wanted 0x00000801", "found 0x00000803"}},
		{"truncated", func(d *dataset) { d.trainImages = d.trainImages[:50] }, []string{"train-images-idx3-ubyte", "wanted 78 bytes, found 34"}},
		{"corrupted gzip", func(d *dataset) { d.testImages = compress(d.testImages)[:30] }, []string{"t10k-images-idx3-ubyte", "unexpected EOF"}},
		{"fewer labels", func(d *dataset) { d.trainLabels = encodeIDX([]int{12}, cyclic(12, 10)) }, []string{"train-labels-idx1-ubyte: wanted 13 labels", "found 12"}},
		{"label 10", func(d *dataset) { d.testLabels[11] = 10 }, []string{"t10k-labels-idx1-ubyte: label 3: wanted less than 10, found 10"}},
		{"test images of another size", func(d *dataset) { d.testImages = encodeIDX([]int{4, 3, 2}, make([]byte, 24)) }, []string{"t10k-images-idx3-ubyte: wanted images of 2×3 pixels", "found 3×2"}},
		{"one training image", func(d *dataset) {
			d.trainImages, d.trainLabels = encodeIDX([]int{1, 2, 3}, make([]byte, 6)), encodeIDX([]int{1}, []byte{0})
		}, []string{"train-images-idx3-ubyte: wanted at least 2 images"}},
	} {
		d := small()
		test.change(&d)
		dir := d.write(t, plainNames())
		_, err := Load(t.Context(), "mnist", Options{Dir: dir, Download: true})
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, want := range append(test.want, dir, "datasets: ") {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %q, want one line with %q", test.name, err, want)
			}
		}
	}
}

// A directory that was asked for and is not there must not be replaced by the data of the module.
func TestMissingDirIsNoFallback(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := Load(t.Context(), "mnist", Options{Dir: missing}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v, want one that names %s", err, missing)
	}
	if _, err := Load(t.Context(), "mnist", Options{Dir: t.TempDir()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directory: error %v, want fs.ErrNotExist", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), "mnist", Options{Dir: file}); err == nil || !strings.Contains(err.Error(), "wanted a directory, found the file") {
		t.Errorf("a file for a directory: error %v", err)
	}
}

func TestLoadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := small().write(t, plainNames())
	if _, err := Load(ctx, "mnist", Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func BenchmarkLoadMNIST(b *testing.B) {
	for b.Loop() {
		if _, err := Load(b.Context(), "mnist", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
