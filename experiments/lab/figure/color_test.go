package figure

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"testing"
)

// A tile of three planes is decoded as the colours that they give.
func TestColorSheet(t *testing.T) {
	nan := float32(math.NaN())
	s := Sheet{Height: 1, Width: 3, Columns: 1, Scale: 1, Color: true, Tiles: [][]float32{{1, 0.2, 0, 0, 0.4, nan, -3, 0.6, 0}}}
	data, err := s.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for x, want := range []color.NRGBA{{255, 0, 0, 255}, {51, 102, 153, 255}, missing} {
		if got := color.NRGBAModel.Convert(img.At(2+x, 2)).(color.NRGBA); got != want {
			t.Errorf("pixel %d: %v, want %v", x, got, want)
		}
	}
	s.Tiles[0] = s.Tiles[0][:3]
	if _, err := s.PNG(); err == nil {
		t.Error("a tile of one plane: no error")
	}
}
