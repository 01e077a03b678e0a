package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// crc is the checksum of a PNG chunk.
func crc(chunk []byte) []byte {
	return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk))
}

func decodePNG(t *testing.T, path string) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// rgb is a pixel of a tile: sheets have 2 pixels between tiles of 28 pixels at the
// given scale.
func rgb(img image.Image, columns, scale, tile, pixel int) [3]uint8 {
	step := 28*scale + 2
	x := 2 + tile%columns*step + pixel%28*scale
	y := 2 + tile/columns*step + pixel/28*scale
	r, g, b, _ := img.At(x, y).RGBA()
	return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}

// TestFilters finds in the tile of each unit its largest weight in the full colour of
// its sign, and the same picture from the model, transposed, and from the checkpoint.
func TestFilters(t *testing.T) {
	dir, out := finished(t), t.TempDir()
	one, two := filepath.Join(out, "1.png"), filepath.Join(out, "2.png")
	text := succeed(t, "filters", dir, "-model", "seed-1-dbn", "-units", "16", "-o", one)
	if !strings.Contains(text, "16 of 20 units of 0.weight, 28×28") {
		t.Errorf("got %s", text)
	}
	succeed(t, "filters", dir, "-checkpoint", "seed-1-dbn", "-tensor", "fine-tuning/dbn.1.W", "-units", "16", "-o", two)
	if !bytes.Equal(read(t, one), read(t, two)) {
		t.Error("the checkpoint's filters are not the model's")
	}
	f, err := tensorfile.Read(filepath.Join(dir, "models", "seed-1-dbn.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	W, _ := f.Tensor("0.weight")
	img := decodePNG(t, one)
	scale := (img.Bounds().Dx() - 2 - 4*2) / (4 * 28) // four tiles a row
	for j := range 16 {
		w := W.Data[784*j : 784*(j+1)]
		at := 0
		for i, v := range w {
			if math.Abs(float64(v)) > math.Abs(float64(w[at])) {
				at = i
			}
		}
		want := [3]uint8{0, 114, 178} // Okabe and Ito's blue
		if w[at] > 0 {
			want = [3]uint8{213, 94, 0} // and vermillion
		}
		if got := rgb(img, 4, scale, j, at); got != want {
			t.Errorf("unit %d, weight %d (%g): want %v, got %v", j, at, w[at], want, got)
		}
	}
	for name, first := range map[string]string{"seed-1-dbn-pretrained": "layers.0.weight", "seed-1-sdae-pretrained": "layers.0.encoder.weight"} {
		if text := succeed(t, "filters", dir, "-model", name, "-o", one); !strings.Contains(text, "20 of 20 units of "+first+",") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}

// Tensors of other programs: by rows or columns, and no square.
func TestFiltersOfAnyFile(t *testing.T) {
	dir := t.TempDir()
	path, out := filepath.Join(dir, "x.safetensors"), filepath.Join(dir, "x.png")
	err := tensorfile.Write(path, &tensorfile.File{Tensors: []tensorfile.Tensor{{Name: "kernel", Shape: []int{6, 2}, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, says string }{
		{"-size 2x3", "2 of 2 units of kernel, 2×3"},
		{"-size 3x2 -by columns -units 1", "1 of 2 units of kernel, 3×2"},
		{"-size 1x2 -by rows", "6 of 6 units of kernel, 1×2"},
	} {
		if text := succeed(t, append([]string{"filters", path, "-o", out}, strings.Fields(c.args)...)...); !strings.Contains(text, c.says) {
			t.Errorf("%s: got %s", c.args, text)
		}
	}
	if status, _, stderr := call("filters", path, "-o", out); status != 2 || !strings.Contains(stderr, "6 is no square: want -size") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// The first layer is drawn or none: never a later one because its inputs are a square.
func TestFiltersOfTheFirstLayer(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	net, err := models.NewMLP("net", []int{560, 400, 10}, blocks.Sigmoid(), blocks.Glorot4(), blocks.Glorot4(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "model.safetensors")
	if err := models.Save(model, net, nil); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.safetensors")
	f, err := tensorfile.Read(model)
	if err != nil {
		t.Fatal(err)
	}
	if err := tensorfile.Write(other, &tensorfile.File{Tensors: f.Tensors}); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{model: "560 is no square: want -size", other: "want -tensor and one of 0.weight, 2.weight"} {
		if status, _, stderr := call("filters", path, "-o", out); status != 2 || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d: %s", path, status, stderr)
		}
	}
	if text := succeed(t, "filters", model, "-size", "20x28", "-o", out); !strings.Contains(text, "100 of 400 units of 0.weight, 20×28") {
		t.Errorf("got %s", text)
	}
}

// TestLargeSheet: a sheet that cannot be drawn is refused before it is computed, which
// here would take hours.
func TestLargeSheet(t *testing.T) {
	dir := t.TempDir()
	path, n := filepath.Join(dir, "m.safetensors"), 100*100
	machine := &models.RBM{W: param("W", make([]float32, n), n, 1), B: param("b", make([]float32, 1), 1), C: param("c", make([]float32, n), n)}
	if err := models.Save(path, machine, nil); err != nil {
		t.Fatal(err)
	}
	for _, flags := range []string{"-start noise -steps 1000000", "-reconstruct"} {
		args := append([]string{"samples", path, "-n", "9000", "-o", filepath.Join(dir, "x.png")}, strings.Fields(flags)...)
		status, _, stderr := call(args...)
		if status != 2 || !strings.Contains(stderr, "-n 9000: image sheet: ") {
			t.Errorf("%q: status %d: %s", args, status, stderr)
		}
	}
}

// levels are the visible biases of machines without weights, whose visible units then
// have the probability sigmoid(bias) whatever the chain does.
func levels() (c []float32, grey []uint8) {
	for i := range 784 {
		c = append(c, float32(i%28)-14)
		grey = append(grey, uint8(255/(1+math.Exp(14-float64(i%28)))+0.5))
	}
	return c, grey
}

func param(name string, values []float32, shape ...int) *blocks.Param {
	return &blocks.Param{Name: name, Value: tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))}
}

// TestSamplesOfKnownModels draws from models whose probabilities are known.
func TestSamplesOfKnownModels(t *testing.T) {
	c, grey := levels()
	out, data := filepath.Join(t.TempDir(), "x.png"), smallData(t)
	rbm := func(name string, n, k int, c []float32) *models.RBM {
		return &models.RBM{W: param(name+".W", make([]float32, n*k), n, k), B: param(name+".b", make([]float32, k), k), C: param(name+".c", c, n)}
	}
	auto := &models.Autoencoder{W: param("a.W", make([]float32, 784*3), 784, 3), B: param("a.b", make([]float32, 3), 3), C: param("a.c", c, 784),
		F: blocks.Sigmoid(), Output: blocks.Binary()}
	machine := rbm("rbm", 784, 3, c)
	for i, m := range []any{machine, &models.DBN{Layers: []*models.RBM{machine, rbm("top", 3, 2, make([]float32, 3))}}, auto} {
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := models.Save(path, m, nil); err != nil {
			t.Fatal(err)
		}
		for _, args := range []string{"-start noise -steps 3", "-reconstruct -data-dir " + data} {
			if i == 2 {
				args = "-data-dir " + data
			}
			text := succeed(t, append([]string{"samples", path, "-n", "4", "-o", out}, strings.Fields(args)...)...)
			img := decodePNG(t, out)
			columns, first := 2, 0
			if i == 2 || strings.HasPrefix(args, "-reconstruct") {
				columns, first = 4, 4 // below the images
				if !strings.Contains(text, "4 images of mnist") {
					t.Errorf("got %s", text)
				}
			} else if !strings.Contains(text, "4 samples after 3 Gibbs steps") {
				t.Errorf("got %s", text)
			}
			scale := (img.Bounds().Dx() - 2 - 2*columns) / (columns * 28)
			for tile := first; tile < first+4; tile++ {
				for j, want := range grey {
					if got := rgb(img, columns, scale, tile, j)[0]; got != want {
						t.Fatalf("model %d, %s: tile %d, pixel %d: want %d, got %d", i, args, tile, j, want, got)
					}
				}
			}
		}
	}
}

// smallData is a directory with a data set whose ten validation images are squares, one
// a class, of the intensity 255.
func smallData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	images, labels := []byte{0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 28, 0, 0, 0, 28}, []byte{0, 0, 8, 1, 0, 0, 0, 60}
	for n := range 60 {
		img := make([]byte, 784)
		for i := range 6 {
			for j := range 6 {
				img[(2*(n%10)+i)*28+n%10+j] = 255
			}
		}
		images, labels = append(images, img...), append(labels, byte(n%10))
	}
	for _, part := range []string{"train", "t10k"} {
		write(t, filepath.Join(dir, part+"-images-idx3-ubyte"), images)
		write(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), labels)
	}
	return dir
}

// TestSamplesStart has a machine that copies what it sees: from data its samples are
// the images, from noise they are coin flips.
func TestSamplesStart(t *testing.T) {
	W, b, c := make([]float32, 784*784), make([]float32, 784), make([]float32, 784)
	for i := range 784 {
		W[785*i], b[i], c[i] = 200, -100, -100
	}
	path := filepath.Join(t.TempDir(), "copy.safetensors")
	if err := models.Save(path, &models.RBM{W: param("W", W, 784, 784), B: param("b", b, 784), C: param("c", c, 784)}, nil); err != nil {
		t.Fatal(err)
	}
	data, out := smallData(t), filepath.Join(t.TempDir(), "x.png")
	tiles := func(start string) map[string]int {
		args := []string{"samples", path, "-n", "9", "-steps", "5", "-o", out, "-start", start}
		if start == "data" {
			args = append(args, "-data-dir", data)
		}
		succeed(t, args...)
		img := decodePNG(t, out)
		scale := (img.Bounds().Dx() - 2 - 3*2) / (3 * 28)
		counts := map[string]int{}
		for tile := range 9 {
			white := []int{}
			for j := range 784 {
				switch rgb(img, 3, scale, tile, j)[0] {
				case 0:
				case 255:
					white = append(white, j)
				default:
					t.Fatalf("%s: tile %d: pixel %d is grey", start, tile, j)
				}
			}
			counts[fmt.Sprint(white)] = len(white)
		}
		return counts
	}
	squares := map[string]bool{}
	for n := range 10 {
		var white []int
		for i := range 6 {
			for j := range 6 {
				white = append(white, (2*n+i)*28+n+j)
			}
		}
		squares[fmt.Sprint(white)] = true
	}
	fromData := tiles("data")
	for white := range fromData {
		if !squares[white] {
			t.Errorf("from data: white pixels %s", white)
		}
	}
	fromNoise := tiles("noise")
	for _, n := range fromNoise {
		if n < 392-6*14 || n > 392+6*14 { // six standard deviations of 784 coins
			t.Errorf("from noise: %d of 784 pixels are white", n)
		}
	}
	if len(fromData) != 9 || len(fromNoise) != 9 {
		t.Errorf("want 9 different images, got %d from data and %d from noise", len(fromData), len(fromNoise))
	}
}

// TestSamplesOfARun: equal seeds give equal pictures, other seeds others.
func TestSamplesOfARun(t *testing.T) {
	dir, out := finished(t), filepath.Join(t.TempDir(), "x.png")
	data := smallData(t)
	draw := func(model string, seed int) string {
		succeed(t, "samples", dir, "-model", model, "-n", "9", "-seed", fmt.Sprint(seed), "-data-dir", data, "-o", out)
		return string(read(t, out))
	}
	for _, model := range []string{"seed-1-dbn-pretrained", "seed-1-sdae-pretrained"} {
		one := draw(model, 1)
		if draw(model, 1) != one || draw(model, 2) == one {
			t.Errorf("%s: want equal pictures for equal seeds alone", model)
		}
	}
}
