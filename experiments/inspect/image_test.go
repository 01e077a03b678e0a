package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestLongImage: of an image far longer than it is high the means are known, and what
// they cost goes by the pixels that there are, not by the square around them.
func TestLongImage(t *testing.T) {
	const width, height = 40_000, 100
	img := image.NewGray(image.Rect(0, 0, width, height))
	draw.Draw(img, image.Rect(width/2, 0, width, height), image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
	path := encodePNG(t, img)
	start := time.Now()
	pixels, err := fitting{height: 28, width: 28, invert: "no"}.read(path)
	if err != nil {
		t.Fatal(err)
	}
	if elapsed := time.Since(start); elapsed > 2*time.Second {
		t.Errorf("took %v", elapsed)
	}
	const bright = 200.0 / 255
	background := bright / 2 // half of the border
	for j, got := range pixels {
		want := background
		if y := j / 28; y == 13 || y == 14 { // each shows half of the height
			covered := height / 2 / (width / 28.0)
			want = background * (1 - covered)
			if j%28 >= 14 {
				want += bright * covered
			}
		}
		if math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("pixel %d, %d: want %g, got %g", j%28, j/28, want, got)
		}
	}
}

// scans is a progressive JPEG of 2048×2048 grey pixels, in 65536 blocks, and n scans of
// 18 bytes, each of which says that all blocks end.
func scans(n int) []byte {
	b := []byte{0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0}
	b = append(b, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xFF, 0xC2, 0, 11, 8, 8, 0, 8, 0, 1, 1, 0x11, 0)
	b = append(append(b, 0xFF, 0xC4, 0, 20, 0x10, 1), make([]byte, 15)...)
	b = append(b, 0xE0) // the only code, 0, means a run of 2¹⁴ blocks and what the next 14 bits add
	for range n {
		b = append(b, 0xFF, 0xDA, 0, 8, 1, 1, 0x00, 1, 63, 0)
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // four of them, 60 bits
	}
	return append(b, 0xFF, 0xD9)
}

// TestHostileImages: whatever a file claims, it is read or refused soon and in little
// memory. The largest ones that are read are among them.
func TestHostileImages(t *testing.T) {
	noise := func(b []uint8) {
		x := uint32(1)
		for i := range b {
			x = x*1664525 + 1013904223
			b[i] = uint8(x >> 24)
		}
	}
	noisy := image.NewNRGBA(image.Rect(0, 0, 2048, 2048))
	noise(noisy.Pix)
	deep := image.NewNRGBA64(image.Rect(0, 0, 2048, 1024))
	deep.SetNRGBA64(7, 7, color.NRGBA64{1, 2, 3, 4})
	var photograph bytes.Buffer
	if err := jpeg.Encode(&photograph, noisy, nil); err != nil {
		t.Fatal(err)
	}
	plain := func(img draw.Image) []byte {
		img.Set(img.Bounds().Dx()/2, 0, color.Black)
		return read(t, encodePNG(t, img))
	}
	path := filepath.Join(t.TempDir(), "x")
	for _, c := range []struct {
		name, says string // "" for an image that is read
		data       []byte
	}{
		{"16777216×1", "want an image of at most 4194304 pixels, 65536 a side, got 16777216×1", plain(image.NewGray(image.Rect(0, 0, 1<<24, 1)))},
		{"4096×4096", "want an image of at most 4194304 pixels, 65536 a side, got 4096×4096", plain(image.NewNRGBA(image.Rect(0, 0, 4096, 4096)))},
		{"more bytes", "want a file of at most", make([]byte, maxImageFile+1)},
		{"many scans", "want at most 20 scans, got 21", scans(21)},
		{"many scans in a megabyte", "want at most 20 scans, got 65536", scans(1 << 16)},
		{"as many scans as are read", "", scans(20)},
		{"4194304×1", "65536 a side, got 4194304×1", plain(image.NewNRGBA(image.Rect(0, 0, 1<<22, 1)))},
		{"65536×64", "", plain(image.NewNRGBA(image.Rect(0, 0, 1<<16, 64)))},
		{"64×65536", "", plain(image.NewNRGBA(image.Rect(0, 0, 64, 1<<16)))},
		{"2048×2048", "", plain(image.NewNRGBA(image.Rect(0, 0, 2048, 2048)))},
		{"noise", "", read(t, encodePNG(t, noisy))},
		{"16 bits", "", read(t, encodePNG(t, deep))},
		{"a photograph", "", photograph.Bytes()},
		{"a long JPEG", "invalid JPEG", longJPEG(t)},
	} {
		write(t, path, c.data)
		for _, digit := range []bool{false, true} {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := fitting{height: 28, width: 28, invert: "auto", digit: digit}.read(path)
			elapsed := time.Since(start)
			runtime.ReadMemStats(&after)
			used := after.TotalAlloc - before.TotalAlloc
			if digit && err != nil && strings.Contains(err.Error(), "want a digit") {
				err = nil
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: want %q, got %v", c.name, c.says, err)
			}
			// The promise is 100 ms and 100 MB.
			if elapsed > 2*time.Second || used > 100<<20 {
				t.Errorf("%s: took %v and %d bytes", c.name, elapsed, used)
			}
			t.Logf("%-25s %8d bytes, digit %t: %v, %d kB", c.name, len(c.data), digit, elapsed.Round(time.Millisecond), used>>10)
		}
	}
}

// longJPEG claims to be 65535×64, with three components that are not subsampled.
func longJPEG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	at := bytes.Index(data, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint16(data[at+7:], 65535)
	return data
}
